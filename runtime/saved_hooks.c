/*
 * saved_hooks.c - see saved_hooks.h.
 *
 * start is on the path that a container start is measured by, and most configs have neither stage: the bytes are
 * searched for the stage's name first. A name written with \u escapes counts as a maybe.
 */
#include "saved_hooks.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "config.h"

#define CONFIG_FILE "config.json"

static bool may_have_stage(const char *text, size_t length, const char *stage)
{
	return memmem(text, length, stage, strlen(stage)) || memmem(text, length, "\\u", strlen("\\u"));
}

static int load(const struct open_container *container, const char *stage, struct config **ret_config,
		struct error *err)
{
	auto_free char *text = NULL;
	size_t length;
	int r = fd_read_file(container->dir.fd, CONFIG_FILE, CONFIG_SIZE_MAX, &text, &length, err);

	if (r == -ENOENT || (r == 0 && !may_have_stage(text, length, stage)))
		return 0;
	if (r < 0)
		return r;
	return config_parse(container->state.bundle ? container->state.bundle : "/", CONFIG_FILE, text, length,
			    ret_config, err);
}

static const char *state_json(const struct open_container *container, const struct config *config,
			      enum container_status status)
{
	return state_to_json(container->arena, &container->state, status, config->oci_version, config->annotations,
			     config->n_annotations, false);
}

int saved_hooks_poststart(const struct open_container *container, struct error *err)
{
	auto_config struct config *config = NULL;

	if (load(container, hook_stage_name(HOOK_POSTSTART), &config, err) < 0)
		return context(err, "poststart hooks are not run");
	if (!config)
		return 0;
	return hooks_run(HOOK_POSTSTART, &config->hooks[HOOK_POSTSTART], state_json(container, config, STATUS_RUNNING),
			 err);
}

void saved_hooks_poststop(const struct open_container *container)
{
	auto_config struct config *config = NULL;
	struct error err;

	if (load(container, hook_stage_name(HOOK_POSTSTOP), &config, &err) < 0)
		log_message(LOG_LEVEL_WARNING, "poststop hooks of container `%s` are not run: %s", container->dir.id,
			    err.text);
	if (config)
		hooks_run_all(&config->hooks[HOOK_POSTSTOP], state_json(container, config, STATUS_STOPPED));
}

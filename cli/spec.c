/* spec.c - `coffer spec`: a first config.json to edit. A file that exists stays as it is. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "runtime/spec_default.h"
#include "verb.h"

enum { CONFIG_MODE = 0644 };

struct spec_options {
	const char *bundle, *config;
	bool rootless;
};

static const struct cli_option options[] = {
	TEXT_ROW(struct spec_options, bundle, "bundle", 'b', "DIR", "write DIR/config.json (default: this directory)"),
	TEXT_ROW(struct spec_options, config, "config", 'f', "FILE", "write this file instead"),
	FLAG_ROW(struct spec_options, rootless, "rootless", 0, "for a user without root's rights"),
	END_ROW,
};

/* O_EXCL also refuses a symlink. What could be written only in part is removed. */
static int write_new(const char *path, const char *text, struct error *err)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, CONFIG_MODE);
	int r;

	if (fd < 0 && errno == EEXIST)
		return fail(err, 0, "%s exists already: remove it first, or write another with --config", path);
	if (fd < 0)
		return fail(err, errno, "write %s", path);
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && !str_ends(text, "\n"))
		r = fd_write_all(fd, "\n", 1);
	if (r < 0)
		(void)unlink(path);
	return r < 0 ? fail(err, -r, "write %s", path) : 0;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct spec_options *spec = in->options;
	const char *path = spec->config;
	auto_json_writer struct json_writer *writer = json_writer_new(true);

	(void)ret_exit;
	if (!path)
		path = spec->bundle ? arena_printf(in->arena, "%s/config.json", spec->bundle) : "config.json";
	spec_default_write(writer, spec->rootless, geteuid(), getegid());
	return write_new(path, json_writer_text(writer, NULL), err);
}

const struct verb verb_spec = {
	.name = "spec",
	.group = GROUP_HOST,
	.summary = "write a first config.json",
	.arguments = "",
	.options = options,
	.options_size = sizeof(struct spec_options),
	.stateless = true,
	.run = run,
};

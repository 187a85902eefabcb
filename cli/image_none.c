/* image_none.c - in place of all that starts from an image, in a build without (meson.options: image). */
#include <errno.h>

#include "image_helper.h"
#include "image_mount.h"
#include "run_dir.h"
#include "run_image.h"
#include "run_kept.h"

static int refuse_images(struct error *err)
{
	return refuse_as(err, ENOTSUP, "this coffer was built without images (meson option image)");
}

int run_image(const struct invocation *in, const struct run_options *options, int *ret_exit, struct error *err)
{
	(void)in;
	(void)options;
	(void)ret_exit;
	return refuse_images(err);
}

int image_helper_exec(const char *const *arguments, struct error *err)
{
	(void)arguments;
	return refuse_images(err);
}

int image_helper_run(struct arena *arena, const char *const *arguments, const char **ret_output, struct error *err)
{
	(void)arena;
	(void)arguments;
	(void)ret_output;
	return refuse_images(err);
}

/* Then it is for the helper program. */
bool image_mount_is_verb(const char *name)
{
	(void)name;
	return false;
}

int image_mount_run(struct arena *arena, const char *const *arguments, struct error *err)
{
	(void)arena;
	(void)arguments;
	return refuse_images(err);
}

int run_kept_state(const struct invocation *in, const char *id, struct container_info *ret, struct error *err)
{
	return container_state(in->runtime, in->arena, id, ret, err);
}

int run_kept_list(const struct invocation *in, struct container_info **ret_infos, size_t *ret_count, struct error *err)
{
	return container_list(in->runtime, in->arena, ret_infos, ret_count, err);
}

int run_dir_delete(struct arena *arena, const char *id, const char *state_path, bool *ret_found, struct error *err)
{
	(void)arena;
	(void)id;
	(void)state_path;
	(void)err;
	*ret_found = false;
	return 0;
}

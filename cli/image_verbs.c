/* image_verbs.c - the verbs and global options of coffer-image: what verbs.c and globals.c are for coffer. */
#include "globals.h"
#include "help.h"
#include "image_globals.h"
#include "verb.h"

const char *const program_name = "coffer image";

const struct cli_option no_options[] = { END_ROW };

const struct cli_option global_options[] = {
	TEXT_ROW(struct image_globals, store, "store", 0, "DIR", "the image store (/var/lib/coffer)"),
	FLAG_ROW(struct image_globals, version, "version", 'v', "show the version"),
	END_ROW,
};

static const struct verb *const verbs[] = {
	&verb_image_pull,   &verb_image_load,    &verb_image_import,
	&verb_image_commit, &verb_image_save,    &verb_image_push,
	&verb_image_unpack, &verb_image_mount,   &verb_image_unmount,
	&verb_image_list,   &verb_image_inspect, &verb_image_history,
	&verb_image_tag,    &verb_image_remove,  &verb_image_prune,
	&verb_image_verify, &verb_image_help,    NULL,
};

const struct verb verb_image_help = {
	.name = "help",
	.group = GROUP_IMAGE_LOOK,
	.summary = "show the commands, or the options of one",
	.arguments = "[COMMAND]",
	.max_arguments = 1,
	.options = no_options,
	.stateless = true,
	.run = help_run,
};

const struct verb *const *verb_list_all(void)
{
	return verbs;
}

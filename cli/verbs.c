/* verbs.c - the table of verbs. */
#include "verb.h"

const char *const program_name = "coffer";

const struct cli_option no_options[] = { END_ROW };

static const struct verb *const verbs[] = {
	&verb_create,   &verb_start,   &verb_run,    &verb_kill, &verb_delete, &verb_exec,    &verb_pause,
	&verb_resume,   &verb_update,  &verb_commit, &verb_oom,  &verb_state,  &verb_list,    &verb_ps,
	&verb_stats,    &verb_top,     &verb_events, &verb_port, &verb_image,  &verb_network, &verb_spec,
	&verb_features, &verb_version, &verb_help,   NULL,
};

const struct verb *const *verb_list_all(void)
{
	return verbs;
}

/* samples.h - looks at what containers use, for `stats` and `top`, and their numbers as text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "verb.h"

/* One look at one container. */
struct sample {
	const char *id;
	uint64_t at_us; /* monotonic */
	struct cgroup_stats stats;
};

struct samples {
	struct sample *items;
	size_t count;
};

/* Shows a look, and waits until the next one is due; *ret_more false (it is true before) ends it. `in` has the arena of
   this look; `before` is empty at the first. */
typedef int samples_show(const struct invocation *in, struct samples *now, const struct samples *before,
			 int interval_ms, bool *ret_more, struct error *err);

/* Looks again and again at the containers named as arguments, every one of which has to be there; or at all, of which
   one may just be going. interval_s of 0 is usual_s. */
int samples_follow(const struct invocation *in, unsigned interval_s, unsigned usual_s, samples_show *show,
		   struct error *err);

/* Texts in `arena`; "-" for what is not known. percent: of hundredths of a percent. */
const char *sample_bytes(struct arena *arena, const struct opt_u64 *bytes);
const char *sample_percent(struct arena *arena, const struct opt_u64 *value);
const char *sample_number(struct arena *arena, const struct opt_u64 *number);

/* Microseconds of a member of struct cgroup_stats as a share of one CPU since the sample before; in all, as seconds,
   where there is none before. */
const char *sample_share(struct arena *arena, const struct sample *now, const struct samples *before, size_t field);

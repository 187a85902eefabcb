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

/* The containers named as arguments, every one of which has to be there; or all, of which one may just be going. */
int samples_take(const struct invocation *in, struct arena *arena, struct samples *ret, struct error *err);

/* Texts in `arena`; "-" for what is not known. percent: of hundredths of a percent. */
const char *sample_bytes(struct arena *arena, const struct opt_u64 *bytes);
const char *sample_percent(struct arena *arena, const struct opt_u64 *value);
const char *sample_number(struct arena *arena, const struct opt_u64 *number);

/* Microseconds of a member of struct cgroup_stats as a share of one CPU since the sample before; in all, as seconds,
   where there is none before. */
const char *sample_share(struct arena *arena, const struct sample *now, const struct samples *before, size_t field);

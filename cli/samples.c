/* samples.c - see samples.h. */
#include "samples.h"

#include <inttypes.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"

enum { US_PER_S = 1000000, NS_PER_US = 1000, MS_PER_S = 1000, HUNDRED = 100, UNIT = 1024, INTERVAL_MAX_S = 3600 };

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / NS_PER_US;
}

/* The containers named as arguments, every one of which has to be there; or all, of which one may just be going. */
static int take(const struct invocation *in, struct samples *ret, struct error *err)
{
	struct arena *arena = in->arena;
	struct container_info *infos = NULL;
	size_t count = in->n_arguments;
	int r = count ? 0 : container_list(in->runtime, arena, &infos, &count, err);

	*ret = (struct samples){ .items = arena_array(arena, count + 1, sizeof(*ret->items)) };
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct sample *sample = &ret->items[ret->count];

		sample->id = infos ? infos[i].state.id : in->arguments[i];
		r = container_stats(in->runtime, sample->id, &sample->stats, err);
		sample->at_us = now_us();
		ret->count += r == 0;
		if (infos && r < 0) {
			log_message(LOG_LEVEL_DEBUG, "sample: %s", err->text);
			r = 0;
		}
	}
	return r;
}

/* ---- again and again ---- */

/* Two arenas in turn: a sample lives as long as the next one needs it. */
int samples_follow(const struct invocation *in, unsigned interval_s, unsigned usual_s, samples_show *show,
		   struct error *err)
{
	const unsigned interval_ms = (interval_s ? interval_s : usual_s) * MS_PER_S;
	struct arena *arenas[2] = { NULL, NULL };
	struct samples before = { 0 };
	bool more = true;
	int r = 0;

	if (interval_s > INTERVAL_MAX_S)
		return refuse(err, "--interval: at most %d seconds", INTERVAL_MAX_S);
	for (size_t turn = 0; r == 0 && more; turn = !turn) {
		struct invocation look = *in;
		struct samples now;

		arena_free(arenas[turn]);
		arenas[turn] = look.arena = arena_new();
		r = take(&look, &now, err);
		if (r == 0)
			r = show(&look, &now, &before, (int)interval_ms, &more, err);
		before = now;
	}
	arena_free(arenas[0]);
	arena_free(arenas[1]);
	return r;
}

/* ---- as text ---- */

const char *sample_bytes(struct arena *arena, const struct opt_u64 *bytes)
{
	static const char units[] = "BKMGT";
	uint64_t value = bytes->value;
	uint64_t rest = 0;
	size_t unit = 0;

	if (!bytes->set)
		return "-";
	if (value == UINT64_MAX)
		return "max";
	for (; value >= UNIT && unit + 2 < sizeof(units); unit++) {
		rest = value % UNIT;
		value /= UNIT;
	}
	if (unit == 0)
		return arena_printf(arena, "%" PRIu64 "B", value);
	return arena_printf(arena, "%" PRIu64 ".%" PRIu64 "%c", value, rest * 10 / UNIT, units[unit]);
}

const char *sample_percent(struct arena *arena, const struct opt_u64 *value)
{
	return value->set ? arena_printf(arena, "%" PRIu64 ".%02" PRIu64 "%%", value->value / HUNDRED,
					 value->value % HUNDRED)
			  : "-";
}

const char *sample_share(struct arena *arena, const struct sample *now, const struct samples *before, size_t field)
{
	const struct opt_u64 *usage = (const void *)((const char *)&now->stats + field);
	struct opt_u64 share = { .set = true };

	for (size_t i = 0; i < before->count && usage->set; i++) {
		const struct sample *old = &before->items[i];
		const struct opt_u64 *then = (const void *)((const char *)&old->stats + field);

		if (!str_eq(old->id, now->id) || now->at_us <= old->at_us || usage->value < then->value)
			continue;
		share.value = (usage->value - then->value) * HUNDRED * HUNDRED / (now->at_us - old->at_us);
		return sample_percent(arena, &share);
	}
	return usage->set ? arena_printf(arena, "%" PRIu64 ".%02" PRIu64 " s", usage->value / US_PER_S,
					 usage->value % US_PER_S / (US_PER_S / HUNDRED))
			  : "-";
}

const char *sample_number(struct arena *arena, const struct opt_u64 *number)
{
	return number->set ? arena_printf(arena, "%" PRIu64, number->value) : "-";
}

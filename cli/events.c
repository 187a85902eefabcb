/*
 * events.c - `coffer events`: a line of JSON for what happens. "stats" lines are as runc prints them (its names and
 * units), so that what reads those can read these; "oom" lines are the watcher's (specs/oom.md), and one for each time
 * that the kernel has killed; "exit" is the end.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "container_json.h"
#include "print.h"
#include "runtime/follow.h"
#include "verb.h"

enum { MS_PER_S = 1000, NS_PER_US = 1000, MS_PER_MINUTE = 60 * MS_PER_S };
enum { INTERVAL_MS = 5 * MS_PER_S, INTERVAL_MAX_MS = 3600 * MS_PER_S, DIGITS_MAX = 8 };

struct events_options {
	bool stats;
	const char *interval;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct events_options, stats, "stats", 0, "print the numbers once, and end"),
	TEXT_ROW(struct events_options, interval, "interval", 0, "TIME", "between numbers (default: 5s; 0: none)"),
	END_ROW,
};

/* ---- numbers, as runc has them ---- */

static uint64_t value_of(const struct opt_u64 *number, uint64_t unit)
{
	return number->set && number->value <= UINT64_MAX / unit ? number->value * unit : number->value;
}

static void put_cpu(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_begin_object(writer, "cpu");
	json_begin_object(writer, "usage");
	json_put_u64(writer, "total", value_of(&stats->cpu_usage_us, NS_PER_US));
	json_put_u64(writer, "kernel", value_of(&stats->cpu_system_us, NS_PER_US));
	json_put_u64(writer, "user", value_of(&stats->cpu_user_us, NS_PER_US));
	json_end_object(writer);
	json_begin_object(writer, "throttling");
	json_put_u64(writer, "periods", stats->cpu_periods.value);
	json_put_u64(writer, "throttledPeriods", stats->cpu_throttled_periods.value);
	json_put_u64(writer, "throttledTime", value_of(&stats->cpu_throttled_us, NS_PER_US));
	json_end_object(writer);
	json_end_object(writer);
}

static void put_usage(struct json_writer *writer, const char *key, const struct opt_u64 *limit,
		      const struct opt_u64 *usage, const struct opt_u64 *peak, const struct opt_u64 *failures)
{
	json_begin_object(writer, key);
	json_put_u64(writer, "limit", limit->set ? limit->value : UINT64_MAX);
	json_put_u64(writer, "usage", usage->value);
	json_put_u64(writer, "max", peak->value);
	json_put_u64(writer, "failcnt", failures->value);
	json_end_object(writer);
}

static void put_memory(struct json_writer *writer, const struct cgroup_stats *stats)
{
	const struct opt_u64 none = { 0 };

	json_begin_object(writer, "memory");
	json_put_u64(writer, "cache", stats->memory_file.value);
	put_usage(writer, "usage", &stats->memory_max, &stats->memory_current, &stats->memory_peak,
		  &stats->memory_events_max);
	put_usage(writer, "swap", &stats->memory_swap_max, &stats->memory_swap_current, &none, &none);
	json_begin_object(writer, "raw");
	json_put_u64(writer, "anon", stats->memory_anon.value);
	json_put_u64(writer, "file", stats->memory_file.value);
	json_put_u64(writer, "shmem", stats->memory_shmem.value);
	json_put_u64(writer, "kernel", stats->memory_kernel.value);
	json_end_object(writer);
	json_end_object(writer);
}

static int print_stats(const struct invocation *in, const char *id, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	struct cgroup_stats stats;
	int r = container_stats(in->runtime, id, &stats, err);

	if (r < 0)
		return r;
	json_begin_object(writer, NULL);
	json_put_string(writer, "type", "stats");
	json_put_string(writer, "id", id);
	json_begin_object(writer, "data");
	put_cpu(writer, &stats);
	put_memory(writer, &stats);
	json_begin_object(writer, "pids");
	json_put_u64(writer, "current", stats.pids_current.value);
	json_put_u64(writer, "limit", stats.pids_max.value == UINT64_MAX ? 0 : stats.pids_max.value);
	json_end_object(writer);
	json_begin_object(writer, "io");
	json_put_u64(writer, "readBytes", stats.io_read_bytes.value);
	json_put_u64(writer, "writeBytes", stats.io_write_bytes.value);
	json_end_object(writer);
	json_end_object(writer);
	json_end_object(writer);
	return print_text(json_writer_text(writer, NULL), err);
}

/* Of all that are followed; one that is just going has no numbers any more. */
static int print_all_stats(const struct invocation *in, const struct follow *follow, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	const char **ids;
	size_t count = follow_ids(follow, arena, &ids);

	for (size_t i = 0; i < count; i++) {
		struct error why = { 0 };
		int r = print_stats(in, ids[i], &why);

		if (r == -EPIPE) {
			*err = why;
			return r;
		}
		if (r < 0)
			log_message(LOG_LEVEL_DEBUG, "events: %s", why.text);
	}
	return 0;
}

/* ---- what happens ---- */

static int print_happened(const struct followed *happened, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	const bool kill = happened->kind == FOLLOWED_KILL;

	json_begin_object(writer, NULL);
	json_put_string(writer, "type", kill ? "oom" : "exit");
	if (kill)
		json_put_string(writer, "event", "killed");
	json_put_string(writer, "id", happened->id);
	if (happened->record.kills.set) {
		json_put_u64(writer, "kernelKills", happened->record.kills.value);
		json_put_string(writer, "killedAtLimit", oom_level_name(happened->record.level));
	}
	if (happened->record.peak.set)
		json_put_u64(writer, "peak", happened->record.peak.value);
	put_victims(writer, &happened->victims);
	json_end_object(writer);
	return print_text(json_writer_text(writer, NULL), err);
}

static int follow_all(const struct invocation *in, struct follow *follow, int interval_ms, struct error *err)
{
	int64_t due = clock_ms() + interval_ms;

	for (;;) {
		int64_t left = interval_ms ? due - clock_ms() : INT_MAX / 2;
		struct followed happened;
		int r = follow_next(follow, left > 0 ? (int)left : 0, &happened, err);

		if (r < 0 || happened.kind == FOLLOWED_END)
			return r;
		if (happened.kind == FOLLOWED_LINE)
			r = print_text(happened.line, err);
		else if (happened.kind != FOLLOWED_NOTHING)
			r = print_happened(&happened, err);
		if (r == 0 && interval_ms && clock_ms() >= due) {
			due = clock_ms() + interval_ms;
			r = print_all_stats(in, follow, err);
		}
		if (r < 0)
			return r;
	}
}

/* Go's durations as far as anybody writes them here: "5s", "500ms", "1m"; a number alone is seconds. */
static int parse_interval(const char *text, int *ret_ms, struct error *err)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "", MS_PER_S }, { "s", MS_PER_S }, { "ms", 1 }, { "m", MS_PER_MINUTE } };
	const size_t length = strspn(text, "0123456789");
	char digits[DIGITS_MAX + 1] = "";
	uint64_t number;

	if (length <= DIGITS_MAX)
		memcpy(digits, text, length);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!str_eq(text + length, units[i].unit) ||
		    str_to_u64(digits, INTERVAL_MAX_MS / units[i].ms, &number) < 0)
			continue;
		*ret_ms = (int)(number * units[i].ms);
		return 0;
	}
	return refuse(err, "--interval: expected a time like 5s or 500ms, at most an hour, found \"%.64s\"", text);
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct events_options *events = in->options;
	const char *id = in->n_arguments ? in->arguments[0] : NULL;
	auto_follow struct follow *follow = NULL;
	int interval_ms = INTERVAL_MS;
	int r = events->interval ? parse_interval(events->interval, &interval_ms, err) : 0;

	(void)ret_exit;
	if (r == 0 && id && events->stats)
		return print_stats(in, id, err);
	if (r == 0)
		r = follow_new(in->runtime, id, &follow, err);
	if (r < 0)
		return r;
	return events->stats ? print_all_stats(in, follow, err) : follow_all(in, follow, interval_ms, err);
}

const struct verb verb_events = {
	.name = "events",
	.group = GROUP_LOOK,
	.summary = "what happens, line by line: numbers, oom, exit",
	.arguments = "[ID]",
	.max_arguments = 1,
	.options = options,
	.options_size = sizeof(struct events_options),
	.run = run,
};

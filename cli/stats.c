/* stats.c - `coffer stats`: what containers use, once or again and again. */
#include <poll.h>
#include <string.h>

#include "base/str.h"
#include "print.h"
#include "samples.h"

enum stats_format { FORMAT_TABLE, FORMAT_JSON };
enum { USUAL_INTERVAL_S = 1 };

struct stats_options {
	unsigned format, interval;
	bool follow;
};

static const char *const formats[] = { [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", NULL };

static const struct cli_option options[] = {
	CHOICE_ROW(struct stats_options, format, formats, "format", 'f', "FORMAT", "table (default) or json"),
	FLAG_ROW(struct stats_options, follow, "follow", 0, "again and again, until interrupted"),
	UNSIGNED_ROW(struct stats_options, interval, "interval", 0, "S", "seconds between two (default: 1)"),
	END_ROW,
};

/* ---- JSON ---- */

#define FIELD(name) offsetof(struct cgroup_stats, name)

static const struct {
	const char *group, *name;
	size_t field;
} members[] = {
	{ "cpu", "usageUs", FIELD(cpu_usage_us) },
	{ "cpu", "userUs", FIELD(cpu_user_us) },
	{ "cpu", "systemUs", FIELD(cpu_system_us) },
	{ "cpu", "periods", FIELD(cpu_periods) },
	{ "cpu", "throttledPeriods", FIELD(cpu_throttled_periods) },
	{ "cpu", "throttledUs", FIELD(cpu_throttled_us) },
	{ "memory", "current", FIELD(memory_current) },
	{ "memory", "peak", FIELD(memory_peak) },
	{ "memory", "max", FIELD(memory_max) },
	{ "memory", "high", FIELD(memory_high) },
	{ "memory", "low", FIELD(memory_low) },
	{ "memory", "min", FIELD(memory_min) },
	{ "memory", "swapCurrent", FIELD(memory_swap_current) },
	{ "memory", "swapMax", FIELD(memory_swap_max) },
	{ "memory", "zswapCurrent", FIELD(memory_zswap_current) },
	{ "memory", "zswapMax", FIELD(memory_zswap_max) },
	{ "memory", "anon", FIELD(memory_anon) },
	{ "memory", "file", FIELD(memory_file) },
	{ "memory", "kernel", FIELD(memory_kernel) },
	{ "memory", "shmem", FIELD(memory_shmem) },
	{ "events", "low", FIELD(memory_events_low) },
	{ "events", "high", FIELD(memory_events_high) },
	{ "events", "max", FIELD(memory_events_max) },
	{ "events", "oom", FIELD(memory_events_oom) },
	{ "events", "oomKill", FIELD(memory_events_oom_kill) },
	{ "pids", "current", FIELD(pids_current) },
	{ "pids", "max", FIELD(pids_max) },
	{ "io", "readBytes", FIELD(io_read_bytes) },
	{ "io", "writeBytes", FIELD(io_write_bytes) },
	{ "io", "reads", FIELD(io_read_ops) },
	{ "io", "writes", FIELD(io_write_ops) },
	{ "pressure", "cpuSome", FIELD(cpu_some) },
	{ "pressure", "memorySome", FIELD(memory_some) },
	{ "pressure", "memoryFull", FIELD(memory_full) },
	{ "pressure", "ioSome", FIELD(io_some) },
};

/* A limit that is none is null, as is one that is not known: a number that could be mistaken for one is worse. */
static void put_sample(struct json_writer *writer, const struct sample *sample)
{
	const char *group = NULL;

	json_begin_object(writer, NULL);
	json_put_string(writer, "id", sample->id);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct opt_u64 *value = (const void *)((const char *)&sample->stats + members[i].field);

		if (!str_eq(group, members[i].group)) {
			if (group)
				json_end_object(writer);
			group = members[i].group;
			json_begin_object(writer, group);
		}
		if (value->set && value->value != UINT64_MAX)
			json_put_u64(writer, members[i].name, value->value);
		else
			json_put_string(writer, members[i].name, NULL);
	}
	json_end_object(writer);
	json_end_object(writer);
}

/* One array a line, so that a reader of --follow gets a document with each line. */
static int print_json(const struct samples *samples, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);

	json_begin_array(writer, NULL);
	for (size_t i = 0; i < samples->count; i++)
		put_sample(writer, &samples->items[i]);
	json_end_array(writer);
	return print_text(json_writer_text(writer, NULL), err);
}

/* ---- table ---- */

static int print_table(struct arena *arena, const struct samples *samples, const struct samples *before,
		       struct error *err)
{
	static const char *const header[] = { "ID",       "CPU",       "MEMORY", "SOFT", "HARD", "PEAK",
					      "PRESSURE", "OOM KILLS", "PIDS",   "READ", "WRITE" };
	enum { COLUMNS = sizeof(header) / sizeof(header[0]) };
	const char **cells = arena_array(arena, (samples->count + 1) * COLUMNS, sizeof(*cells));
	const char **cell = cells + COLUMNS;

	memcpy(cells, header, sizeof(header));
	for (size_t i = 0; i < samples->count; i++) {
		const struct cgroup_stats *stats = &samples->items[i].stats;

		*cell++ = samples->items[i].id;
		*cell++ = sample_share(arena, &samples->items[i], before, FIELD(cpu_usage_us));
		*cell++ = sample_bytes(arena, &stats->memory_current);
		*cell++ = sample_bytes(arena, &stats->memory_high);
		*cell++ = sample_bytes(arena, &stats->memory_max);
		*cell++ = sample_bytes(arena, &stats->memory_peak);
		*cell++ = sample_percent(arena, &stats->memory_some);
		*cell++ = sample_number(arena, &stats->memory_events_oom_kill);
		*cell++ = sample_number(arena, &stats->pids_current);
		*cell++ = sample_bytes(arena, &stats->io_read_bytes);
		*cell++ = sample_bytes(arena, &stats->io_write_bytes);
	}
	return print_text(table_narrow(arena, cells, samples->count + 1, COLUMNS), err);
}

static int show(const struct invocation *in, struct samples *now, const struct samples *before, int interval_ms,
		bool *ret_more, struct error *err)
{
	const struct stats_options *stats = in->options;
	int r = stats->format == FORMAT_JSON ? print_json(now, err) : print_table(in->arena, now, before, err);

	*ret_more = stats->follow;
	if (r == 0 && stats->follow)
		(void)poll(NULL, 0, interval_ms);
	return r;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct stats_options *stats = in->options;

	(void)ret_exit;
	return samples_follow(in, stats->interval, USUAL_INTERVAL_S, show, err);
}

const struct verb verb_stats = {
	.name = "stats",
	.group = GROUP_LOOK,
	.summary = "what containers use: cpu, memory, io, pids",
	.arguments = "[ID...]",
	.max_arguments = ANY_NUMBER,
	.options = options,
	.options_size = sizeof(struct stats_options),
	.run = run,
};

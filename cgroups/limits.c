/*
 * limits.c - runtime-spec resources to cgroup v2 writes: one table, one row per field, in the order of writing.
 *
 * What "not set" means follows runc: 0 is "not set" for memory.limit, memory.swap, memory.reservation, cpu.shares,
 * cpu.period and blkio weights; for pids.limit and hugepage limits it is a limit of 0. Writes of "max" and other values
 * a fresh cgroup has anyway are optional and ask for no controller, so that "no limit" works on a host that could not
 * limit. Fields that only v1 had are refused where silence would break a promise, and else ignored.
 */
#include "limits.h"

#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "host.h"
#include "limits_plan.h"

#define OFFSET(member) offsetof(struct cgroup_limits, member)
#define NO_OFFSET      0

void planner_add(struct planner *planner, const struct limit_write *write)
{
	if (planner->count == planner->capacity) {
		size_t capacity = planner->capacity ? 2 * planner->capacity : 16;
		struct limit_write *grown = arena_array(planner->arena, capacity, sizeof(*grown));

		if (planner->count > 0)
			memcpy(grown, planner->writes, planner->count * sizeof(*grown));
		planner->writes = grown;
		planner->capacity = capacity;
	}
	planner->writes[planner->count] = *write;
	if (!write->optional && write->controller < CGROUP_CONTROLLER_MAX)
		planner->controllers |= 1u << write->controller;
	planner->count++;
}

void planner_write(struct planner *planner, const struct row *row, const char *text, bool optional)
{
	planner_add(planner, &(struct limit_write){ row->controller, row->file, text, .optional = optional });
}

const void *planner_value(const struct planner *planner, const struct row *row)
{
	return (const char *)planner->limits + row->offset;
}

const char *planner_bytes(struct planner *planner, int64_t bytes)
{
	return bytes < 0 ? "max" : arena_printf(planner->arena, "%" PRId64, bytes);
}

static int plan_string(struct planner *planner, const struct row *row)
{
	const char *text = *(const char *const *)planner_value(planner, row);

	if (text && *text)
		planner_write(planner, row, text, false);
	return 0;
}

int limits_bytes(struct planner *planner, const struct row *row)
{
	const struct opt_i64 *bytes = planner_value(planner, row);

	if (!bytes->set || bytes->value == 0)
		return 0;
	if (bytes->value < -1)
		return refuse_row(planner, row, "%" PRId64 " is neither a number of bytes nor -1 (no limit)",
				  bytes->value);
	planner_write(planner, row, planner_bytes(planner, bytes->value), bytes->value < 0);
	return 0;
}

static int plan_pids(struct planner *planner, const struct row *row)
{
	const struct opt_i64 *limit = planner_value(planner, row);

	if (limit->set)
		planner_write(planner, row, planner_bytes(planner, limit->value), limit->value < 0);
	return 0;
}

/* The pattern of the runtime-spec schema: ^[1-9][0-9]*[KMG]B$ */
static bool is_page_size(const char *text)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	return digits > 0 && text[0] != '0' && text[digits] && strchr("KMG", text[digits]) &&
	       str_eq(text + digits + 1, "B");
}

/* Reservations are limited where the kernel can (5.7), and faults always: config-linux.md "Huge page limits". */
static int plan_hugepages(struct planner *planner, const struct row *row)
{
	for (size_t i = 0; i < planner->limits->n_hugepages; i++) {
		const struct limit_hugepage *page = &planner->limits->hugepages[i];
		const char *text = arena_printf(planner->arena, "%" PRIu64, page->limit);

		if (!is_page_size(page->page_size))
			return refuse_row(planner, row, "\"%.40s\" is not a page size such as 64KB, 2MB or 1GB",
					  page->page_size ? page->page_size : "");
		planner_add(planner,
			    &(struct limit_write){
				    .controller = row->controller,
				    .file = arena_printf(planner->arena, "hugetlb.%s.rsvd.max", page->page_size),
				    .text = text,
				    .optional = true,
			    });
		planner_add(planner, &(struct limit_write){
					     .controller = row->controller,
					     .file = arena_printf(planner->arena, "hugetlb.%s.max", page->page_size),
					     .text = text,
				     });
	}
	return 0;
}

static int plan_rdma(struct planner *planner, const struct row *row)
{
	for (size_t i = 0; i < planner->limits->n_rdma; i++) {
		const struct limit_rdma *rdma = &planner->limits->rdma[i];
		const char *text = rdma->device;

		if (!text || !*text || strpbrk(text, " \t\n"))
			return refuse_row(planner, row, "\"%.40s\" is no device name", text ? text : "");
		if (!rdma->hca_handles.set && !rdma->hca_objects.set)
			return refuse_row(planner, row, "%.100s: neither hcaHandles nor hcaObjects is given", text);
		if (rdma->hca_handles.value > INT_MAX || rdma->hca_objects.value > INT_MAX)
			return refuse_row(planner, row, "%.100s: above the kernel's greatest limit, %d", text, INT_MAX);
		if (rdma->hca_handles.set)
			text = arena_printf(planner->arena, "%s hca_handle=%" PRIu64, text, rdma->hca_handles.value);
		if (rdma->hca_objects.set)
			text = arena_printf(planner->arena, "%s hca_object=%" PRIu64, text, rdma->hca_objects.value);
		planner_write(planner, row, text, false);
	}
	return 0;
}

/* "memory.high" belongs to the memory controller; "cgroup.max.depth" and names unknown here to none. */
static enum cgroup_controller controller_of_file(const char *file)
{
	char name[NAME_MAX + 1];
	size_t length = strcspn(file, ".");
	uint32_t bit;

	memcpy(name, file, length);
	name[length] = '\0';
	bit = host_parse_controllers(name);
	return bit ? (enum cgroup_controller)__builtin_ctz(bit) : CGROUP_CONTROLLER_MAX;
}

/* All of them are CONTROLLER.NAME; "." and ".." are not. */
static bool is_file_name(const char *text)
{
	return *text && *text != '.' && strchr(text, '.') && !strpbrk(text, "/\n") && strlen(text) <= NAME_MAX;
}

/* Kernel files take one setting a write, so each line of the value is a write. */
static int plan_unified(struct planner *planner, const struct row *row)
{
	for (size_t i = 0; i < planner->limits->n_unified; i++) {
		const struct limit_unified *unified = &planner->limits->unified[i];
		const char *file = unified->file ? unified->file : "";
		const char *line = unified->value ? unified->value : "";

		if (!is_file_name(file))
			return refuse_row(planner, row, "\"%.100s\" is not the name of a cgroup file", file);
		do {
			size_t length = strcspn(line, "\n");

			planner_add(planner, &(struct limit_write){
						     .controller = controller_of_file(file),
						     .file = file,
						     .text = arena_strndup(planner->arena, line, length),
					     });
			line += length;
			line += *line == '\n';
		} while (*line);
	}
	return 0;
}

static const struct row rows[] = {
	{ "memory.swappiness", CGROUP_MEMORY, NULL, OFFSET(memory_swappiness), limits_check_swappiness },
	{ "memory.disableOOMKiller", CGROUP_MEMORY, NULL, NO_OFFSET, limits_check_oom_killer },
	{ "cpu.realtimeRuntime", CGROUP_CPU, NULL, OFFSET(cpu_realtime_runtime), limits_check_realtime },
	{ "cpu.realtimePeriod", CGROUP_CPU, NULL, OFFSET(cpu_realtime_period), limits_check_realtime },
	{ "memory.limit", CGROUP_MEMORY, NULL, NO_OFFSET, limits_check_usage },
	{ "cpu.cpus", CGROUP_CPUSET, "cpuset.cpus", OFFSET(cpus), plan_string },
	{ "cpu.mems", CGROUP_CPUSET, "cpuset.mems", OFFSET(mems), plan_string },
	{ "cpu.idle", CGROUP_CPU, "cpu.idle", OFFSET(cpu_idle), limits_idle },
	{ "cpu.shares", CGROUP_CPU, "cpu.weight", OFFSET(cpu_shares), limits_shares },
	{ "cpu.burst", CGROUP_CPU, "cpu.max.burst", OFFSET(cpu_burst), limits_burst_early },
	{ "cpu.quota", CGROUP_CPU, "cpu.max", NO_OFFSET, limits_quota },
	{ "cpu.burst", CGROUP_CPU, "cpu.max.burst", OFFSET(cpu_burst), limits_burst_late },
	{ "memory.swap", CGROUP_MEMORY, "memory.swap.max", NO_OFFSET, limits_swap_early },
	{ "memory.limit", CGROUP_MEMORY, "memory.max", OFFSET(memory_limit), limits_bytes },
	{ "memory.swap", CGROUP_MEMORY, "memory.swap.max", NO_OFFSET, limits_swap_late },
	{ "memory.reservation", CGROUP_MEMORY, "memory.low", OFFSET(memory_reservation), limits_bytes },
	{ "pids.limit", CGROUP_PIDS, "pids.max", OFFSET(pids_limit), plan_pids },
	{ "blockIO.weight", CGROUP_IO, "io.weight", OFFSET(io_weight), limits_io_weight },
	{ "blockIO.leafWeight", CGROUP_IO, NULL, OFFSET(io_leaf_weight), limits_check_leaf_weight },
	{ "blockIO.weightDevice", CGROUP_IO, "io.weight", NO_OFFSET, limits_io_device_weights },
	{ "blockIO.throttle*Device", CGROUP_IO, "io.max", NO_OFFSET, limits_io_rates },
	{ "hugepageLimits", CGROUP_HUGETLB, NULL, NO_OFFSET, plan_hugepages },
	{ "rdma", CGROUP_RDMA, "rdma.max", NO_OFFSET, plan_rdma },
	{ "unified", CGROUP_CONTROLLER_MAX, NULL, NO_OFFSET, plan_unified },
};

int limits_plan_from(struct arena *arena, const struct cgroup_limits *limits, const struct limits_now *now,
		     struct limit_plan *ret_plan, struct error *err)
{
	struct planner planner = { .arena = arena, .limits = limits, .now = now, .err = err };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = rows[i].plan(&planner, &rows[i]);

		if (r < 0)
			return r;
	}
	*ret_plan = (struct limit_plan){ planner.writes, planner.count, planner.controllers };
	return 0;
}

int limits_plan(struct arena *arena, const struct cgroup_limits *limits, struct limit_plan *ret_plan, struct error *err)
{
	return limits_plan_from(arena, limits, NULL, ret_plan, err);
}

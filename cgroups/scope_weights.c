/* scope_weights.c - see scope_weights.h. */
#include "scope_weights.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { WEIGHT_MIN = 1, WEIGHT_DEFAULT = 100, WEIGHT_MAX = 10000, WEIGHT_IDLE = 0 };

/* "200", "default 200"; "8:0 200" is the weight of one device, for which there is no property with a device number. */
static void take_weight(const char *text, struct opt_u64 *value)
{
	static const char word[] = "default ";
	uint64_t weight = limits_kernel_number(str_starts(text, word) ? text + strlen(word) : text);

	if (strchr(text, ':') || weight < WEIGHT_MIN || weight > WEIGHT_MAX)
		return;
	*value = (struct opt_u64){ .set = true, .value = weight };
}

/* To the kernel, too, idle is a weight: not to be idle any more is to have the default, until another is written. */
static void take_idle(const char *text, struct opt_u64 *value)
{
	if (limits_kernel_number(text) == 1)
		*value = (struct opt_u64){ .set = true, .value = WEIGHT_IDLE };
	else if (value->value == WEIGHT_IDLE)
		*value = (struct opt_u64){ .set = true, .value = WEIGHT_DEFAULT };
}

static void take_bytes(const char *text, struct opt_u64 *value)
{
	*value = (struct opt_u64){ .set = true, .value = limits_kernel_number(text) };
}

static const struct {
	const char *file;
	enum scope_weight weight;
	void (*take)(const char *text, struct opt_u64 *value);
} files[] = {
	{ "cpu.weight", SCOPE_CPU_WEIGHT, take_weight }, { "cpu.idle", SCOPE_CPU_WEIGHT, take_idle },
	{ "io.weight", SCOPE_IO_WEIGHT, take_weight },   { "memory.low", SCOPE_MEMORY_LOW, take_bytes },
	{ "memory.min", SCOPE_MEMORY_MIN, take_bytes },
};

struct scope_weights scope_weights_of(const struct limit_plan *plan, bool idle)
{
	struct scope_weights weights = { .values[SCOPE_CPU_WEIGHT].value = idle ? WEIGHT_IDLE : WEIGHT_DEFAULT };

	for (size_t i = 0; i < plan->n_writes; i++)
		for (size_t k = 0; k < ARRAY_SIZE(files); k++)
			if (str_eq(plan->writes[i].file, files[k].file))
				files[k].take(plan->writes[i].text, &weights.values[files[k].weight]);
	return weights;
}

bool scope_weights_any(const struct scope_weights *weights)
{
	for (enum scope_weight i = 0; i < SCOPE_WEIGHT_MAX; i++)
		if (weights->values[i].set)
			return true;
	return false;
}

const char *scope_weight_property(enum scope_weight weight)
{
	static const char *const names[] = {
		[SCOPE_CPU_WEIGHT] = "CPUWeight",
		[SCOPE_IO_WEIGHT] = "IOWeight",
		[SCOPE_MEMORY_LOW] = "MemoryLow",
		[SCOPE_MEMORY_MIN] = "MemoryMin",
	};

	return names[weight];
}

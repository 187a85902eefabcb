/*
 * limits_io.c - io.weight and io.max: default weight, weights and rates per device.
 */
#include <inttypes.h>

#include "limits_plan.h"
#include "weight.h"

enum {
	BLKIO_WEIGHT_MIN = 10,
	BLKIO_WEIGHT_MAX = 1000,
	DEVICE_MAJOR_MAX = (1 << 12) - 1,
	DEVICE_MINOR_MAX = (1 << 20) - 1,
};

static int check_weight(struct planner *planner, const struct row *row, const struct opt_u64 *weight, bool *ret_given)
{
	*ret_given = weight->set && weight->value != 0;
	if (*ret_given && (weight->value < BLKIO_WEIGHT_MIN || weight->value > BLKIO_WEIGHT_MAX))
		return refuse_row(planner, row, "%" PRIu64 " is not in %d..%d", weight->value, BLKIO_WEIGHT_MIN,
				  BLKIO_WEIGHT_MAX);
	return 0;
}

/*
 * io.weight is iocost's, io.bfq.weight the BFQ scheduler's, and which of them rules a device is the administrator's
 * choice: both are written, and one must take it. BFQ has the v1 scale.
 */
static void write_weight(struct planner *planner, const struct row *row, const char *who, uint64_t weight)
{
	planner_add(planner, &(struct limit_write){
				     .controller = row->controller,
				     .file = row->file,
				     .text = arena_printf(planner->arena, "%s %" PRIu64, who, weight_of_blkio(weight)),
				     .also_file = "io.bfq.weight",
				     .also_text = arena_printf(planner->arena, "%s %" PRIu64, who, weight),
			     });
}

int limits_io_weight(struct planner *planner, const struct row *row)
{
	const struct opt_u64 *weight = planner_value(planner, row);
	bool is_given;

	if (check_weight(planner, row, weight, &is_given) < 0)
		return -planner->err->code;
	if (is_given)
		write_weight(planner, row, "default", weight->value);
	return 0;
}

/* Leaf weights were CFQ's, which is gone: checked and ignored. */
int limits_check_leaf_weight(struct planner *planner, const struct row *row)
{
	bool ignored;

	return check_weight(planner, row, planner_value(planner, row), &ignored);
}

static int device_text(struct planner *planner, const struct row *row, const struct limit_io_device *device,
		       const char **ret_text)
{
	if (device->major < 0 || device->major > DEVICE_MAJOR_MAX || device->minor < 0 ||
	    device->minor > DEVICE_MINOR_MAX)
		return refuse_row(planner, row, "%" PRId64 ":%" PRId64 " is no device number", device->major,
				  device->minor);
	*ret_text = arena_printf(planner->arena, "%" PRId64 ":%" PRId64, device->major, device->minor);
	return 0;
}

int limits_io_device_weights(struct planner *planner, const struct row *row)
{
	for (size_t i = 0; i < planner->limits->n_io_devices; i++) {
		const struct limit_io_device *device = &planner->limits->io_devices[i];
		const char *who = NULL;
		bool is_given;
		bool ignored;

		if (!device->weight.set && !device->leaf_weight.set)
			continue;
		if (device_text(planner, row, device, &who) < 0 ||
		    check_weight(planner, row, &device->leaf_weight, &ignored) < 0 ||
		    check_weight(planner, row, &device->weight, &is_given) < 0)
			return -planner->err->code;
		if (is_given)
			write_weight(planner, row, who, device->weight.value);
	}
	return 0;
}

static const char *rate_text(struct arena *arena, const char *before, const char *key, const struct opt_u64 *rate)
{
	if (!rate->set)
		return before;
	if (rate->value == 0)
		return arena_printf(arena, "%s %s=max", before, key);
	return arena_printf(arena, "%s %s=%" PRIu64, before, key, rate->value);
}

/* One write a device: io.max reads no further than the first line. */
int limits_io_rates(struct planner *planner, const struct row *row)
{
	for (size_t i = 0; i < planner->limits->n_io_devices; i++) {
		const struct limit_io_device *device = &planner->limits->io_devices[i];
		const char *text = NULL;

		if (!device->rbps.set && !device->wbps.set && !device->riops.set && !device->wiops.set)
			continue;
		if (device_text(planner, row, device, &text) < 0)
			return -planner->err->code;
		text = rate_text(planner->arena, text, "rbps", &device->rbps);
		text = rate_text(planner->arena, text, "wbps", &device->wbps);
		text = rate_text(planner->arena, text, "riops", &device->riops);
		text = rate_text(planner->arena, text, "wiops", &device->wiops);
		planner_write(planner, row, text, false);
	}
	return 0;
}

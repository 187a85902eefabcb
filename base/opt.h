/* opt.h - numbers that may be absent: "0" and "not given" differ for almost every limit. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct opt_i64 {
	int64_t value;
	bool set;
};

struct opt_u64 {
	uint64_t value;
	bool set;
};

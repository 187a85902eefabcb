/* test_userns_auto.c - blocks of ids from subuid and subgid files: what both have, what is not taken. */
#include "runtime/userns_auto.h"

#include <errno.h>

#include "base/cleanup.h"
#include "tests/unit/test.h"

#define TWO_BLOCKS "containers:1000000:131072\n"

static const struct {
	const char *subuid, *subgid;
	uint32_t taken[3]; /* up to a 0 */
	uint32_t random;
	int result;
	uint32_t first;
} rows[] = {
	{ TWO_BLOCKS, TWO_BLOCKS, { 0 }, 0, 0, 1000000 },
	{ TWO_BLOCKS, TWO_BLOCKS, { 0 }, 1, 0, 1065536 },
	{ TWO_BLOCKS, TWO_BLOCKS, { 0 }, 4294967295U, 0, 1065536 },
	{ TWO_BLOCKS, TWO_BLOCKS, { 1000000 }, 0, 0, 1065536 },
	{ TWO_BLOCKS, TWO_BLOCKS, { 1065535 }, 0, -ENOSPC, 0 },
	{ TWO_BLOCKS, TWO_BLOCKS, { 1000000, 1065536 }, 7, -ENOSPC, 0 },
	{ TWO_BLOCKS, "containers:1065536:65536\n", { 0 }, 5, 0, 1065536 },
	{ TWO_BLOCKS, "containers:1065537:65536\n", { 0 }, 0, -ENOENT, 0 },
	{ TWO_BLOCKS, "other:1000000:131072\n", { 0 }, 0, -ENOENT, 0 },
	{ "", "", { 0 }, 0, -ENOENT, 0 },
	{ "containers:1:65535\n", TWO_BLOCKS, { 0 }, 0, -ENOENT, 0 },
	{ "containers:500000:65536\n" TWO_BLOCKS, TWO_BLOCKS "containers:500000:70000\n", { 0 }, 2, 0, 1065536 },
	{ "containers:2147483648:2147418112\n", "containers:2147483648:2147418112\n", { 0 }, 32766, 0, 4294836224U },
};

static void chosen(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		uint32_t first = 0;
		size_t n_taken = 0;
		int r;

		while (n_taken < ARRAY_SIZE(rows[i].taken) && rows[i].taken[n_taken])
			n_taken++;
		r = userns_auto_choose(rows[i].subuid, rows[i].subgid, rows[i].taken, n_taken, rows[i].random, &first,
				       &err);
		if (r != rows[i].result || (r == 0 && first != rows[i].first))
			test_stop(TEST_FAILED, "row %zu: %d, %u, %s", i, r, first, err.text);
	}
}

static const struct test tests[] = { TEST(chosen) };

TEST_MAIN(tests)

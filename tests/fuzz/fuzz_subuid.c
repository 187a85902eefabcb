/* fuzz_subuid.c - any bytes as /etc/subuid and as /etc/passwd: no range may leave the 32-bit ids. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "namespaces/subid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subid_range ranges[16];
	const char *text = (const char *)data;
	auto_free char *name = passwd_name(text, size, 1000);
	size_t count = subid_parse(text, size, name ? name : "alice", 1000, ranges, ARRAY_SIZE(ranges));

	if (count > ARRAY_SIZE(ranges))
		abort();
	for (size_t i = 0; i < count; i++)
		if (ranges[i].count == 0 || (uint64_t)ranges[i].start + ranges[i].count > UINT32_MAX)
			abort();
	return 0;
}

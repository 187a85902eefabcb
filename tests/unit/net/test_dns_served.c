/* What the name server marks is seen by others, and is gone with it. */
#include "net/dns_served.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "tests/unit/test.h"

static int open_again(int file)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void marks(void)
{
	auto_fd int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	auto_fd int other = open_again(file);

	CHECK(other >= 0);
	CHECK(!dns_served(other, 7));
	dns_served_mark(file, 7, true);
	dns_served_mark(file, 7, true);
	dns_served_mark(file, 0x7fffffff, true);
	CHECK(dns_served(other, 7) && dns_served(other, 0x7fffffff));
	CHECK(!dns_served(other, 6) && !dns_served(other, 8));
	dns_served_mark(file, 7, false);
	CHECK(!dns_served(other, 7) && dns_served(other, 0x7fffffff));
	(void)close(file);
	file = -1;
	CHECK(!dns_served(other, 0x7fffffff));
}

static const struct test tests[] = { TEST(marks) };
TEST_MAIN(tests)

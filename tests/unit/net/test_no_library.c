/* test_no_library.c - stands for test_nft_library.c where that cannot be built. */
#include "tests/unit/test.h"

static void the_library_says_the_same_to_the_kernel(void)
{
	TEST_SKIP("libnftnl-dev or libmnl-dev is missing");
}

static const struct test tests[] = { TEST(the_library_says_the_same_to_the_kernel) };
TEST_MAIN(tests)

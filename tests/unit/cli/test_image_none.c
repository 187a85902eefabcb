/* test_image_none.c - the command line of a build without images: linked without the image library. */
#include "fake_runtime.h"

static void refused(struct outcome outcome)
{
	CHECK_INT(1, outcome.exit);
	CHECK_STR("coffer: error: this coffer was built without images (meson option image)\n", outcome.err);
	CHECK_STR("", outcome.out);
	CHECK_STR("", outcome.calls);
}

static void images(void)
{
	refused(RUN("image"));
	refused(RUN("image", "list"));
	refused(RUN("image", "mount", "a", "/b"));
	refused(RUN("run", "--image", "a"));
	refused(RUN("run", "--rootfs", "/", "true"));
	CHECK_CONTAINS("this needs --image or --rootfs: a bundle", RUN("run", "--tty", "a").err);
}

/* What looks for containers of the store elsewhere too. */
static void containers(void)
{
	static struct container_info info = { .state = { .id = "a", .pid = 7 }, .status = STATUS_RUNNING };

	fake.infos = &info;
	fake.n_infos = 1;
	CHECK_STR("a\n", RUN("list", "-q").out);
	fake.infos = &info;
	fake.n_infos = 1;
	CHECK_CONTAINS("\"id\": \"a\"", RUN("state", "a").out);
	CHECK_CONTAINS("force delete ", RUN("delete", "--force", "a").calls);
	fake.infos = &info;
	fake.n_infos = 1;
	CHECK_CONTAINS("was not started from an image", RUN("commit", "a", "b").err);
	CHECK_CONTAINS(" id=a", RUN("run", "a").calls);
}

static const struct test tests[] = { TEST(images), TEST(containers) };

TEST_MAIN(tests)

/* test_labels.c - labels for the next execve: what is in the way of finding and setting them. */
#include "runtime/labels.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/mount_ns.h"

static int none_body(void)
{
	const struct config_process process = { .cwd = "/" };
	struct process_start start = { .process = &process, .attributes = -1 };
	struct process_start without = { .attributes = -1 };
	struct error err;

	/* Whatever /proc is. */
	EXPECT(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
	EXPECT(labels_open(&start, &err) == 0 && labels_set(&start, &err) == 0 && start.attributes == -1);
	EXPECT(labels_open(&without, &err) == 0 && labels_set(&without, &err) == 0 && without.attributes == -1);
	return 0;
}

static void none_are_wanted(void)
{
	in_mount_ns(none_body);
}

static int refused_body(void)
{
	struct config_process process = { .apparmor_profile = "coffer-test-none" };
	struct process_start start = { .process = &process };
	struct error err;

	EXPECT(labels_open(&start, &err) == 0 && start.attributes > 2);
	EXPECT(labels_set(&start, &err) < 0 && str_starts(err.text, "process.apparmorProfile: "));
	EXPECT(strstr(err.text, "coffer-test-none"));
	process.selinux_label = "no:such:label";
	EXPECT(labels_set(&start, &err) < 0);
	EXPECT(str_starts(err.text, "process.selinuxLabel: \"no:such:label\" is no label of an SELinux policy"));
	return 0;
}

static void labels_that_cannot_be_set(void)
{
	in_mount_ns(refused_body);
}

/* Nothing that lies over the attributes takes a label in their place. */
static int covered_body(void)
{
	struct config_process process = { .apparmor_profile = "p" };
	struct process_start start = { .process = &process };
	struct error err;
	auto_free char *attributes = xasprintf("/proc/%d/task/%d/attr", getpid(), getpid());

	EXPECT(mount("tmpfs", attributes, "tmpfs", 0, NULL) == 0);
	EXPECT(labels_open(&start, &err) == -EXDEV);
	EXPECT(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
	EXPECT(labels_open(&start, &err) == -EINVAL);
	EXPECT(str_eq(err.text, "/proc is no procfs"));
	return 0;
}

static void covered_attributes(void)
{
	in_mount_ns(covered_body);
}

static const struct test tests[] = {
	TEST(none_are_wanted),
	TEST(labels_that_cannot_be_set),
	TEST(covered_attributes),
};
TEST_MAIN(tests)

/* test_caps.c - names, reduction of the sets, and what the kernel says after they were applied in a child. */
#include "namespaces/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "tests/unit/child.h"
#include "namespaces/creds.h"
#include "tests/unit/test.h"

#define BIT(number) (UINT64_C(1) << (number))

static void names(void)
{
	CHECK_INT(CAP_CHOWN, cap_by_name("CAP_CHOWN", false));
	CHECK_INT(CAP_NET_ADMIN, cap_by_name("CAP_NET_ADMIN", false));
	CHECK_INT(CAP_CHECKPOINT_RESTORE, cap_by_name("CAP_CHECKPOINT_RESTORE", true));
	CHECK_INT(-EINVAL, cap_by_name("NET_ADMIN", false));
	CHECK_INT(CAP_NET_ADMIN, cap_by_name("NET_ADMIN", true));
	CHECK_INT(-EINVAL, cap_by_name("cap_net_admin", true));
	CHECK_INT(-EINVAL, cap_by_name("CAP_", true));
	CHECK_INT(-EINVAL, cap_by_name("", true));
	CHECK_INT(-EINVAL, cap_by_name("CAP_NET_ADMINX", true));
	CHECK_STR("CAP_SYS_ADMIN", cap_name(CAP_SYS_ADMIN));
	CHECK(!cap_name(CAP_LAST_CAP + 1));
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		CHECK_INT(i, cap_by_name(cap_name(i), false));
}

static uint64_t status_mask(const char *field)
{
	char line[256];
	unsigned long long mask = 0;
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			mask = strtoull(line + strlen(field) + 1, NULL, 16);
	if (file)
		(void)fclose(file);
	return mask;
}

static void kernel_mask_is_cap_last_cap(void)
{
	FILE *file = fopen("/proc/sys/kernel/cap_last_cap", "re");
	int last = 0;

	CHECK(file);
	CHECK_INT(1, fscanf(file, "%d", &last));
	(void)fclose(file);
	CHECK(cap_kernel_mask() == BIT(last + 1) - 1);
	CHECK(cap_own_permitted() == status_mask("CapPrm"));
	CHECK(cap_own_effective() == status_mask("CapEff"));
}

static void limit_reports_what_is_lost(void)
{
	struct cap_sets sets = {
		.bounding = 0xff, .effective = 0x0f, .inheritable = 0x03, .permitted = 0x0f, .ambient = 0x03
	};

	CHECK(cap_sets_limit(&sets, 0xff) == 0);
	CHECK(sets.bounding == 0xff && sets.effective == 0x0f && sets.ambient == 0x03);
	CHECK(cap_sets_limit(&sets, 0x0e) == 0xf1);
	CHECK(sets.bounding == 0x0e && sets.permitted == 0x0e && sets.effective == 0x0e);
	CHECK(sets.inheritable == 0x02 && sets.ambient == 0x02);

	/* Not effective without permitted, not ambient without inheritable. */
	sets = (struct cap_sets){ .effective = 0x1, .ambient = 0x2, .permitted = 0x2 };
	CHECK(cap_sets_limit(&sets, UINT64_MAX) == 0x3);
	CHECK(sets.effective == 0 && sets.ambient == 0 && sets.permitted == 0x2);
}

static int apply_docker_like(const void *unused)
{
	const uint64_t kept = BIT(CAP_CHOWN) | BIT(CAP_KILL) | BIT(CAP_NET_BIND_SERVICE);
	const struct cap_sets sets = {
		.bounding = kept | BIT(63), /* bit 63: a capability of a future kernel is left out */
		.effective = kept,
		.permitted = kept | BIT(62),
		.inheritable = BIT(CAP_KILL),
		.ambient = BIT(CAP_KILL),
	};
	const struct user user = { .uid = 1000, .gid = 1000 };
	struct error err;

	(void)unused;
	EXPECT(caps_apply_bounding(&sets, &err) == 0);
	EXPECT(user_apply(&user, true, &err) == 0);
	EXPECT(caps_apply(&sets, &err) == 0);
	EXPECT(status_mask("CapBnd") == kept);
	EXPECT(status_mask("CapEff") == kept);
	EXPECT(status_mask("CapPrm") == kept);
	EXPECT(status_mask("CapInh") == BIT(CAP_KILL));
	EXPECT(status_mask("CapAmb") == BIT(CAP_KILL));
	/* Now CAP_SETPCAP is gone: the same bounding set again is no error, a smaller one is. */
	EXPECT(caps_apply_bounding(&sets, &err) == 0);
	EXPECT(caps_apply_bounding(&(struct cap_sets){ .bounding = kept & ~BIT(CAP_KILL) }, &err) == -EPERM);
	EXPECT(strstr(err.text, "drop CAP_KILL from the bounding set"));
	return 0;
}

static int apply_nothing(const void *unused)
{
	const struct cap_sets none = { 0 };
	struct error err;

	(void)unused;
	EXPECT(caps_apply_bounding(&none, &err) == 0);
	EXPECT(caps_apply(&none, &err) == 0);
	EXPECT((status_mask("CapBnd") | status_mask("CapEff") | status_mask("CapPrm") | status_mask("CapInh")) == 0);
	EXPECT(caps_apply(&(struct cap_sets){ .permitted = BIT(CAP_SYS_TIME) }, &err) == -EPERM);
	EXPECT(strstr(err.text, "permitted capability CAP_SYS_TIME: the runtime does not have it"));
	return 0;
}

static int refusals(const void *unused)
{
	struct error err;

	(void)unused;
	EXPECT(caps_apply(&(struct cap_sets){ .effective = BIT(CAP_KILL), .permitted = BIT(CAP_CHOWN) }, &err) ==
	       -EPERM);
	EXPECT(strstr(err.text, "effective capability CAP_KILL is not a permitted one"));
	EXPECT(caps_apply(&(struct cap_sets){ .permitted = BIT(CAP_CHOWN), .ambient = BIT(CAP_CHOWN) }, &err) ==
	       -EPERM);
	EXPECT(strstr(err.text, "ambient capability CAP_CHOWN (it must be permitted and inheritable)"));
	return 0;
}

static void applied_in_all_five_sets(void)
{
	if (geteuid() != 0)
		TEST_SKIP("dropping from the bounding set needs root");
	CHECK_INT(0, in_child(apply_docker_like, NULL));
}

static void can_drop_everything(void)
{
	if (geteuid() != 0)
		TEST_SKIP("dropping from the bounding set needs root");
	CHECK_INT(0, in_child(apply_nothing, NULL));
}

static void errors_name_the_capability(void)
{
	if (geteuid() != 0)
		TEST_SKIP("needs capabilities to start with");
	CHECK_INT(0, in_child(refusals, NULL));
}

static const struct test tests[] = {
	TEST(names),
	TEST(kernel_mask_is_cap_last_cap),
	TEST(limit_reports_what_is_lost),
	TEST(applied_in_all_five_sets),
	TEST(can_drop_everything),
	TEST(errors_name_the_capability),
};
TEST_MAIN(tests)

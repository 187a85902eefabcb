/*
 * cgroup_fixture.h - a cgroup of a test's own, killed and removed with auto_test_cgroup (a failed check leaves it
 * behind). Skips the test where there is no writable cgroup v2.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroups/cgroup.h"
#include "tests/unit/test.h"

struct test_cgroup {
	struct cgroup_host host;
	struct cgroup *cgroup;
	char path[128];
};

__attribute__((unused)) static struct cgroup_host test_cgroup_need(void)
{
	struct cgroup_host host;
	struct error err;

	if (geteuid() != 0)
		TEST_SKIP("cgroups need root");
	CHECK_INT(0, cgroup_host_probe(&host, &err));
	if (host.root_fd < 0)
		TEST_SKIP("no cgroup v2 here");
	return host;
}

__attribute__((unused)) static struct test_cgroup test_cgroup_make(const char *name)
{
	struct test_cgroup test = { .host = test_cgroup_need() };
	struct error err;
	int r;

	(void)snprintf(test.path, sizeof(test.path), "/coffer-test-%s-%d", name, getpid());
	r = cgroup_create(&test.host, test.path, 0, &test.cgroup, &err);
	if (r == -EROFS || r == -EACCES || r == -EPERM)
		TEST_SKIP("%s", err.text);
	CHECK_INT(0, r);
	return test;
}

__attribute__((unused)) static void test_cgroup_done(struct test_cgroup *test)
{
	struct error ignored;

	(void)cgroup_kill(test->cgroup, &ignored);
	cgroup_close(test->cgroup);
	(void)cgroup_remove(&test->host, test->path, &ignored);
	cgroup_host_close(&test->host);
}

#define auto_test_cgroup auto_cleanup(test_cgroup_done)

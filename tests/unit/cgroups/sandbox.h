/*
 * sandbox.h - what the tests that need a real cgroup v2 share: a private mount namespace with the v2 hierarchy on
 * /sys/fs/cgroup, so that this host's own mounts do not matter, and one cgroup for all that a test program makes.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroups/cgroup.h"
#include "tests/unit/test.h"

/* Ends the test as skipped unless root; once entered it stays entered. */
__attribute__((unused)) static void sandbox_enter(struct cgroup_host *host)
{
	static bool entered;
	struct error err;

	if (geteuid() != 0)
		TEST_SKIP("needs root to mount cgroup2");
	if (!entered) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			TEST_SKIP("cannot make a private mount namespace: %s", strerror(errno));
		/* EBUSY: it is there already, the same file system on the same directory. */
		if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) < 0 && errno != EBUSY)
			TEST_SKIP("cannot mount cgroup2: %s", strerror(errno));
		entered = true;
	}
	CHECK_INT(0, cgroup_host_probe(host, &err));
	CHECK_STR("/sys/fs/cgroup", host->mount_point);
}

/* "/coffer-test-PID/name" */
__attribute__((unused)) static const char *sandbox_path(const char *name)
{
	static char path[4096];

	(void)snprintf(path, sizeof(path), "/coffer-test-%d%s%s", getpid(), *name ? "/" : "", name);
	return path;
}

__attribute__((unused)) static struct cgroup *sandbox_create(const struct cgroup_host *host, const char *name)
{
	struct cgroup *cgroup = NULL;
	struct error err = { .text = "" };

	if (cgroup_create(host, sandbox_path(name), 0, &cgroup, &err) < 0)
		test_stop(TEST_FAILED, "create %s: %s", name, err.text);
	return cgroup;
}

__attribute__((unused)) static void sandbox_leave(struct cgroup_host *host)
{
	struct error err = { .text = "" };

	if (cgroup_remove(host, sandbox_path(""), &err) < 0)
		test_stop(TEST_FAILED, "clean up: %s", err.text);
	cgroup_host_close(host);
}

/* A child that waits to be killed, in the cgroup. */
__attribute__((unused)) static pid_t sandbox_sleeper(const struct cgroup *cgroup)
{
	pid_t pid = fork();
	struct error err = { .text = "" };

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
		for (;;)
			pause();
	}
	if (cgroup_attach(cgroup, pid, &err) < 0) {
		(void)kill(pid, SIGKILL);
		test_stop(TEST_FAILED, "attach: %s", err.text);
	}
	return pid;
}

/* The signal that ended the child, or -1. */
__attribute__((unused)) static int sandbox_reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

/* Exit status of a child that runs `check`. */
__attribute__((unused)) static int sandbox_child(int (*check)(void *data), void *data)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(check(data));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Any one controller that this host has on v2; 0 if there is none. */
__attribute__((unused)) static uint32_t sandbox_controller(const struct cgroup_host *host)
{
	/* cpuset and cpu have strings attached in some kernels; the rest will do. */
	uint32_t bits = host->controllers & ~(1u << CGROUP_CPUSET | 1u << CGROUP_CPU);

	return bits & -bits;
}

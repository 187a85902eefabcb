/*
 * container_fixture.h - state directories in a temporary root, and processes that stand in for a container's init.
 * Everything is removed, and every stand-in killed, when the test program ends.
 */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "runtime/container.h"
#include "runtime/start_gate.h"
#include "runtime/state.h"
#include "runtime/sync.h"
#include "tests/unit/test.h"

enum stand_in {
	INIT_RUNS,        /* no gate: running */
	INIT_WAITS,       /* at the gate; then its execve succeeds and it sleeps */
	INIT_WAITS_FAILS, /* at the gate; then it reports an error */
	INIT_WAITS_DIES,  /* at the gate; dies without a word before it takes the connection */
	INIT_ENDED,       /* has ended: stopped */
};

static char fixture_base[] = "/tmp/coffer-test-XXXXXX";

__attribute__((unused)) static int fixture_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

__attribute__((unused)) static void fixture_clean(void)
{
	(void)nftw(fixture_base, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* A new empty root directory. */
__attribute__((unused)) static const char *fixture_root(void)
{
	static char root[64];
	static int count;

	if (count == 0) {
		if (!mkdtemp(fixture_base))
			abort();
		(void)atexit(fixture_clean);
	}
	(void)snprintf(root, sizeof(root), "%s/%d", fixture_base, count++);
	if (mkdir(root, 0700) < 0)
		abort();
	return root;
}

__attribute__((unused, noreturn)) static void fixture_init(enum stand_in kind, int listener)
{
	const struct error exec_error = { .code = 2, .text = "exec: \"foo\": executable file not found in $PATH" };
	struct error err;
	int connection;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (kind == INIT_ENDED)
		_exit(0);
	if (kind == INIT_WAITS_DIES)
		for (;;)
			(void)pause();
	if (kind != INIT_RUNS && start_gate_wait(listener, &connection, &err) < 0)
		_exit(1);
	if (kind == INIT_WAITS_FAILS) {
		sync_send_error(connection, &exec_error);
		_exit(1);
	}
	(void)execl("/bin/sleep", "sleep", "100", NULL);
	_exit(1);
}

__attribute__((unused)) static int fixture_gate(const struct state_dir *dir)
{
	struct error err;
	int listener = start_gate_socket(&err);

	CHECK(listener >= 0);
	CHECK_INT(0, start_gate_publish(dir, listener, &err));
	return listener;
}

/* Makes <root>/<id> with a state.json of a stand-in, which is a child of the test. Returns its pid. */
__attribute__((unused)) static pid_t fixture_container(const char *root, const char *id, enum stand_in kind,
						       const char *cgroup_path)
{
	struct state state = { .id = id,
			       .bundle = "/bundle",
			       .rootfs = "/bundle/rootfs",
			       .own_pid_ns = true,
			       .created = "2026-01-02T03:04:05.000000006Z",
			       .cgroup_path = cgroup_path };
	struct state_dir dir;
	struct error err;
	siginfo_t info;
	int listener = -1;
	pid_t pid;

	CHECK_INT(0, state_dir_reserve(root, id, &dir, &err));
	if (kind != INIT_RUNS && kind != INIT_ENDED)
		listener = fixture_gate(&dir);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		fixture_init(kind, listener);
	CHECK(pid > 0);
	cleanup_fd(&listener);
	state.pid = pid;
	state.start_time = proc_start_time(pid);
	if (kind == INIT_ENDED) {
		CHECK_INT(0, waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
		state.start_time = 1;
	}
	CHECK_INT(0, state_write(&dir, &state, &err));
	state_dir_close(&dir);
	return pid;
}

__attribute__((unused)) static void fixture_write(const char *root, const char *id, const char *file, const char *text)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", root, id, file);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

__attribute__((unused)) static bool fixture_exists(const char *root, const char *id)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", root, id);
	return access(path, F_OK) == 0;
}

/* A file's text for comparing; valid until the next call. */
__attribute__((unused)) static const char *fixture_read(const char *path)
{
	static char text[4096];
	ssize_t length = fd_read_small(AT_FDCWD, path, text, sizeof(text));

	return length < 0 ? "(unreadable)" : text;
}

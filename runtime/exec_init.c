/*
 * exec_init.c - the process of `exec`: into the container's namespaces and cgroup, then the same last stretch as init.
 *
 * It was cloned inside the container's cgroup and pid namespace (and user namespace), not dumpable, so that nobody in
 * there can take the host fds it still holds (CVE-2016-9962). No logging, no stdio, no exit(3) here.
 */
#include "exec_init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "affinity.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "child.h"
#include "fault.h"
#include "labels.h"
#include "sync.h"
#include "tty.h"

static int find_labels(struct exec_init *init, struct error *err)
{
	return labels_open(&init->start, err);
}

static int join(struct exec_init *init, struct error *err)
{
	if (setns(init->pidfd, init->namespaces) < 0)
		return fail(err, errno, "join the container's namespaces");
	if (init->user_ns && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return fail(err, errno, "become root of the user namespace");
	return 0;
}

static int new_session(struct exec_init *init, struct error *err)
{
	return child_session(init->id, init->new_keyring, err);
}

static int default_signals(struct exec_init *init, struct error *err)
{
	(void)init;
	return child_signals(err);
}

/* The container's /dev/pts may be anything: tty_open_pair() checks that it is a devpts. */
static int open_terminal(struct exec_init *init, struct error *err)
{
	const struct config_process *process = init->start.process;
	auto_fd int root = -1;
	auto_fd int devpts = -1;
	auto_fd int master = -1;
	auto_fd int peer = -1;
	int r;

	if (!process->terminal)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	devpts = root < 0 ? -errno : path_open(root, "/dev/pts", O_DIRECTORY);
	if (devpts < 0)
		return fail(err, -devpts, "open /dev/pts of the container");
	r = tty_open_pair(devpts, (unsigned)process->console_height.value, (unsigned)process->console_width.value,
			  &master, &peer, err);
	if (r == 0)
		r = sync_send(init->sync, SYNC_CONSOLE, master, err);
	return r == 0 ? tty_make_stdio(peer, process->user.uid, err) : r;
}

static int set_personality(struct exec_init *init, struct error *err)
{
	return child_personality(&init->personality, err);
}

static int find_program(struct exec_init *init, struct error *err)
{
	return process_find(&init->start, init->arena, err);
}

static int set_labels(struct exec_init *init, struct error *err)
{
	return labels_set(&init->start, err);
}

static int report_ready(struct exec_init *init, struct error *err)
{
	int r = sync_send(init->sync, SYNC_READY, -1, err);

	return r < 0 ? r : sync_expect(init->sync, SYNC_RECORDED, NULL, err);
}

static int final_affinity(struct exec_init *init, struct error *err)
{
	const struct config_process *process = init->start.process;

	return affinity_apply_final(process->cpu_affinity_initial, process->cpu_affinity_final, err);
}

static int become_program(struct exec_init *init, struct error *err)
{
	return process_exec(&init->start, err);
}

/* name: put in front of the error, if the error does not say it. */
#define STEP(name, function)                                                                                           \
	{                                                                                                              \
		name, "exec_" #function, function                                                                      \
	}

static const struct {
	const char *name;
	const char *fault; /* fault.h */
	int (*run)(struct exec_init *init, struct error *err);
} steps[] = {
	STEP("security labels", find_labels),
	STEP(NULL, join),
	STEP("signals", default_signals),
	STEP("session", new_session),
	STEP("terminal", open_terminal),
	STEP(NULL, set_personality),
	STEP(NULL, find_program),
	STEP(NULL, set_labels),
	STEP(NULL, report_ready),
	STEP(NULL, final_affinity),
	STEP(NULL, become_program),
};

void exec_init_main(struct exec_init *init)
{
	struct error err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		fault_point(steps[i].fault);
		if (steps[i].run(init, &err) == 0)
			continue;
		if (steps[i].name)
			(void)context(&err, "%s", steps[i].name);
		break;
	}
	sync_send_error(init->sync, &err);
	_exit(EXIT_FAILURE);
}

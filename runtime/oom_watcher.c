/*
 * oom_watcher.c - the watcher: one thread, one epoll, first the containers that touch their limits, then all else.
 *
 * Start: own cgroup, memory locked, SCHED_FIFO -> containers that an earlier watcher left -> loop. It ends when it has
 * had nothing to watch for a while, or by SIGTERM; the next container starts another one. It never blocks but in
 * epoll_wait(), and while no container touches its limit it makes no system call at all.
 */
#include "oom_watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

#define WATCHER_CGROUP "coffer-oom-watcher"

enum { EVENTS_MAX = 64, IDLE_MS = 3000, NOTES_SIZE = 8192, OUT_OF_REACH = -1000, CGROUP_MODE = 0755 };
enum { FIFO_PRIORITY = 50, PAGE = 4096, STACK_USED = 32 * 1024 };

#define NS_PER_MS 1000000ULL

/* ---- containers ---- */

static void watched_free(struct watched *container)
{
	if (!container)
		return;
	hit_leave(container);
	tripwire_close(&container->wire);
	cleanup_fd(&container->pressure);
	for (size_t i = 0; i < HOOKS_MAX; i++)
		if (container->hooks[i] > 0)
			(void)close(container->hooks[i]);
	cgroup_close(container->cgroup);
	free(container->id);
	free(container->hook);
	free(container->socket);
	free(container->stalls);
	free(container);
}

DEFINE_AUTO(watched, struct watched, watched_free)
#define auto_watched auto_cleanup(cleanup_watched)

struct watched *watcher_find(const struct watcher *watcher, const char *id)
{
	for (struct watched *at = watcher->containers; at; at = at->next)
		if (!at->gone && str_eq(at->id, id))
			return at;
	return NULL;
}

static int listen_to(const struct watcher *watcher, int fd, struct source *source, struct error *err)
{
	struct epoll_event event = { .events = EPOLLPRI, .data.ptr = source };

	return epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? fail(err, errno, "epoll") : 0;
}

/* Closed is not enough while somebody who was forked has them open too: epoll would tell of what is freed by then. */
static void ignore_files(const struct watcher *watcher, const struct watched *container)
{
	(void)epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, container->wire.events, NULL);
	(void)epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, container->wire.frozen, NULL);
	(void)epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, container->pressure, NULL);
}

/* The kernel looks at the trigger only while the cgroup's tasks do wait for memory. */
static int open_pressure(struct watched *container, struct arena *arena, struct error *err)
{
	const char *trigger;

	if (!container->policy.pressure)
		return 0;
	trigger = oom_pressure_trigger(arena, container->policy.pressure, err);
	if (!trigger)
		return -EINVAL;
	container->pressure =
		openat(container->wire.dir, "memory.pressure", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (container->pressure < 0)
		return fail(err, errno, "--pressure-notify: open memory.pressure");
	if (write(container->pressure, trigger, strlen(trigger) + 1) < 0)
		return fail(err, errno, "--pressure-notify: write \"%s\" to memory.pressure", trigger);
	return 0;
}

static int open_watched(const struct watcher *watcher, struct watched *container, const char *id, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_cleanup(state_dir_close) struct state_dir dir = { .fd = -1 };
	struct state state;
	struct stat st = { 0 };
	int r = state_dir_open(watcher->runtime->root, id, &dir, err);

	if (r == 0)
		r = state_read(&dir, arena, &state, err);
	if (r == 0 && !state.cgroup_path)
		r = refuse(err, "container `%s` has no cgroup", id);
	if (r == 0 && fstat(dir.fd, &st) < 0)
		r = fail(err, errno, "stat the state directory of container `%s`", id);
	if (r == 0)
		r = oom_policy_read(dir.fd, arena, &container->policy, err);
	if (r == 0)
		r = cgroup_open(&watcher->host, state.cgroup_path, &container->cgroup, err);
	if (r == 0)
		r = tripwire_open(cgroup_fd(container->cgroup), container->policy.limit, container->policy.gap,
				  &container->wire, err);
	if (r == 0)
		r = open_pressure(container, arena, err);
	if (r < 0)
		return r;
	container->inode = st.st_ino;
	container->id = xstrdup(id);
	container->hook = container->policy.hook ? xstrdup(container->policy.hook) : NULL;
	container->socket = container->policy.socket ? xstrdup(container->policy.socket) : NULL;
	container->policy.hook = container->hook;
	container->policy.socket = container->socket;
	container->stalls = container->policy.pressure ? xstrdup(container->policy.pressure) : NULL;
	container->policy.pressure = container->stalls;
	container->own_gap = container->policy.gap != tripwire_gap(container->policy.limit, watcher->processors);
	return 0;
}

/* The directory is not held open here: the kernel tells of its end when nobody has it open any more. */
static void notice_deleted(struct watcher *watcher)
{
	_Alignas(struct inotify_event) char notes[NOTES_SIZE];
	ssize_t length = read(watcher->inotify, notes, sizeof(notes));

	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *note = (const void *)(notes + at);

		for (struct watched *container = watcher->containers; container; container = container->next)
			if (container->inotify_watch == note->wd)
				container->gone = true;
		at += (ssize_t)sizeof(*note) + note->len;
	}
}

/* By id and by directory: a new container may have the id of one whose end is still to be noticed. */
static bool is_watched(struct watcher *watcher, const char *id)
{
	auto_cleanup(state_dir_close) struct state_dir dir = { .fd = -1 };
	struct watched *container;
	struct error ignored;
	struct stat st;

	notice_deleted(watcher);
	container = watcher_find(watcher, id);
	if (!container)
		return false;
	if (state_dir_open(watcher->runtime->root, id, &dir, &ignored) == 0 && fstat(dir.fd, &st) == 0 &&
	    st.st_ino == container->inode)
		return true;
	container->gone = true;
	return false;
}

int watcher_add(struct watcher *watcher, const char *id, struct error *err)
{
	auto_watched struct watched *container = NULL;
	char path[PATH_MAX];
	int r;

	if (is_watched(watcher, id))
		return 0;
	container = xcalloc(1, sizeof(*container));
	container->wire = (struct tripwire)TRIPWIRE_NONE;
	container->pressure = -1;
	container->root = watcher->runtime->root;
	r = open_watched(watcher, container, id, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/%s", watcher->runtime->root, id);
	container->inotify_watch = inotify_add_watch(watcher->inotify, path, IN_DELETE_SELF | IN_ONLYDIR);
	if (container->inotify_watch < 0)
		return fail(err, errno, "watch the state directory of container `%s`", id);
	container->events_source = (struct source){ SOURCE_EVENTS, container };
	container->frozen_source = (struct source){ SOURCE_FROZEN, container };
	container->pressure_source = (struct source){ SOURCE_PRESSURE, container };
	r = listen_to(watcher, container->wire.events, &container->events_source, err);
	if (r == 0)
		r = listen_to(watcher, container->wire.frozen, &container->frozen_source, err);
	if (r == 0 && container->pressure >= 0)
		r = listen_to(watcher, container->pressure, &container->pressure_source, err);
	if (r < 0) {
		ignore_files(watcher, container);
		return r;
	}
	hit_adopt(container);
	container->next = watcher->containers;
	watcher->containers = take_ptr(container);
	return 0;
}

static void sweep(struct watcher *watcher)
{
	for (struct watched **slot = &watcher->containers; *slot;) {
		struct watched *container = *slot;

		if (!container->gone) {
			slot = &container->next;
			continue;
		}
		*slot = container->next;
		ignore_files(watcher, container);
		watched_free(container);
	}
	server_sweep(watcher);
}

static void adopt_all(struct watcher *watcher)
{
	auto_arena struct arena *arena = arena_new();
	const char **ids = NULL;
	struct error ignored;
	size_t count = 0;

	if (state_list_ids(watcher->runtime->root, arena, &ids, &count, &ignored) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct state_dir dir = { .fd = -1 };

		if (state_dir_open(watcher->runtime->root, ids[i], &dir, &ignored) == 0) {
			if (oom_policy_exists(dir.fd))
				(void)watcher_add(watcher, ids[i], &ignored);
			state_dir_close(&dir);
		}
	}
}

/* ---- this process ---- */

/* Out of the caller's cgroup, whose limits and end are not for the watcher; where that is not allowed it stays. */
static void leave_cgroup(const struct watcher *watcher)
{
	if (mkdirat(watcher->host.root_fd, WATCHER_CGROUP, CGROUP_MODE) == 0 || errno == EEXIST)
		(void)fd_write_existing(watcher->host.root_fd, WATCHER_CGROUP "/cgroup.procs", "0");
}

/* To the root, which takes processes always, so that the last watcher of the host leaves no cgroup behind. A hook that
   still runs, or who looks, keeps it for the next one to remove. */
static void leave_nothing(const struct watcher *watcher)
{
	(void)fd_write_existing(watcher->host.root_fd, "cgroup.procs", "0");
	(void)unlinkat(watcher->host.root_fd, WATCHER_CGROUP, AT_REMOVEDIR);
}

static int lock_segments(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    mlock((const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), info->dlpi_phdr[i].p_memsz) < 0)
			return -1;
	return 0;
}

/* All of the program and, from now on, each page that is used stays in memory: the rest of the stack's first mapping,
   or of the heap's, is not taken for it. */
static bool lock_memory(void)
{
	volatile char stack[STACK_USED];

	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 || dl_iterate_phdr(lock_segments, NULL) < 0)
		return false;
	for (size_t i = 0; i < sizeof(stack); i += PAGE)
		stack[i] = 0;
	return true;
}

static void become_fast(struct watcher *watcher)
{
	const struct sched_param fifo = { .sched_priority = FIFO_PRIORITY };
	struct rlimit files;
	char score[16];

	/* Ten a container. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)snprintf(score, sizeof(score), "%d", OUT_OF_REACH);
	(void)fd_write_existing(AT_FDCWD, "/proc/self/oom_score_adj", score);
	watcher->locked = lock_memory();
	/* By system call: POSIX means a process where Linux means a thread, and so musl's function refuses. */
	watcher->realtime = syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, &fifo) == 0;
	(void)prctl(PR_SET_NAME, "coffer-oom");
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* They end the loop; what is frozen stays so, for the next watcher. */
static int take_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
}

static int prepare(struct watcher *watcher, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &watcher->listener_source };
	struct epoll_event note = { .events = EPOLLIN, .data.ptr = &watcher->inotify_source };
	struct epoll_event signal = { .events = EPOLLIN, .data.ptr = &watcher->signals_source };
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int r = cgroup_host_probe(&watcher->host, err);

	if (r < 0)
		return r;
	watcher->processors = processors > 0 ? (unsigned)processors : 1;
	watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
	watcher->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watcher->signals = take_signals();
	watcher->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (watcher->epoll < 0 || watcher->inotify < 0 || watcher->signals < 0 ||
	    epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watcher->listener, &event) < 0 ||
	    epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watcher->inotify, &note) < 0 ||
	    epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watcher->signals, &signal) < 0)
		return fail(err, errno, "prepare the oom watcher");
	leave_cgroup(watcher);
	become_fast(watcher);
	return 0;
}

/* ---- the loop ---- */

static void nearest(uint64_t *deadline, uint64_t candidate)
{
	if (candidate && candidate < *deadline)
		*deadline = candidate;
}

/* Milliseconds until something is due, rounded up; 0 if something is to be told; -1 for ever. */
static int time_to_wait(const struct watcher *watcher)
{
	uint64_t deadline = UINT64_MAX;
	uint64_t now;

	for (const struct watched *container = watcher->containers; container; container = container->next) {
		if (container->announce)
			return 0;
		nearest(&deadline, container->tick_ns);
		nearest(&deadline, container->look_ns);
		nearest(&deadline, container->decide_ns);
	}
	if (deadline == UINT64_MAX)
		return watcher->containers || watcher->clients ? -1 : IDLE_MS;
	now = oom_now_ns();
	if (deadline <= now)
		return 0;
	deadline = (deadline - now + NS_PER_MS - 1) / NS_PER_MS;
	return deadline > INT_MAX ? INT_MAX : (int)deadline;
}

static void handle(struct watcher *watcher, const struct epoll_event *event)
{
	const struct source *source = event->data.ptr;

	switch (source->kind) {
	case SOURCE_EVENTS:
		return; /* was first */
	case SOURCE_SIGNAL:
		watcher->ends = true;
		return;
	case SOURCE_FROZEN:
		hit_freezer(watcher, source->owner);
		return;
	case SOURCE_PRESSURE:
		if (event->events & EPOLLERR) /* the cgroup is gone, or cgroup.pressure is 0 */
			(void)epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, ((struct watched *)source->owner)->pressure,
					NULL);
		else
			hit_pressure(watcher, source->owner);
		return;
	case SOURCE_LISTENER:
		server_accept(watcher);
		return;
	case SOURCE_INOTIFY:
		notice_deleted(watcher);
		return;
	case SOURCE_CLIENT:
		if (event->events & EPOLLOUT)
			server_writable(source->owner);
		if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			server_readable(watcher, source->owner);
		return;
	}
}

/* The files of a cgroup that is gone stay readable for epoll: the directory's end will tell, and until then they are
   not looked at. */
static void mute_if_gone(const struct watcher *watcher, const struct watched *container)
{
	uint64_t used;

	if (tripwire_usage(&container->wire, &used) == -ENODEV)
		ignore_files(watcher, container);
}

/* Whether a container touched its limit. */
static bool touch_all(const struct epoll_event *events, int count)
{
	bool touched = false;

	for (int i = 0; i < count; i++) {
		const struct source *source = events[i].data.ptr;

		if (source->kind != SOURCE_EVENTS)
			continue;
		hit_touched(source->owner);
		touched = true;
	}
	return touched;
}

/* What else there is stays for the next turn of the loop: epoll tells of it again. */
void watcher_glance(const struct watcher *watcher)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(watcher->epoll, events, EVENTS_MAX, 0);

	(void)touch_all(events, count);
}

static bool handle_all(struct watcher *watcher, const struct epoll_event *events, int count)
{
	bool touched = touch_all(events, count);

	for (int i = 0; i < count; i++) {
		const struct source *source = events[i].data.ptr;

		handle(watcher, &events[i]);
		if (source->kind == SOURCE_EVENTS || source->kind == SOURCE_FROZEN)
			mute_if_gone(watcher, source->owner);
	}
	return touched;
}

/* One, and then back to the events: telling is slow beside them. */
static void tell_one(struct watcher *watcher, bool busy)
{
	for (struct watched *container = watcher->containers; container; container = container->next)
		if (hit_announce(watcher, container, busy))
			return;
}

static void loop(struct watcher *watcher)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int timeout = time_to_wait(watcher);
		int count = epoll_wait(watcher->epoll, events, EVENTS_MAX, timeout);
		bool touched;

		if (count < 0 && errno != EINTR)
			return;
		if (count == 0 && timeout == IDLE_MS && !watcher->containers && !watcher->clients)
			return;
		touched = handle_all(watcher, events, count);
		if (watcher->ends)
			return;
		for (struct watched *container = watcher->containers; container; container = container->next)
			if (!container->gone)
				hit_tick(watcher, container);
		tell_one(watcher, touched);
		sweep(watcher);
	}
}

int oom_watcher_main(const struct runtime *runtime, int listener, struct error *err)
{
	struct watcher watcher = {
		.runtime = runtime,
		.listener = listener,
		.epoll = -1,
		.inotify = -1,
		.signals = -1,
		.listener_source = { .kind = SOURCE_LISTENER },
		.inotify_source = { .kind = SOURCE_INOTIFY },
		.signals_source = { .kind = SOURCE_SIGNAL },
	};
	int r = prepare(&watcher, err);

	if (r < 0)
		return r;
	adopt_all(&watcher);
	loop(&watcher);
	for (struct watched *container = watcher.containers; container; container = container->next)
		hit_leave(container);
	leave_nothing(&watcher);
	return 0;
}

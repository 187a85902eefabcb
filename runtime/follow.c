/*
 * follow.c - see follow.h. For each container a pidfd of init and memory.events of its cgroup, for all of them inotify
 * on the state root and one connection to the watcher if there is one; poll(2) over these. A container without a cgroup
 * has only its end to tell.
 *
 * A new name in the state root is a container that is coming: its directory is watched from then on, and opened anew
 * each time that state.json is written there. It is written twice (launch.c), the second time with the pid; so what is
 * gone before it could be opened is known to have run if it came to that.
 */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "container_open.h"
#include "oom.h"
#include "validate.h"

#define STATE_FILE "state.json"

enum { LINE_MAX_BYTES = 16 * 1024 * 1024, CHUNK = 16 * 1024 };
enum { FD_WATCHER, FD_NOTES, FDS_ALL, FDS_EACH = 2 };
/* For a new watcher is looked once a second; for a state root to watch, which need not be there yet, often. */
enum { LOOK_MS = 1000, SOON_MS = 20, STATE_WRITES = 2 };

struct one {
	struct one *next;
	char *id;
	int pidfd, events; /* events: -1 without the memory controller */
	struct cgroup *cgroup;
	struct oom_record record;
	uint64_t start_time; /* of init, as state.json has it */
	bool ended, told;
};

/* Has a name, and no process yet. */
struct coming {
	struct coming *next;
	char *id;
	int watch;       /* of its directory */
	unsigned writes; /* of state.json that are still to come */
};

struct follow {
	const struct runtime *runtime;
	struct arena *arena; /* of what the last call returned, or NULL */
	char *only;
	struct one *containers;
	struct coming *coming;
	int socket; /* of the watcher, or -1 */
	char *text; /* read from it and not told yet */
	size_t used, told;
	int notes;       /* inotify */
	int root_watch;  /* of the state root, or -1 */
	int64_t look_ms; /* when to look for a state root or a watcher */
};

/* ---- containers ---- */

static void one_free(struct one *one)
{
	if (!one)
		return;
	cleanup_fd(&one->pidfd);
	cleanup_fd(&one->events);
	cgroup_close(one->cgroup);
	free(one->id);
	free(one);
}

DEFINE_AUTO(one, struct one, one_free)
#define auto_one auto_cleanup(cleanup_one)

/* Reading memory.events arms it for the next change. */
static uint64_t read_record(struct one *one)
{
	const uint64_t before = one->record.kills.value;
	char text[CHUNK / FDS_EACH];
	struct oom_record record;
	struct error ignored;

	if (one->events >= 0)
		(void)!pread(one->events, text, sizeof(text), 0);
	/* The cgroup may go between one file and the next: what was read before is then the last there is. */
	if (one->cgroup && oom_record_read(one->cgroup, &record, &ignored) == 0 && record.kills.set)
		one->record = record;
	return one->record.kills.value - before;
}

static void connect_watcher(struct follow *follow)
{
	struct error ignored;
	auto_fd int fd = oom_connect(follow->runtime->root, false, &ignored);

	if (fd >= 0 && oom_subscribe(fd, follow->only, &ignored) == 0)
		follow->socket = take_fd(&fd);
}

/* -EAGAIN: it has no process yet; -ESRCH: none any more, which is told if `ended` says so. */
static int add(struct follow *follow, const char *id, bool ended, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_one struct one *one = xcalloc(1, sizeof(*one));
	struct error ignored;
	int r = container_open(follow->runtime, id, CONTAINER_UNLOCKED, &container, err);

	one->pidfd = one->events = -1;
	one->id = xstrdup(id);
	if (r == 0 && container.state.pid == 0)
		r = refuse_as(err, EAGAIN, "container not running");
	if (r == 0)
		r = one->pidfd = state_pidfd(&container.state, err);
	one->ended = r == -ESRCH && ended;
	if (r < 0 && !one->ended)
		return r;
	if (container_open_cgroup(&container, &one->cgroup, &ignored) == 0)
		one->events = openat(cgroup_fd(one->cgroup), "memory.events", O_RDONLY | O_CLOEXEC);
	(void)read_record(one);
	one->start_time = container.state.start_time;
	one->next = follow->containers;
	follow->containers = take_ptr(one);
	if (follow->socket < 0 && oom_policy_exists(container.dir.fd))
		connect_watcher(follow);
	return 0;
}

static bool is_known(const struct follow *follow, const char *id)
{
	for (const struct one *one = follow->containers; one; one = one->next)
		if (str_eq(one->id, id))
			return true;
	return false;
}

/* What has been told of is let go, so that its id may come again. */
static void drop_told(struct follow *follow)
{
	for (struct one **slot = &follow->containers; *slot;) {
		struct one *one = *slot;

		if (!one->told) {
			slot = &one->next;
			continue;
		}
		*slot = one->next;
		one_free(one);
	}
}

/* ---- those that come ---- */

static struct coming **find_coming(struct follow *follow, int watch)
{
	struct coming **slot = &follow->coming;

	while (*slot && (*slot)->watch != watch)
		slot = &(*slot)->next;
	return slot;
}

static void drop_coming(struct follow *follow, struct coming **slot)
{
	struct coming *coming = *slot;

	*slot = coming->next;
	(void)inotify_rm_watch(follow->notes, coming->watch);
	free(coming->id);
	free(coming);
}

/* Its end is all that is known of it. */
static void add_ended(struct follow *follow, const char *id)
{
	struct one *one = xcalloc(1, sizeof(*one));

	one->pidfd = one->events = -1;
	one->id = xstrdup(id);
	one->ended = true;
	one->next = follow->containers;
	follow->containers = one;
}

static bool has_state(const struct follow *follow, const char *id)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s/" STATE_FILE, follow->runtime->root, id);
	return access(path, F_OK) == 0;
}

/* `is_new`: it came while this was looking on, so its end is to be told even if it was over before. The files that
   state.json is renamed from keep two of its notes apart, which would else become one. */
static void come(struct follow *follow, const char *id, bool is_new)
{
	const unsigned writes = has_state(follow, id) ? STATE_WRITES - 1 : STATE_WRITES;
	struct coming *coming;
	struct error ignored;
	char path[PATH_MAX];
	int watch;

	(void)snprintf(path, sizeof(path), "%s/%s", follow->runtime->root, id);
	watch = inotify_add_watch(follow->notes, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (watch < 0 || *find_coming(follow, watch))
		return;
	coming = xcalloc(1, sizeof(*coming));
	*coming = (struct coming){ .next = follow->coming, .id = xstrdup(id), .watch = watch, .writes = writes };
	follow->coming = coming;
	if (add(follow, id, is_new, &ignored) != -EAGAIN)
		drop_coming(follow, &follow->coming);
}

/* state.json is there, or the directory is gone. */
static void came_on(struct follow *follow, const struct inotify_event *note)
{
	struct coming **slot = find_coming(follow, note->wd);
	struct coming *coming = *slot;
	struct error ignored;

	if (!coming)
		return;
	if (note->mask & IN_IGNORED) {
		if (coming->writes == 0)
			add_ended(follow, coming->id);
		drop_coming(follow, slot);
		return;
	}
	if (!note->len || !str_eq(note->name, STATE_FILE))
		return;
	coming->writes -= coming->writes > 0;
	if (add(follow, coming->id, true, &ignored) == 0)
		drop_coming(follow, slot);
}

static void watch_root(struct follow *follow)
{
	auto_arena struct arena *arena = arena_new();
	const uint32_t mask = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;
	const char **ids = NULL;
	struct error ignored;
	size_t count = 0;

	follow->root_watch = inotify_add_watch(follow->notes, follow->runtime->root, mask);
	if (follow->root_watch < 0 || state_list_ids(follow->runtime->root, arena, &ids, &count, &ignored) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (!is_known(follow, ids[i]))
			come(follow, ids[i], false);
}

static void take_note(struct follow *follow, const struct inotify_event *note)
{
	struct error ignored;

	if (note->mask & IN_Q_OVERFLOW)
		watch_root(follow);
	else if (note->wd != follow->root_watch)
		came_on(follow, note);
	else if (note->mask & IN_IGNORED)
		follow->root_watch = -1;
	else if (note->len && note->mask & IN_ISDIR && container_id_validate(note->name, &ignored) == 0)
		come(follow, note->name, true);
}

static void read_notes(struct follow *follow)
{
	_Alignas(struct inotify_event) char notes[CHUNK];
	ssize_t length = read(follow->notes, notes, sizeof(notes));

	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *note = (const void *)(notes + at);

		take_note(follow, note);
		at += (ssize_t)sizeof(*note) + note->len;
	}
}

static void look(struct follow *follow)
{
	if (!follow->only && follow->root_watch < 0)
		watch_root(follow);
	if (follow->socket < 0)
		connect_watcher(follow);
	follow->look_ms = clock_ms() + (follow->only || follow->root_watch >= 0 ? LOOK_MS : SOON_MS);
}

/* Three files each: with some hundred containers more than a process may open by default. */
static void open_many(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

int follow_new(const struct runtime *runtime, const char *id, struct follow **ret_follow, struct error *err)
{
	auto_follow struct follow *follow = xcalloc(1, sizeof(*follow));
	int r;

	open_many();
	follow->runtime = runtime;
	follow->socket = follow->root_watch = -1;
	follow->notes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	follow->only = id ? xstrdup(id) : NULL;
	if (follow->notes < 0)
		return fail(err, errno, "inotify");
	r = id ? add(follow, id, false, err) : 0;
	if (r < 0)
		return r;
	look(follow);
	*ret_follow = take_ptr(follow);
	return 0;
}

void follow_free(struct follow *follow)
{
	if (!follow)
		return;
	while (follow->containers) {
		struct one *one = follow->containers;

		follow->containers = one->next;
		one_free(one);
	}
	while (follow->coming)
		drop_coming(follow, &follow->coming);
	cleanup_fd(&follow->socket);
	cleanup_fd(&follow->notes);
	arena_free(follow->arena);
	free(follow->only);
	free(follow->text);
	free(follow);
}

static size_t count_running(const struct follow *follow)
{
	size_t count = 0;

	for (const struct one *one = follow->containers; one; one = one->next)
		count += !one->ended;
	return count;
}

size_t follow_ids(const struct follow *follow, struct arena *arena, const char ***ret_ids)
{
	const size_t count = count_running(follow);
	size_t left = count;

	*ret_ids = arena_array(arena, count + 1, sizeof(**ret_ids));
	for (const struct one *one = follow->containers; one; one = one->next)
		if (!one->ended)
			(*ret_ids)[--left] = arena_strdup(arena, one->id);
	return count;
}

/* ---- the watcher's lines ---- */

static void read_watcher(struct follow *follow)
{
	ssize_t got;

	if (follow->told)
		memmove(follow->text, follow->text + follow->told, follow->used - follow->told);
	follow->used -= follow->told;
	follow->told = 0;
	follow->text = xreallocarray(follow->text, follow->used + CHUNK, 1);
	got = recv(follow->socket, follow->text + follow->used, CHUNK, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0 && follow->used + (size_t)got < LINE_MAX_BYTES) {
		follow->used += (size_t)got;
		return;
	}
	(void)close(follow->socket);
	follow->socket = -1;
	follow->used = 0;
}

static bool take_line(struct follow *follow, struct followed *ret)
{
	char *begin = follow->text + follow->told;
	char *end = follow->used > follow->told ? memchr(begin, '\n', follow->used - follow->told) : NULL;

	if (!end)
		return false;
	*end = '\0';
	follow->told = (size_t)(end + 1 - follow->text);
	*ret = (struct followed){ .kind = FOLLOWED_LINE, .line = begin };
	return true;
}

/* ---- waiting ---- */

static void name_victims(struct follow *follow, const struct one *one, uint64_t kills, struct oom_victims *ret)
{
	follow->arena = arena_new();
	if (kills > 0)
		oom_log_victims(cgroup_path(one->cgroup), one->start_time, kills, follow->arena, ret);
}

static bool take_end(struct follow *follow, struct followed *ret)
{
	for (struct one *one = follow->containers; one; one = one->next) {
		if (!one->ended)
			continue;
		one->told = true;
		*ret = (struct followed){ .kind = FOLLOWED_EXIT, .id = one->id, .record = one->record };
		name_victims(follow, one, one->record.kills.value, &ret->victims);
		return true;
	}
	return false;
}

/* A kill first: an end may be its consequence. */
static bool look_at(struct follow *follow, struct one *one, const struct pollfd *fds, struct followed *ret)
{
	const bool ended = fds[0].revents != 0;
	uint64_t kills;

	if (!ended && !fds[1].revents)
		return false;
	one->ended |= ended;
	kills = read_record(one);
	if (kills == 0)
		return false;
	*ret = (struct followed){ .kind = FOLLOWED_KILL, .id = one->id, .record = one->record };
	name_victims(follow, one, kills, &ret->victims);
	return true;
}

static int wait_for_any(struct follow *follow, int timeout_ms, struct followed *ret, struct error *err)
{
	auto_arena struct arena *arena = arena_new(); /* nothing that has ended is left here: take_end() was first */
	struct pollfd *fds = arena_array(arena, count_running(follow) * FDS_EACH + FDS_ALL, sizeof(*fds));
	size_t n = FDS_ALL;

	fds[FD_WATCHER] = (struct pollfd){ .fd = follow->socket, .events = POLLIN };
	fds[FD_NOTES] = (struct pollfd){ .fd = follow->notes, .events = POLLIN };
	for (const struct one *one = follow->containers; one; one = one->next) {
		fds[n++] = (struct pollfd){ .fd = one->pidfd, .events = POLLIN };
		fds[n++] = (struct pollfd){ .fd = one->events, .events = POLLPRI };
	}
	if (poll(fds, n, timeout_ms) < 0)
		return errno == EINTR ? 0 : fail(err, errno, "poll");
	if (fds[FD_WATCHER].revents)
		read_watcher(follow);
	n = FDS_ALL;
	for (struct one *one = follow->containers; one; one = one->next, n += FDS_EACH)
		if (look_at(follow, one, fds + n, ret))
			break;
	if (fds[FD_NOTES].revents)
		read_notes(follow); /* last: containers come by it, for which there is no fds[] */
	return 0;
}

int follow_next(struct follow *follow, int timeout_ms, struct followed *ret_followed, struct error *err)
{
	const int64_t end = clock_ms() + timeout_ms;

	drop_told(follow);
	arena_free(follow->arena);
	follow->arena = NULL;
	*ret_followed = (struct followed){ .kind = FOLLOWED_NOTHING };
	for (;;) {
		int64_t now = clock_ms();
		int64_t until;
		int r;

		if (take_line(follow, ret_followed) || take_end(follow, ret_followed))
			return 0;
		if (follow->only && !follow->containers) {
			ret_followed->kind = FOLLOWED_END;
			return 0;
		}
		if (now >= follow->look_ms)
			look(follow);
		until = end < follow->look_ms ? end : follow->look_ms;
		r = wait_for_any(follow, until > now ? (int)(until - now) : 0, ret_followed, err);
		if (r < 0 || ret_followed->kind != FOLLOWED_NOTHING)
			return r;
		if (now >= end && follow->used == follow->told)
			return 0;
	}
}

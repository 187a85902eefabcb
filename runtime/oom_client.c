/* oom_client.c - the watcher from outside: the service in <root>/.oom, and one request and its answer at a time. */
#include "oom.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "service.h"

#define OOM_DIR ".oom"

enum { DIR_MODE = 0700 };
enum { ANSWER_MAX = 16 * 1024 * 1024, ANSWER_DEPTH = 8, CHUNK = 16 * 1024, ANSWER_MS = 20 * 1000 };

static int open_dir(const char *root, bool make, struct error *err)
{
	auto_fd int root_fd = -1;
	int r = state_root_open(root, make, &root_fd, err);
	int dir;

	if (r == -ENOENT)
		return fail(err, ENOENT, "open state root %s", root);
	if (r < 0)
		return r;
	if (make && mkdirat(root_fd, OOM_DIR, DIR_MODE) < 0 && errno != EEXIST)
		return fail(err, errno, "make %s/" OOM_DIR, root);
	dir = openat(root_fd, OOM_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? fail(err, errno, "open %s/" OOM_DIR, root) : dir;
}

int oom_connect(const char *root, bool start, struct error *err)
{
	auto_fd int dir = open_dir(root, start, err);
	auto_free char *absolute = realpath(root, NULL);
	auto_free char *what = xasprintf("the oom watcher of %s", root);
	char *const argv[] = { (char[]){ "coffer" }, (char[]){ "--root" },  absolute,
			       (char[]){ "oom" },    (char[]){ "watcher" }, NULL };
	char *const envp[] = { NULL };
	const struct service service = { .what = what,
					 .dir = dir,
					 .socket = "socket",
					 .lock = "lock",
					 .type = SOCK_STREAM,
					 .argv = argv,
					 .envp = envp };

	return dir < 0 ? dir : service_connect(&service, start && absolute, err);
}

/* Does any container have the policy? */
static bool is_needed(const char *root)
{
	auto_arena struct arena *arena = arena_new();
	const char **ids = NULL;
	struct error ignored;
	size_t count = 0;
	bool needed = false;

	(void)state_list_ids(root, arena, &ids, &count, &ignored);
	for (size_t i = 0; i < count && !needed; i++) {
		auto_cleanup(state_dir_close) struct state_dir dir = { .fd = -1 };

		needed = state_dir_open(root, ids[i], &dir, &ignored) == 0 && oom_policy_exists(dir.fd);
	}
	return needed;
}

int oom_connect_if_needed(const char *root, struct error *err)
{
	int fd = oom_connect(root, false, err);

	return (fd == -ENOENT || fd == -ECONNREFUSED) && is_needed(root) ? oom_connect(root, true, err) : fd;
}

/* What has come, up to the end of the first line: what is behind it stays for the next reader. */
static ssize_t receive_of_line(int socket, char *text)
{
	ssize_t got = recv(socket, text, CHUNK, MSG_PEEK);
	const char *end = got > 0 ? memchr(text, '\n', (size_t)got) : NULL;

	if (end)
		got = end + 1 - text;
	return got > 0 ? recv(socket, text, (size_t)got, 0) : got;
}

/* One line, without its newline. */
static int read_line(int socket, char **ret_line, struct error *err)
{
	auto_free char *text = NULL;
	size_t used = 0;
	struct pollfd wait = { .fd = socket, .events = POLLIN };

	while (used < ANSWER_MAX) {
		ssize_t got;

		text = xreallocarray(text, used + CHUNK + 1, 1);
		if (poll(&wait, 1, ANSWER_MS) == 0)
			return fail(err, ETIMEDOUT, "no answer from the oom watcher");
		got = receive_of_line(socket, text + used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(err, got < 0 ? errno : ECONNRESET, "read from the oom watcher");
		used += (size_t)got;
		text[used] = '\0';
		if (memchr(text + used - got, '\n', (size_t)got)) {
			text[strcspn(text, "\n")] = '\0';
			*ret_line = take_ptr(text);
			return 0;
		}
	}
	return refuse(err, "the answer of the oom watcher has no end");
}

static int check_answer(const struct json *root, struct error *err)
{
	const struct json *ok = json_get(root, "ok");
	const struct json *text = json_get(root, "error");

	if (ok && ok->type == JSON_BOOL && ok->boolean)
		return 0;
	if (!ok || ok->type != JSON_BOOL || !text || text->type != JSON_STRING)
		return refuse(err, "the oom watcher gave no answer that is one");
	return refuse(err, "%s", text->text);
}

int oom_request(int socket, struct arena *arena, const char *request, struct json **ret_answer, struct error *err)
{
	const struct json_limits limits = { .size = ANSWER_MAX, .depth = ANSWER_DEPTH };
	auto_free char *line = xasprintf("%s\n", request);
	auto_free char *answer = NULL;
	struct json *root = NULL;
	int r;

	if (send(socket, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return fail(err, errno, "write to the oom watcher");
	r = read_line(socket, &answer, err);
	if (r == 0)
		r = json_parse(arena, "answer", answer, strlen(answer), &limits, &root, err);
	if (r == 0)
		r = check_answer(root, err);
	if (r == 0)
		*ret_answer = root;
	return r;
}

/* {"op":OP,"id":ID}; an id that is NULL is null, which is none, and so is a number of 0. */
static char *make_request(const char *op, const char *id, uint64_t bytes)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);

	json_begin_object(writer, NULL);
	json_put_string(writer, "op", op);
	json_put_string(writer, "id", id);
	if (bytes)
		json_put_u64(writer, "bytes", bytes);
	json_end_object(writer);
	return xstrdup(json_writer_text(writer, NULL));
}

int oom_subscribe(int socket, const char *id, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_free char *request = make_request("subscribe", id, 0);
	struct json *answer;

	return oom_request(socket, arena, request, &answer, err);
}

/* A watcher that was just about to end may have taken the connection with it: the next one is alive. */
int oom_watch(const char *root, const char *id, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_free char *request = make_request("watch", id, 0);
	struct json *answer;
	int r = -ECONNRESET;

	for (int i = 0; i < 3 && (r == -ECONNRESET || r == -EPIPE); i++) {
		auto_fd int fd = oom_connect(root, true, err);

		r = fd < 0 ? fd : oom_request(fd, arena, request, &answer, err);
	}
	return r < 0 ? context(err, "oom watcher") : 0;
}

int oom_limit_changed(const char *root, const char *id, uint64_t bytes, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_free char *request = make_request("limit", id, bytes);
	auto_fd int fd = oom_connect(root, true, err);
	struct json *answer;

	return fd < 0 ? fd : oom_request(fd, arena, request, &answer, err);
}

bool oom_is_frozen(const char *root, const char *id)
{
	auto_arena struct arena *arena = arena_new();
	auto_free char *request = make_request("show", id, 0);
	struct error ignored;
	auto_fd int fd = oom_connect(root, false, &ignored);
	struct json *answer = NULL;
	const struct json *state;

	if (fd < 0 || oom_request(fd, arena, request, &answer, &ignored) < 0)
		return false;
	state = json_get(answer, "state");
	return state &&
	       (str_eq(state->text, "frozen") || str_eq(state->text, "pending") || str_eq(state->text, "settling"));
}

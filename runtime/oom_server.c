/*
 * oom_server.c - the watcher's clients: a JSON object a line in, an answer a line out, and event lines to those that
 * subscribed. Nobody is waited for: what a client does not read is kept up to a bound, and then the client goes.
 */
#include "oom_watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

/* All of the watcher's memory is locked: a client has as much of it as its lines need. */
enum {
	LINE_MIN_BYTES = 2048,
	LINE_MAX_BYTES = 64 * 1024,
	OUT_MAX = 4 * 1024 * 1024,
	CLIENTS_MAX = 1024,
	DEPTH_MAX = 4
};

/* ---- requests ---- */

struct request {
	const char *op, *id;
	struct opt_u64 bytes;
	const struct json *pids;
};

struct exchange {
	struct watcher *watcher;
	struct client *client;
	struct watched *container; /* of "id"; NULL where an op needs none */
	struct request request;
	struct arena *arena;
	struct json_writer *answer;
};

static int op_list(struct exchange *exchange, struct error *err)
{
	(void)err;
	json_put_bool(exchange->answer, "realtime", exchange->watcher->realtime);
	json_put_bool(exchange->answer, "locked", exchange->watcher->locked);
	json_put_i64(exchange->answer, "pid", getpid());
	json_begin_array(exchange->answer, "containers");
	for (const struct watched *at = exchange->watcher->containers; at; at = at->next) {
		watcher_glance(exchange->watcher);
		json_begin_object(exchange->answer, NULL);
		report_summary(exchange->answer, at);
		json_end_object(exchange->answer);
	}
	json_end_array(exchange->answer);
	return 0;
}

static int op_show(struct exchange *exchange, struct error *err)
{
	(void)err;
	report_summary(exchange->answer, exchange->container);
	report_processes(exchange->answer, exchange->watcher, exchange->container);
	return 0;
}

static int op_subscribe(struct exchange *exchange, struct error *err)
{
	(void)err;
	exchange->client->subscribed = true;
	free(exchange->client->only);
	exchange->client->only = exchange->request.id ? xstrdup(exchange->request.id) : NULL;
	return 0;
}

static int op_watch(struct exchange *exchange, struct error *err)
{
	return exchange->request.id ? watcher_add(exchange->watcher, exchange->request.id, err)
				    : refuse(err, "id: missing");
}

static int op_raise(struct exchange *exchange, struct error *err)
{
	if (!exchange->request.bytes.set)
		return refuse(err, "bytes: missing");
	return hit_raise(exchange->watcher, exchange->container, exchange->request.bytes.value, err);
}

static int op_limit(struct exchange *exchange, struct error *err)
{
	return hit_take_limit(exchange->watcher, exchange->container, exchange->request.bytes.value, err);
}

static int op_kill(struct exchange *exchange, struct error *err)
{
	const struct json *pids = exchange->request.pids;
	int64_t *numbers;
	size_t count = 0;

	if (!pids || pids->type != JSON_ARRAY || pids->count == 0)
		return refuse(err, "pids: expected an array of process ids");
	numbers = arena_array(exchange->arena, pids->count, sizeof(*numbers));
	for (const struct json *item = pids->first; item; item = item->next) {
		int r = json_i64(item, 1, INT32_MAX, &numbers[count++], err);

		if (r < 0)
			return r;
	}
	return hit_kill(exchange->watcher, exchange->container, numbers, count, err);
}

static int op_kill_all(struct exchange *exchange, struct error *err)
{
	return hit_kill_all(exchange->watcher, exchange->container, err);
}

static int op_resume(struct exchange *exchange, struct error *err)
{
	return hit_resume(exchange->watcher, exchange->container, err);
}

static const struct {
	const char *name;
	bool needs_container;
	int (*run)(struct exchange *exchange, struct error *err);
} ops[] = {
	{ "watch", false, op_watch },  { "list", false, op_list },
	{ "show", true, op_show },     { "subscribe", false, op_subscribe },
	{ "raise", true, op_raise },   { "limit", true, op_limit },
	{ "kill", true, op_kill },     { "kill-all", true, op_kill_all },
	{ "resume", true, op_resume },
};

#define FIELD(name, as, member, needed)                                                                                \
	{                                                                                                              \
		.key = (name), .kind = (as), .offset = offsetof(struct request, member), .required = (needed)          \
	}

static const struct json_field fields[] = {
	FIELD("op", JSON_AS_STRING, op, true),
	FIELD("id", JSON_AS_STRING, id, false),
	FIELD("bytes", JSON_AS_OPT_U64, bytes, false),
	{ 0 },
};

static int run_op(struct exchange *exchange, struct error *err)
{
	const struct request *request = &exchange->request;
	const struct client *client = exchange->client;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!str_eq(ops[i].name, request->op))
			continue;
		if (ops[i].needs_container && !request->id)
			return refuse(err, "id: missing");
		if (client->bound && (!ops[i].needs_container || !str_eq(request->id, client->only)))
			return refuse_as(err, EPERM, "this connection is for decisions about container `%s`",
					 client->only);
		if (ops[i].needs_container) {
			exchange->container = watcher_find(exchange->watcher, request->id);
			if (!exchange->container)
				return refuse_as(err, ENOENT, "container `%.200s` has no freezing oom policy",
						 request->id);
		}
		return ops[i].run(exchange, err);
	}
	return refuse(err, "op: \"%.64s\" is not known", request->op);
}

static int read_request(struct exchange *exchange, const char *line, size_t length, struct error *err)
{
	const struct json_limits limits = { .size = LINE_MAX_BYTES, .depth = DEPTH_MAX };
	struct json *root;
	int r = json_parse(exchange->arena, "request", line, length, &limits, &root, err);

	if (r == 0)
		r = json_decode(exchange->arena, root, fields, &exchange->request, err);
	if (r == 0)
		exchange->request.pids = json_get(root, "pids");
	return r;
}

/* ---- lines ---- */

static void queue(struct client *client, const char *text)
{
	size_t length = strlen(text);

	if (client->n_out + length > OUT_MAX) {
		client->closed = true;
		return;
	}
	if (client->n_out + length > client->out_size) {
		client->out_size = client->n_out + length;
		client->out = xreallocarray(client->out, client->out_size, 1);
	}
	memcpy(client->out + client->n_out, text, length);
	client->n_out += length;
	server_writable(client);
}

static void watch_for(const struct watcher *watcher, struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN | (client->n_out ? EPOLLOUT : 0), .data.ptr = &client->source };

	(void)epoll_ctl(watcher->epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void answer(struct watcher *watcher, struct client *client, const char *line, size_t length)
{
	auto_arena struct arena *arena = arena_new();
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	auto_free char *text = NULL;
	struct exchange exchange = { .watcher = watcher, .client = client, .arena = arena, .answer = writer };
	struct error err;

	json_begin_object(writer, NULL);
	if (read_request(&exchange, line, length, &err) == 0 && run_op(&exchange, &err) == 0) {
		json_put_bool(writer, "ok", true);
	} else {
		json_put_bool(writer, "ok", false);
		json_put_string(writer, "error", err.text);
	}
	json_end_object(writer);
	text = xasprintf("%s\n", json_writer_text(writer, NULL));
	queue(client, text);
}

static void take_lines(struct watcher *watcher, struct client *client)
{
	char *begin = client->in;
	char *end;

	while (!client->closed && (end = memchr(begin, '\n', client->n_in - (size_t)(begin - client->in)))) {
		if (end > begin)
			answer(watcher, client, begin, (size_t)(end - begin));
		begin = end + 1;
	}
	client->n_in -= (size_t)(begin - client->in);
	memmove(client->in, begin, client->n_in);
}

void server_readable(struct watcher *watcher, struct client *client)
{
	ssize_t got;

	if (client->n_in == client->in_size) {
		client->in_size *= 2;
		client->in = xreallocarray(client->in, client->in_size, 1);
	}
	got = recv(client->fd, client->in + client->n_in, client->in_size - client->n_in, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client->closed = true;
		return;
	}
	client->n_in += (size_t)got;
	take_lines(watcher, client);
	if (client->n_in == LINE_MAX_BYTES)
		client->closed = true;
	watch_for(watcher, client);
}

void server_writable(struct client *client)
{
	while (client->n_out > 0) {
		ssize_t sent = send(client->fd, client->out, client->n_out, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			client->closed = true;
		if (sent <= 0)
			return;
		client->n_out -= (size_t)sent;
		memmove(client->out, client->out + sent, client->n_out);
	}
	free(client->out);
	client->out = NULL;
	client->out_size = 0;
}

void server_tell(struct watcher *watcher, const char *id, const char *line)
{
	for (struct client *client = watcher->clients; client; client = client->next) {
		if (!client->subscribed || client->closed || (client->only && !str_eq(client->only, id)))
			continue;
		queue(client, line);
		watch_for(watcher, client);
	}
}

/* ---- coming and going ---- */

static size_t count_clients(const struct watcher *watcher)
{
	size_t count = 0;

	for (const struct client *client = watcher->clients; client; client = client->next)
		count++;
	return count;
}

struct client *server_add(struct watcher *watcher, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct client *client;

	if (count_clients(watcher) >= CLIENTS_MAX) {
		(void)close(fd);
		return NULL;
	}
	client = xcalloc(1, sizeof(*client));
	client->fd = fd;
	client->source = (struct source){ SOURCE_CLIENT, client };
	client->in_size = LINE_MIN_BYTES;
	client->in = xcalloc(1, client->in_size);
	client->next = watcher->clients;
	watcher->clients = client;
	event.data.ptr = &client->source;
	if (epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		client->closed = true;
	return client;
}

/* Nobody would be accepted, and epoll would tell of it for ever, to a process that nothing preempts. */
static void turn_away(struct watcher *watcher)
{
	cleanup_fd(&watcher->spare);
	watcher->spare = accept4(watcher->listener, NULL, NULL, SOCK_CLOEXEC);
	cleanup_fd(&watcher->spare);
	watcher->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void server_accept(struct watcher *watcher)
{
	int fd = accept4(watcher->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		(void)server_add(watcher, fd);
	else if (errno == EMFILE || errno == ENFILE)
		turn_away(watcher);
}

void server_sweep(struct watcher *watcher)
{
	for (struct client **slot = &watcher->clients; *slot;) {
		struct client *client = *slot;

		if (!client->closed) {
			slot = &client->next;
			continue;
		}
		*slot = client->next;
		(void)epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, client->fd, NULL); /* see ignore_files() */
		(void)close(client->fd);
		free(client->only);
		free(client->in);
		free(client->out);
		free(client);
	}
}

/*
 * sync.c - records on the socket between the runtime and a container's process; the protocol is in sync.h.
 *
 * When one side dies the other must still get the error record that was sent before: a send that finds the socket
 * closed, and a receive that finds it reset, look into the queue first.
 */
#include "sync.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

enum { ERRNO_MAX = 4095 };

static const char *const type_names[] = {
	[SYNC_IDS_MAPPED] = "ids-mapped", [SYNC_HOOKS] = "hooks", [SYNC_HOOKS_DONE] = "hooks-done",
	[SYNC_CONSOLE] = "console",       [SYNC_READY] = "ready", [SYNC_RECORDED] = "recorded",
	[SYNC_START] = "start",           [SYNC_ERROR] = "error", [SYNC_END] = "end of file",
};
static_assert(ARRAY_SIZE(type_names) == SYNC_TYPE_MAX, "a name for each record");

const char *sync_type_name(enum sync_type type)
{
	return (unsigned)type < ARRAY_SIZE(type_names) && type_names[type] ? type_names[type] : "unknown";
}

int sync_pair(int *ret_parent, int *ret_child, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(err, errno, "make the init socket");
	*ret_parent = pair[0];
	*ret_child = pair[1];
	return 0;
}

static bool is_closed(int r)
{
	return r == -EPIPE || r == -ECONNRESET;
}

/* The other side is gone, so this never waits: why it went may be in the queue. */
static int explain_closed(int socket, enum sync_type type, int cause, struct error *err)
{
	enum sync_type left;
	int r = sync_receive(socket, &left, NULL, err);

	if (r < 0 && !is_closed(r))
		return r;
	return fail(err, cause, "send %s: the other process died", sync_type_name(type));
}

int sync_send(int socket, enum sync_type type, int fd, struct error *err)
{
	struct sync_record record = { .type = type };
	int r = fd_send(socket, &record, sizeof(record), fd);

	if (is_closed(r))
		return explain_closed(socket, type, -r, err);
	return r < 0 ? fail(err, -r, "send %s to the other process", sync_type_name(type)) : 0;
}

void sync_send_error(int socket, const struct error *error)
{
	struct sync_record record = { .type = SYNC_ERROR, .error = *error };

	(void)fd_send(socket, &record, sizeof(record), -1);
}

static bool all_zero(const void *memory, size_t size)
{
	const unsigned char *bytes = memory;

	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

int sync_record_check(const struct sync_record *record, long length, struct error *err)
{
	if (length != (long)sizeof(*record))
		return refuse(err, "init protocol: a record of %ld bytes, expected %zu", length, sizeof(*record));
	if (record->type < SYNC_IDS_MAPPED || record->type > SYNC_ERROR)
		return refuse(err, "init protocol: unknown record %u", record->type);
	if (record->type != SYNC_ERROR)
		return all_zero(&record->error, sizeof(record->error))
			       ? 0
			       : refuse(err, "init protocol: record %s carries an error", type_names[record->type]);
	if (record->error.code <= 0 || record->error.code > ERRNO_MAX)
		return refuse(err, "init protocol: error code %d", record->error.code);
	if (!memchr(record->error.text, '\0', sizeof(record->error.text)))
		return refuse(err, "init protocol: error text without an end");
	return 0;
}

/* A byte more than a record, so that a longer one is seen and not cut to size by the kernel. */
struct sync_buffer {
	struct sync_record record;
	char excess;
};

static ssize_t receive(int socket, struct sync_buffer *buffer, int *ret_fd)
{
	ssize_t length = fd_receive(socket, buffer, sizeof(*buffer), ret_fd);

	/* Linux reports "closed with unread data" once, ahead of what is queued. */
	if (length != -ECONNRESET)
		return length;
	length = fd_receive(socket, buffer, sizeof(*buffer), ret_fd);
	return length == 0 ? -ECONNRESET : length;
}

int sync_receive(int socket, enum sync_type *ret_type, int *ret_fd, struct error *err)
{
	struct sync_buffer buffer = { 0 };
	int passed = -1;
	ssize_t length = receive(socket, &buffer, &passed);
	auto_fd int fd = passed;
	int r;

	if (length < 0)
		return fail(err, (int)-length, "receive from the other process");
	if (length > 0) {
		r = sync_record_check(&buffer.record, length, err);
		if (r < 0)
			return r;
		if (buffer.record.type == SYNC_ERROR) {
			*err = buffer.record.error;
			return -err->code;
		}
	}
	*ret_type = length == 0 ? SYNC_END : (enum sync_type)buffer.record.type;
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return 0;
}

int sync_expect(int socket, enum sync_type type, int *ret_fd, struct error *err)
{
	enum sync_type got = SYNC_END;
	int passed = -1;
	int r = sync_receive(socket, &got, &passed, err);
	auto_fd int fd = passed;

	if (r < 0)
		return r;
	if (got == SYNC_END && type != SYNC_END)
		return fail(err, ECONNRESET, "waiting for %s: the other process died", sync_type_name(type));
	if (got != type)
		return refuse(err, "init protocol: got %s, expected %s", sync_type_name(got), sync_type_name(type));
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return 0;
}

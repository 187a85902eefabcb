/*
 * netlink.c - see netlink.h: sockets, the way of a batch to the kernel, and its answers. What is in a message is
 * netlink_message.c's. The tests ask ip(8) and nft(8) what came of it.
 */
#include "netlink.h"

#include <assert.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/syscalls.h"

enum {
	TIMEOUT_S = 10,
	REPLY_SIZE = 64 * 1024, /* the kernel makes parts of a list at most half as large */
	SOCKET_BUFFER = 4 << 20,
	LARGE_BATCH = 8 * 1024, /* what is smaller has room in any socket */
	LIST_RETRIES = 8,
	WORDS_SIZE = 160,
	CLOSE_AFTER_MS = 100,
	LATER_BYTES = 128,
};

/* Without privilege what there is has to do. */
static void enlarge(int fd, int forced, int polite)
{
	const int room = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, forced, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, polite, &room, sizeof(room));
}

int netlink_open(int protocol, int *ret_fd, struct error *err)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	const int on = 1;
	auto_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return fail(err, errno, "open a netlink socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(err, errno, "bind a netlink socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return fail(err, errno, "limit the wait for netlink");
	/* The kernel's own words, and errors without a copy of the request; neither is needed. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	*ret_fd = take_fd(&fd);
	return 0;
}

/* What is left to a process that nobody waits for (proc_run_alone): a batch for `socket`, and a socket to be closed
   after it; or -1. */
struct later {
	int socket, held;
	uint32_t used;
	uint8_t data[LATER_BYTES];
};
static_assert(sizeof(struct later) <= PROC_ALONE_BYTES, "that is what it is given");

static void close_between(int after, int before)
{
	if (after + 1 < before)
		(void)sys_close_range((unsigned)after + 1, (unsigned)before - 1, 0);
}

/* Nothing but the sockets, above all no lock: what a process holds open is let go of with its last holder. */
static void keep_only(const struct later *later)
{
	const int low = later->socket < later->held ? later->socket : later->held;
	const int high = later->socket < later->held ? later->held : later->socket;

	close_between(-1, low);
	close_between(low, high);
	(void)sys_close_range((unsigned)high + 1, ~0U, 0);
}

/* `held` stays open until the others have let go of theirs. */
static int do_later(void *context)
{
	const struct later *later = context;

	keep_only(later);
	if (later->used > 0)
		(void)send(later->socket, later->data, later->used, 0);
	(void)poll(NULL, 0, later->held < 0 ? 0 : CLOSE_AFTER_MS);
	return 0;
}

void netlink_close_later(int fd)
{
	const struct later later = { .socket = -1, .held = fd };

	if (fd >= 0)
		(void)proc_run_alone(do_later, &later, sizeof(later));
	cleanup_fd(&fd);
}

void netlink_send_later(int fd, const struct netlink_batch *batch, int held)
{
	struct later later = { .socket = fd, .held = held, .used = (uint32_t)batch->used };

	if (batch->used > sizeof(later.data))
		return;
	memcpy(later.data, batch->data, batch->used);
	(void)proc_run_alone(do_later, &later, sizeof(later));
}

/* What the kernel says in words, printable, or "". */
static void kernel_words(const struct netlink_reply *reply, uint16_t flags, char *text, size_t size)
{
	struct netlink_reply words;
	size_t header = sizeof(struct nlmsgerr);
	struct nlmsgerr report;

	text[0] = '\0';
	if (!(flags & NLM_F_ACK_TLVS) || reply->size < sizeof(report))
		return;
	memcpy(&report, reply->data, sizeof(report));
	if (!(flags & NLM_F_CAPPED) && report.msg.nlmsg_len > sizeof(report.msg))
		header += report.msg.nlmsg_len - sizeof(report.msg);
	if (!netlink_find(reply, header, NLMSGERR_ATTR_MSG, &words))
		return;
	(void)snprintf(text, size, " (%.*s)", (int)strnlen((const char *)words.data, words.size),
		       (const char *)words.data);
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static bool is_optional(const struct netlink_batch *batch, size_t message, int code)
{
	const struct netlink_label *label = &batch->labels[message];

	if (label->may_fail || (label->may_be_there && code == EEXIST))
		return true;
	return batch->optional &&
	       (code == EEXIST || code == ENOENT || code == ENODEV || code == EADDRNOTAVAIL || code == ESRCH);
}

/* An ack (code 0) or an error. True: the answer is complete. */
static bool read_report(struct netlink_answer *answer, const struct nlmsghdr *header, const struct netlink_reply *reply)
{
	const struct netlink_batch *batch = answer->batch;
	const size_t message = header->nlmsg_seq - answer->first;
	char label[NETLINK_LABEL_SIZE];
	struct nlmsgerr report;
	char words[WORDS_SIZE];
	int code;

	if (reply->size < sizeof(report)) {
		answer->result = fail(answer->err, EBADMSG, "a netlink answer is cut short");
		return true;
	}
	memcpy(&report, reply->data, sizeof(report));
	code = report.error > 0 ? report.error : (int)-(unsigned)report.error;
	if (code != 0 && answer->result == 0 && !is_optional(batch, message, code)) {
		kernel_words(reply, header->nlmsg_flags, words, sizeof(words));
		answer->result = fail(answer->err, code, "%s%s", netlink_label_text(batch, message, label), words);
	}
	/* nfnetlink gives up a batch with one error, under the number of its first message. */
	if (code != 0 && batch->transaction && header->nlmsg_seq == answer->first)
		return true;
	return header->nlmsg_seq == answer->last;
}

static bool read_message(struct netlink_answer *answer, const struct nlmsghdr *header)
{
	const struct netlink_reply reply = {
		.type = header->nlmsg_type,
		.data = mnl_nlmsg_get_payload(header),
		.size = mnl_nlmsg_get_payload_len(header),
	};

	if (header->nlmsg_seq < answer->first || header->nlmsg_seq > answer->last)
		return false; /* the end of an older answer that nobody waited for */
	answer->changed |= answer->list && (header->nlmsg_flags & NLM_F_DUMP_INTR);
	if (header->nlmsg_type == NLMSG_ERROR)
		return read_report(answer, header, &reply);
	if (header->nlmsg_type == NLMSG_DONE)
		return answer->list;
	if (header->nlmsg_type >= NLMSG_MIN_TYPE && answer->reply && answer->result == 0)
		answer->result = answer->reply(&reply, answer->context);
	return false;
}

bool netlink_read(struct netlink_answer *answer, const void *data, size_t size)
{
	const struct nlmsghdr *header = data;
	int left = (int)size;

	while (left >= (int)sizeof(*header)) {
		/* mnl_nlmsg_ok() takes lengths from 2 GiB on for good ones. */
		if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > (size_t)left) {
			answer->result = fail(answer->err, EBADMSG, "a netlink answer is malformed");
			return true;
		}
		if (read_message(answer, header))
			return true;
		header = mnl_nlmsg_next(header, &left);
	}
	return false;
}

static ssize_t receive(int fd, uint8_t *buffer)
{
	struct sockaddr_nl from;
	struct iovec part = { .iov_base = buffer, .iov_len = REPLY_SIZE };
	struct msghdr message;
	ssize_t got;

	do {
		message = (struct msghdr){
			.msg_iov = &part, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof(from)
		};
		got = recvmsg(fd, &message, 0);
	} while ((got < 0 && errno == EINTR) || (got >= 0 && from.nl_pid != 0)); /* only the kernel is listened to */
	if (got >= 0 && (message.msg_flags & MSG_TRUNC))
		return -EMSGSIZE;
	return got < 0 ? -errno : got;
}

/* The message of this number, counted from 0. */
static struct nlmsghdr *message_at(struct netlink_batch *batch, size_t number)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)batch->data;
	int left = (int)batch->used;

	for (size_t i = 0; i < number; i++)
		message = mnl_nlmsg_next(message, &left);
	return message;
}

/* Any numbers: a late answer to an earlier batch is not taken for one of this. */
static void number(struct netlink_batch *batch, struct netlink_answer *answer)
{
	struct nlmsghdr *message = message_at(batch, 0);
	int left = (int)batch->used;

	if (getrandom(&answer->first, sizeof(answer->first), GRND_NONBLOCK) < 0 || answer->first == 0 ||
	    answer->first > UINT32_MAX - (uint32_t)batch->n_labels)
		answer->first = 1;
	for (uint32_t i = 0; mnl_nlmsg_ok(message, left); i++) {
		message->nlmsg_seq = answer->first + i;
		message = mnl_nlmsg_next(message, &left);
	}
	answer->last = answer->first + (uint32_t)batch->n_labels - 1;
}

/* nfnetlink answers for what is in a batch, never for its end. */
static void ask_for_ack(struct netlink_batch *batch, struct netlink_answer *answer)
{
	const size_t last = batch->n_labels - (batch->transaction ? 2 : 1);

	message_at(batch, last)->nlmsg_flags |= NLM_F_ACK;
	answer->last = answer->first + (uint32_t)last;
}

static int exchange(int fd, struct netlink_answer *answer)
{
	const struct netlink_batch *batch = answer->batch;
	alignas(struct nlmsghdr) uint8_t buffer[REPLY_SIZE];
	char label[NETLINK_LABEL_SIZE];
	ssize_t got;

	if (batch->used > LARGE_BATCH) { /* and each of its messages may fail */
		enlarge(fd, SO_SNDBUFFORCE, SO_SNDBUF);
		enlarge(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	}
	if (send(fd, batch->data, batch->used, 0) < 0)
		return fail(answer->err, errno, "%s: send %zu bytes to the kernel", netlink_label_text(batch, 0, label),
			    batch->used);
	do {
		got = receive(fd, buffer);
		if (got < 0)
			return fail(answer->err, (int)-got, "%s: answer of the kernel",
				    netlink_label_text(batch, 0, label));
	} while (!netlink_read(answer, buffer, (size_t)got));
	return answer->result;
}

int netlink_send(int fd, struct netlink_batch *batch, netlink_reply_fn *reply, void *context, struct error *err)
{
	struct netlink_answer answer = { .batch = batch, .reply = reply, .context = context, .err = err };

	if (batch->n_labels == 0)
		return 0;
	number(batch, &answer);
	ask_for_ack(batch, &answer);
	return exchange(fd, &answer);
}

int netlink_list(int fd, struct netlink_batch *batch, netlink_reply_fn *reply, void *context, struct error *err)
{
	char label[NETLINK_LABEL_SIZE];
	int r = 0;

	for (int i = 0; i < LIST_RETRIES; i++) {
		struct netlink_answer answer = {
			.batch = batch, .list = true, .reply = reply, .context = context, .err = err
		};

		number(batch, &answer);
		netlink_message(batch)->nlmsg_flags |= NLM_F_DUMP;
		r = exchange(fd, &answer);
		if (r < 0 || !answer.changed)
			return r;
	}
	return fail(err, EAGAIN, "%s: the list changes all the time", netlink_label_text(batch, 0, label));
}

/*
 * netlink.h - requests to the kernel's rtnetlink and nfnetlink, many in one system call, and the bounded reading of
 * what comes back. All attributes are in host byte order but where a name says be.
 *
 *	struct netlink_batch batch = NETLINK_BATCH;                      (auto_netlink_batch)
 *	netlink_begin(&batch, RTM_NEWLINK, flags, &header, sizeof(header), "make bridge %s", name);
 *	netlink_put_string(&batch, IFLA_IFNAME, name);
 *	nest = netlink_nest(&batch, IFLA_LINKINFO); ... netlink_nest_end(&batch, nest);
 *	r = netlink_send(fd, &batch, NULL, NULL, err);           "make bridge X (kernel's own words): File exists"
 *
 * Messages of rtnetlink are carried out one by one, also behind one that failed; those of nftables between
 * NFNL_MSG_BATCH_BEGIN and _END all or none. The error is the first one's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

/* A close-on-exec socket of this protocol in the caller's network namespace; waits at most 10 s for an answer. */
int netlink_open(int protocol, int *ret_fd, struct error *err);

/* Closes a socket of nfnetlink by which something was deleted: the kernel lets nobody go on who closes one until no
   processor can see what was deleted, 10 ms and more. So a process that nobody waits for closes it. */
void netlink_close_later(int fd);

struct netlink_batch;

/* Sends a batch of rtnetlink, a message or two, without its answer, by a process that nobody waits for: the kernel lets
   nobody go on who deletes an interface until all memory of it is free, 10 ms and more after it is gone. The socket is
   the caller's, who goes on using it. The process closes `held` later, too (-1: none): the caller can close its own at
   once. */
void netlink_send_later(int fd, const struct netlink_batch *batch, int held);

enum { NETLINK_LABEL_SIZE = 112, NETLINK_FIRST_BYTES = 3072, NETLINK_FIRST_LABELS = 24 };

/* What a message does, for errors. */
struct netlink_label {
	char text[NETLINK_LABEL_SIZE];
	bool may_fail;
};

/* Not to be copied. */
struct netlink_batch {
	uint8_t *data; /* `first`, as long as that is enough: memory of one's own takes system calls each time */
	size_t used, size;
	size_t message; /* where the last one starts */
	struct netlink_label *labels;
	size_t n_labels, size_labels;
	uint8_t first[NETLINK_FIRST_BYTES];
	struct netlink_label first_labels[NETLINK_FIRST_LABELS];
	/* Set by the caller: */
	bool optional;    /* what is there already, or is gone already, is no error */
	bool transaction; /* of nftables: the last message ends the batch */
};

#define NETLINK_BATCH                                                                                                  \
	{                                                                                                              \
		.data = NULL                                                                                           \
	}

void netlink_batch_done(struct netlink_batch *batch); /* frees; the batch is empty then */
#define auto_netlink_batch auto_cleanup(netlink_batch_done)

/* Starts a message: NLM_F_REQUEST is added to the flags. The text says what it does, for errors. */
void netlink_begin(struct netlink_batch *batch, uint16_t type, unsigned flags, const void *header, size_t size,
		   const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* The last message that was begun is a wish: what comes of it is no error. */
void netlink_may_fail(struct netlink_batch *batch);

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size);
void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text);
void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value);
void netlink_put_u16(struct netlink_batch *batch, uint16_t type, uint16_t value);
void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_be16(struct netlink_batch *batch, uint16_t type, uint16_t value);
void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value);

/* Opens a nested attribute; what is put until the end is in it, behind `size` bytes of `header` (VETH_INFO_PEER). */
size_t netlink_nest(struct netlink_batch *batch, uint16_t type);
size_t netlink_nest_header(struct netlink_batch *batch, uint16_t type, const void *header, size_t size);
void netlink_nest_end(struct netlink_batch *batch, size_t nest);

/* A message or attribute that came from the kernel: bytes within the buffer that was read. */
struct netlink_reply {
	uint16_t type;
	const uint8_t *data;
	size_t size;
};

/* Sees each message that is no ack. Returns 0 to go on. */
typedef int netlink_reply_fn(const struct netlink_reply *reply, void *context);

/* Sends the batch and reads until its last message is answered; an empty one is nothing. */
int netlink_send(int fd, struct netlink_batch *batch, netlink_reply_fn *reply, void *context, struct error *err);

/* Sends one request for a list (NLM_F_DUMP is set here) and reads to its end; a list that changed meanwhile is asked
   for again a few times: `reply` has to bear seeing things twice. */
int netlink_list(int fd, struct netlink_batch *batch, netlink_reply_fn *reply, void *context, struct error *err);

/* The next attribute of `rest`, which becomes what is behind it; false at the end or where it is malformed. The type
   has no flag bits. */
bool netlink_next(struct netlink_reply *rest, struct netlink_reply *ret_attribute);

/* The attribute of this type behind the `header` bytes of a message or attribute; false: none. */
bool netlink_find(const struct netlink_reply *in, size_t header, uint16_t type, struct netlink_reply *ret);

/* 0 where it is too short. */
uint32_t netlink_u32(const struct netlink_reply *attribute);

/* What the kernel answers, read as netlink_send() does: for the fuzz target. False: more is to come. */
struct netlink_answer {
	struct netlink_batch *batch;
	uint32_t first, last; /* sequence numbers of the batch */
	bool list, changed;
	netlink_reply_fn *reply;
	void *context;
	int result; /* 0 or -errno, with err filled */
	struct error *err;
};
bool netlink_read(struct netlink_answer *answer, const void *data, size_t size);

/* netlink_send() in two steps, for what takes the kernel long: a process beside sends, and the caller does other things
   in between, but not with this socket. The batch stays where it is, and unchanged, until netlink_sending_done(), which
   waits for the process: of what takes no longer than that the second step does not. */
struct netlink_sending {
	struct netlink_answer answer;
	int fd;
	pid_t pid; /* < 0: there is none, and the second step does all */
};
void netlink_send_begin(int fd, struct netlink_batch *batch, struct netlink_sending *ret);
int netlink_send_end(struct netlink_sending *sending, struct error *err);
void netlink_sending_done(struct netlink_sending *sending);

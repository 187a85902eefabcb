/*
 * netlink.h - sockets of the kernel's rtnetlink and nfnetlink: a batch of messages (netlink_message.h) goes there in
 * one system call, and its answers are read.
 *
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

#include "base/error.h"
#include "netlink_message.h"

/* A close-on-exec socket of this protocol in the caller's network namespace; waits at most 10 s for an answer. */
int netlink_open(int protocol, int *ret_fd, struct error *err);

/* Closes a socket of nfnetlink by which something was deleted: the kernel lets nobody go on who closes one until no
   processor can see what was deleted, 10 ms and more. So a process that nobody waits for closes it. */
void netlink_close_later(int fd);

/* Sends a batch of rtnetlink, a message or two, without its answer, by a process that nobody waits for: the kernel lets
   nobody go on who deletes an interface until all memory of it is free, 10 ms and more after it is gone. The socket is
   the caller's, who goes on using it. The process closes `held` later, too (-1: none): the caller can close its own at
   once. */
void netlink_send_later(int fd, const struct netlink_batch *batch, int held);

/* Sees each message that is no ack. Returns 0 to go on. */
typedef int netlink_reply_fn(const struct netlink_reply *reply, void *context);

/* Sends the batch and reads until its last message is answered; an empty one is nothing. */
int netlink_send(int fd, struct netlink_batch *batch, netlink_reply_fn *reply, void *context, struct error *err);

/* Sends one request for a list (NLM_F_DUMP is set here) and reads to its end; a list that changed meanwhile is asked
   for again a few times: `reply` has to bear seeing things twice. */
int netlink_list(int fd, struct netlink_batch *batch, netlink_reply_fn *reply, void *context, struct error *err);

/* What the kernel answers, read as netlink_send() does: for the fuzz target. The data is aligned as malloc() does, and
   less than 2 GiB. False: more is to come. */
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

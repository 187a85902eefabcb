/* tc.h - traffic control: messages put into a batch of rtnetlink (netlink.h), to be sent by the caller. */
#pragma once

#include "netlink.h"

/* A token bucket, in bytes: what is faster waits in the queue, what does not fit there is dropped. */
struct tc_bucket {
	uint64_t rate;  /* a second, with the Ethernet headers */
	uint32_t burst; /* at once; a packet that is longer is dropped, so at least the MTU and its header */
	uint32_t queue;
};

/* What interface `index` sends, in place of any other root queue. */
void tc_put_bucket(struct netlink_batch *batch, unsigned index, const struct tc_bucket *bucket);

/* Gives an interface a place for filters of what it receives; -EEXIST if it has one. */
void tc_put_ingress(struct netlink_batch *batch, unsigned index);

/* All that an interface receives goes to another's queue, and is received once it is through that (ifb). Removing it:
   -ENOENT or -EINVAL if it is not there. */
void tc_put_redirect(struct netlink_batch *batch, unsigned from, unsigned to);
void tc_remove_redirect(struct netlink_batch *batch, unsigned from);

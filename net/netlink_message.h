/*
 * netlink_message.h - messages to the kernel, many in one batch, and the bounded reading of those that come back. All
 * attributes are in host byte order but where a name says be. libmnl knows their form (netlink_message.c).
 *
 *	struct netlink_batch batch = NETLINK_BATCH;                      (auto_netlink_batch)
 *	netlink_begin(&batch, RTM_NEWLINK, flags, &header, sizeof(header), "make bridge ", name);
 *	netlink_put_string(&batch, IFLA_IFNAME, name);
 *	nest = netlink_nest(&batch, IFLA_LINKINFO); ... netlink_nest_end(&batch, nest);
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum { NETLINK_FIRST_BYTES = 3072, NETLINK_FIRST_LABELS = 16, NETLINK_WHOM_SIZE = 80, NETLINK_LABEL_SIZE = 128 };

/* What a message does, for errors: it is put together when there is one. */
struct netlink_label {
	const char *what;
	char whom[NETLINK_WHOM_SIZE];
	unsigned interface; /* 0: none */
	bool may_fail, may_be_there;
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

/* Starts a message: NLM_F_REQUEST is added to the flags. For errors: what it does, which outlives the batch, and to
   whom, which is copied. */
void netlink_begin(struct netlink_batch *batch, uint16_t type, unsigned flags, const void *header, size_t size,
		   const char *what, const char *whom);

/* The same for what is done to an interface of this number. */
void netlink_begin_interface(struct netlink_batch *batch, uint16_t type, unsigned flags, const void *header,
			     size_t size, const char *what, unsigned interface);

/* What the message of this number, from 0 on, does. */
const char *netlink_label_text(const struct netlink_batch *batch, size_t message, char text[NETLINK_LABEL_SIZE]);

/* The last message that was begun is a wish: what comes of it is no error. */
void netlink_may_fail(struct netlink_batch *batch);
void netlink_may_be_there(struct netlink_batch *batch); /* EEXIST is no error of it */

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

/* The message that was begun last; it is somewhere else after the next one, or after more is put into it. */
struct nlmsghdr *netlink_message(const struct netlink_batch *batch);

/* The same, with zeroed room for so many bytes behind it. Who has put attributes there says so (_grown). */
struct nlmsghdr *netlink_message_room(struct netlink_batch *batch, size_t size);
void netlink_message_grown(struct netlink_batch *batch);

/* A message or attribute that came from the kernel: bytes within the buffer that was read, aligned to 4. */
struct netlink_reply {
	uint16_t type;
	const uint8_t *data;
	size_t size;
};

/* The next attribute of `rest`, which becomes what is behind it; false at the end or where it is malformed. The type
   has no flag bits. */
bool netlink_next(struct netlink_reply *rest, struct netlink_reply *ret_attribute);

/* The attribute of this type behind the `header` bytes of a message or attribute; false: none. */
bool netlink_find(const struct netlink_reply *in, size_t header, uint16_t type, struct netlink_reply *ret);

/* 0 where it is too short. */
uint32_t netlink_u32(const struct netlink_reply *attribute);

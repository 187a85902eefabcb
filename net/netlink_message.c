/*
 * netlink_message.c - see netlink.h: messages put one behind another into a batch, and what is in those that came. The
 * form of messages and attributes is libmnl's; that there is room for them is ours.
 */
#include "netlink_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* MNL_ALIGN() with the right sign. */
static size_t aligned(size_t size)
{
	return (size + MNL_ALIGNTO - 1) & ~(size_t)(MNL_ALIGNTO - 1);
}

void netlink_batch_done(struct netlink_batch *batch)
{
	if (batch->data != batch->first)
		free(batch->data);
	if (batch->labels != batch->first_labels)
		free(batch->labels);
	*batch = (struct netlink_batch)NETLINK_BATCH;
}

/* Room for `wanted` elements in place of `memory`, which is the batch's own to begin with (`first`). */
static void *with_room(void *memory, const void *first, size_t *size, size_t wanted, size_t element)
{
	const size_t old = *size;
	void *more;

	if (wanted <= old)
		return memory;
	while (*size < wanted)
		*size *= 2;
	more = xreallocarray(memory == first ? NULL : memory, *size, element);
	if (memory == first)
		memcpy(more, first, old * element);
	return more;
}

static void start(struct netlink_batch *batch)
{
	batch->data = batch->first;
	batch->size = sizeof(batch->first);
	batch->labels = batch->first_labels;
	batch->size_labels = ARRAY_SIZE(batch->first_labels);
}

/* Zeroed, behind all that is there. */
static void make_room(struct netlink_batch *batch, size_t size)
{
	batch->data = with_room(batch->data, batch->first, &batch->size, batch->used + aligned(size), 1);
	memset(batch->data + batch->used, 0, aligned(size));
}

struct nlmsghdr *netlink_message(const struct netlink_batch *batch)
{
	return (struct nlmsghdr *)(void *)(batch->data + batch->message);
}

struct nlmsghdr *netlink_message_room(struct netlink_batch *batch, size_t size)
{
	make_room(batch, size);
	return netlink_message(batch);
}

void netlink_message_grown(struct netlink_batch *batch)
{
	batch->used = batch->message + aligned(netlink_message(batch)->nlmsg_len);
	if (batch->used > batch->size)
		abort();
}

static void add_label(struct netlink_batch *batch, const char *what, const char *whom)
{
	const size_t length = strnlen(whom, NETLINK_WHOM_SIZE - 1);
	struct netlink_label *label;

	batch->labels =
		with_room(batch->labels, batch->first_labels, &batch->size_labels, batch->n_labels + 1, sizeof(*label));
	label = &batch->labels[batch->n_labels++];
	label->what = what;
	memcpy(label->whom, whom, length);
	label->whom[length] = '\0';
	label->interface = 0;
	label->may_fail = label->may_be_there = false;
}

const char *netlink_label_text(const struct netlink_batch *batch, size_t message, char text[NETLINK_LABEL_SIZE])
{
	const struct netlink_label *label = &batch->labels[message];

	if (label->interface)
		(void)snprintf(text, NETLINK_LABEL_SIZE, "%sinterface %u", label->what, label->interface);
	else
		(void)snprintf(text, NETLINK_LABEL_SIZE, "%s%s", label->what, label->whom);
	return text;
}

void netlink_begin(struct netlink_batch *batch, uint16_t type, unsigned flags, const void *header, size_t size,
		   const char *what, const char *whom)
{
	struct nlmsghdr *message;

	if (!batch->data)
		start(batch);
	add_label(batch, what, whom);
	make_room(batch, mnl_nlmsg_size(size));
	batch->message = batch->used;
	message = mnl_nlmsg_put_header(netlink_message(batch));
	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST);
	message->nlmsg_seq = (uint32_t)batch->n_labels;
	memcpy(mnl_nlmsg_put_extra_header(message, size), header, size);
	netlink_message_grown(batch);
}

void netlink_begin_interface(struct netlink_batch *batch, uint16_t type, unsigned flags, const void *header,
			     size_t size, const char *what, unsigned interface)
{
	netlink_begin(batch, type, flags, header, size, what, "");
	batch->labels[batch->n_labels - 1].interface = interface;
}

void netlink_may_fail(struct netlink_batch *batch)
{
	batch->labels[batch->n_labels - 1].may_fail = true;
}

void netlink_may_be_there(struct netlink_batch *batch)
{
	batch->labels[batch->n_labels - 1].may_be_there = true;
}

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
	mnl_attr_put(netlink_message_room(batch, sizeof(struct nlattr) + size), type, size, data ? data : "");
	netlink_message_grown(batch);
}

void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text)
{
	netlink_put(batch, type, text, strlen(text) + 1);
}

void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

void netlink_put_u16(struct netlink_batch *batch, uint16_t type, uint16_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

void netlink_put_be16(struct netlink_batch *batch, uint16_t type, uint16_t value)
{
	netlink_put_u16(batch, type, htons(value));
}

void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put_u32(batch, type, htonl(value));
}

size_t netlink_nest_header(struct netlink_batch *batch, uint16_t type, const void *header, size_t size)
{
	size_t nest = batch->used;

	netlink_put(batch, type | NLA_F_NESTED, header, size);
	return nest;
}

size_t netlink_nest(struct netlink_batch *batch, uint16_t type)
{
	return netlink_nest_header(batch, type, NULL, 0);
}

void netlink_nest_end(struct netlink_batch *batch, size_t nest)
{
	mnl_attr_nest_end(netlink_message(batch), (struct nlattr *)(void *)(batch->data + nest));
}

/* Goes on in `in` behind `size` bytes and what aligns them. */
static void skip(struct netlink_reply *in, size_t size)
{
	const size_t step = aligned(size) < in->size ? aligned(size) : in->size;

	in->data += step;
	in->size -= step;
}

bool netlink_next(struct netlink_reply *rest, struct netlink_reply *ret_attribute)
{
	const struct nlattr *attribute = (const struct nlattr *)(const void *)rest->data;

	if (rest->size > INT32_MAX || !mnl_attr_ok(attribute, (int)rest->size))
		return false;
	ret_attribute->type = mnl_attr_get_type(attribute);
	ret_attribute->data = mnl_attr_get_payload(attribute);
	ret_attribute->size = mnl_attr_get_payload_len(attribute);
	skip(rest, mnl_attr_get_len(attribute));
	return true;
}

bool netlink_find(const struct netlink_reply *in, size_t header, uint16_t type, struct netlink_reply *ret)
{
	struct netlink_reply rest = *in;
	struct netlink_reply attribute;

	skip(&rest, header);
	while (netlink_next(&rest, &attribute)) {
		if (attribute.type != type)
			continue;
		*ret = attribute;
		return true;
	}
	return false;
}

uint32_t netlink_u32(const struct netlink_reply *attribute)
{
	uint32_t value = 0;

	if (attribute->size >= sizeof(value))
		memcpy(&value, attribute->data, sizeof(value));
	return value;
}

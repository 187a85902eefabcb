/* test_netlink_message.c - what is put into a batch is found again, and nothing is read outside of its bounds. */
#include "net/netlink_message.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/test.h"

enum { LARGE = 3 * NETLINK_FIRST_BYTES, MESSAGES = 3 * NETLINK_FIRST_LABELS };

static void nested_attributes_are_found_again(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct ifinfomsg header = { .ifi_index = 7 };
	struct netlink_reply reply = { 0 };
	struct netlink_reply outer;
	struct netlink_reply inner;
	struct nlmsghdr message;
	size_t nest;

	netlink_begin(&batch, RTM_NEWLINK, NLM_F_CREATE, &header, sizeof(header), "test", "");
	netlink_put_string(&batch, 3, "abc");
	nest = netlink_nest(&batch, 18);
	netlink_put_u8(&batch, 1, 5);
	netlink_put_be32(&batch, 2, 0x01020304);
	netlink_nest_end(&batch, nest);
	netlink_put_u32(&batch, 4, 9);
	memcpy(&message, batch.data, sizeof(message));
	CHECK_INT(batch.used, message.nlmsg_len);
	CHECK_INT(NLM_F_REQUEST | NLM_F_CREATE, message.nlmsg_flags);
	reply.data = batch.data + sizeof(message);
	reply.size = batch.used - sizeof(message);
	CHECK(netlink_find(&reply, sizeof(header), 3, &outer));
	CHECK_STR("abc", (const char *)outer.data);
	CHECK(netlink_find(&reply, sizeof(header), 18, &outer));
	CHECK(netlink_find(&outer, 0, 2, &inner));
	CHECK_INT(4, inner.size);
	CHECK_INT(1, inner.data[0]);
	CHECK(netlink_find(&reply, sizeof(header), 4, &outer));
	CHECK_INT(9, netlink_u32(&outer));
	CHECK(!netlink_find(&reply, sizeof(header), 5, &outer));
}

/* What was put before it had to move is there, and room for what a library puts there itself. */
static void a_batch_grows(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const uint8_t large[LARGE] = { 1, 2, 3 };
	char name[2 * NETLINK_WHOM_SIZE] = "";
	char text[NETLINK_LABEL_SIZE];
	struct netlink_reply reply;
	struct netlink_reply found;
	size_t nest;

	for (int i = 0; i < MESSAGES; i++)
		netlink_begin_interface(&batch, RTM_NEWLINK, 0, "", 1, "set up ", (unsigned)i + 1);
	netlink_put_u16(&batch, 1, 77);
	nest = netlink_nest(&batch, 2);
	netlink_put(&batch, 3, large, sizeof(large));
	netlink_nest_end(&batch, nest);
	(void)netlink_message_room(&batch, LARGE);
	CHECK(batch.size - batch.used >= LARGE);
	CHECK_INT(0, batch.data[batch.used] | batch.data[batch.used + LARGE - 1]);
	CHECK_INT(MESSAGES, batch.n_labels);
	CHECK_STR("set up interface 2", netlink_label_text(&batch, 1, text));
	CHECK_STR("set up interface 48", netlink_label_text(&batch, MESSAGES - 1, text));
	reply = (struct netlink_reply){ .data = (const uint8_t *)(netlink_message(&batch) + 1),
					.size = netlink_message(&batch)->nlmsg_len - sizeof(struct nlmsghdr) };
	CHECK(netlink_find(&reply, 1, 1, &found) && found.size == 2);
	CHECK(netlink_find(&reply, 1, 2, &found) && netlink_find(&found, 0, 3, &found));
	CHECK(found.size == sizeof(large) && memcmp(found.data, large, sizeof(large)) == 0);
	memset(name, 'x', sizeof(name) - 1);
	netlink_begin(&batch, RTM_NEWLINK, 0, "", 1, "make ", name);
	CHECK_INT(strlen("make ") + NETLINK_WHOM_SIZE - 1, strlen(netlink_label_text(&batch, MESSAGES, text)));
	CHECK(strncmp(text, "make xxx", strlen("make xxx")) == 0);
}

static void what_does_not_fit_is_no_attribute(void)
{
	struct {
		struct nlattr first;
		uint32_t value;
		struct nlattr second;
		uint32_t end;
	} data = { .first = { .nla_len = 8, .nla_type = NLA_F_NESTED | 5 }, .value = 9, .second = { 8, 6 } };
	const struct netlink_reply all = { .data = (const uint8_t *)&data, .size = sizeof(data) };
	const struct netlink_reply part = { .data = all.data, .size = sizeof(data) - 1 };
	struct netlink_reply found;

	CHECK(netlink_find(&all, 0, 5, &found) && netlink_u32(&found) == 9);
	CHECK(netlink_find(&all, 0, 6, &found) && found.size == 4);
	CHECK(netlink_find(&all, 5, 6, &found)); /* a header is padded */
	CHECK(!netlink_find(&all, sizeof(data) + 4, 5, &found));
	CHECK(netlink_find(&part, 0, 5, &found) && !netlink_find(&part, 0, 6, &found));
	data.first.nla_len = 7; /* the next one is behind what aligns it */
	CHECK(netlink_find(&all, 0, 6, &found));
	CHECK(netlink_find(&all, 0, 5, &found) && found.size == 3 && netlink_u32(&found) == 0);
	data.first.nla_len = 3; /* less than itself: the rest is not looked at */
	CHECK(!netlink_find(&all, 0, 5, &found) && !netlink_find(&all, 0, 6, &found));
	data.first.nla_len = sizeof(data) + 1;
	CHECK(!netlink_find(&all, 0, 5, &found));
}

static const struct test tests[] = { TEST(nested_attributes_are_found_again), TEST(a_batch_grows),
				     TEST(what_does_not_fit_is_no_attribute) };
TEST_MAIN(tests)

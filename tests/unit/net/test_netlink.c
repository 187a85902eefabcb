/* test_netlink.c - batches that go to the kernel, and its answers, good and hostile. */
#include "net/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "tests/unit/net_ns.h"

static struct error err;

/* What is handed over is held by nobody else in the end, and nothing goes along. */
static int handed_over(const void *unused)
{
	int ends[2];
	char byte;

	(void)unused;
	EXPECT(pipe(ends) == 0);
	netlink_close_later(ends[0]);
	EXPECT(fcntl(ends[0], F_GETFD) == -1);
	EXPECT(write(ends[1], "x", 1) == 1); /* somebody has it yet */
	EXPECT(close(ends[1]) == 0 && pipe(ends) == 0);
	netlink_close_later(open("/dev/null", O_RDONLY));
	EXPECT(close(ends[1]) == 0);
	EXPECT(read(ends[0], &byte, 1) == 0); /* the end of file: that process has not this one too */
	netlink_close_later(-1);
	return close(ends[0]);
}

static void a_socket_is_closed_by_nobody_in_the_way(void)
{
	CHECK_INT(0, in_child(handed_over, NULL));
}

static bool answer_is(const void *data, size_t size, int *ret_result)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct netlink_answer answer = { .batch = &batch, .first = 1, .last = 1, .err = &err };
	bool complete;

	netlink_begin(&batch, RTM_NEWLINK, 0, "", 1, "ask", "");
	complete = netlink_read(&answer, data, size);
	*ret_result = answer.result;
	return complete;
}

static void answers_are_read_within_their_bounds(void)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr report;
		struct nlattr words;
		char text[8];
	} message = {
		.header = { .nlmsg_len = sizeof(message),
			    .nlmsg_type = NLMSG_ERROR,
			    .nlmsg_seq = 1,
			    .nlmsg_flags = NLM_F_ACK_TLVS | NLM_F_CAPPED },
		.report = { .error = -EEXIST },
		.words = { .nla_len = sizeof(struct nlattr) + 8, .nla_type = NLMSGERR_ATTR_MSG },
		.text = { 'n', 'o', '\n', 'n', 'o', 'n', 'u', 'l' },
	};
	int result;

	CHECK(answer_is(&message, sizeof(message), &result));
	CHECK_INT(-EEXIST, result);
	CHECK_STR("ask (no?nonul): File exists", err.text);
	message.words.nla_len = 100;
	CHECK(answer_is(&message, sizeof(message), &result));
	CHECK_STR("ask: File exists", err.text);
	message.header.nlmsg_len = sizeof(message.header) + 2;
	CHECK(answer_is(&message, sizeof(message), &result));
	CHECK_INT(-EBADMSG, result);
	message.header.nlmsg_len = sizeof(message) + 1;
	CHECK(answer_is(&message, sizeof(message), &result));
	CHECK_INT(-EBADMSG, result);
	message.header.nlmsg_len = 0;
	CHECK(answer_is(&message, sizeof(message), &result));
	CHECK_INT(-EBADMSG, result);
	message.header.nlmsg_len = UINT32_MAX - 3;
	CHECK(answer_is(&message, sizeof(message), &result));
	CHECK_INT(-EBADMSG, result);
	message.header.nlmsg_len = sizeof(message);
	message.header.nlmsg_seq = 2; /* somebody else's */
	CHECK(!answer_is(&message, sizeof(message), &result));
	CHECK_INT(0, result);
	message.header.nlmsg_seq = 1;
	message.report.error = INT32_MIN;
	CHECK(answer_is(&message, sizeof(message), &result));
	CHECK(result < 0);
	CHECK(!answer_is(&message, 3, &result));
}

static int count_links(const struct netlink_reply *reply, void *context)
{
	*(int *)context += reply->type == RTM_NEWLINK;
	return 0;
}

static int the_kernel_answers(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_netlink_batch struct netlink_batch wrong = NETLINK_BATCH;
	auto_netlink_batch struct netlink_batch many = NETLINK_BATCH;
	struct ifinfomsg header = { 0 };
	auto_fd int fd = -1;
	int links = 0;

	EXPECT(netlink_open(NETLINK_ROUTE, &fd, &err) == 0);
	netlink_begin(&batch, RTM_GETLINK, 0, &header, sizeof(header), "list", "");
	EXPECT(netlink_list(fd, &batch, count_links, &links, &err) == 0);
	EXPECT(links >= 1);
	header.ifi_index = 4711;
	netlink_begin(&wrong, RTM_DELLINK, 0, &header, sizeof(header), "delete ", "4711");
	EXPECT(netlink_send(fd, &wrong, NULL, NULL, &err) == -ENODEV);
	EXPECT(strstr(err.text, "delete 4711") && strstr(err.text, "No such device"));
	wrong.optional = true;
	EXPECT(netlink_send(fd, &wrong, NULL, NULL, &err) == 0);
	/* The first error that is one is told, and the last answer waited for. */
	for (int i = 0; i < 300; i++) {
		netlink_begin_interface(&many, RTM_DELLINK, 0, &header, sizeof(header), "delete ", (unsigned)i + 1);
		if (i == 0)
			netlink_may_fail(&many);
	}
	EXPECT(netlink_send(fd, &many, NULL, NULL, &err) == -ENODEV);
	EXPECT(strstr(err.text, "delete interface 2:"));
	links = 0;
	EXPECT(netlink_list(fd, &batch, count_links, &links, &err) == 0 && links >= 1);
	return 0;
}

static void kernel(void)
{
	in_net_ns(the_kernel_answers);
}

static const struct test tests[] = { TEST(a_socket_is_closed_by_nobody_in_the_way),
				     TEST(answers_are_read_within_their_bounds), TEST(kernel) };
TEST_MAIN(tests)

/* test_sync.c - records that are right, wrong, too short, too long, late and unread. */
#include "runtime/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/test.h"

static void make_pair(int *ret_a, int *ret_b)
{
	struct error err;

	CHECK_INT(0, sync_pair(ret_a, ret_b, &err));
}

static void pair_is_close_on_exec(void)
{
	auto_fd int a = -1;
	auto_fd int b = -1;

	make_pair(&a, &b);
	CHECK_INT(FD_CLOEXEC, fcntl(a, F_GETFD));
	CHECK_INT(FD_CLOEXEC, fcntl(b, F_GETFD));
}

static void every_type_travels(void)
{
	auto_fd int a = -1;
	auto_fd int b = -1;
	struct error err;

	make_pair(&a, &b);
	for (enum sync_type type = SYNC_IDS_MAPPED; type < SYNC_ERROR; type++) {
		enum sync_type got;

		CHECK_INT(0, sync_send(a, type, -1, &err));
		CHECK_INT(0, sync_receive(b, &got, NULL, &err));
		CHECK_INT(type, got);
	}
}

static void an_fd_travels(void)
{
	auto_fd int a = -1;
	auto_fd int b = -1;
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_fd int got = -1;
	struct error err;

	make_pair(&a, &b);
	CHECK_INT(0, sync_send(a, SYNC_CONSOLE, null, &err));
	CHECK_INT(0, sync_expect(b, SYNC_CONSOLE, &got, &err));
	CHECK(got >= 0 && got != null);
	CHECK_INT(FD_CLOEXEC, fcntl(got, F_GETFD));
}

static int lowest_free_fd(void)
{
	int fd = dup(STDOUT_FILENO);

	(void)close(fd);
	return fd;
}

static void unwanted_fds_are_closed(void)
{
	auto_fd int a = -1;
	auto_fd int b = -1;
	const struct error problem = { .code = EIO, .text = "bad" };
	struct error err;
	int before;

	make_pair(&a, &b);
	before = lowest_free_fd();
	CHECK_INT(0, sync_send(a, SYNC_READY, a, &err));
	CHECK_INT(0, sync_expect(b, SYNC_READY, NULL, &err));
	CHECK_INT(before, lowest_free_fd());
	CHECK_INT(0, sync_send(a, SYNC_READY, a, &err));
	CHECK(sync_expect(b, SYNC_HOOKS, &(int){ -1 }, &err) < 0);
	CHECK_INT(before, lowest_free_fd());
	sync_send_error(a, &problem);
	CHECK(sync_expect(b, SYNC_HOOKS, &(int){ -1 }, &err) < 0);
	CHECK_INT(before, lowest_free_fd());
}

static void no_fd_gives_minus_one(void)
{
	auto_fd int a = -1;
	auto_fd int b = -1;
	struct error err;
	int fd = 99;

	make_pair(&a, &b);
	CHECK_INT(0, sync_send(a, SYNC_READY, -1, &err));
	CHECK_INT(0, sync_expect(b, SYNC_READY, &fd, &err));
	CHECK_INT(-1, fd);
}

static void an_error_arrives_as_it_was(void)
{
	auto_fd int a = -1;
	auto_fd int b = -1;
	struct error sent, err;
	enum sync_type type = SYNC_HOOKS;

	make_pair(&a, &b);
	memset(&sent, 0, sizeof(sent));
	sent.code = ENOENT;
	memset(sent.text, 'e', sizeof(sent.text) - 1);
	sync_send_error(a, &sent);
	CHECK_INT(-ENOENT, sync_receive(b, &type, NULL, &err));
	CHECK_STR(sent.text, err.text);
	CHECK_INT(SYNC_HOOKS, type);
}

static void end_of_file_is_a_type(void)
{
	auto_fd int b = -1;
	struct error err;
	enum sync_type type;
	int a;

	make_pair(&a, &b);
	(void)close(a);
	CHECK_INT(0, sync_receive(b, &type, NULL, &err));
	CHECK_INT(SYNC_END, type);
	CHECK_INT(0, sync_expect(b, SYNC_END, NULL, &err));
	CHECK_INT(-ECONNRESET, sync_expect(b, SYNC_READY, NULL, &err));
	CHECK_CONTAINS("waiting for ready: the other process died", err.text);
}

static void expect_insists(void)
{
	auto_fd int a = -1;
	auto_fd int b = -1;
	struct error err;

	make_pair(&a, &b);
	CHECK_INT(0, sync_send(a, SYNC_READY, -1, &err));
	CHECK_INT(-EINVAL, sync_expect(b, SYNC_HOOKS_DONE, NULL, &err));
	CHECK_STR("init protocol: got ready, expected hooks-done", err.text);
}

static void odd_lengths_are_refused(void)
{
	static const size_t lengths[] = { 1, 4, 511, 513, 1024 };
	auto_fd int a = -1;
	auto_fd int b = -1;
	struct error err;

	make_pair(&a, &b);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		unsigned char bytes[1024] = { SYNC_READY };
		enum sync_type type;

		CHECK_INT(0, fd_send(a, bytes, lengths[i], -1));
		CHECK_INT(-EINVAL, sync_receive(b, &type, NULL, &err));
		CHECK_CONTAINS("expected 512", err.text);
	}
}

static void odd_records_are_refused(void)
{
	struct sync_record record = { .type = SYNC_READY };
	struct error err;

	CHECK_INT(0, sync_record_check(&record, sizeof(record), &err));
	record.error.text[503] = 'x';
	CHECK_INT(-EINVAL, sync_record_check(&record, sizeof(record), &err));
	CHECK_CONTAINS("ready carries an error", err.text);
	record = (struct sync_record){ .type = 0 };
	CHECK_INT(-EINVAL, sync_record_check(&record, sizeof(record), &err));
	record.type = SYNC_END;
	CHECK_INT(-EINVAL, sync_record_check(&record, sizeof(record), &err));
	record.type = UINT32_MAX;
	CHECK_INT(-EINVAL, sync_record_check(&record, sizeof(record), &err));
	CHECK_CONTAINS("unknown record 4294967295", err.text);
	record = (struct sync_record){ .type = SYNC_ERROR };
	CHECK_INT(-EINVAL, sync_record_check(&record, sizeof(record), &err));
	record.error.code = -1;
	CHECK_INT(-EINVAL, sync_record_check(&record, sizeof(record), &err));
	record.error.code = 4096;
	CHECK_INT(-EINVAL, sync_record_check(&record, sizeof(record), &err));
	record.error.code = 4095;
	CHECK_INT(0, sync_record_check(&record, sizeof(record), &err));
	memset(record.error.text, 'x', sizeof(record.error.text));
	CHECK_INT(-EINVAL, sync_record_check(&record, sizeof(record), &err));
	CHECK_CONTAINS("without an end", err.text);
}

/* The sender finds the socket closed, but why the other side went is waiting in the queue. */
static void send_to_the_dead_gives_their_last_words(void)
{
	const struct error words = { .code = ENOTDIR, .text = "rootfs: not a directory" };
	auto_fd int parent = -1;
	struct error err;
	int init;

	make_pair(&parent, &init);
	sync_send_error(init, &words);
	(void)close(init);
	CHECK_INT(-ENOTDIR, sync_send(parent, SYNC_HOOKS_DONE, -1, &err));
	CHECK_STR("rootfs: not a directory", err.text);
}

static void send_to_the_silent_dead(void)
{
	auto_fd int parent = -1;
	struct error err;
	int init;

	make_pair(&parent, &init);
	(void)close(init);
	CHECK_INT(-EPIPE, sync_send(parent, SYNC_HOOKS_DONE, -1, &err));
	CHECK_CONTAINS("send hooks-done: the other process died", err.text);
}

/* Closed with a record of ours unread: Linux says ECONNRESET ahead of the queue. */
static void a_reset_does_not_hide_last_words(void)
{
	const struct error words = { .code = EACCES, .text = "exec: permission denied" };
	auto_fd int parent = -1;
	struct error err;
	enum sync_type type;
	int init;

	make_pair(&parent, &init);
	CHECK_INT(0, sync_send(parent, SYNC_HOOKS_DONE, -1, &err));
	sync_send_error(init, &words);
	(void)close(init);
	CHECK_INT(-EACCES, sync_receive(parent, &type, NULL, &err));
	CHECK_STR("exec: permission denied", err.text);
}

/* An end of file means "execve succeeded" to start: a death with SYNC_START unread must not look like one. */
static void a_reset_is_no_end_of_file(void)
{
	auto_fd int parent = -1;
	struct error err;
	enum sync_type type = SYNC_READY;
	int init;

	make_pair(&parent, &init);
	CHECK_INT(0, sync_send(parent, SYNC_START, -1, &err));
	(void)close(init);
	CHECK_INT(-ECONNRESET, sync_receive(parent, &type, NULL, &err));
	CHECK_INT(SYNC_READY, type);
}

static void names(void)
{
	CHECK_STR("ids-mapped", sync_type_name(SYNC_IDS_MAPPED));
	CHECK_STR("end of file", sync_type_name(SYNC_END));
	CHECK_STR("unknown", sync_type_name((enum sync_type)0));
	CHECK_STR("unknown", sync_type_name(SYNC_TYPE_MAX));
}

static const struct test tests[] = {
	TEST(pair_is_close_on_exec),
	TEST(every_type_travels),
	TEST(an_fd_travels),
	TEST(unwanted_fds_are_closed),
	TEST(no_fd_gives_minus_one),
	TEST(an_error_arrives_as_it_was),
	TEST(end_of_file_is_a_type),
	TEST(expect_insists),
	TEST(odd_lengths_are_refused),
	TEST(odd_records_are_refused),
	TEST(send_to_the_dead_gives_their_last_words),
	TEST(send_to_the_silent_dead),
	TEST(a_reset_does_not_hide_last_words),
	TEST(a_reset_is_no_end_of_file),
	TEST(names),
};
TEST_MAIN(tests)

/* test_oom_server.c - the watcher's clients on socket pairs, with a container whose cgroup is plain files. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "cgroups/tree.h"
#include "runtime/oom_watcher.h"
#include "tests/unit/test.h"

enum { LIMIT = 67108864, GAP = 8388608, LINE_SIZE = 65536, READ_SIZE = 70000, NEVER_READ = 5 * 1024 * 1024 };

static const struct {
	const char *name, *text;
} files[] = {
	{ "memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\n" },
	{ "memory.events", "low 0\nhigh 4\nmax 0\noom 0\noom_kill 3\n" },
	{ "cgroup.events", "populated 1\nfrozen 0\n" },
	{ "memory.max", "67108864\n" },
	{ "memory.high", "58720256\n" },
	{ "memory.current", "10000000\n" },
	{ "memory.peak", "20000000\n" },
	{ "memory.stat", "anon 9000000\nfile 500000\nshmem 400000\nkernel 100000\n" },
	{ "cgroup.freeze", "0\n" },
	{ "cgroup.procs", "" },
};

static char path[40];
static char id[] = "c";
static int dir = -1, peer = -1;
static struct watched container;
static struct watcher watcher;
static char line[READ_SIZE];
static struct error err;

static void put(const char *name, const char *text)
{
	int fd = openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

static struct client *join(int *ret_peer)
{
	int pair[2];

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	*ret_peer = pair[1];
	return server_add(&watcher, pair[0]);
}

static struct client *start(void)
{
	strcpy(path, "/tmp/coffer-oom-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put(files[i].name, files[i].text);
	container = (struct watched){
		.id = id,
		.root = "/nonexistent",
		.cgroup = tree_new(dup(dir), "/fake"),
		.policy = { .mode = OOM_FREEZE, .limit = LIMIT, .gap = GAP, .fallback = OOM_STAY },
	};
	CHECK_INT(0, tripwire_open(dir, LIMIT, GAP, &container.wire, &err));
	watcher = (struct watcher){ .processors = 2, .containers = &container };
	watcher.epoll = epoll_create1(EPOLL_CLOEXEC);
	return join(&peer);
}

static void stop(void)
{
	for (struct client *client = watcher.clients; client; client = client->next)
		client->closed = true;
	server_sweep(&watcher);
	CHECK(watcher.clients == NULL);
	(void)close(peer);
	(void)close(watcher.epoll);
	tripwire_close(&container.wire);
	cgroup_close(container.cgroup);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlinkat(dir, files[i].name, 0);
	(void)close(dir);
	CHECK_INT(0, rmdir(path));
}

static void say(struct client *client, const char *text)
{
	CHECK_INT(strlen(text), send(peer, text, strlen(text), MSG_NOSIGNAL));
	server_readable(&watcher, client);
}

/* All that has come back. */
static const char *heard(int from)
{
	ssize_t got = recv(from, line, sizeof(line) - 1, 0);

	line[got > 0 ? got : 0] = '\0';
	return line;
}

static void each_request_has_one_answer(void)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{ "{\"op\":\"list\"}\n", "\"ok\":true" },
		{ "{\"op\":\"list\"}\n", "\"containers\":[{\"id\":\"c\",\"state\":\"armed\"" },
		{ "{\"op\":\"show\",\"id\":\"c\"}\n", "\"processes\":[]" },
		{ "{\"op\":\"show\",\"id\":\"d\"}\n", "container `d` has no freezing oom policy" },
		{ "{\"op\":\"show\"}\n", "id: missing" },
		{ "{\"op\":\"watch\"}\n", "id: missing" },
		{ "{\"op\":\"raise\",\"id\":\"c\"}\n", "bytes: missing" },
		{ "{\"op\":\"raise\",\"id\":\"c\",\"bytes\":1}\n", "are not more than the limit" },
		{ "{\"op\":\"raise\",\"id\":\"c\",\"bytes\":-1}\n", "\"ok\":false" },
		{ "{\"op\":\"kill\",\"id\":\"c\"}\n", "pids: expected an array" },
		{ "{\"op\":\"kill\",\"id\":\"c\",\"pids\":[]}\n", "pids: expected an array" },
		{ "{\"op\":\"kill\",\"id\":\"c\",\"pids\":[0]}\n", "\"ok\":false" },
		{ "{\"op\":\"kill\",\"id\":\"c\",\"pids\":[1]}\n", "process 1 is not in container `c`" },
		{ "{\"op\":\"resume\",\"id\":\"c\"}\n", "is not frozen at its memory limit" },
		{ "{\"op\":\"dance\"}\n", "op: \\\"dance\\\" is not known" },
		{ "{}\n", "\"ok\":false" },
		{ "rubbish\n", "\"ok\":false" },
		{ "[[[[[[1]]]]]]\n", "\"ok\":false" },
		{ "{\"op\":\"raise\",\"id\":\"c\",\"bytes\":12297829382473034411}\n", "more than any machine has" },
	};
	struct client *client = start();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *answer;

		say(client, cases[i].request);
		answer = heard(peer);
		CHECK_CONTAINS(cases[i].answer, answer);
		CHECK(strchr(answer, '\n') == answer + strlen(answer) - 1);
		CHECK(!client->closed);
	}
	stop();
}

static void the_numbers_are_those_of_the_cgroup(void)
{
	struct client *client = start();

	say(client, "{\"op\":\"show\",\"id\":\"c\"}\n");
	(void)heard(peer);
	CHECK_CONTAINS("\"limit\":67108864,\"high\":58720256,\"usage\":10000000,\"peak\":20000000", line);
	CHECK_CONTAINS("\"anon\":9000000,\"file\":500000,\"shmem\":400000,\"kernel\":100000", line);
	CHECK_CONTAINS("\"kernelKills\":3", line);
	CHECK_CONTAINS("\"default\":\"stay\"", line);
	stop();
}

static void processes_are_read_largest_first(void)
{
	struct client *client = start();
	char text[64];

	(void)snprintf(text, sizeof(text), "%d\n%d\n999999999\n", getppid(), getpid());
	put("cgroup.procs", text);
	CHECK(report_largest(&watcher, &container) == getpid() || report_largest(&watcher, &container) == getppid());
	say(client, "{\"op\":\"show\",\"id\":\"c\"}\n");
	(void)heard(peer);
	CHECK_CONTAINS("\"processCount\":2", line); /* the third has ended */
	(void)snprintf(text, sizeof(text), "\"pid\":%d,\"innerPid\":%d,\"name\":\"", getpid(), getpid());
	CHECK_CONTAINS(text, line);
	stop();
}

/* While a client is answered, be it about many: epoll tells of the limit by a pipe here, files cannot be in it. */
static void who_touches_its_limit_meanwhile_does_not_wait(void)
{
	static const char *const requests[] = { "{\"op\":\"list\"}\n", "{\"op\":\"show\",\"id\":\"c\"}\n" };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &container.events_source };
	int ends[2];

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		struct client *client = start();
		char text[32];

		(void)snprintf(text, sizeof(text), "%d\n", getpid());
		put("cgroup.procs", text);
		CHECK_INT(0, pipe(ends));
		container.events_source = (struct source){ SOURCE_EVENTS, &container };
		CHECK_INT(0, epoll_ctl(watcher.epoll, EPOLL_CTL_ADD, ends[0], &event));
		put("memory.events.local", "low 0\nhigh 1\nmax 0\noom 0\n");
		put("memory.current", "60000000\n");
		say(client, requests[i]);
		(void)heard(peer);
		CHECK_INT(HIT_ARMED, container.state);
		CHECK_INT(1, write(ends[1], "x", 1));
		say(client, requests[i]);
		CHECK_CONTAINS("\"ok\":true", heard(peer));
		CHECK_INT(HIT_FREEZING, container.state);
		(void)close(ends[0]);
		(void)close(ends[1]);
		stop();
	}
}

static void lines_come_in_pieces_and_together(void)
{
	struct client *client = start();

	say(client, "{\"op\":\"li");
	CHECK_STR("", heard(peer));
	say(client, "st\"}\n\n{\"op\":\"resume\",\"id\":\"c\"}\n{\"op\"");
	(void)heard(peer);
	CHECK_CONTAINS("\"ok\":true}\n{\"ok\":false", line);
	CHECK_INT(5, client->n_in);
	stop();
}

static void nul_has_an_answer(void)
{
	static const char request[] = "{\"op\":\"list\"}\0\n";
	struct client *client = start();

	CHECK_INT(sizeof(request) - 1, send(peer, request, sizeof(request) - 1, MSG_NOSIGNAL));
	server_readable(&watcher, client);
	CHECK_CONTAINS("{\"ok\":false,", heard(peer));
	stop();
}

static void a_line_without_end_closes(void)
{
	static char much[LINE_SIZE];
	struct client *client = start();

	memset(much, 'x', sizeof(much));
	for (size_t sent = 0; sent < sizeof(much) && !client->closed;) {
		ssize_t n = send(peer, much, sizeof(much) - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		server_readable(&watcher, client);
	}
	for (int i = 0; i < LINE_SIZE && !client->closed; i++)
		server_readable(&watcher, client);
	CHECK(client->closed);
	stop();
}

static void events_go_to_subscribers_of_the_container(void)
{
	struct client *client = start();
	int other_peer = -1;
	struct client *other = join(&other_peer);

	server_tell(&watcher, "c", "before\n");
	say(client, "{\"op\":\"subscribe\",\"id\":\"d\"}\n");
	CHECK_STR("{\"ok\":true}\n", heard(peer));
	other->subscribed = true;
	server_tell(&watcher, "c", "of c\n");
	CHECK_STR("", heard(peer));
	CHECK_STR("of c\n", heard(other_peer));
	server_tell(&watcher, "d", "of d\n");
	CHECK_STR("of d\n", heard(peer));
	(void)close(other_peer);
	stop();
}

static void who_never_reads_goes(void)
{
	struct client *client = start();

	client->subscribed = true;
	memset(line, 'x', sizeof(line) - 2);
	strcpy(line + sizeof(line) - 2, "\n");
	for (size_t told = 0; told < NEVER_READ; told += sizeof(line))
		server_tell(&watcher, "c", line);
	CHECK(client->closed);
	stop();
}

static int listen_at(char *ret_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(ret_path, sizeof(address.sun_path), "%s.socket", path);
	strcpy(address.sun_path, ret_path);
	CHECK_INT(0, bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	CHECK_INT(0, listen(fd, 64));
	return fd;
}

static size_t count_open(void)
{
	size_t count = 0;

	for (const struct client *client = watcher.clients; client; client = client->next)
		count += !client->closed;
	return count;
}

/* The socket of a policy that takes all connections and ends none. */
static void a_listener_that_keeps_all_has_few(void)
{
	char socket_path[108];
	struct client *first = start();
	int listener = listen_at(socket_path);

	container.socket = socket_path;
	for (int i = 0; i < 20; i++) {
		tell_socket(&watcher, &container, "told\n");
		server_sweep(&watcher);
	}
	CHECK(count_open() > 1 && count_open() <= 9);
	CHECK(!first->closed); /* one of another kind */
	container.socket = NULL;
	(void)close(listener);
	CHECK_INT(0, unlink(socket_path));
	stop();
}

/* Who listens for one container has no say about others. */
static void a_policys_socket_decides_about_its_container_alone(void)
{
	static const char *const refused[] = { "{\"op\":\"list\"}\n", "{\"op\":\"subscribe\"}\n",
					       "{\"op\":\"kill-all\",\"id\":\"d\"}\n",
					       "{\"op\":\"watch\",\"id\":\"c\"}\n" };
	struct client *client = start();

	client->bound = true;
	client->only = xstrdup("c");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		say(client, refused[i]);
		CHECK_CONTAINS("this connection is for decisions about container `c`", heard(peer));
	}
	say(client, "{\"op\":\"show\",\"id\":\"c\"}\n");
	CHECK_CONTAINS("\"ok\":true", heard(peer));
	stop();
}

/* A connection that stays in the listener's queue would be told of by epoll for ever. */
static void without_a_free_fd_who_comes_is_turned_away(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct rlimit before, now;
	struct pollfd queue;
	int guest;

	(void)start();
	watcher.listener = listen_at(address.sun_path);
	guest = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(0, connect(guest, (const struct sockaddr *)&address, sizeof(address)));
	watcher.spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK_INT(0, getrlimit(RLIMIT_NOFILE, &before));
	now = (struct rlimit){ (rlim_t)watcher.spare + 1, before.rlim_max };
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &now));
	server_accept(&watcher);
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &before));
	queue = (struct pollfd){ .fd = watcher.listener, .events = POLLIN };
	CHECK_INT(0, poll(&queue, 1, 0));
	CHECK_STR("", heard(guest));
	CHECK_INT(1, count_open());
	CHECK(watcher.spare >= 0);
	(void)close(watcher.spare);
	(void)close(watcher.listener);
	(void)close(guest);
	CHECK_INT(0, unlink(address.sun_path));
	stop();
}

static void who_hangs_up_goes(void)
{
	struct client *client = start();

	(void)shutdown(peer, SHUT_RDWR);
	server_readable(&watcher, client);
	CHECK(client->closed);
	server_sweep(&watcher);
	CHECK(watcher.clients == NULL);
	stop();
}

/* A hook that has just been forked has all files, and epoll knows a file until its last holder has closed it. */
static void who_is_gone_is_not_heard_of(void)
{
	struct client *client = start();
	int held = dup(client->fd);
	struct epoll_event event;

	CHECK_INT(5, send(peer, "{}\n{}", 5, MSG_NOSIGNAL));
	CHECK_INT(1, epoll_wait(watcher.epoll, &event, 1, 0));
	client->closed = true;
	server_sweep(&watcher);
	CHECK_INT(0, epoll_wait(watcher.epoll, &event, 1, 0));
	(void)close(held);
	stop();
}

static const struct test tests[] = {
	TEST(each_request_has_one_answer),
	TEST(the_numbers_are_those_of_the_cgroup),
	TEST(processes_are_read_largest_first),
	TEST(who_touches_its_limit_meanwhile_does_not_wait),
	TEST(lines_come_in_pieces_and_together),
	TEST(nul_has_an_answer),
	TEST(a_line_without_end_closes),
	TEST(events_go_to_subscribers_of_the_container),
	TEST(who_never_reads_goes),
	TEST(a_listener_that_keeps_all_has_few),
	TEST(a_policys_socket_decides_about_its_container_alone),
	TEST(without_a_free_fd_who_comes_is_turned_away),
	TEST(who_hangs_up_goes),
	TEST(who_is_gone_is_not_heard_of),
};

TEST_MAIN(tests)

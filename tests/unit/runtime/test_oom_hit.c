/* test_oom_hit.c - the states of a container at its limit, on plain files that stand for those of its cgroup. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "hit_fixture.h"

static const char *get(const char *name)
{
	static char text[256];

	return fd_read_small(dir, name, text, sizeof(text)) < 0 ? "(none)" : text;
}

/* Time is not waited for: what is due is made due. */
static void tick(void)
{
	container.tick_ns = container.tick_ns ? 1 : 0;
	hit_tick(&watcher, &container);
}

static void cache_is_a_soft_hit(void)
{
	start();
	use(60000000, false);
	touch();
	CHECK_INT(HIT_SOFT, container.state);
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK_STR("134217728", get("memory.max"));
	CHECK_INT(0, container.hits);
	CHECK_INT(1, container.soft_hits);
	use(50000000, false);
	put("memory.max", "");
	tick();
	CHECK_INT(HIT_ARMED, container.state);
	CHECK_STR("67108864", get("memory.max"));
	CHECK(container.tick_ns == 0);
	stop();
}

static void a_hit_is_lifted_frozen_and_told(void)
{
	start();
	hit();
	CHECK_STR("1", get("cgroup.freeze"));
	CHECK_STR("134217728", get("memory.max"));
	CHECK(container.announce && !container.pending && container.hits == 1 && container.decide_ns == 0);
	CHECK_STR("frozen", hit_state_name(&container));
	stop();
}

/* Others may touch their limits all the time. */
static void it_is_told_soon_whatever_others_do(void)
{
	start();
	hit();
	container.event_ns = oom_now_ns();
	CHECK(!hit_announce(&watcher, &container, true));
	CHECK(container.announce);
	container.event_ns -= 1000000000;
	CHECK(hit_announce(&watcher, &container, true));
	CHECK(!container.announce && !hit_announce(&watcher, &container, false));
	container.announce = true;
	container.event_ns = oom_now_ns();
	CHECK(hit_announce(&watcher, &container, false));
	stop();
}

static void thawed_if_there_was_room_after_all(void)
{
	start();
	use(60000000, true);
	touch();
	use(50000000, true);
	put("cgroup.events", "populated 1\nfrozen 1\n");
	hit_freezer(&watcher, &container);
	CHECK_INT(HIT_SOFT, container.state);
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK(!container.announce && container.hits == 0 && container.thawed_hits == 1);
	stop();
}

/* The last reclaim found a few pages: nothing to go on with. */
static void a_few_pages_are_no_room(void)
{
	start();
	use(60000000, true);
	touch();
	use(58720256 - 8192, true);
	put("cgroup.events", "populated 1\nfrozen 1\n");
	hit_freezer(&watcher, &container);
	CHECK_INT(HIT_DECIDE, container.state);
	CHECK_INT(0, container.thawed_hits);
	CHECK_INT(-EBUSY, hit_resume(&watcher, &container, &err));
	stop();
}

/* Nor is that one told of which was not stopped in time and needs no more by then. */
static void thawed_if_there_was_room_in_the_end(void)
{
	start();
	use(60000000, true);
	touch();
	use(50000000, true);
	tick();
	CHECK_INT(HIT_SOFT, container.state);
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK(!container.announce && !container.pending && container.hits == 0 && container.thawed_hits == 1);
	stop();
}

static void what_does_not_freeze_is_pending(void)
{
	start();
	use(60000000, true);
	touch();
	tick();
	CHECK_INT(HIT_DECIDE, container.state);
	CHECK(container.pending && container.announce);
	CHECK_STR("pending", hit_state_name(&container));
	/* What still runs is not killed for running: the lift follows it. */
	use(130000000, true);
	tick();
	CHECK_STR("197108864", get("memory.max"));
	put("cgroup.events", "populated 1\nfrozen 1\n");
	hit_freezer(&watcher, &container);
	CHECK(!container.pending && container.tick_ns == 0);
	CHECK_STR("frozen", hit_state_name(&container));
	stop();
}

static void raised(void)
{
	const char *told;
	uint64_t least;

	start();
	hit();
	CHECK_INT(-EINVAL, hit_raise(&watcher, &container, LIMIT, &err));
	CHECK_INT(-EBUSY, hit_raise(&watcher, &container, LIMIT + 4096, &err));
	CHECK_CONTAINS("60000000 bytes are in use", err.text);
	told = strstr(err.text, "raise the limit to ");
	CHECK(told != NULL);
	least = strtoull(told + strlen("raise the limit to "), NULL, 10);
	CHECK(least > 60000000 && least < 80000000);
	CHECK_INT(-EBUSY, hit_raise(&watcher, &container, least - 2, &err));
	CHECK_INT(HIT_DECIDE, container.state);
	CHECK_INT(0, hit_raise(&watcher, &container, 134217728, &err));
	CHECK_INT(HIT_SOFT, container.state);
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK_STR("117440512", get("memory.high"));
	put("memory.max", "");
	tick();
	CHECK_INT(HIT_ARMED, container.state);
	CHECK_STR("134217728", get("memory.max"));
	stop();
}

static void no_raise_above_what_is_above(void)
{
	int own;

	start();
	hit();
	put("memory.max", "134217728\n"); /* the files are those of the cgroup above, now */
	CHECK_INT(0, mkdirat(dir, "below", 0700));
	own = container.wire.dir;
	container.wire.dir = openat(dir, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(-EINVAL, hit_raise(&watcher, &container, 134217729, &err));
	CHECK_CONTAINS("above container `c` has a limit of 134217728 bytes", err.text);
	CHECK_INT(0, hit_raise(&watcher, &container, 134217728, &err));
	(void)close(container.wire.dir);
	container.wire.dir = own;
	CHECK_INT(0, unlinkat(dir, "below", AT_REMOVEDIR));
	stop();
}

/* Limit and room together would be a small number again, which the kernel kills down to. */
static void more_than_there_can_be_is_no_raise(void)
{
	static const uint64_t limits[] = { UINT64_MAX, UINT64_MAX / 3 * 2 + 1, (uint64_t)INT64_MAX + 1 };

	start();
	hit();
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		CHECK_INT(-EINVAL, hit_raise(&watcher, &container, limits[i], &err));
		CHECK_CONTAINS("more than any machine has", err.text);
	}
	CHECK_STR("134217728", get("memory.max"));
	CHECK(container.wire.limit == LIMIT);
	stop();
}

static void resumed_if_it_fits(void)
{
	start();
	CHECK_INT(-EINVAL, hit_resume(&watcher, &container, &err));
	hit();
	CHECK_INT(-EBUSY, hit_resume(&watcher, &container, &err));
	CHECK_CONTAINS("stays frozen", err.text);
	use(40000000, true);
	CHECK_INT(0, hit_resume(&watcher, &container, &err));
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK_STR("resumed", container.outcome);
	stop();
}

static void killed(void)
{
	const int64_t stranger = getpid();

	start();
	container.policy.timeout_ms = 1000;
	hit();
	CHECK_INT(-ESRCH, hit_kill(&watcher, &container, &stranger, 1, &err));
	CHECK_CONTAINS("is not in container `c`", err.text);
	CHECK_INT(HIT_DECIDE, container.state); /* nothing is decided by it */
	CHECK(container.decide_ns > 0);
	CHECK_INT(0, hit_kill_all(&watcher, &container, &err));
	CHECK_STR("1", get("cgroup.kill"));
	CHECK_INT(HIT_SETTLE, container.state);
	tick();
	CHECK_INT(HIT_SETTLE, container.state);
	use(1000000, true);
	tick();
	CHECK_INT(HIT_SOFT, container.state);
	CHECK_STR("0", get("cgroup.freeze"));
	stop();
}

static void a_kill_that_frees_nothing_is_told_again(void)
{
	start();
	hit();
	container.announce = false;
	CHECK_INT(0, hit_kill_all(&watcher, &container, &err));
	container.settle_end_ns = 1;
	tick();
	CHECK_INT(HIT_DECIDE, container.state);
	CHECK(container.announce && container.hits == 2);
	stop();
}

static void time_decides(void)
{
	start();
	container.policy.timeout_ms = 1000;
	container.policy.fallback = OOM_RAISE;
	container.policy.raise_percent = 10;
	hit();
	CHECK(container.decide_ns > oom_now_ns());
	container.decide_ns = 1;
	hit_tick(&watcher, &container);
	CHECK_INT(HIT_SOFT, container.state);
	CHECK(tripwire_ceiling(container.wire.limit, container.wire.gap) > 60000000);
	CHECK_STR("raised", container.outcome);
	stop();
}

static void a_cap_that_is_too_low_kills(void)
{
	start();
	container.policy.timeout_ms = 1000;
	container.policy.fallback = OOM_RAISE;
	container.policy.raise_percent = 10;
	container.policy.raise_cap = LIMIT + 4096;
	hit();
	container.decide_ns = 1;
	hit_tick(&watcher, &container);
	CHECK_INT(HIT_SETTLE, container.state);
	CHECK_STR("1", get("cgroup.kill"));
	CHECK(container.wire.limit == LIMIT);
	stop();
}

static void stay_stays(void)
{
	start();
	container.policy.timeout_ms = 1000;
	hit();
	container.decide_ns = 1;
	hit_tick(&watcher, &container);
	CHECK_INT(HIT_DECIDE, container.state);
	CHECK(container.decide_ns == 0);
	stop();
}

/* What a subscriber hears while hit_freezer() sees that all have ended. */
static const char *end_all(void)
{
	static char heard[8192];
	struct client client = { .subscribed = true };
	ssize_t got;
	int pair[2];

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	client.fd = pair[0];
	watcher.clients = &client;
	put("cgroup.events", "populated 0\nfrozen 1\n");
	hit_freezer(&watcher, &container);
	watcher.clients = NULL;
	got = recv(pair[1], heard, sizeof(heard) - 1, MSG_DONTWAIT);
	heard[got > 0 ? got : 0] = '\0';
	(void)close(pair[0]);
	(void)close(pair[1]);
	return heard;
}

static void ended_while_frozen(void)
{
	const char *heard;

	start();
	hit();
	heard = end_all();
	CHECK_INT(HIT_SOFT, container.state);
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK_CONTAINS("\"event\":\"resolved\"", heard);
	CHECK_CONTAINS("\"outcome\":\"ended\"", heard);
	stop();
}

static void ended_by_the_decision(void)
{
	start();
	hit();
	CHECK_INT(0, hit_kill_all(&watcher, &container, &err));
	CHECK_CONTAINS("\"outcome\":\"killed all\"", end_all());
	CHECK_STR("killed all", container.outcome);
	stop();
}

static void thawed_by_somebody_else(void)
{
	start();
	hit();
	put("cgroup.events", "populated 1\nfrozen 0\n");
	hit_freezer(&watcher, &container);
	CHECK_INT(HIT_DECIDE, container.state); /* still asked for: a task of it is dying */
	put("cgroup.freeze", "0\n");
	hit_freezer(&watcher, &container);
	CHECK_INT(HIT_FREEZING, container.state); /* it did not fit: frozen again */
	CHECK_STR("1", get("cgroup.freeze"));
	stop();
}

/* What is in the file is the watcher's, where the end of a hit came between the update and its request. */
static void update_is_a_decision_too(void)
{
	start();
	hit();
	put("memory.max", "67108864\n");
	CHECK_INT(0, hit_take_limit(&watcher, &container, 67108865, &err)); /* not enough */
	CHECK_INT(HIT_DECIDE, container.state);
	CHECK_STR("134217729", get("memory.max"));
	put("memory.max", "67108864\n");
	CHECK_INT(0, hit_take_limit(&watcher, &container, 201326592, &err));
	CHECK_INT(HIT_SOFT, container.state);
	CHECK(container.policy.limit == 201326592);
	CHECK_STR("301989888", get("memory.max"));
	CHECK_INT(-EINVAL, hit_take_limit(&watcher, &container, 0, &err));
	CHECK_INT(-EINVAL, hit_take_limit(&watcher, &container, UINT64_MAX, &err));
	CHECK_CONTAINS("no finite memory.max", err.text);
	stop();
}

/* What an earlier watcher left in the middle of a hit. */
static void adopted(void)
{
	start();
	hit_adopt(&container);
	CHECK_INT(HIT_ARMED, container.state);
	use(60000000, true);
	put("memory.max", "134217728\n");
	put("cgroup.freeze", "1\n");
	put("cgroup.events", "populated 1\nfrozen 1\n");
	hit_adopt(&container);
	CHECK_INT(HIT_DECIDE, container.state);
	CHECK_INT(0, hit_raise(&watcher, &container, 134217728, &err));
	CHECK_STR("0", get("cgroup.freeze"));
	stop();
}

/* The watcher before this one has raised memory.high, and been killed. */
static void adopted_and_braked_again(void)
{
	start();
	put("memory.max", "134217728\n");
	put("memory.high", "67108864\n");
	put("cgroup.freeze", "1\n");
	put("cgroup.events", "populated 1\nfrozen 1\n");
	hit_adopt(&container);
	CHECK_INT(HIT_SOFT, container.state);
	CHECK_STR("0", get("cgroup.freeze"));
	CHECK_STR("58720256", get("memory.high"));
	stop();
}

static const struct test tests[] = {
	TEST(cache_is_a_soft_hit),
	TEST(a_hit_is_lifted_frozen_and_told),
	TEST(it_is_told_soon_whatever_others_do),
	TEST(thawed_if_there_was_room_after_all),
	TEST(a_few_pages_are_no_room),
	TEST(thawed_if_there_was_room_in_the_end),
	TEST(what_does_not_freeze_is_pending),
	TEST(raised),
	TEST(more_than_there_can_be_is_no_raise),
	TEST(no_raise_above_what_is_above),
	TEST(resumed_if_it_fits),
	TEST(killed),
	TEST(a_kill_that_frees_nothing_is_told_again),
	TEST(time_decides),
	TEST(a_cap_that_is_too_low_kills),
	TEST(stay_stays),
	TEST(ended_while_frozen),
	TEST(ended_by_the_decision),
	TEST(thawed_by_somebody_else),
	TEST(update_is_a_decision_too),
	TEST(adopted),
	TEST(adopted_and_braked_again),
};

TEST_MAIN(tests)

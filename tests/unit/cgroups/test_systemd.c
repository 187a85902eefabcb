/* test_systemd.c - what systemd answers, and what is left when it does not do what it was asked for. What it really
   does with a scope: tests/cli/systemd.bats. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "cgroups/systemd.h"
#include "manager.h"
#include "tests/unit/test.h"

static struct error err;
static struct cgroup_host host = { .root_fd = -1 };

#define CGROUP_IS(path)                                                                                                \
	{                                                                                                              \
		DBUS_RETURN, NULL, "v", { path }, 0, false                                                             \
	}
#define JOB(path)                                                                                                      \
	{                                                                                                              \
		DBUS_RETURN, NULL, "o", { path }, 0, true                                                              \
	}
#define JOB_ENDS(path, result)                                                                                         \
	{                                                                                                              \
		DBUS_SIGNAL, "JobRemoved", "uoss", { "1", path, "x.scope", result }, 0, true                           \
	}
#define FAILS(name)                                                                                                    \
	{                                                                                                              \
		DBUS_ERROR, "org.freedesktop.systemd1." name, "s", { "It does not want to." }, 0, false                \
	}

static struct systemd *open_with(const struct manager_message *messages, size_t count)
{
	struct systemd *systemd = NULL;

	err.text[0] = '\0';
	if (systemd_open(manager_start(MANAGER_WELCOME, messages, count), &systemd, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return systemd;
}

static void it_says_where_its_units_are(void)
{
	static const struct manager_message user[] = { CGROUP_IS("/user.slice/user@1000.service") };
	static const struct manager_message root[] = { CGROUP_IS("/") };
	static const struct manager_message none[] = { CGROUP_IS("") };
	struct systemd *systemd = open_with(user, 1);

	CHECK_STR("/user.slice/user@1000.service", systemd_cgroup(systemd));
	systemd_close(systemd);
	systemd = open_with(root, 1);
	CHECK_STR("", systemd_cgroup(systemd));
	systemd_close(systemd);
	systemd = open_with(none, 1);
	CHECK_STR("", systemd_cgroup(systemd));
	systemd_close(systemd);
	systemd_close(NULL);
}

static void it_does_not_say(void)
{
	static const struct manager_message refusal[] = { FAILS("AccessDenied") };
	static const struct manager_message other[] = { { DBUS_RETURN, NULL, "s", { "/" }, 0, false } };
	struct systemd *systemd = NULL;

	CHECK_INT(-EIO, systemd_open(manager_start(MANAGER_WELCOME, refusal, 1), &systemd, &err));
	CHECK_STR("systemd: It does not want to. (org.freedesktop.systemd1.AccessDenied)", err.text);
	CHECK_INT(-EBADMSG, systemd_open(manager_start(MANAGER_WELCOME, other, 1), &systemd, &err));
	CHECK(!systemd);
}

static void a_container_is_in_its_scope(void)
{
	char *path = NULL;
	char *scope;

	CHECK_INT(0, systemd_container_path("/m", "a-b.slice:p:n", "id", "d.slice", &path, &err));
	CHECK_STR("/m/a.slice/a-b.slice/p-n.scope/container", path);
	scope = systemd_scope_path(path);
	CHECK_STR("/m/a.slice/a-b.slice/p-n.scope", scope);
	free(scope);
	free(path);
	CHECK_INT(-EINVAL, systemd_container_path("/m", "/a", "id", "d.slice", &path, &err));
}

static void put_populated(const char *path)
{
	int fd = openat(host.root_fd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	CHECK(write(fd, "populated 1\n", 12) == 12);
	(void)close(fd);
}

/* Starts a scope that systemd does not make; says why, and no process stays. */
static void start_fails_with(const struct scope_weights *weights, const struct manager_message *messages, size_t count,
			     const char *why)
{
	struct systemd *systemd = open_with(messages, count);
	pid_t holder = -1;

	CHECK(systemd_start_scope(systemd, &host, "/d.slice/p-n.scope/container", "id", weights, &holder, &err) < 0);
	CHECK_CONTAINS("start p-n.scope: ", err.text);
	CHECK_CONTAINS(why, err.text);
	CHECK_INT(-1, holder);
	systemd_close(systemd);
	manager_stop();
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void start_fails(const struct manager_message *messages, size_t count, const char *why)
{
	const struct scope_weights none = { 0 };

	start_fails_with(&none, messages, count, why);
}

static void a_scope_that_is_not_made_leaves_no_process(void)
{
	static const struct manager_message failed[] = { CGROUP_IS(""), JOB("/j/1"), JOB_ENDS("/j/1", "failed") };
	static const struct manager_message elsewhere[] = { CGROUP_IS(""), JOB("/j/1"), JOB_ENDS("/j/2", "failed"),
							    JOB_ENDS("/j/1", "done") };
	static const struct manager_message strange[] = { CGROUP_IS(""), { DBUS_RETURN, NULL, "s", { "x" }, 0, true } };
	static const struct manager_message gone[] = { CGROUP_IS(""), JOB("/j/1"), { .type = 0 } };

	start_fails(failed, 3, "the job ended with \"failed\"");
	start_fails(elsewhere, 4, "systemd ");
	start_fails(strange, 2, "the object that systemd names");
	start_fails(gone, 3, "systemd has closed the connection");
}

#define JOB_IS_DONE(path)                                                                                              \
	{                                                                                                              \
		DBUS_SIGNAL, "JobRemoved", "uoss", { "1", path, "x.scope", "done" }, 0, false                          \
	}
#define OBJECT(path)                                                                                                   \
	{                                                                                                              \
		DBUS_RETURN, NULL, "o", { path }, 0, false                                                             \
	}

/* Its cgroup has been removed, it has failed, or it goes at this moment: it is stopped, and the start made again. */
static void what_is_left_of_a_scope_makes_room(void)
{
	static const struct manager_message left[] = {
		CGROUP_IS(""),       FAILS("UnitExists"), OBJECT("/u"), CGROUP_IS("/no.slice/p-n.scope"), JOB("/j/1"),
		JOB_IS_DONE("/j/1"), FAILS("NoSuchUnit"), JOB("/j/2"),  JOB_ENDS("/j/2", "failed"),
	};
	static const struct manager_message goes[] = { CGROUP_IS(""),       FAILS("UnitExists"), FAILS("NoSuchUnit"),
						       FAILS("NoSuchUnit"), FAILS("NoSuchUnit"), FAILS("UnitExists") };
	static const struct manager_message busy[] = { CGROUP_IS(""), FAILS("UnitExists"), OBJECT("/u"),
						       CGROUP_IS("/used.slice/p-n.scope") };

	host.root_fd = temporary_open();
	CHECK_INT(0, mkdirat(host.root_fd, "used.slice", 0755));
	CHECK_INT(0, mkdirat(host.root_fd, "used.slice/p-n.scope", 0755));
	put_populated("used.slice/p-n.scope/cgroup.events");
	manager_forget();
	start_fails(left, 9, "the job ended with \"failed\"");
	CHECK(manager_heard("StopUnit") && manager_heard("ResetFailedUnit"));
	start_fails(goes, 6, "It does not want to. (org.freedesktop.systemd1.UnitExists)");
	/* The same name in another slice. */
	manager_forget();
	start_fails(busy, 4, "It does not want to. (org.freedesktop.systemd1.UnitExists)");
	CHECK(manager_heard("ControlGroup") && !manager_heard("StopUnit"));
	(void)close(host.root_fd);
	host.root_fd = -1;
}

static void a_scope_gets_its_weights_at_its_start(void)
{
	static const struct manager_message refused[] = { CGROUP_IS(""), FAILS("AccessDenied") };
	static const struct manager_message knows_idle[] = { CGROUP_IS(""), CGROUP_IS("252.38-1"),
							     FAILS("AccessDenied") };
	struct scope_weights weights = { .values[SCOPE_MEMORY_LOW] = { 4096, true } };

	manager_forget();
	start_fails_with(&weights, refused, 2, "AccessDenied");
	CHECK(manager_heard("StartTransientUnit"));
	CHECK(manager_heard("MemoryLow"));
	CHECK(!manager_heard("CPUWeight") && !manager_heard("Version"));
	weights.values[SCOPE_CPU_WEIGHT] = (struct opt_u64){ 0, true };
	start_fails_with(&weights, knows_idle, 3, "AccessDenied");
	CHECK(manager_heard("CPUWeight"));
}

static void a_scope_gets_other_weights(void)
{
	static const struct manager_message set[] = { CGROUP_IS(""), { DBUS_RETURN, NULL, "", { 0 }, 0, false } };
	static const struct manager_message old[] = { CGROUP_IS(""),
						      CGROUP_IS("v251"),
						      { DBUS_RETURN, NULL, "", { 0 }, 0, false } };
	static const struct manager_message refused[] = { CGROUP_IS(""), FAILS("NoSuchUnit") };
	static const struct manager_message other[] = { CGROUP_IS("/user.slice/user-1.slice/user@1.service") };
	const char *path = "/d.slice/p-n.scope/container";
	struct scope_weights weights = { .values[SCOPE_IO_WEIGHT] = { 20, true } };

	manager_forget();
	CHECK_INT(0, systemd_set_weights(manager_start(MANAGER_WELCOME, set, 2), path, &weights, &err));
	CHECK(manager_heard("SetUnitProperties") && manager_heard("p-n.scope") && manager_heard("IOWeight"));
	CHECK(!manager_heard("MemoryLow"));
	weights.values[SCOPE_CPU_WEIGHT] = (struct opt_u64){ 0, true };
	CHECK_INT(0, systemd_set_weights(manager_start(MANAGER_WELCOME, old, 3), path, &weights, &err));
	weights.values[SCOPE_CPU_WEIGHT].value = 1;
	manager_forget();
	CHECK(systemd_set_weights(manager_start(MANAGER_WELCOME, refused, 2), path, &weights, &err) < 0);
	CHECK_STR("weights of p-n.scope: systemd: It does not want to. (org.freedesktop.systemd1.NoSuchUnit)",
		  err.text);
	/* A unit of the same name may be another container's. */
	manager_forget();
	CHECK_INT(-EPERM, systemd_set_weights(manager_start(MANAGER_WELCOME, other, 1), path, &weights, &err));
	CHECK(!manager_heard("SetUnitProperties"));
}

static void a_scope_that_is_gone_needs_no_systemd(void)
{
	host.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(0, systemd_stop_scope("/nowhere", &host, "/no.slice/such.scope/container", &err));
	(void)close(host.root_fd);
	host.root_fd = -1;
}

/* With a directory for a cgroup, which it is not asked to be. */
static void stopping_waits_for_the_job(void)
{
	static const struct manager_message done[] = { CGROUP_IS(""), JOB("/j/1"), JOB_ENDS("/j/1", "done") };
	static const struct manager_message unknown[] = { CGROUP_IS(""), FAILS("NoSuchUnit") };
	static const struct manager_message refused[] = { CGROUP_IS(""), FAILS("AccessDenied") };
	static const struct manager_message gone[] = { CGROUP_IS(""), JOB("/j/1"), { .type = 0 } };
	const char *path = "/d.slice/p-n.scope/container";

	host.root_fd = temporary_open();
	CHECK_INT(0, mkdirat(host.root_fd, "d.slice", 0755));
	CHECK_INT(0, mkdirat(host.root_fd, "d.slice/p-n.scope", 0755));
	CHECK_INT(0, systemd_stop_scope(manager_start(MANAGER_WELCOME, done, 3), &host, path, &err));
	CHECK_INT(0, systemd_stop_scope(manager_start(MANAGER_WELCOME, unknown, 2), &host, path, &err));
	CHECK_INT(-EIO, systemd_stop_scope(manager_start(MANAGER_WELCOME, refused, 2), &host, path, &err));
	CHECK_CONTAINS("stop p-n.scope, whose cgroup /d.slice/p-n.scope is left: systemd: It does not want to.",
		       err.text);
	/* The connection goes, as it does when systemd executes itself anew, and then nobody listens. */
	CHECK_INT(-ECONNREFUSED, systemd_stop_scope(manager_start(MANAGER_WELCOME, gone, 3), &host, path, &err));
	CHECK_CONTAINS("is left: connect to ", err.text);
	CHECK_INT(0, faccessat(host.root_fd, "d.slice/p-n.scope", F_OK, 0));
	/* Nobody there: it is removed as any cgroup. */
	CHECK_INT(0, systemd_stop_scope("/nowhere", &host, path, &err));
	CHECK_INT(-1, faccessat(host.root_fd, "d.slice/p-n.scope", F_OK, 0));
	(void)close(host.root_fd);
	host.root_fd = -1;
}

/* A container of this name has been started since, or it is a unit of another manager's that only has the name. */
static void what_is_not_the_containers_is_not_stopped(void)
{
	static const struct manager_message user[] = { CGROUP_IS("/user.slice/user-1.slice/user@1.service") };
	const char *path = "/d.slice/p-n.scope/container";

	host.root_fd = temporary_open();
	CHECK_INT(0, mkdirat(host.root_fd, "d.slice", 0755));
	CHECK_INT(0, mkdirat(host.root_fd, "d.slice/p-n.scope", 0755));
	manager_forget();
	CHECK_INT(-EPERM, systemd_stop_scope(manager_start(MANAGER_WELCOME, user, 1), &host, path, &err));
	CHECK_CONTAINS("is left: it is another systemd's", err.text);
	put_populated("d.slice/p-n.scope/cgroup.events");
	CHECK_INT(0, systemd_stop_scope(manager_start(MANAGER_WELCOME, NULL, 0), &host, path, &err));
	CHECK(!manager_heard("StopUnit"));
	(void)close(host.root_fd);
	host.root_fd = -1;
}

static void removes_later(int root_fd)
{
	(void)usleep(100 * 1000);
	_exit(unlinkat(root_fd, "d.slice/p-n.scope", AT_REMOVEDIR) < 0);
}

/* systemd sees for itself that a scope is empty, also where it cannot be asked. */
static void an_empty_scope_may_go_by_itself(void)
{
	pid_t pid;

	host.root_fd = temporary_open();
	CHECK_INT(0, mkdirat(host.root_fd, "d.slice", 0755));
	CHECK_INT(0, mkdirat(host.root_fd, "d.slice/p-n.scope", 0755));
	pid = fork();
	if (pid == 0)
		removes_later(host.root_fd);
	CHECK_INT(0, systemd_stop_scope(manager_start("REJECTED\r\n", NULL, 0), &host, "/d.slice/p-n.scope/container",
					&err));
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	CHECK(systemd_scope_ends(&host, "/d.slice/p-n.scope/container"));
	(void)close(host.root_fd);
	host.root_fd = -1;
}

/* systemd executes itself anew: its socket is there, and for a moment nobody listens. */
static void who_does_not_listen_yet_is_waited_for(void)
{
	static const struct manager_message messages[] = { CGROUP_IS("/m") };
	const char *path = manager_start(MANAGER_WELCOME, messages, 1);
	struct systemd *systemd = NULL;
	char away[128];
	pid_t pid;

	(void)snprintf(away, sizeof(away), "%s.new", path);
	CHECK_INT(0, rename(path, away));
	pid = fork();
	if (pid == 0) {
		(void)usleep(50 * 1000);
		_exit(rename(away, path) < 0);
	}
	CHECK_INT(0, systemd_open(path, &systemd, &err));
	CHECK_STR("/m", systemd_cgroup(systemd));
	systemd_close(systemd);
	CHECK_INT(pid, waitpid(pid, NULL, 0));
}

static const struct test tests[] = {
	TEST(it_says_where_its_units_are),        TEST(it_does_not_say),
	TEST(a_container_is_in_its_scope),        TEST(a_scope_that_is_not_made_leaves_no_process),
	TEST(what_is_left_of_a_scope_makes_room), TEST(a_scope_gets_its_weights_at_its_start),
	TEST(a_scope_gets_other_weights),         TEST(a_scope_that_is_gone_needs_no_systemd),
	TEST(stopping_waits_for_the_job),         TEST(what_is_not_the_containers_is_not_stopped),
	TEST(an_empty_scope_may_go_by_itself),    TEST(who_does_not_listen_yet_is_waited_for),
};
TEST_MAIN(tests)

/* test_child.c - the early steps that init and exec share: signals as a fresh program has them, session, keyring. */
#include "runtime/child.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/unit/child.h"
#include "tests/unit/test.h"

static int signals_body(const void *unused)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGUSR2, SIGCHLD };
	sigset_t mask;
	struct error err;
	struct sigaction action;

	(void)unused;
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		EXPECT(signal(ignored[i], SIG_IGN) != SIG_ERR);
	EXPECT(signal(SIGRTMAX, SIG_IGN) != SIG_ERR);
	EXPECT(sigfillset(&mask) == 0 && sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
	EXPECT(child_signals(&err) == 0);
	for (int number = 1; number <= SIGRTMAX; number++)
		EXPECT(sigaction(number, NULL, &action) < 0 || action.sa_handler == SIG_DFL);
	EXPECT(sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
	for (int number = 1; number <= SIGRTMAX; number++)
		EXPECT(sigismember(&mask, number) <= 0);
	return 0;
}

static void signals_are_default(void)
{
	CHECK_INT(0, in_child(signals_body, NULL));
}

static int session_body(const void *unused)
{
	struct error err;

	(void)unused;
	(void)umask(077);
	EXPECT(child_session("x", false, &err) == 0);
	EXPECT(getsid(0) == getpid() && getpgid(0) == getpid());
	EXPECT(umask(022) == 0);
	/* Who leads a process group cannot leave it. */
	EXPECT(child_session("x", false, &err) == -EPERM);
	EXPECT(strcmp(err.text, "setsid: Operation not permitted") == 0);
	return 0;
}

static void session_and_umask(void)
{
	CHECK_INT(0, in_child(session_body, NULL));
}

static long session_keyring(char *description, size_t size)
{
	return syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, description, size);
}

static int keyring_body(const void *unused)
{
	char before[256] = "";
	char after[256] = "";
	struct error err;

	(void)unused;
	(void)session_keyring(before, sizeof(before));
	EXPECT(child_session("some-container", true, &err) == 0);
	EXPECT(session_keyring(after, sizeof(after)) > 0);
	EXPECT(strstr(after, ";_ses.some-container") && !strstr(before, "_ses.some-container"));
	return 0;
}

static int no_keyring_body(const void *unused)
{
	long before = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
	struct error err;

	(void)unused;
	EXPECT(child_session("some-container", false, &err) == 0);
	EXPECT(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) == before);
	return 0;
}

static void keyring(void)
{
	char text[16];

	if (session_keyring(text, sizeof(text)) < 0 && (errno == ENOSYS || errno == EPERM || errno == EACCES))
		TEST_SKIP("no keyrings here: %s", strerror(errno));
	CHECK_INT(0, in_child(keyring_body, NULL));
	CHECK_INT(0, in_child(no_keyring_body, NULL));
}

static const struct test tests[] = { TEST(signals_are_default), TEST(session_and_umask), TEST(keyring) };
TEST_MAIN(tests)

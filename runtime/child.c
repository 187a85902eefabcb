/* child.c - see child.h. */
#include "child.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own struct sigaction, which is not the C library's. All zero: SIG_DFL, no flags, nothing blocked. */
struct kernel_sigaction {
	uint64_t handler, flags, restorer, mask;
};

enum { SIGNALS = 64 };

int child_signals(struct error *err)
{
	const struct kernel_sigaction action = { 0 };
	sigset_t none;

	/* By system call, since the C library keeps signals 32 and 33 to itself; KILL and STOP answer EINVAL. */
	for (int signal = 1; signal <= SIGNALS; signal++)
		(void)syscall(SYS_rt_sigaction, signal, &action, NULL, sizeof(action.mask));
	(void)sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? fail(err, errno, "signal mask") : 0;
}

int child_session(const char *id, bool keyring, struct error *err)
{
	char name[512];

	(void)umask(0);
	if (setsid() < 0)
		return fail(err, errno, "setsid");
	if (!keyring)
		return 0;
	(void)snprintf(name, sizeof(name), "_ses.%s", id);
	/* A kernel without keys, or a user over quota, runs without a keyring of the container's own, as with peers. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	return 0;
}

int child_personality(const struct opt_u64 *domain, struct error *err)
{
	return domain->set && personality((unsigned long)domain->value) < 0 ? fail(err, errno, "linux.personality") : 0;
}

/* child.c - see child.h. */
#include "child.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int child_signals(struct error *err)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	/* The two that cannot be changed, and those the C library keeps for itself, answer EINVAL. */
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		(void)sigaction(signal, &action, NULL);
	(void)sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? fail(err, errno, "signal mask") : 0;
}

int child_session(const char *id, bool keyring, struct error *err)
{
	char name[300];

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

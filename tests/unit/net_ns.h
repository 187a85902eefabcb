/*
 * net_ns.h - tests of networks run as root in a child whose network namespace is its own, as the host of the test, and
 * which has a second one as a container: nothing reaches the machine. Beside the code under test, ip(8) and nft(8) say
 * what there is.
 */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/child.h"
#include "tests/unit/test.h"

/* A new namespace as an fd; the caller stays where it is. -1 on failure. */
__attribute__((unused)) static int net_ns_new(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd = -1;

	if (home < 0)
		return -1;
	if (unshare(CLONE_NEWNET) == 0) {
		fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (setns(home, CLONE_NEWNET) < 0)
			abort();
	}
	(void)close(home);
	return fd;
}

static int net_ns_run(const void *body)
{
	EXPECT(unshare(CLONE_NEWNET) == 0);
	return (*(int (*const *)(void))body)();
}

/* Runs body(), which returns 0 or the line of a failed EXPECT. */
__attribute__((unused)) static void in_net_ns(int (*body)(void))
{
	if (geteuid() != 0)
		TEST_SKIP("networks need root");
	CHECK_INT(0, in_child(net_ns_run, &body));
}

/* What a shell command prints, in `netns` (-1: here); valid until the next call. */
__attribute__((unused)) static const char *printed_in(int netns, const char *command)
{
	static char text[64 * 1024];
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	FILE *output;

	if (netns >= 0 && setns(netns, CLONE_NEWNET) < 0)
		abort();
	output = popen(command, "r"); /* NOLINT(cert-env33-c): a test asks iproute2 and nftables */
	if (!output)
		abort();
	used = fread(text, 1, sizeof(text) - 1, output);
	text[used] = '\0';
	(void)pclose(output);
	if (netns >= 0 && setns(home, CLONE_NEWNET) < 0)
		abort();
	(void)close(home);
	return text;
}

__attribute__((unused)) static bool prints(int netns, const char *command, const char *part)
{
	const char *text = printed_in(netns, command);

	if (strstr(text, part))
		return true;
	fprintf(stderr, "# %s: no \"%s\" in:\n%s", command, part, text);
	return false;
}

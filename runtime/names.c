/* names.c - see names.h. */
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "cgroups/cgroup.h"
#include "namespaces/caps.h"
#include "net/dns_served.h"
#include "net/dns_server.h"
#include "service.h"

#define LOCK          "names.lock"
#define OWN_CGROUP    "coffer-names"
#define STORE_SETTING "COFFER_NETWORKS"

enum { CGROUP_MODE = 0755, ANSWER_S = 10 };

/* ---- from outside ---- */

static int connect_to(const char *run, struct error *err)
{
	auto_fd int dir = open(run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *store = getenv(STORE_SETTING);
	auto_free char *setting = store ? xasprintf(STORE_SETTING "=%s", store) : NULL;
	auto_free char *what = xasprintf("the name server of %s", run);
	char *const argv[] = { (char[]){ "coffer" }, (char[]){ "network" }, (char[]){ "names" }, NULL };
	char *const envp[] = { setting, NULL };
	const struct service service = { .what = what,
					 .dir = dir,
					 .socket = "names",
					 .lock = LOCK,
					 .type = SOCK_SEQPACKET,
					 .argv = argv,
					 .envp = envp };

	return dir < 0 ? fail(err, errno, "open %s", run) : service_connect(&service, true, err);
}

static int ask(int fd, const char *network, struct error *err)
{
	return send(fd, network, strlen(network) + 1, MSG_NOSIGNAL) < 0 ? fail(err, errno, "ask the name server") : 0;
}

/* -ECONNRESET: it was just about to end. */
static int answer(int fd, struct error *err)
{
	const struct timeval wait = { .tv_sec = ANSWER_S };
	struct error answer = { .text = "" };
	ssize_t got;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	got = recv(fd, answer.text, sizeof(answer.text) - 1, 0);
	if (got <= 0)
		return fail(err, got < 0 ? errno : ECONNRESET, "the name server does not answer");
	return *answer.text ? refuse(err, "%s", answer.text) : 0;
}

int names_ask(const char *run, const char *network, struct error *err)
{
	int r = -ECONNRESET;

	for (int i = 0; i < 3 && (r == -ECONNRESET || r == -EPIPE); i++) {
		auto_fd int fd = connect_to(run, err);

		r = fd < 0 ? fd : ask(fd, network, err);
		if (r == 0)
			r = answer(fd, err);
	}
	return r;
}

int names_ensure(const char *run, const struct network *network, struct error *err)
{
	auto_free char *path = xasprintf("%s/" LOCK, run);
	auto_fd int lock = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return lock >= 0 && dns_served(lock, dns_served_place(network)) ? 0 : names_ask(run, network->name, err);
}

/* ---- the process ---- */

/* Out of the caller's cgroup, whose limits and end are not for it; where that is not allowed it stays. */
static void change_cgroup(const struct cgroup_host *host, bool back)
{
	if (back) {
		(void)fd_write_existing(host->root_fd, "cgroup.procs", "0");
		(void)unlinkat(host->root_fd, OWN_CGROUP, AT_REMOVEDIR);
	} else if (mkdirat(host->root_fd, OWN_CGROUP, CGROUP_MODE) == 0 || errno == EEXIST) {
		(void)fd_write_existing(host->root_fd, OWN_CGROUP "/cgroup.procs", "0");
	}
}

/* It reads what containers send: of root's rights it keeps the port below 1024 and the sockets of one bridge. */
static int give_up_rights(struct error *err)
{
	const uint64_t kept = 1ULL << CAP_NET_BIND_SERVICE | 1ULL << CAP_NET_RAW;
	const struct cap_sets sets = { .bounding = kept, .effective = kept, .permitted = kept };
	int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail(err, errno, "PR_SET_NO_NEW_PRIVS") : 0;

	if (r == 0)
		r = caps_apply_bounding(&sets, err);
	return r < 0 ? r : caps_apply(&sets, err);
}

/* Sockets for each network, and one for each question that waits for others. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* As service_connect() starts it. */
static bool is_started(void)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(SERVICE_LISTENER_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

int names_main(const char *config, const char *run, struct error *err)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	struct cgroup_host host = { .root_fd = -1 };
	struct error ignored;
	int r;

	if (!is_started())
		return refuse(err, "the name server is started by coffer itself, for the first container on a network");
	r = net_store_look(config, run, &store, err);
	if (r < 0)
		return r;
	(void)prctl(PR_SET_NAME, "coffer-names");
	raise_limit();
	if (cgroup_host_probe(&host, &ignored) == 0)
		change_cgroup(&host, false);
	r = give_up_rights(err);
	if (r == 0)
		r = dns_server_run(&store, SERVICE_LISTENER_FD, SERVICE_LOCK_FD, err);
	if (host.root_fd >= 0)
		change_cgroup(&host, true);
	return r;
}

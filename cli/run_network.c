/* run_network.c - see run_network.h. */
#include "run_network.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "runtime/pasta.h"
#include "runtime/resolv_conf.h"

enum { RESOLV_CONF_MAX = 64 * 1024 };

/* NAME:ADDRESS, as lines of /etc/hosts. */
static int take_hosts(struct arena *arena, const char *const *words, struct bundle_options *bundle, struct error *err)
{
	const char *lines = "";

	for (const char *const *word = words; word && *word; word++) {
		const char *colon = strchr(*word, ':');
		struct ip_address address;
		char text[IP_TEXT_SIZE];

		if (!colon || colon == *word)
			return refuse(err, "--add-host %.64s: not NAME:ADDRESS", *word);
		for (const char *at = *word; at < colon; at++)
			if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
				return refuse(err, "--add-host %.64s: not a name of a host", *word);
		if (ip_parse(colon + 1, &address, err) < 0)
			return context(err, "--add-host");
		lines = arena_printf(arena, "%s%s\t%.*s\n", lines, ip_text(&address, text), (int)(colon - *word),
				     *word);
	}
	bundle->more_hosts = lines;
	return 0;
}

static const char *servers_of_host(struct arena *arena)
{
	auto_free char *text = NULL;
	struct error ignored;

	if (fd_read_file(AT_FDCWD, "/etc/resolv.conf", RESOLV_CONF_MAX, &text, NULL, &ignored) < 0)
		return "";
	return resolv_conf_of_host(arena, text);
}

static int take_servers(struct arena *arena, const char *const *words, struct bundle_options *bundle, struct error *err)
{
	const char *lines = "";

	for (const char *const *word = words; word && *word; word++) {
		struct ip_address address;

		if (ip_parse(*word, &address, err) < 0)
			return context(err, "--dns");
		lines = arena_printf(arena, "%snameserver %s\n", lines, *word);
	}
	if (words && *words)
		bundle->name_servers = lines;
	return 0;
}

/* By an fd of this process: the number of one that ends now may be another's when the path is opened. */
static int find_container(struct arena *arena, const struct runtime *runtime, const char *id,
			  struct bundle_options *bundle, int *ret_netns, struct error *err)
{
	int netns = network_of_container(runtime, id, err);

	if (netns == -ESRCH)
		return refuse(err, "--network container:%.64s: that one does not run", id);
	if (netns < 0)
		return context(err, "--network container:%.64s", id);
	if (geteuid() != 0) {
		(void)close(netns);
		return refuse(err,
			      "--network container:%.64s needs root: that network belongs to the user namespace of its "
			      "container, and each container of an ordinary user has one of its own",
			      id);
	}
	bundle->network_path = arena_printf(arena, "/proc/self/fd/%d", netns);
	*ret_netns = netns;
	return 0;
}

/* Whoever asks for a port or an address wants a network that has them. */
static const char *default_word(const struct image_options *options)
{
	if (options->publish || options->net_rate || options->ip || options->ip6 || options->mac)
		return geteuid() == 0 ? network_default : "pasta";
	return options->image && str_eq(options->image, "host") ? "none" : network_default_word();
}

/* What the container asks when --dns does not say. Its networks' own server asks those of the host in turn. In the
   namespace of another it asks what that one asks. */
static int name_servers(struct arena *arena, const struct runtime *runtime, const struct network_plan *plan,
			const char **ret_lines, struct error *err)
{
	int r = 0;

	if (plan->mode == NETWORK_MODE_PASTA)
		*ret_lines = "nameserver " PASTA_NAME_SERVER "\n";
	else if (plan->mode == NETWORK_MODE_NAMED)
		r = network_name_servers(arena, plan, ret_lines, err);
	else if (plan->container)
		*ret_lines = network_name_servers_of(arena, runtime, plan->container);
	if ((plan->mode == NETWORK_MODE_PATH && !*ret_lines) ||
	    (plan->mode == NETWORK_MODE_NAMED && r == 0 && !**ret_lines))
		*ret_lines = servers_of_host(arena);
	return r;
}

int run_network(struct arena *arena, const struct runtime *runtime, const struct image_options *options,
		struct network_plan *ret_plan, struct bundle_options *bundle, int *ret_netns, struct error *err)
{
	const char *const by_default[] = { default_word(options), NULL };
	const struct network_words words = {
		.networks = options->network ? options->network : by_default,
		.ports = options->publish,
		.ip = options->ip,
		.ip6 = options->ip6,
		.mac = options->mac,
		.rate = options->net_rate,
	};
	int r = network_plan_make(arena, &words, ret_plan, err);

	if (r < 0)
		return r;
	bundle->host_network = ret_plan->mode == NETWORK_MODE_HOST;
	bundle->network_path = ret_plan->path;
	r = options->dns ? 0 : name_servers(arena, runtime, ret_plan, &bundle->name_servers, err);
	if (r == 0 && ret_plan->container)
		r = find_container(arena, runtime, ret_plan->container, bundle, ret_netns, err);
	if (r == 0)
		r = take_servers(arena, options->dns, bundle, err);
	return r < 0 ? r : take_hosts(arena, options->add_host, bundle, err);
}

/* device.c - see device.h. */
#include "device.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "link.h"
#include "netns.h"

enum { NUMBERS = 1000 };

static const char template_end[] = "%d";

/* The part of a template before its number. */
static size_t stem_length(const char *template)
{
	return strlen(template) - strlen(template_end);
}

bool device_name_valid(const char *name)
{
	char numbered[IFNAMSIZ];

	if (!str_ends(name, template_end))
		return link_name_valid(name);
	if (stem_length(name) == 0 || stem_length(name) >= sizeof(numbered))
		return false;
	(void)snprintf(numbered, sizeof(numbered), "%.*s", (int)stem_length(name), name);
	return link_name_valid(numbered);
}

/* *ret_free: none in the namespace is called so. */
static int look(int route, const char *name, bool *ret_free, struct error *err)
{
	struct link_info link = { 0 };
	int r = link_get(route, name, &link, err);

	*ret_free = r == -ENODEV;
	return *ret_free ? 0 : r;
}

static int choose_name(int route, const char *as, char *name, struct error *err)
{
	const bool template = str_ends(as, template_end);
	bool is_free = false;

	for (unsigned i = 0; i < (template ? NUMBERS : 1); i++) {
		const int length = template ? snprintf(name, IFNAMSIZ, "%.*s%u", (int)stem_length(as), as, i)
					    : snprintf(name, IFNAMSIZ, "%s", as);

		if (length >= IFNAMSIZ)
			return refuse(err, "%s: the name is too long", as);
		if (look(route, name, &is_free, err) < 0)
			return -err->code;
		if (is_free)
			return 0;
	}
	return refuse_as(err, EEXIST, "the container has an interface %s already", as);
}

static int set_up(int route, const char *name, const struct ip_network *addresses, size_t count, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct link_info link = { 0 };
	int r = link_get(route, name, &link, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		addr_add(&batch, link.index, &addresses[i], true);
	link_up(&batch, link.index);
	return netlink_send(route, &batch, NULL, NULL, err);
}

static int move(int here, int there, int netns, const struct link_info *link, const char *name, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_free struct ip_network *addresses = NULL;
	size_t count = 0;
	int r = addr_list(here, link->index, &addresses, &count, err);

	if (r < 0)
		return r;
	link_move(&batch, link->index, netns, name);
	r = netlink_send(here, &batch, NULL, NULL, err);
	return r < 0 ? r : set_up(there, name, addresses, count, err);
}

int device_move(int netns, const char *name, const char *as, struct error *err)
{
	auto_fd int here = -1;
	auto_fd int there = -1;
	char new_name[IFNAMSIZ] = "";
	struct link_info link = { 0 };
	int r = netlink_open(NETLINK_ROUTE, &here, err);

	if (r == 0)
		r = netns_open_route(netns, here, &there, err);
	if (r == 0)
		r = link_get(here, name, &link, err);
	if (r == 0)
		r = choose_name(there, as ? as : name, new_name, err);
	return r < 0 ? r : move(here, there, netns, &link, new_name, err);
}

/* fuzz_netlink.c - any bytes as the kernel's answer: attributes, interfaces, routes,
   flows and elements are read within them. */
#include "net/addr.h"
#include "net/conntrack.h"
#include "net/firewall.h"
#include "net/link.h"
#include "net/listening.h"
#include "net/netlink.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int see(const struct netlink_reply *reply, void *context)
{
	struct link_info *info = context;
	struct addr_route route;
	struct ip_network address;
	struct conntrack_flow flow;
	const struct nft_port port = { .protocol = 6, .host_port = 80, .port = 80 };
	char text[IP_TEXT_SIZE];
	char firewall[FIREWALL_TEXT_SIZE];
	struct listening listening;

	link_read(reply, info);
	(void)firewalls_read(reply, firewall);
	(void)addr_read(reply, 1, &address);
	if (listening_read(reply, &listening) && !ip_is_set(&listening.at))
		abort();
	if (addr_read_route(reply, &route))
		(void)ip_network_text(&route.network, text);
	(void)nft_taken_read(reply, AF_INET, &port, 1);
	(void)nft_taken_read(reply, AF_INET6, &port, 1);
	if (conntrack_read(reply, &flow))
		(void)ip_text(&flow.to, text);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct error err;
	struct link_info info = { 0 };
	struct netlink_answer answer = {
		.batch = &batch, .first = 1, .last = 2, .reply = see, .context = &info, .err = &err
	};
	auto_free uint8_t *aligned = NULL;

	if (size < 2)
		return 0;
	aligned = xreallocarray(NULL, size - 1, 1);
	memcpy(aligned, data + 1, size - 1);
	answer.list = data[0] & 1;
	batch.optional = data[0] & 2;
	netlink_begin(&batch, RTM_GETLINK, 0, "", 1, "one", "");
	netlink_begin(&batch, RTM_GETLINK, 0, "", 1, "two", "");
	(void)netlink_read(&answer, aligned, size - 1);
	return 0;
}

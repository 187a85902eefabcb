/* firewall.c - see firewall.h. */
#include "firewall.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* The kernel has names of tables end with a NUL. */
static const char *text_of(const struct netlink_reply *attribute)
{
	return memchr(attribute->data, '\0', attribute->size) ? (const char *)attribute->data : "";
}

static const char *family_word(int family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return NULL;
	}
}

static const char *hook_word(uint32_t hook)
{
	if (hook == NF_INET_LOCAL_IN)
		return "input";
	return hook == NF_INET_FORWARD ? "forward" : NULL;
}

bool firewalls_read(const struct netlink_reply *reply, char ret_text[FIREWALL_TEXT_SIZE])
{
	const size_t header = sizeof(struct nfgenmsg);
	struct netlink_reply table;
	struct netlink_reply hook;
	struct netlink_reply number;
	struct netlink_reply policy;
	const char *family;
	const char *at;
	const char *name;

	/* Only a base chain has a hook and a policy. */
	if (!netlink_find(reply, header, NFTA_CHAIN_TABLE, &table) ||
	    !netlink_find(reply, header, NFTA_CHAIN_HOOK, &hook) ||
	    !netlink_find(reply, header, NFTA_CHAIN_POLICY, &policy) ||
	    !netlink_find(&hook, 0, NFTA_HOOK_HOOKNUM, &number))
		return false;
	name = text_of(&table);
	family = family_word(reply->data[offsetof(struct nfgenmsg, nfgen_family)]);
	at = hook_word(ntohl(netlink_u32(&number)));
	if (!family || !at || str_eq(name, "coffer"))
		return false;
	if (ntohl(netlink_u32(&policy)) != NF_DROP && !str_eq(name, "firewalld"))
		return false;
	(void)snprintf(ret_text, FIREWALL_TEXT_SIZE, "%s %.64s: %s", family, name, at);
	return true;
}

static int see_chain(const struct netlink_reply *reply, void *context)
{
	struct firewalls *found = context;
	char text[FIREWALL_TEXT_SIZE];

	if (found->count == FIREWALLS_MAX || !firewalls_read(reply, text))
		return 0;
	for (size_t i = 0; i < found->count; i++)
		if (str_eq(found->texts[i], text))
			return 0;
	memcpy(found->texts[found->count++], text, sizeof(text));
	return 0;
}

int firewalls_find(int netfilter, struct firewalls *ret, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct nfgenmsg all = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };

	ret->count = 0;
	netlink_begin(&batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, 0, &all, sizeof(all), "list chains", "");
	return netlink_list(netfilter, &batch, see_chain, ret, err);
}

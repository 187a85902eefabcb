/*
 * nft_rules.c - the static part of our tables; see nft.h. Each rule stands below its form in nft(8).
 *
 * inet coffer
 *	raw       what belongs to the loopback interface comes from there only: route_localnet is on at our bridges
 *	prerouting, output -> publish   published ports: destination NAT for what is addressed to this host
 *	forward   between our bridges and the rest; packets that have nothing to do with them pass at the first rule
 *	postrouting   source NAT: outward, for a container that reaches itself or a neighbour by a published port, and
 *	          for the host's 127.0.0.1
 * bridge coffer
 *	prerouting   a port of a bridge sends under its own MAC and addresses only: two lookups for most packets
 */
#include "nft_rules.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include "base/cleanup.h"

enum { IFNAME_REGS = 4, SENDER_REGS = 6 }; /* behind a name; behind a name and a MAC */
enum { CT_GOING_ON = 2 | 4, CT_NEW = 8 | NF_CT_STATE_UNTRACKED_BIT, LOOPBACK_NET = 127 };
enum { OFFSET_SADDR4 = 12, OFFSET_DADDR4 = 16, OFFSET_SADDR6 = 8, OFFSET_DADDR6 = 24, OFFSET_DPORT = 2 };
enum { OFFSET_ETHER_SADDR = 6, OFFSET_ARP_SENDER = 14, ETHER_SIZE = 6, IPV6_SIZE = 16 };
enum { ICMPV6 = 58, ICMPV6_ROUTER_ADVERTISEMENT = 134, ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136, OFFSET_ND_TARGET = 8 };
enum { PRIORITY_RAW = -300, PRIORITY_DSTNAT = -100, PRIORITY_SRCNAT = 100, BRIDGE_PRIORITY_FILTER = -200 };
enum { BRIDGE_PRE_ROUTING = 0 }; /* linux/netfilter_bridge.h does not go with musl */

/* clang-format off */
#define META(reg_, key_) { NFT_OP_META, .reg = (reg_), .key = (key_) }
#define CT(reg_, key_) { NFT_OP_CT, .reg = (reg_), .key = (key_) }
#define FIB_TYPE(reg_) { NFT_OP_FIB, .reg = (reg_) }
#define LOAD(reg_, base_, offset_, size_) \
	{ NFT_OP_PAYLOAD, .reg = (reg_), .key = (base_), .offset = (offset_), .size = (size_) }
#define NETWORK(reg, offset, size) LOAD(reg, NFT_PAYLOAD_NETWORK_HEADER, offset, size)
#define MASK(reg_, value_) { NFT_OP_MASK, .reg = (reg_), .value = (value_) }
#define IS(reg_, size_, value_) { NFT_OP_IS, .reg = (reg_), .size = (size_), .value = (value_) }
#define IS_NOT(reg_, size_, value_) { NFT_OP_IS_NOT, .reg = (reg_), .size = (size_), .value = (value_) }
#define NOT_NAMED(reg_, name_) { NFT_OP_NOT_NAMED, .reg = (reg_), .name = (name_) }
#define IN(reg_, set_) { NFT_OP_IN, .reg = (reg_), .name = (set_) }
#define NOT_IN(reg_, set_) { NFT_OP_NOT_IN, .reg = (reg_), .name = (set_) }
#define MAP(reg_, map_, to_) { NFT_OP_MAP, .reg = (reg_), .name = (map_), .value = (to_) }
#define VERDICT(code_) { NFT_OP_VERDICT, .value = (uint32_t)(code_) }
#define JUMP(chain_) { NFT_OP_VERDICT, .value = (uint32_t)NFT_JUMP, .name = (chain_) }
#define DNAT(family_, address_, port_) { NFT_OP_DNAT, .key = (family_), .reg = (address_), .value = (port_) }
#define MASQUERADE { NFT_OP_MASQUERADE }
#define END { NFT_OP_END }
#define IPV4 META(0, NFT_META_NFPROTO), IS(0, 1, NFPROTO_IPV4)
#define IPV6 META(0, NFT_META_NFPROTO), IS(0, 1, NFPROTO_IPV6)
#define FROM(set) META(0, NFT_META_IIFNAME), IN(0, set)
#define NOT_FROM(set) META(0, NFT_META_IIFNAME), NOT_IN(0, set)
#define TO(set) META(0, NFT_META_OIFNAME), IN(0, set)
#define NOT_TO(set) META(0, NFT_META_OIFNAME), NOT_IN(0, set)
#define TRANSLATED CT(0, NFT_CT_STATUS), MASK(0, IPS_DST_NAT), IS_NOT(0, 4, 0)
#define FIRST CT(0, NFT_CT_STATE), MASK(0, CT_NEW), IS_NOT(0, 4, 0)
#define RULE(name) static const struct nft_op name[]

/* iifname != "lo" ip daddr 127.0.0.0/8 drop */
RULE(no_loopback_destination) = { META(0, NFT_META_IIFNAME), NOT_NAMED(0, "lo"), IPV4, NETWORK(0, OFFSET_DADDR4, 1),
	IS(0, 1, LOOPBACK_NET), VERDICT(NF_DROP), END };
/* iifname != "lo" ip saddr 127.0.0.0/8 drop */
RULE(no_loopback_source) = { META(0, NFT_META_IIFNAME), NOT_NAMED(0, "lo"), IPV4, NETWORK(0, OFFSET_SADDR4, 1),
	IS(0, 1, LOOPBACK_NET), VERDICT(NF_DROP), END };

/* fib daddr type local jump publish */
RULE(to_this_host) = { FIB_TYPE(0), IS(0, 4, RTN_LOCAL), JUMP("publish"), END };

/* dnat ip to ip daddr . meta l4proto . th dport map @at4 */
RULE(publish_at4) = { IPV4, NETWORK(0, OFFSET_DADDR4, 4), META(1, NFT_META_L4PROTO),
	LOAD(2, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_DPORT, 2), MAP(0, "at4", 0), DNAT(NFPROTO_IPV4, 0, 1), END };
/* dnat ip to meta l4proto . th dport map @ports4 */
RULE(publish_ports4) = { IPV4, META(0, NFT_META_L4PROTO), LOAD(1, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_DPORT, 2),
	MAP(0, "ports4", 0), DNAT(NFPROTO_IPV4, 0, 1), END };
/* dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6 */
RULE(publish_at6) = { IPV6, NETWORK(0, OFFSET_DADDR6, IPV6_SIZE), META(4, NFT_META_L4PROTO),
	LOAD(5, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_DPORT, 2), MAP(0, "at6", 0), DNAT(NFPROTO_IPV6, 0, 4), END };
/* ip6 daddr != ::1 dnat ip6 to meta l4proto . th dport map @ports6: IPv6 routes nothing from ::1 to an interface */
RULE(publish_ports6) = { IPV6, NETWORK(0, OFFSET_DADDR6, IPV6_SIZE), IS_NOT(0, IPV6_SIZE, 1),
	META(0, NFT_META_L4PROTO), LOAD(1, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_DPORT, 2), MAP(0, "ports6", 0),
	DNAT(NFPROTO_IPV6, 0, 4), END };

/* drop */
RULE(nothing_else) = { VERDICT(NF_DROP), END };

/* iifname != @bridges oifname != @bridges accept */
RULE(not_ours) = { NOT_FROM("bridges"), NOT_TO("bridges"), VERDICT(NF_ACCEPT), END };
/* ct state established,related accept */
RULE(going_on) = { CT(0, NFT_CT_STATE), MASK(0, CT_GOING_ON), IS_NOT(0, 4, 0), VERDICT(NF_ACCEPT), END };
/* iifname . oifname @same accept */
RULE(same_bridge) = { META(0, NFT_META_IIFNAME), META(IFNAME_REGS, NFT_META_OIFNAME),
	IN(0, "same"), VERDICT(NF_ACCEPT), END };
/* ct status dnat iifname != @internal oifname != @internal accept */
RULE(published) = { TRANSLATED, NOT_FROM("internal"), NOT_TO("internal"), VERDICT(NF_ACCEPT), END };
/* ct state new,untracked iifname @open oifname @open accept */
RULE(both_open) = { FIRST, FROM("open"), TO("open"), VERDICT(NF_ACCEPT), END };
/* ct state new,untracked iifname != @internal oifname != @bridges accept */
RULE(outward) = { FIRST, NOT_FROM("internal"), NOT_TO("bridges"), VERDICT(NF_ACCEPT), END };

/* ip saddr . oifname @own4 ct status dnat masquerade */
RULE(hairpin4) = { IPV4, NETWORK(0, OFFSET_SADDR4, 4), META(1, NFT_META_OIFNAME), IN(0, "own4"), TRANSLATED, MASQUERADE,
	END };
/* ip6 saddr . oifname @own6 ct status dnat masquerade */
RULE(hairpin6) = { IPV6, NETWORK(0, OFFSET_SADDR6, IPV6_SIZE), META(4, NFT_META_OIFNAME), IN(0, "own6"), TRANSLATED,
	MASQUERADE, END };
/* ip saddr 127.0.0.0/8 oifname @bridges masquerade */
RULE(localhost) = { IPV4, NETWORK(0, OFFSET_SADDR4, 1), IS(0, 1, LOOPBACK_NET), TO("bridges"), MASQUERADE, END };
/* iifname @bridges oifname != @bridges masquerade */
RULE(as_the_host) = { FROM("bridges"), NOT_TO("bridges"), MASQUERADE, END };

/* iifname . ether saddr . ... */
#define SENDER META(0, NFT_META_IIFNAME), LOAD(IFNAME_REGS, NFT_PAYLOAD_LL_HEADER, OFFSET_ETHER_SADDR, ETHER_SIZE)
#define PROTOCOL(type) META(0, NFT_META_PROTOCOL), IS(0, 2, type)
/* iifname != @checked accept */
RULE(not_checked) = { NOT_FROM("checked"), VERDICT(NF_ACCEPT), END };
/* meta protocol ip iifname . ether saddr . ip saddr @sources4 accept */
RULE(own_ip) = { PROTOCOL(ETH_P_IP), SENDER, NETWORK(SENDER_REGS, OFFSET_SADDR4, 4), IN(0, "sources4"),
	VERDICT(NF_ACCEPT), END };
/* meta protocol ip6 meta l4proto icmpv6 icmpv6 type nd-router-advert drop */
RULE(no_router) = { PROTOCOL(ETH_P_IPV6), META(0, NFT_META_L4PROTO), IS(0, 1, ICMPV6),
	LOAD(0, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1), IS(0, 1, ICMPV6_ROUTER_ADVERTISEMENT), VERDICT(NF_DROP), END };
/* the same with icmpv6 type nd-neighbor-advert, and iifname . ether saddr . its target != @sources6 */
RULE(own_neighbour) = { PROTOCOL(ETH_P_IPV6), META(0, NFT_META_L4PROTO), IS(0, 1, ICMPV6),
	LOAD(0, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1), IS(0, 1, ICMPV6_NEIGHBOUR_ADVERTISEMENT), SENDER,
	LOAD(SENDER_REGS, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_ND_TARGET, IPV6_SIZE), NOT_IN(0, "sources6"),
	VERDICT(NF_DROP), END };
/* meta protocol ip6 iifname . ether saddr . ip6 saddr @sources6 accept */
RULE(own_ip6) = { PROTOCOL(ETH_P_IPV6), SENDER, NETWORK(SENDER_REGS, OFFSET_SADDR6, IPV6_SIZE), IN(0, "sources6"),
	VERDICT(NF_ACCEPT), END };
/* meta protocol arp iifname . ether saddr . arp saddr ip @sources4 accept */
RULE(own_arp) = { PROTOCOL(ETH_P_ARP), SENDER, NETWORK(SENDER_REGS, OFFSET_ARP_SENDER, 4), IN(0, "sources4"),
	VERDICT(NF_ACCEPT), END };
static const struct nft_set inet_sets[] = {
	{ "bridges", { NFT_IFNAME } },
	{ "internal", { NFT_IFNAME } },
	{ "open", { NFT_IFNAME } },
	{ "same", { NFT_IFNAME, NFT_IFNAME } },
	{ "own4", { NFT_IPV4, NFT_IFNAME } },
	{ "own6", { NFT_IPV6, NFT_IFNAME } },
	{ "ports4", { NFT_PROTOCOL, NFT_SERVICE }, { NFT_IPV4, NFT_SERVICE } },
	{ "ports6", { NFT_PROTOCOL, NFT_SERVICE }, { NFT_IPV6, NFT_SERVICE } },
	{ "at4", { NFT_IPV4, NFT_PROTOCOL, NFT_SERVICE }, { NFT_IPV4, NFT_SERVICE } },
	{ "at6", { NFT_IPV6, NFT_PROTOCOL, NFT_SERVICE }, { NFT_IPV6, NFT_SERVICE } },
};

static const struct nft_chain inet_chains[] = {
	{ "publish", NULL, 0, 0 },
	{ "raw", "filter", NF_INET_PRE_ROUTING, PRIORITY_RAW },
	{ "prerouting", "nat", NF_INET_PRE_ROUTING, PRIORITY_DSTNAT },
	{ "output", "nat", NF_INET_LOCAL_OUT, PRIORITY_DSTNAT },
	{ "forward", "filter", NF_INET_FORWARD, 0 },
	{ "postrouting", "nat", NF_INET_POST_ROUTING, PRIORITY_SRCNAT },
};

static const struct nft_rule inet_rules[] = {
	{ "raw", no_loopback_destination }, { "raw", no_loopback_source },
	{ "prerouting", to_this_host }, { "output", to_this_host },
	{ "publish", publish_at4 }, { "publish", publish_ports4 },
	{ "publish", publish_at6 }, { "publish", publish_ports6 },
	{ "forward", not_ours }, { "forward", going_on }, { "forward", same_bridge }, { "forward", published },
	{ "forward", both_open }, { "forward", outward }, { "forward", nothing_else },
	{ "postrouting", hairpin4 }, { "postrouting", hairpin6 }, { "postrouting", localhost },
	{ "postrouting", as_the_host },
};

static const struct nft_set bridge_sets[] = {
	{ "checked", { NFT_IFNAME } },
	{ "sources4", { NFT_IFNAME, NFT_ETHER, NFT_IPV4 } },
	{ "sources6", { NFT_IFNAME, NFT_ETHER, NFT_IPV6 } },
};

static const struct nft_chain bridge_chains[] = {
	{ "prerouting", "filter", BRIDGE_PRE_ROUTING, BRIDGE_PRIORITY_FILTER },
};

static const struct nft_rule bridge_rules[] = {
	{ "prerouting", not_checked }, { "prerouting", own_ip }, { "prerouting", no_router },
	{ "prerouting", own_neighbour }, { "prerouting", own_ip6 }, { "prerouting", own_arp },
	{ "prerouting", nothing_else },
};

#define TABLE(family_, prefix) { .family = (family_), \
	.sets = prefix##_sets, .chains = prefix##_chains, .rules = prefix##_rules, \
	.n_sets = ARRAY_SIZE(prefix##_sets), .n_chains = ARRAY_SIZE(prefix##_chains), \
	.n_rules = ARRAY_SIZE(prefix##_rules) }

const struct nft_table nft_tables[NFT_TABLES] = { TABLE(NFPROTO_INET, inet), TABLE(NFPROTO_BRIDGE, bridge) };
/* clang-format on */

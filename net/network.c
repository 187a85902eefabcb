/* network.c - see network.h. */
#include "network.h"

#include <ctype.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "lines.h"

enum { PREFIX4_MIN = 8, PREFIX4_MAX = 30, PREFIX6_MIN = 48, PREFIX6_MAX = 120, READABLE_NAME = 12, HASH_BITS = 48 };

const char network_default[] = "bridge";

const char *const network_kind_names[] = {
	[NETWORK_BRIDGE] = "bridge",      [NETWORK_MACVLAN] = "macvlan", [NETWORK_IPVLAN] = "ipvlan",
	[NETWORK_DEVICE] = "host-device", [NETWORK_KIND_MAX] = NULL,
};

/* The first of a kind is what it has unless told otherwise. */
static const struct {
	enum network_kind kind;
	uint32_t mode;
	const char *word;
} modes[] = {
	{ NETWORK_MACVLAN, MACVLAN_MODE_BRIDGE, "bridge" }, { NETWORK_MACVLAN, MACVLAN_MODE_PRIVATE, "private" },
	{ NETWORK_MACVLAN, MACVLAN_MODE_VEPA, "vepa" },     { NETWORK_MACVLAN, MACVLAN_MODE_PASSTHRU, "passthru" },
	{ NETWORK_IPVLAN, IPVLAN_MODE_L2, "l2" },           { NETWORK_IPVLAN, IPVLAN_MODE_L3, "l3" },
	{ NETWORK_IPVLAN, IPVLAN_MODE_L3S, "l3s" },
};

static const struct {
	const char *name, *means;
} reserved[] = {
	{ "none", "--network none" },
	{ "host", "--network host" },
	{ "private", "what engines call a container's own" },
	{ "container", "--network container:ID" },
	{ "ns", "--network ns:FILE" },
	{ "pasta", "--network pasta" },
};

bool network_name_valid(const char *name)
{
	const size_t length = strlen(name);

	if (length == 0 || length >= NETWORK_NAME_SIZE || !isalnum((unsigned char)name[0]) || str_ends(name, ".tmp"))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (str_eq(name, reserved[i].name))
			return false;
	return true;
}

int network_name_check(const char *name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (str_eq(name, reserved[i].name))
			return refuse(err, "\"%s\" is not a name for a network: it is reserved for %s", name,
				      reserved[i].means);
	return network_name_valid(name) ? 0 : refuse(err, "\"%.64s\" is not a name for a network", name);
}

const char *network_mode_word(const struct network *network)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].kind == network->kind && modes[i].mode == network->mode)
			return modes[i].word;
	return NULL;
}

int network_set_mode(struct network *network, const char *word, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (modes[i].kind != network->kind || (word && !str_eq(word, modes[i].word)))
			continue;
		network->mode = modes[i].mode;
		return 0;
	}
	return word ? refuse(err, "\"%.32s\" is not a mode of %s", word, network_kind_names[network->kind]) : 0;
}

bool network_routed_by_host(const struct network *network)
{
	return network->kind == NETWORK_IPVLAN && network->mode != IPVLAN_MODE_L2;
}

bool network_for_one(const struct network *network)
{
	return network->kind == NETWORK_DEVICE ||
	       (network->kind == NETWORK_MACVLAN && network->mode == MACVLAN_MODE_PASSTHRU);
}

void network_name_bridge(struct network *network)
{
	char underlay[IP_TEXT_SIZE];
	const uint64_t hash = ip_hash(network->name, 0);
	/* Hosts of one VXLAN are told apart. */
	const uint64_t own = network->vni ? ip_hash(ip_text(&network->underlay, underlay), hash) : hash;

	if (network->kind != NETWORK_BRIDGE)
		return;
	memcpy(network->mac, &own, MAC_SIZE);
	network->mac[0] = 2; /* of local administration, one station's */
	if (*network->bridge)
		return;
	if (str_eq(network->name, network_default))
		(void)snprintf(network->bridge, sizeof(network->bridge), "coffer0");
	else if (strlen(network->name) <= READABLE_NAME)
		(void)snprintf(network->bridge, sizeof(network->bridge), "co-%.12s", network->name);
	else
		(void)snprintf(network->bridge, sizeof(network->bridge), "co-%012llx",
			       (unsigned long long)(hash & ((1ULL << HASH_BITS) - 1)));
}

static const char *made_name(const struct network *network, const char *prefix, char *buffer)
{
	(void)snprintf(buffer, IFNAMSIZ, "%.2s%012llx", prefix,
		       (unsigned long long)(ip_hash(network->name, 0) & ((1ULL << HASH_BITS) - 1)));
	return buffer;
}

const char *network_vxlan_name(const struct network *network, char *buffer)
{
	return made_name(network, "cx", buffer);
}

const char *network_parent_name(const struct network *network, char *buffer)
{
	if (network->vlan)
		return made_name(network, "cl", buffer);
	(void)snprintf(buffer, IFNAMSIZ, "%s", network->parent);
	return buffer;
}

static int check_range(const struct ip_network *net, const struct ip_network *range, struct error *err)
{
	char text[IP_TEXT_SIZE];

	if (ip_is_set(&range->address) && (range->prefix < net->prefix || !ip_network_has(net, &range->address)))
		return refuse(err, "the range %s is not in the network", ip_network_text(range, text));
	return 0;
}

static int check_reserved(const struct network *network, struct error *err)
{
	for (size_t i = 0; i < network->n_reserved; i++) {
		const struct ip_range *range = &network->reserved[i];
		const struct ip_network *net = range->first.family == AF_INET ? &network->v4 : &network->v6;
		char text[IP_RANGE_TEXT_SIZE];

		if (!ip_network_has(net, &range->first) || !ip_network_has(net, &range->last))
			return refuse(err, "the reserved %s is not in the network", ip_range_text(range, text));
	}
	return 0;
}

static int check_vxlan(const struct network *network, struct error *err)
{
	if (!network->vni)
		return network->n_peers || ip_is_set(&network->underlay) ? refuse(err, "peers are of a VXLAN: --vxlan")
									 : 0;
	if (network->vni > NETWORK_VNI_MAX || !ip_is_set(&network->underlay) || network->n_peers == 0)
		return refuse(err, "a VXLAN has a number up to %d, an address of this host and peers", NETWORK_VNI_MAX);
	for (size_t i = 0; i < network->n_peers; i++)
		if (network->peers[i].family != network->underlay.family)
			return refuse(err, "the peers of a VXLAN are all of one IP version");
	return 0;
}

static int check_family(const struct ip_network *net, unsigned prefix_min, unsigned prefix_max, struct error *err)
{
	const struct ip_network base = ip_network_of(net);
	const struct ip_address last = ip_at(&base, ip_count(&base) - 1);
	char text[IP_TEXT_SIZE];

	if (!ip_is_set(&net->address))
		return 0;
	if (net->prefix < prefix_min || net->prefix > prefix_max)
		return refuse(err, "%s: the prefix is not between %u and %u", ip_network_text(net, text), prefix_min,
			      prefix_max);
	if (ip_is_loopback(&net->address) || ip_is_group(&net->address) || ip_equal(&base.address, &net->address) ||
	    ip_equal(&last, &net->address))
		return refuse(err, "%s: cannot be a gateway's address", ip_network_text(net, text));
	return 0;
}

/* What is on the parent's wire is not ours to name, to filter or to reach. */
static int check_parent(const struct network *network, struct error *err)
{
	const char *kind = network_kind_names[network->kind];

	if (!link_name_valid(network->parent))
		return refuse(err, "%s: on which interface of the host is missing: -o parent=INTERFACE", kind);
	if (*network->bridge || network->vni || network->open || network->may_spoof)
		return refuse(err, "%s: --interface, --vxlan, --open and --spoof are for bridges", kind);
	if (network->kind != NETWORK_DEVICE && !network_mode_word(network))
		return refuse(err, "%s: without a mode", kind);
	if (!network->no_names)
		return refuse(err, "%s: there is no name server on such a network", kind);
	if (network->kind == NETWORK_DEVICE && (network->mtu || network->vlan))
		return refuse(err, "%s: the interface is used as it is, without --mtu and --vlan", kind);
	return 0;
}

static int check_kind(const struct network *network, struct error *err)
{
	if (network->vlan > LINK_VLAN_MAX)
		return refuse(err, "a VLAN has a number from 1 to %d", LINK_VLAN_MAX);
	if (network->kind != NETWORK_BRIDGE)
		return check_parent(network, err);
	if (*network->parent)
		return refuse(err, "a bridge has no parent: the host routes; --driver macvlan is on a parent's wire");
	if (!link_name_valid(network->bridge))
		return refuse(err, "\"%.32s\" is not a name for an interface", network->bridge);
	return 0;
}

int network_validate(const struct network *network, struct error *err)
{
	if (network_name_check(network->name, err) < 0)
		return -err->code;
	if (check_kind(network, err) < 0)
		return -err->code;
	if (!ip_is_set(&network->v4.address) && !ip_is_set(&network->v6.address))
		return refuse(err, "network %s has no addresses", network->name);
	if (network->mtu && (network->mtu < NETWORK_MTU_MIN || network->mtu > NETWORK_MTU_MAX))
		return refuse(err, "an MTU is between %d and %d", NETWORK_MTU_MIN, NETWORK_MTU_MAX);
	if (check_range(&network->v4, &network->range4, err) < 0 ||
	    check_range(&network->v6, &network->range6, err) < 0 || check_reserved(network, err) < 0 ||
	    check_vxlan(network, err) < 0)
		return -err->code;
	if (check_family(&network->v4, PREFIX4_MIN, PREFIX4_MAX, err) < 0)
		return -err->code;
	return check_family(&network->v6, PREFIX6_MIN, PREFIX6_MAX, err);
}

/* ---- the record ---- */

static int read_name(const char *value, void *target, struct error *err)
{
	struct network *network = target;

	if (network_name_check(value, err) < 0)
		return -err->code;
	memcpy(network->name, value, strlen(value) + 1);
	return 0;
}

static int read_bridge(const char *value, void *target, struct error *err)
{
	struct network *network = target;

	if (!link_name_valid(value))
		return refuse(err, "\"%.32s\" is not a name for an interface", value);
	memcpy(network->bridge, value, strlen(value) + 1);
	return 0;
}

static int read_driver(const char *value, void *target, struct error *err)
{
	for (enum network_kind kind = NETWORK_BRIDGE; kind < NETWORK_KIND_MAX; kind++) {
		if (!str_eq(value, network_kind_names[kind]))
			continue;
		((struct network *)target)->kind = kind;
		return 0;
	}
	return refuse(err, "unknown driver \"%.32s\"", value);
}

static int read_parent(const char *value, void *target, struct error *err)
{
	struct network *network = target;

	if (!link_name_valid(value))
		return refuse(err, "\"%.32s\" is not a name for an interface", value);
	memcpy(network->parent, value, strlen(value) + 1);
	return 0;
}

static int read_mode(const char *value, void *target, struct error *err)
{
	return network_set_mode(target, value, err);
}

static int read_vlan(const char *value, void *target, struct error *err)
{
	uint64_t vlan;

	if (str_to_u64(value, LINK_VLAN_MAX, &vlan) < 0)
		return refuse(err, "not the number of a VLAN");
	((struct network *)target)->vlan = (uint16_t)vlan;
	return 0;
}

static int read_mac(const char *value, void *target, struct error *err)
{
	return mac_parse(value, ((struct network *)target)->mac, err);
}

static int read_gateway(const char *value, void *target, struct error *err)
{
	struct network *network = target;
	struct ip_network net;

	if (ip_network_parse(value, &net, err) < 0)
		return -err->code;
	*(net.address.family == AF_INET ? &network->v4 : &network->v6) = net;
	return 0;
}

static int read_range(const char *value, void *target, struct error *err)
{
	struct network *network = target;
	struct ip_network range;

	if (ip_network_parse(value, &range, err) < 0)
		return -err->code;
	*(range.address.family == AF_INET ? &network->range4 : &network->range6) = range;
	return 0;
}

int network_reserve(struct network *network, const char *text, struct error *err)
{
	if (network->n_reserved == NETWORK_RESERVED_MAX)
		return refuse(err, "more than %d reservations", NETWORK_RESERVED_MAX);
	return ip_range_parse(text, &network->reserved[network->n_reserved++], err);
}

static int read_reserve(const char *value, void *target, struct error *err)
{
	return network_reserve(target, value, err);
}

static int read_vxlan(const char *value, void *target, struct error *err)
{
	uint64_t vni;

	if (str_to_u64(value, NETWORK_VNI_MAX, &vni) < 0)
		return refuse(err, "not the number of a VXLAN");
	((struct network *)target)->vni = (uint32_t)vni;
	return 0;
}

static int read_underlay(const char *value, void *target, struct error *err)
{
	return ip_parse(value, &((struct network *)target)->underlay, err);
}

static int read_peer(const char *value, void *target, struct error *err)
{
	struct network *network = target;

	if (network->n_peers == NETWORK_PEERS_MAX)
		return refuse(err, "more than %d peers", NETWORK_PEERS_MAX);
	return ip_parse(value, &network->peers[network->n_peers++], err);
}

static int read_mtu(const char *value, void *target, struct error *err)
{
	uint64_t mtu;

	if (str_to_u64(value, NETWORK_MTU_MAX, &mtu) < 0)
		return refuse(err, "not an MTU");
	((struct network *)target)->mtu = (unsigned)mtu;
	return 0;
}

static const struct {
	const char *word;
	size_t offset;
} flags[] = {
	{ "internal", offsetof(struct network, internal) },
	{ "open", offsetof(struct network, open) },
	{ "no-names", offsetof(struct network, no_names) },
	{ "spoof", offsetof(struct network, may_spoof) },
};

static int read_flag(const char *value, void *target, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!str_eq(value, flags[i].word))
			continue;
		*(bool *)((char *)target + flags[i].offset) = true;
		return 0;
	}
	return refuse(err, "unknown flag \"%.32s\"", value);
}

static const struct lines_key keys[] = {
	{ "name", read_name },   { "driver", read_driver },   { "parent", read_parent }, { "mode", read_mode },
	{ "vlan", read_vlan },   { "bridge", read_bridge },   { "mac", read_mac },       { "gateway", read_gateway },
	{ "range", read_range }, { "reserve", read_reserve }, { "vxlan", read_vxlan },   { "underlay", read_underlay },
	{ "peer", read_peer },   { "mtu", read_mtu },         { "flag", read_flag },     { NULL, NULL },
};

int network_parse(const char *text, size_t length, struct network *ret, struct error *err)
{
	struct network network = { 0 };
	int r = lines_parse(text, length, keys, &network, err);

	if (r == 0)
		r = network_validate(&network, err);
	if (r == 0 && network.kind == NETWORK_BRIDGE && !mac_is_set(network.mac))
		return refuse(err, "the record has no MAC");
	if (r == 0)
		*ret = network;
	return r;
}

char *network_format(const struct network *network)
{
	const char *mode = network_mode_word(network);
	struct lines record = { .text = NULL };
	char text[IP_RANGE_TEXT_SIZE];

	lines_put(&record, "name", "%s", network->name);
	if (network->kind == NETWORK_BRIDGE) {
		lines_put(&record, "bridge", "%s", network->bridge);
		lines_put(&record, "mac", "%s", mac_text(network->mac, text));
	} else {
		lines_put(&record, "driver", "%s", network_kind_names[network->kind]);
		lines_put(&record, "parent", "%s", network->parent);
	}
	if (mode)
		lines_put(&record, "mode", "%s", mode);
	if (network->vlan)
		lines_put(&record, "vlan", "%u", network->vlan);
	if (ip_is_set(&network->v4.address))
		lines_put(&record, "gateway", "%s", ip_network_text(&network->v4, text));
	if (ip_is_set(&network->v6.address))
		lines_put(&record, "gateway", "%s", ip_network_text(&network->v6, text));
	if (ip_is_set(&network->range4.address))
		lines_put(&record, "range", "%s", ip_network_text(&network->range4, text));
	if (ip_is_set(&network->range6.address))
		lines_put(&record, "range", "%s", ip_network_text(&network->range6, text));
	for (size_t i = 0; i < network->n_reserved; i++)
		lines_put(&record, "reserve", "%s", ip_range_text(&network->reserved[i], text));
	if (network->vni)
		lines_put(&record, "vxlan", "%u", network->vni);
	if (network->vni)
		lines_put(&record, "underlay", "%s", ip_text(&network->underlay, text));
	for (size_t i = 0; i < network->n_peers; i++)
		lines_put(&record, "peer", "%s", ip_text(&network->peers[i], text));
	if (network->mtu)
		lines_put(&record, "mtu", "%u", network->mtu);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (*(const bool *)((const char *)network + flags[i].offset))
			lines_put(&record, "flag", "%s", flags[i].word);
	return record.text;
}

/* link.c - see link.h. */
#include "link.h"

#include <ctype.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/str.h"

enum { RP_FILTER_LOOSE = 2, HEX = 16 };
enum { REMOVE_TRIES = 1200, REMOVE_YIELDS = 500, REMOVE_WAIT_NS = 50 * 1000 };
enum { CREATE = NLM_F_CREATE | NLM_F_EXCL };

static const struct ifinfomsg no_header;

bool link_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IFNAMSIZ || str_eq(name, ".") || str_eq(name, "..") || str_eq(name, "all") ||
	    str_eq(name, "default"))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return false;
	return true;
}

int mac_parse(const char *text, uint8_t ret_mac[MAC_SIZE], struct error *err)
{
	uint8_t mac[MAC_SIZE];
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < MAC_SIZE && isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]); i++) {
		const char digits[3] = { text[0], text[1], '\0' };

		mac[i] = (uint8_t)strtoul(digits, NULL, HEX);
		sum |= mac[i];
		text += 2;
		if (i < MAC_SIZE - 1 && *text++ != ':')
			break;
	}
	if (i < MAC_SIZE || *text)
		return refuse(err, "a MAC address is written as 02:00:00:00:00:01");
	if ((mac[0] & 1) || sum == 0)
		return refuse(err, "a MAC address of an interface is not zero and not a group's");
	memcpy(ret_mac, mac, MAC_SIZE);
	return 0;
}

bool mac_is_set(const uint8_t mac[MAC_SIZE])
{
	static const uint8_t none[MAC_SIZE];

	return memcmp(mac, none, MAC_SIZE) != 0;
}

const char *mac_text(const uint8_t mac[MAC_SIZE], char buffer[MAC_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *at = buffer;

	for (size_t i = 0; i < MAC_SIZE; i++) {
		*at++ = digits[mac[i] / HEX];
		*at++ = digits[mac[i] % HEX];
		*at++ = i < MAC_SIZE - 1 ? ':' : '\0';
	}
	return buffer;
}

static void put_mtu(struct netlink_batch *batch, unsigned mtu)
{
	if (mtu)
		netlink_put_u32(batch, IFLA_MTU, mtu);
}

/* A veth uses one each way, but makes as many as there are processors; to give the rest up again, of each end, the
   kernel would wait until no processor can see them. */
static void put_one_queue(struct netlink_batch *batch)
{
	netlink_put_u32(batch, IFLA_NUM_TX_QUEUES, 1);
	netlink_put_u32(batch, IFLA_NUM_RX_QUEUES, 1);
}

static void put_mac(struct netlink_batch *batch, const uint8_t *mac)
{
	if (mac)
		netlink_put(batch, IFLA_ADDRESS, mac, MAC_SIZE);
}

void link_add_bridge(struct netlink_batch *batch, const struct link_bridge *bridge)
{
	size_t info;
	size_t data;

	netlink_begin(batch, RTM_NEWLINK, CREATE, &no_header, sizeof(no_header), "make bridge ", bridge->name);
	netlink_put_string(batch, IFLA_IFNAME, bridge->name);
	put_mac(batch, bridge->mac);
	put_mtu(batch, bridge->mtu);
	info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "bridge");
	data = netlink_nest(batch, IFLA_INFO_DATA);
	netlink_put_u8(batch, IFLA_BR_MCAST_SNOOPING, 0);
	if (bridge->vlan) { /* not in every kernel */
		netlink_put_u8(batch, IFLA_BR_VLAN_FILTERING, 1);
		netlink_put_u16(batch, IFLA_BR_VLAN_DEFAULT_PVID, bridge->vlan);
	}
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

void link_add_veth(struct netlink_batch *batch, const struct link_veth *veth)
{
	size_t info;
	size_t data;
	size_t peer;

	netlink_begin(batch, RTM_NEWLINK, CREATE, &no_header, sizeof(no_header), "make veth ", veth->name);
	netlink_put_string(batch, IFLA_IFNAME, veth->name);
	put_mtu(batch, veth->mtu);
	put_one_queue(batch);
	if (veth->master)
		netlink_put_u32(batch, IFLA_MASTER, veth->master);
	info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "veth");
	data = netlink_nest(batch, IFLA_INFO_DATA);
	peer = netlink_nest_header(batch, VETH_INFO_PEER, &no_header, sizeof(no_header));
	netlink_put_string(batch, IFLA_IFNAME, veth->peer);
	netlink_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)veth->peer_netns);
	put_mac(batch, veth->peer_mac);
	put_mtu(batch, veth->mtu);
	put_one_queue(batch);
	netlink_nest_end(batch, peer);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

void link_add_ifb(struct netlink_batch *batch, const char *name)
{
	size_t info;

	netlink_begin(batch, RTM_NEWLINK, CREATE, &no_header, sizeof(no_header), "make ifb ", name);
	netlink_put_string(batch, IFLA_IFNAME, name);
	info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "ifb");
	netlink_nest_end(batch, info);
}

void link_hairpin(struct netlink_batch *batch, unsigned index)
{
	const struct ifinfomsg header = { .ifi_family = PF_BRIDGE, .ifi_index = (int)index };
	size_t port;

	netlink_begin_interface(batch, RTM_SETLINK, 0, &header, sizeof(header), "set up the bridge port: ", index);
	port = netlink_nest(batch, IFLA_PROTINFO);
	netlink_put_u8(batch, IFLA_BRPORT_MODE, 1);
	netlink_nest_end(batch, port);
}

void link_add_shared(struct netlink_batch *batch, const struct link_shared *shared)
{
	const bool macvlan = shared->kind == LINK_MACVLAN;
	size_t info;
	size_t data;

	netlink_begin(batch, RTM_NEWLINK, CREATE, &no_header, sizeof(no_header),
		      macvlan ? "make macvlan " : "make ipvlan ", shared->name);
	netlink_put_string(batch, IFLA_IFNAME, shared->name);
	netlink_put_u32(batch, IFLA_LINK, shared->parent);
	netlink_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)shared->netns);
	put_mac(batch, macvlan ? shared->mac : NULL);
	put_mtu(batch, shared->mtu);
	info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, macvlan ? "macvlan" : "ipvlan");
	data = netlink_nest(batch, IFLA_INFO_DATA);
	if (macvlan)
		netlink_put_u32(batch, IFLA_MACVLAN_MODE, shared->mode);
	else
		netlink_put_u16(batch, IFLA_IPVLAN_MODE, (uint16_t)shared->mode);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

void link_add_vlan(struct netlink_batch *batch, const struct link_vlan *vlan)
{
	const struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	size_t info;
	size_t data;

	netlink_begin(batch, RTM_NEWLINK, CREATE, &up, sizeof(up), "make VLAN interface ", vlan->name);
	netlink_put_string(batch, IFLA_IFNAME, vlan->name);
	netlink_put_u32(batch, IFLA_LINK, vlan->parent);
	info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "vlan");
	data = netlink_nest(batch, IFLA_INFO_DATA);
	netlink_put_u16(batch, IFLA_VLAN_ID, vlan->id);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

void link_add_vxlan(struct netlink_batch *batch, const struct link_vxlan *vxlan)
{
	const struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	const bool v4 = vxlan->local.family == AF_INET;
	size_t info;
	size_t data;

	netlink_begin(batch, RTM_NEWLINK, CREATE, &up, sizeof(up), "make vxlan ", vxlan->name);
	netlink_put_string(batch, IFLA_IFNAME, vxlan->name);
	put_mtu(batch, vxlan->mtu);
	if (vxlan->master)
		netlink_put_u32(batch, IFLA_MASTER, vxlan->master);
	info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "vxlan");
	data = netlink_nest(batch, IFLA_INFO_DATA);
	netlink_put_u32(batch, IFLA_VXLAN_ID, vxlan->vni);
	netlink_put_be16(batch, IFLA_VXLAN_PORT, vxlan->port);
	netlink_put(batch, v4 ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, vxlan->local.bytes, ip_size(vxlan->local.family));
	if (vxlan->parent)
		netlink_put_u32(batch, IFLA_VXLAN_LINK, vxlan->parent);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

static void put_vxlan_peer(struct netlink_batch *batch, uint16_t type, unsigned flags, const char *what, unsigned vxlan,
			   const struct ip_address *peer)
{
	static const uint8_t any[MAC_SIZE];
	const struct ndmsg header = {
		.ndm_family = PF_BRIDGE,
		.ndm_ifindex = (int)vxlan,
		.ndm_state = NUD_PERMANENT | NUD_NOARP,
		.ndm_flags = NTF_SELF,
	};
	char text[IP_TEXT_SIZE];

	netlink_begin(batch, type, flags, &header, sizeof(header), what, ip_text(peer, text));
	netlink_put(batch, NDA_LLADDR, any, sizeof(any));
	netlink_put(batch, NDA_DST, peer->bytes, ip_size(peer->family));
}

void link_add_vxlan_peer(struct netlink_batch *batch, unsigned vxlan, const struct ip_address *peer)
{
	put_vxlan_peer(batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, "add the vxlan peer ", vxlan, peer);
}

void link_delete_vxlan_peer(struct netlink_batch *batch, unsigned vxlan, const struct ip_address *peer)
{
	put_vxlan_peer(batch, RTM_DELNEIGH, 0, "delete the vxlan peer ", vxlan, peer);
}

static void change(struct netlink_batch *batch, unsigned index, unsigned up, const char *what)
{
	const struct ifinfomsg header = { .ifi_index = (int)index, .ifi_flags = up, .ifi_change = up };

	netlink_begin_interface(batch, RTM_NEWLINK, 0, &header, sizeof(header), what, index);
}

void link_move(struct netlink_batch *batch, unsigned index, int netns, const char *rename)
{
	change(batch, index, 0, "move to the container: ");
	netlink_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)netns);
	if (rename)
		netlink_put_string(batch, IFLA_IFNAME, rename);
}

void link_up(struct netlink_batch *batch, unsigned index)
{
	change(batch, index, IFF_UP, "set up ");
}

void link_no_local_learning(struct netlink_batch *batch, unsigned index)
{
	const struct br_boolopt_multi option = {
		.optval = 1U << BR_BOOLOPT_NO_LL_LEARN,
		.optmask = 1U << BR_BOOLOPT_NO_LL_LEARN,
	};
	size_t info;
	size_t data;

	change(batch, index, 0, "set up the bridge ");
	info = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "bridge");
	data = netlink_nest(batch, IFLA_INFO_DATA);
	netlink_put(batch, IFLA_BR_MULTI_BOOLOPT, &option, sizeof(option)); /* kernels before 5.0 do not look at it */
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

void link_set_ipv4(struct netlink_batch *batch, unsigned index)
{
	size_t families;
	size_t family;
	size_t settings;

	change(batch, index, 0, "set up IPv4 of ");
	families = netlink_nest(batch, IFLA_AF_SPEC);
	family = netlink_nest(batch, AF_INET);
	settings = netlink_nest(batch, IFLA_INET_CONF);
	netlink_put_u32(batch, IPV4_DEVCONF_ARP_NOTIFY, 1);
	netlink_put_u32(batch, IPV4_DEVCONF_RP_FILTER, RP_FILTER_LOOSE);
	netlink_nest_end(batch, settings);
	netlink_nest_end(batch, family);
	netlink_nest_end(batch, families);
}

void link_no_ipv6(struct netlink_batch *batch, unsigned index)
{
	size_t families;
	size_t family;

	change(batch, index, 0, "keep IPv6 from ");
	families = netlink_nest(batch, IFLA_AF_SPEC);
	family = netlink_nest(batch, AF_INET6);
	netlink_put_u8(batch, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	netlink_nest_end(batch, family);
	netlink_nest_end(batch, families);
	netlink_may_fail(batch);
}

void link_set_master(struct netlink_batch *batch, unsigned index, unsigned master)
{
	change(batch, index, 0, "set the bridge of ");
	netlink_put_u32(batch, IFLA_MASTER, master);
}

void link_delete(struct netlink_batch *batch, const char *name)
{
	netlink_begin(batch, RTM_DELLINK, 0, &no_header, sizeof(no_header), "delete interface ", name);
	netlink_put_string(batch, IFLA_IFNAME, name);
}

/* By number, which is never given again: the process may be late, and the name another's by then. */
static void delete_number(struct netlink_batch *batch, const char *name, unsigned index)
{
	const struct ifinfomsg header = { .ifi_index = (int)index };

	netlink_begin(batch, RTM_DELLINK, 0, &header, sizeof(header), "delete interface ", name);
}

/* As if_nametoindex(3), which makes a socket each time. */
unsigned link_index(int route, const char *name)
{
	struct ifreq request = { .ifr_ifindex = 0 };

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(route, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned)request.ifr_ifindex;
}

unsigned link_remove_begin(int route, const char *name, int held)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const unsigned index = link_index(route, name);

	if (index == 0)
		return 0;
	delete_number(&batch, name, index);
	netlink_send_later(route, &batch, held);
	return index;
}

int link_remove_end(int route, const char *name, unsigned index, struct error *err)
{
	const struct timespec wait = { .tv_nsec = REMOVE_WAIT_NS };
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	bool there = index > 0;

	/* It takes less time as a rule than the shortest sleep. */
	for (int i = 0; i < REMOVE_TRIES && there; i++) {
		(void)(i < REMOVE_YIELDS ? sched_yield() : nanosleep(&wait, NULL));
		there = link_index(route, name) == index;
	}
	if (!there)
		return 0;
	/* The kernel is busy, or refuses. */
	delete_number(&batch, name, index);
	batch.optional = true;
	return netlink_send(route, &batch, NULL, NULL, err);
}

int link_remove(int route, const char *name, int held, struct error *err)
{
	return link_remove_end(route, name, link_remove_begin(route, name, held), err);
}

static void copy_kind(const struct netlink_reply *info, char *kind, size_t size)
{
	struct netlink_reply name;
	size_t length;

	if (!netlink_find(info, 0, IFLA_INFO_KIND, &name))
		return;
	length = strnlen((const char *)name.data, name.size < size - 1 ? name.size : size - 1);
	memcpy(kind, name.data, length);
	kind[length] = '\0';
}

static uint16_t read_u16(const struct netlink_reply *in, uint16_t type)
{
	struct netlink_reply found;
	uint16_t value = 0;

	if (netlink_find(in, 0, type, &found) && found.size >= sizeof(value))
		memcpy(&value, found.data, sizeof(value));
	return value;
}

static uint16_t read_vlan(const struct netlink_reply *info, const char *kind)
{
	struct netlink_reply data;
	struct netlink_reply filtering;

	if (!netlink_find(info, 0, IFLA_INFO_DATA, &data))
		return 0;
	if (str_eq(kind, "vlan"))
		return read_u16(&data, IFLA_VLAN_ID);
	if (!str_eq(kind, "bridge") || !netlink_find(&data, 0, IFLA_BR_VLAN_FILTERING, &filtering) ||
	    filtering.size == 0 || *filtering.data == 0)
		return 0;
	return read_u16(&data, IFLA_BR_VLAN_DEFAULT_PVID);
}

void link_read(const struct netlink_reply *reply, struct link_info *ret)
{
	struct ifinfomsg header;
	struct netlink_reply found;

	if (reply->type != RTM_NEWLINK || reply->size < sizeof(header))
		return;
	memcpy(&header, reply->data, sizeof(header));
	*ret = (struct link_info){ .index = (unsigned)header.ifi_index, .flags = header.ifi_flags };
	if (netlink_find(reply, sizeof(header), IFLA_MTU, &found))
		ret->mtu = netlink_u32(&found);
	if (netlink_find(reply, sizeof(header), IFLA_MASTER, &found))
		ret->master = netlink_u32(&found);
	if (netlink_find(reply, sizeof(header), IFLA_ADDRESS, &found) && found.size == MAC_SIZE)
		memcpy(ret->mac, found.data, MAC_SIZE);
	if (netlink_find(reply, sizeof(header), IFLA_LINKINFO, &found)) {
		copy_kind(&found, ret->kind, sizeof(ret->kind));
		ret->vlan = read_vlan(&found, ret->kind);
	}
}

static int see_link(const struct netlink_reply *reply, void *info)
{
	link_read(reply, info);
	return 0;
}

int link_get(int route, const char *name, struct link_info *ret, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct link_info info = { 0 };
	int r;

	netlink_begin(&batch, RTM_GETLINK, 0, &no_header, sizeof(no_header), "find interface ", name);
	netlink_put_string(&batch, IFLA_IFNAME, name);
	netlink_put_u32(&batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = netlink_send(route, &batch, see_link, &info, err);
	if (r == 0 && info.index == 0)
		r = fail(err, ENODEV, "find interface %s", name);
	if (r == 0)
		*ret = info;
	return r;
}

bool link_glance(int route, const char *name, struct link_info *ret)
{
	struct link_info info = { .index = link_index(route, name) };
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_ifindex = 0 };

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (info.index == 0 || ioctl(route, SIOCGIFFLAGS, &request) < 0)
		return false;
	info.flags = (uint16_t)request.ifr_flags;
	if (ioctl(route, SIOCGIFMTU, &request) < 0)
		return false;
	info.mtu = (unsigned)request.ifr_mtu;
	if (ioctl(route, SIOCGIFHWADDR, &request) < 0)
		return false;
	memcpy(info.mac, request.ifr_hwaddr.sa_data, MAC_SIZE);
	request.ifr_data = (void *)&driver;
	if (ioctl(route, SIOCETHTOOL, &request) < 0)
		return false;
	(void)snprintf(info.kind, sizeof(info.kind), "%s", driver.driver);
	*ret = info;
	return true;
}

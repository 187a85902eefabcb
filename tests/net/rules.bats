#!/usr/bin/env bats
# What the rules cost a container's traffic, and why they are in two tables.

load helpers

# One table would do if this were not so: nftables shows ARP to the families bridge, netdev and arp alone, none of which
# can translate addresses. A later kernel in which this fails needs no table of the family bridge.
@test "a table of family inet that drops all at every hook lets a neighbour's forged ARP pass; one of bridge does not" {
	local other
	other=$(hold)
	host ip link add br0 type bridge
	host ip link set br0 up
	host ip link set wan master br0
	host ip link add other type veth peer name eth0 netns "$other"
	host ip link set other master br0 up
	in_net "$other" ip address add 10.9.0.2/24 dev eth0
	in_net "$other" ip link set eth0 up
	in_net "$other" sysctl -qw net.ipv4.conf.eth0.arp_accept=1
	lan ip address add 192.0.2.77/24 dev eth0
	wait_for announced "$other"
	host nft -f - <<-END
		table inet strict {
			chain a { type filter hook ingress device wan priority 0; policy drop; counter; }
			chain b { type filter hook prerouting priority 0; policy drop; }
			chain c { type filter hook forward priority 0; policy drop; }
		}
	END
	in_net "$other" ip neighbour flush all
	announced "$other"
	host nft add table bridge strict
	host nft add chain bridge strict a '{ type filter hook prerouting priority 0; policy drop; }'
	in_net "$other" ip neighbour flush all
	fails "" announced "$other"
	kill "$other"
}

# announced PID: the LAN's machine says that it has 192.0.2.77 now, and the one in that namespace takes it for true.
announced() {
	lan busybox arping -q -c 1 -A -I eth0 -s 192.0.2.77 192.0.2.77 || true
	[[ $(in_net "$1" ip neighbour) == *192.0.2.77* ]]
}

# Of three tries the best counts: a machine that does other work takes from both, but not evenly.
@test "a container's TCP stream carries at least 90 % of a bare veth's" {
	local try result
	type -P iperf3 gcc >/dev/null || skip "needs iperf3 and gcc"
	for try in 1 2 3; do
		result=$("$BATS_TEST_DIRNAME/../bench/net" --throughput --runs 3)
		echo "try $try: $result"
		[[ $(jq .reached <<<"$result") != true ]] || return 0
	done
	return 1
}

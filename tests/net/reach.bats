#!/usr/bin/env bats
# Who reaches whom on networks, and under which address. What the kernel does with packets differs most from one to the
# next, so this file runs in the test VM too.

load helpers

@test "containers of a network, the host and the LAN: who reaches whom, as whom" {
	local a b kind
	start a && start b
	coffer network connect bridge a
	coffer network connect bridge b
	a=$(address_of a bridge) b=$(address_of b bridge)
	serve "inside a" 80 && serve lan 80 && serve host 81
	for kind in tcp udp; do
		answers "inside b" $kind "$a" 80 "$b"
		answers host $kind "$a" 80 10.192.0.1
		answers "inside a" $kind "$a" 80
		answers "inside b" $kind 10.192.0.1 81 "$b"
		answers "inside b" $kind 192.0.2.2 80 192.0.2.1 # outward: under the host's address
	done
	# From the LAN, by a route through the host, nothing is reached that is not published.
	lan ip route add 10.192.0.0/22 via 192.0.2.1
	for kind in tcp udp; do
		silent lan $kind "$a" 80
	done
}

@test "a published port: LAN, host, localhost, neighbours, itself; source addresses are kept" {
	local a b kind
	start a && start b
	coffer network connect -p 8080:80 -p 8080:80/udp bridge a
	coffer network connect bridge b
	a=$(address_of a bridge) b=$(address_of b bridge)
	serve "inside a" 80
	for kind in tcp udp; do
		answers lan $kind 192.0.2.1 8080 192.0.2.2
		answers host $kind 192.0.2.1 8080 192.0.2.1
		answers host $kind 127.0.0.1 8080 10.192.0.1
		answers "inside b" $kind 10.192.0.1 8080 10.192.0.1 # back the same way: by the host
		answers "inside a" $kind 10.192.0.1 8080 10.192.0.1 # hairpin
		answers "inside b" $kind 192.0.2.1 8080
		silent lan $kind 192.0.2.1 80
	done
	[[ $(coffer port a) == $'80/tcp -> 0.0.0.0:8080\n80/udp -> 0.0.0.0:8080' ]]
	coffer network disconnect bridge a
	silent lan tcp 192.0.2.1 8080
}

@test "UDP from one source port is answered once its port is published, by another container, by the host again" {
	local address count
	coffer network create --subnet 10.9.0.0/24 --subnet6 fd00:99::/64 six
	start a && start b
	more() { # answers, of both
		for address in 192.0.2.1 fd00:2::1; do
			count=$(wc -l <"$TEST_DIR/$address")
			wait_for eval "[[ \$(wc -l <'$TEST_DIR/$address') -gt $count ]]"
		done
	}
	coffer network connect -p 8081:80 six b
	for address in 192.0.2.1 fd00:2::1; do
		background lan insist $address 8080 "$TEST_DIR/$address"
	done
	sleep 0.5
	coffer network connect -p 8080:80/udp six a
	serve "inside a" 80
	more
	coffer network disconnect six a
	coffer network disconnect six b
	coffer network connect -p 8000-8100:80-180 -p 8080:80/udp -p 8079:79/udp six b
	serve "inside b" 80
	more
	coffer network disconnect six b
	serve host 8080
	more
}

@test "a published port of SCTP: LAN, host, itself; IPv4 and IPv6; a kernel without it says so" {
	local a
	coffer network create --subnet 10.9.0.0/24 --subnet6 fd00:99::/64 six
	start a
	if [[ $(ask host sctp 127.0.0.1 1) == *"not supported"* ]]; then
		fails "port 8080/sctp cannot be published: this kernel has no SCTP (module sctp)" \
			coffer network connect -p 8080:80/sctp six a
		skip "this kernel has no SCTP"
	fi
	serve host 8080
	fails "port 8080/sctp cannot be published: address already in use, a process of user 0 listens at" \
		coffer network connect -p 8080:80/sctp six a
	stop_background
	coffer network connect -p 8080:80/sctp six a
	a=$(address_of a six)
	serve "inside a" 80
	answers lan sctp 192.0.2.1 8080 192.0.2.2
	answers host sctp 192.0.2.1 8080 192.0.2.1
	answers host sctp 127.0.0.1 8080 10.9.0.1
	answers "inside a" sctp 10.9.0.1 8080 10.9.0.1
	answers lan sctp fd00:2::1 8080 fd00:2::2
	answers "inside a" sctp fd00:99::1 8080 fd00:99::1
	silent lan tcp 192.0.2.1 8080
	lan ip route add 10.9.0.0/24 via 192.0.2.1
	silent lan sctp "$a" 80
}

@test "a port of an address of the host is reached there only" {
	start a
	host ip address add 192.0.2.9/24 dev wan
	coffer network connect -p 127.0.0.1:8080:80 -p 192.0.2.9:8081:80 bridge a
	serve "inside a" 80
	answers host tcp 127.0.0.1 8080
	silent lan tcp 192.0.2.1 8080
	silent lan tcp 192.0.2.9 8080
	answers lan tcp 192.0.2.9 8081 192.0.2.2
	silent lan tcp 192.0.2.1 8081
	silent host tcp 127.0.0.1 8081
	# A machine of the LAN that sends 127.0.0.1 to the host's MAC: it never arrives.
	lan ip address del 127.0.0.1/8 dev lo
	lan ip route add 127.0.0.1/32 via 192.0.2.1 dev eth0 src 192.0.2.2
	lan sysctl -qw net.ipv4.conf.eth0.route_localnet=1
	silent lan tcp 127.0.0.1 8080
}

@test "a port of an address of the host: no way round it to the container; one rule keeps the address to its interface" {
	local address second
	start a
	coffer network create --subnet 10.9.0.0/24 --subnet6 fd00:99::/64 six
	coffer network connect -p 192.0.2.1:8080:80 -p "[fd00:2::1]:8080:80" six a
	serve "inside a" 80
	second=$(hold) && echo "$second" >>"$TEST_DIR/background"
	other() { in_net "$second" "$@"; }
	host ip link add wan2 type veth peer name eth0 netns "$second"
	host ip address add 198.51.100.1/24 dev wan2 && host ip address add fd00:3::1/64 dev wan2 nodad
	other ip address add 198.51.100.2/24 dev eth0 && other ip address add fd00:3::2/64 dev eth0 nodad
	host ip link set wan2 up && other ip link set eth0 up
	other ip route add default via 198.51.100.1 && other ip route add default via fd00:3::1
	for address in "$(address_of a six)" "$(address6_of a six)" 198.51.100.1 fd00:3::1; do
		silent other tcp "$address" 80
		silent other tcp "$address" 8080
	done
	for address in 192.0.2.1 fd00:2::1; do
		answers lan tcp $address 8080 && answers other tcp $address 8080 # as a socket that is bound to it
	done
	# The rule of coffer-network(1).
	host nft -f - <<-END
		table inet strict {
			chain prerouting {
				type filter hook prerouting priority raw;
				iifname "wan2" fib daddr type local fib daddr . iif type != local drop
			}
		}
	END
	for address in 192.0.2.1 fd00:2::1; do
		answers lan tcp $address 8080 && silent other tcp $address 8080
	done
}

@test "a published port of a container's second network: replies go back by it, all else by the first" {
	local k n
	coffer network create --open o
	coffer network create --open --subnet 10.2.0.0/24 --subnet6 fd00:98::/64 p
	start k && start n && start b
	coffer network connect bridge k
	coffer network connect -p 8081:80 p k
	coffer network connect p n
	coffer network connect o b
	k=$(address_of k p) n=$(address_of n p)
	serve "inside k" 80 && serve "inside n" 80 && serve lan 80
	answers lan tcp 192.0.2.1 8081 192.0.2.2
	answers lan tcp fd00:2::1 8081 fd00:2::2
	answers host tcp 192.0.2.1 8081 192.0.2.1
	answers host tcp 127.0.0.1 8081 10.2.0.1
	answers "inside b" tcp "$k" 80 "$(address_of b o)"
	answers "inside b" tcp 192.0.2.1 8081
	answers "inside n" tcp "$k" 80 "$n"
	answers "inside n" tcp "$(address6_of k p)" 80 "$(address6_of n p)"
	answers "inside k" tcp "$n" 80 "$k"
	answers "inside k" tcp "$(address6_of n p)" 80 "$(address6_of k p)"
	answers "inside k" tcp 10.2.0.1 8081 10.2.0.1
	answers "inside k" tcp 192.0.2.2 80 192.0.2.1
	[[ $(inside k ip route get 192.0.2.2) == *"dev eth0"* ]]
	# Nothing of it stays; and a container of one network has nothing of the kind.
	coffer network disconnect p k
	[[ $(inside k ip rule; inside k ip -6 rule; inside n ip rule; inside n ip -6 rule) != *32000:* ]]
}

@test "run on two networks: each answers for its address; the first that is left does not take the other along" {
	local k
	coffer network create --open o
	coffer network create --open --subnet 10.2.0.0/24 p
	start b
	coffer network connect o b
	COFFER_STORE=$TEST_DIR/store coffer run --rootfs "$FILE_DIR/bundle/rootfs:O" --name k --detach \
		--network bridge --network p -p 8080:80 sleep 1000 </dev/null 3>&-
	k=$(address_of k p)
	serve "inside k" 80
	answers lan tcp 192.0.2.1 8080 192.0.2.2
	answers "inside b" tcp "$k" 80 "$(address_of b o)"
	coffer network disconnect bridge k
	answers "inside b" tcp "$k" 80 "$(address_of b o)"
	coffer network connect -p 8080:80 bridge k
	answers lan tcp 192.0.2.1 8080 192.0.2.2
	answers "inside b" tcp "$k" 80 "$(address_of b o)"
}

@test "run publishes on the first network that has a way in" {
	coffer network create --internal int
	coffer network create --subnet 10.2.0.0/24 p
	COFFER_STORE=$TEST_DIR/store coffer run --rootfs "$FILE_DIR/bundle/rootfs:O" --name k --detach \
		--network int --network p --network bridge -p 8080:80 sleep 1000 </dev/null 3>&-
	serve "inside k" 80
	answers lan tcp 192.0.2.1 8080 192.0.2.2
	answers host tcp 127.0.0.1 8080 10.2.0.1
	COFFER_STORE=$TEST_DIR/store coffer run --rootfs "$FILE_DIR/bundle/rootfs:O" --name l --detach \
		--network int --network bridge -p 8081:80 sleep 1000 </dev/null 3>&-
	serve "inside l" 80
	answers lan tcp 192.0.2.1 8081 192.0.2.2
}

@test "IPv6: containers, LAN and published ports" {
	local a b kind
	coffer network create --subnet 10.9.0.0/24 --subnet6 fd00:99::/64 six
	start a && start b
	coffer network connect -p 8080:80 -p 8080:80/udp six a
	coffer network connect six b
	a=$(address6_of a six) b=$(address6_of b six)
	[[ $a == fd00:99::2 ]]
	[[ $(inside a cat /proc/sys/net/ipv6/conf/eth0/{accept_dad,accept_ra,autoconf,disable_ipv6}) == $'0\n0\n0\n0' ]]
	lan ip -6 route add fd00:99::/64 via fd00:2::1
	serve "inside a" 80 && serve lan 80
	for kind in tcp udp; do
		answers "inside b" $kind "$a" 80 "$b"
		answers "inside b" $kind fd00:2::2 80 fd00:2::1
		answers lan $kind fd00:2::1 8080 fd00:2::2
		answers host $kind fd00:2::1 8080
		answers "inside a" $kind fd00:99::1 8080 fd00:99::1
		silent lan $kind "$a" 80
	done
}

@test "localhost, where ::1 comes first: refused there at once, as no port is published at it; 127.0.0.1 answers" {
	coffer network create --ipv6 six
	start a
	fails "cannot be published at ::1, from where IPv6 routes nothing to a container: use 127.0.0.1" \
		coffer network connect -p "[::1]:8080:80" six a
	coffer network connect -p 8080:80 -p 8080:80/udp six a
	serve "inside a" 80
	refused host tcp ::1 8080
	refused host udp ::1 8080
	answers host tcp 127.0.0.1 8080
	answers host tcp fd00:2::1 8080
	answers lan tcp fd00:2::1 8080
}

@test "0.0.0.0 and [::] publish in their own family, a port alone in both" {
	coffer network create --ipv6 six
	start a && start b
	coffer network connect -p 0.0.0.0:8080:80 -p "[::]:8081:80" -p 8082:80 -p "[::]:8083:80/udp" six a
	serve "inside a" 80
	answers lan tcp 192.0.2.1 8080
	silent lan tcp fd00:2::1 8080
	silent lan tcp 192.0.2.1 8081
	answers lan tcp fd00:2::1 8081
	answers lan tcp 192.0.2.1 8082
	answers lan tcp fd00:2::1 8082
	answers lan udp fd00:2::1 8083
	[[ $(coffer port a) == "80/tcp -> 0.0.0.0:8080
80/tcp -> 0.0.0.0:8082
80/tcp -> [::]:8081
80/tcp -> [::]:8082
80/udp -> [::]:8083" ]]
	[[ $(coffer network inspect six | jq -c '.containers[0].ports[2:4]') == \
		'["80/tcp -> [::]:8081","80/tcp -> [::]:8082"]' ]]
	# The other family is another's.
	coffer network reload
	fails "published already, by container \`a\`: 80/tcp -> [::]:8081" coffer network connect -p 8081:81 six b
	coffer network connect -p 0.0.0.0:8081:80 -p 192.0.2.1:8083:80/udp -p "[::]:8080:80" six b
	serve "inside b" 80
	answers lan tcp 192.0.2.1 8081
	answers lan udp 192.0.2.1 8083
	answers lan tcp fd00:2::1 8080
	# As older versions wrote it.
	sed -i "s/^port 0.0.0.0:8082/port 8082/; /^port \[::\]:8082/d" "$COFFER_NETWORKS/run/endpoints/a/six"
	coffer network reload
	answers lan tcp 192.0.2.1 8082
	answers lan tcp fd00:2::1 8082
}

@test "networks are isolated; open ones among themselves are not; an internal one has no way out" {
	local a p i id
	coffer network create x
	coffer network create --open o && coffer network create --open p
	coffer network create --internal i
	for id in a x o p i; do start $id; done
	coffer network connect -p 8080:80 bridge a
	coffer network connect x x && coffer network connect o o && coffer network connect p p
	coffer network connect -p 8082:80 i i
	a=$(address_of a bridge) p=$(address_of p p) i=$(address_of i i)
	serve "inside a" 80 && serve "inside p" 80 && serve "inside i" 80 && serve lan 80
	silent "inside x" tcp "$a" 80
	silent "inside o" tcp "$a" 80
	silent "inside a" tcp "$p" 80
	answers "inside o" tcp "$p" 80 "$(address_of o o)"
	answers "inside x" tcp 192.0.2.1 8080 # what is published is public
	answers "inside x" tcp 192.0.2.2 80
	inside i ip route add default via "$(coffer network inspect i | jq -r '.gateways[0][:-3]')" # it has none of its own
	silent "inside i" tcp 192.0.2.2 80
	silent "inside i" tcp 192.0.2.1 8080
	silent lan tcp 192.0.2.1 8082
	silent "inside a" tcp "$i" 80
	answers host tcp "$i" 80
}

@test "nobody sends under another's address" {
	local a b caught before group
	start a && start b
	coffer network connect bridge a
	coffer network connect bridge b
	a=$(address_of a bridge) b=$(address_of b bridge)
	mac() { coffer network inspect bridge | jq -r --arg id "$1" '.containers[] | select(.id == $id).mac'; }
	forge() { # SOURCE_MAC SOURCE_IP -> what arrives at a
		local fd
		exec {fd}< <(inside a python3 "$BATS_TEST_DIRNAME/probe.py" catch 5353 3>&- 4>&-)
		read -r -t 15 -u "$fd"
		inside b python3 "$BATS_TEST_DIRNAME/probe.py" spoof eth0 "$1" "$2" "$(mac a)" "$a" 5353
		read -r -t 15 -u "$fd" caught
	}
	forge "$(mac b)" "$b"
	[[ $caught == "forged $b" ]] # what is its own arrives: the test can see
	forge "$(mac b)" 10.192.0.1
	[[ $caught == nothing ]]
	forge 02:00:00:00:00:99 "$b"
	[[ $caught == nothing ]]
	forge "$(mac a)" "$a"
	[[ $caught == nothing ]]
	# Nor does an answer to ARP for the gateway change who that is.
	inside b ip address add 10.192.0.1/32 dev eth0
	inside b busybox arping -q -c 1 -U -I eth0 -s 10.192.0.1 10.192.0.1 || true
	[[ $(inside a ip neighbour show 10.192.0.1) == *"$(coffer network inspect bridge | jq -r .mac) PERMANENT"* ]]
	[[ $(host ip neighbour show 10.192.0.1) != *lladdr* ]]
	# Nor does what a bridge takes in before all hooks, as LLDP and 802.1X, move a's MAC to b's port.
	inside a busybox ping -c 1 -W 2 10.192.0.1
	port() { host bridge fdb show br coffer0 dynamic | grep "^$(mac a) "; }
	before=$(port)
	for group in 03 0e; do
		inside b python3 "$BATS_TEST_DIRNAME/probe.py" spoof eth0 "$(mac a)" "$a" 01:80:c2:00:00:$group "$b" 5353
	done
	[[ $(port) == "$before" ]]
}

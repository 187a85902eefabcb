#!/usr/bin/env bats
# Containers on networks: joining and leaving, names, errors, and that nothing stays behind. Who reaches whom: reach.bats.

load helpers

@test "the helper silent: a probe that has failed has not heard that nobody answers" {
	fails "the probe failed" silent lan tcp "" 80
	fails "the probe failed" silent lan no-such-protocol 192.0.2.1 80
	fails "the probe failed" silent "inside none-such" tcp 192.0.2.1 80
	silent lan tcp 192.0.2.1 80
	serve host 80
	fails "an answer, where none should be" silent lan tcp 192.0.2.1 80
}

@test "a container with all rights over its own namespace does not reach the host's tables" {
	start a
	coffer network connect -p 8080:80 bridge a
	inside a nft flush ruleset
	[[ -z $(inside a nft list ruleset) ]]
	[[ $(host nft list map inet coffer ports4) == *8080* ]]
}

@test "what is taken down leaves the host as it was" {
	local before after
	host nft add table inet other
	host nft add chain inet other forward '{ type filter hook forward priority 10; policy accept; }'
	before=$(snapshot)
	host sysctl -qw net.ipv6.conf.default.disable_ipv6=1 # is no matter for who asks for it
	coffer network create --ipv6 two
	start a && start b
	coffer network connect -p 8080-8089:80-89 bridge a
	coffer network connect two a
	coffer network connect two b
	[[ $(snapshot) != "$before" ]]
	[[ $(host ip -o -6 address show co-two) == *"inet6 fd"* ]]
	coffer delete --force a
	coffer delete --force b
	wait_for same "$before"
	after=$(cd "$COFFER_NETWORKS/run" && ls leases endpoints)
	[[ $after == $'endpoints:\n\nleases:' ]]
}

@test "a flush by others: the next change or reload brings all back" {
	local rules
	start a && start b
	coffer network connect -p 8080:80 -p 8080:80/udp bridge a
	serve "inside a" 80
	rules=$(host nft list ruleset)
	host nft flush ruleset
	silent lan tcp 192.0.2.1 8080
	# Who sends meanwhile, on a host that tracks connections, is not forgotten afterwards.
	host nft add table inet other
	host nft add chain inet other input "{ type filter hook input priority 0; }"
	host nft add rule inet other input ct state established accept
	background lan insist 192.0.2.1 8080 "$TEST_DIR/answers"
	sleep 0.5
	[[ ! -s $TEST_DIR/answers ]]
	host nft delete table inet other
	coffer network reload
	[[ $(host nft list ruleset) == "$rules" ]]
	answers lan tcp 192.0.2.1 8080
	wait_for test -s "$TEST_DIR/answers"
	host nft flush ruleset
	coffer network connect bridge b
	answers lan tcp 192.0.2.1 8080
	host ip link delete coffer0
	coffer network reload
	answers lan tcp 192.0.2.1 8080
}

@test "reload: addresses, settings and forwarding are as before; a container whose interface is gone is named" {
	local settings told status=0
	coffer network create --subnet 10.9.0.0/24 --subnet6 fd00:99::/64 six
	start a && start b
	coffer network connect -p 8080:80 six a
	coffer network connect six b
	serve "inside a" 80
	settings=$(host sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.co-six.{route_localnet,rp_filter} \
		net.ipv6.conf.co-six.{accept_ra,accept_dad,disable_ipv6})
	host ip address flush dev co-six
	host sysctl -qw net.ipv4.conf.co-six.{route_localnet,rp_filter}=0 net.ipv6.conf.co-six.{accept_ra,accept_dad}=1 \
		net.ipv6.conf.co-six.disable_ipv6=1 net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
	host ip link set co-six type bridge no_linklocal_learn 0
	silent lan tcp 192.0.2.1 8080
	coffer network reload
	[[ $(host sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.co-six.{route_localnet,rp_filter} \
		net.ipv6.conf.co-six.{accept_ra,accept_dad,disable_ipv6}) == "$settings" ]]
	[[ $(host ip -d link show co-six) == *"no_linklocal_learn 1"* ]]
	answers lan tcp 192.0.2.1 8080 192.0.2.2
	answers lan tcp fd00:2::1 8080 fd00:2::2
	answers host tcp 127.0.0.1 8080 10.9.0.1
	answers "inside b" tcp fd00:99::1 8080
	# What is in a container's namespace cannot be made again from here.
	host ip link delete "$(coffer network inspect six | jq -r '.containers[] | select(.id == "b").host')"
	told=$(coffer network reload 2>&1) || status=$?
	[[ $status -eq 1 && $told == "coffer: error: container \`b\` has lost its interface on network \`six\`: disconnect and connect it, or start it anew" ]]
	answers lan tcp 192.0.2.1 8080 192.0.2.2
	coffer network disconnect six b
	coffer network connect six b
	coffer network reload
	answers "inside b" tcp "$(address_of a six)" 80
	# One that has ended has none to lose.
	coffer kill b KILL
	wait_for eval '[[ $(coffer state b | jq -r .status) == stopped ]]'
	wait_for eval '[[ $(host ip -o link show master co-six | wc -l) -eq 1 ]]'
	coffer network reload
}

@test "a firewall that drops forwarded packets of its own accord stays in force" {
	start a
	coffer network connect -p 8080:80 bridge a
	serve "inside a" 80
	host nft add table inet strict
	host nft add chain inet strict forward '{ type filter hook forward priority 5; policy drop; }'
	silent lan tcp 192.0.2.1 8080
	host nft delete table inet strict
	answers lan tcp 192.0.2.1 8080
}

@test "errors: ports, addresses, names, the host's network" {
	local config=$FILE_DIR/bundle/config.json at rules
	start a && start b
	# A name server of the host's at all addresses: what to do is said, and nothing stays of the attempt.
	serve host 53
	fails "port 53 of 10.192.0.1 (another server has it at all addresses" coffer network connect bridge a
	[[ $(coffer network inspect bridge | jq -c .containers) == "[]" ]]
	stop_background
	coffer network connect --ip 10.192.0.2 -p 8080:80 bridge a
	serve host 8080
	fails "port 8080/tcp cannot be published: address already in use, a process of user 0 listens at" \
		coffer network connect -p 8079-8081:79-81 bridge b
	coffer network reload
	stop_background
	echo bogus >"$COFFER_NETWORKS/config/broken"
	[[ $(coffer network list -q 2>&1) == *"config/broken is left out: network broken: line 1: unknown key"*$'\nbridge' ]]
	coffer network inspect bridge >/dev/null
	fails "network broken: line 1: unknown key" coffer network inspect broken
	rm "$COFFER_NETWORKS/config/broken"
	rules=$(host nft -a list ruleset) # with handles: not even made anew
	fails "published already, by container \`a\`: 80/tcp -> 0.0.0.0:8080" coffer network connect -p 8080:81 bridge b
	fails "10.192.0.2 is another container's" coffer network connect --ip 10.192.0.2 bridge b
	[[ $(host nft -a list ruleset) == "$rules" ]]
	# At one address, or at all: the same packets.
	fails "published already, by container \`a\`: 80/tcp -> 0.0.0.0:8080" \
		coffer network connect -p 192.0.2.1:8080:80 bridge b
	fails "published already, by container \`a\`: 80/tcp -> 0.0.0.0:8080" \
		coffer network connect -p 192.0.2.1:8061-8100:61-100 bridge b
	coffer network connect -p 192.0.2.1:8081:80 -p 127.0.0.1:8081:81 -p 192.0.2.1:8080:80/udp bridge b
	coffer network create --ipv6 two && start d
	fails "published already, by container \`b\`: 80/tcp -> 192.0.2.1:8081" coffer network connect -p 8081:80 two d
	fails "published already, by container \`b\`: 80/udp -> 192.0.2.1:8080" \
		coffer network connect -p 8080:80/udp two d
	host nft flush ruleset # the records know
	fails "published already, by container \`b\`: 80/tcp -> 192.0.2.1:8081" coffer network connect -p 8081:80 two d
	coffer network reload
	coffer network connect -p 10.192.0.1:8081:80 -p 8081:80/udp two d
	fails "published already, by container \`d\`: 80/tcp -> 10.192.0.1:8081" \
		coffer network connect -p 10.192.0.1:8081:80 two a
	fails "port 8090/tcp is published twice: 80/tcp -> 0.0.0.0:8090 and 81/tcp -> 127.0.0.1:8090" \
		coffer network connect -p 8090:80 -p 127.0.0.1:8090:81 two a
	fails "port 53/udp cannot be published at 10.192.0.1: there network bridge has its name server" \
		coffer network connect -p 10.192.0.1:53:53/udp two a
	host "$COFFER" --root "$TEST_DIR//state/./" network disconnect two d && coffer network remove two
	# Where the container has no such address.
	for at in fd00:2::1 ::; do
		fails "port 90/tcp cannot be published at $at: network bridge, which it would lead to, has no IPv6 addresses" \
			coffer network connect -p 90:90/udp -p "[$at]:90:90" bridge d
	done
	coffer network create --subnet6 fd00:66::/64 only6
	fails "port 90/tcp cannot be published at 192.0.2.1: network only6, which it would lead to, has no IPv4 addresses" \
		coffer network connect -p 192.0.2.1:90:90 only6 d
	coffer network remove only6
	[[ $(inside d ip -o link) != *eth0* ]]
	coffer network disconnect bridge b
	fails "10.192.0.2 is another container's" coffer network connect --ip 10.192.0.2 bridge b
	fails "has no address 10.0.0.9 for a container" coffer network connect --ip 10.0.0.9 bridge b
	fails "network \`none-such\` does not exist" coffer network connect none-such b
	fails "container \`a\` is on network \`bridge\` already" coffer network connect bridge a
	host "$COFFER" --root "$TEST_DIR/more" --cgroup-manager disabled run --detach --bundle "$FILE_DIR/bundle" a \
		</dev/null >/dev/null 2>&1
	fails "container \`a\` is on network \`bridge\` already: that of $TEST_DIR/state/a" \
		host "$COFFER" --root "$TEST_DIR/more" network connect two a
	fails "container \`a\` on network \`bridge\` is that of $TEST_DIR/state/a" \
		host "$COFFER" --root "$TEST_DIR/more" network disconnect bridge a
	[[ $(coffer port a) == "80/tcp -> 0.0.0.0:8080" && ! $(host "$COFFER" --root "$TEST_DIR/more" port a) ]]
	host "$COFFER" --root "$TEST_DIR/more" delete --force a
	fails "network \`bridge\` is in use: coffer network inspect bridge shows by whom" coffer network remove bridge
	fails "fd00::/64: IPv6 networks are given by --subnet6" coffer network create --subnet fd00::/64 six
	fails "container \`c\` does not exist" coffer network connect bridge c
	start dead && coffer kill dead KILL
	wait_for eval '[[ $(coffer state dead | jq -r .status) == stopped ]]'
	fails "cannot connect container \`dead\` to network bridge: container not running" \
		coffer network connect bridge dead
	inside b ip link add eth0 type bridge
	fails "the container has an interface eth0 already" coffer network connect bridge b
	inside b ip link delete eth0
	fails "container \`b\` is not on network" coffer network disconnect bridge b
	fails "overlaps with network bridge" coffer network create --subnet 10.192.1.0/24 other
	fails "which this host has a route to" coffer network create --subnet 192.0.2.0/24 other
	fails "224.0.0.1/24: cannot be a gateway's address" coffer network create --subnet 224.0.0.0/24 other
	fails "\"none\" is not a name for a network: it is reserved for --network none" coffer network create none
	fails "reserved for --network host" coffer network connect host b
	fails "\"a b\" is not a name for a network" coffer network create "a b"
	fails "10.66.1.0/32: one address is no network" coffer network create --subnet 10.66.1.0/32 x
	fails "::1/128: one address is no network" coffer network create --subnet6 ::1/128 x
	fails "is started by coffer itself" coffer network names
	fails "network prune: too many arguments" coffer network prune bridge
	fails "network: unknown command" coffer network frobnicate
	fails "this kernel lacks what the network takes: bridge, veth and nf_tables, or its driver (--network none or host does without)" \
		host strace -qq -o /dev/null -e inject=socket:error=EPROTONOSUPPORT \
		"$COFFER" --root "$TEST_DIR/state" --cgroup-manager disabled network connect bridge b
	# No program is run, but this one.
	host strace -f -qq -e trace=execve,execveat -o "$TEST_DIR/trace" \
		"$COFFER" --root "$TEST_DIR/state" --cgroup-manager disabled network connect --ip 10.192.0.77 \
		--mac-address 02:00:00:00:00:77 -p 8077:80 bridge b
	[[ $(grep -c exec "$TEST_DIR/trace") -eq 1 ]]
	[[ $(inside b ip -o link show eth0) == *02:00:00:00:00:77* ]]
	[[ $(inside b ip -o -4 address show eth0) == *10.192.0.77/22* ]]
	mkdir "$TEST_DIR/h"
	ln -s "$FILE_DIR/bundle/rootfs" "$TEST_DIR/h/rootfs"
	jq '.linux.namespaces |= map(select(.type != "network")) | .mounts |= map(select(.destination != "/sys"))' \
		"$config" >"$TEST_DIR/h/config.json"
	coffer run --detach --bundle "$TEST_DIR/h" h </dev/null >/dev/null 2>&1
	fails "is on the host's network" coffer network connect bridge h
}

@test "a bridge that has all the ports that the kernel allows" {
	start a && start b
	coffer network connect bridge a
	host ip -batch <(for i in {1..1022}; do echo "link add p$i master coffer0 type ifb"; done)
	fails "network bridge: the bridge has 1023 ports, which is all that the kernel allows" coffer network connect bridge b
}

@test "a file that cannot be read is left out and named; all others go on" {
	local id torn=$COFFER_NETWORKS/config/torn bad=$COFFER_NETWORKS/run/endpoints/b/bridge
	local left="torn is left out: network torn: the file is empty"
	mkdir -p "$COFFER_NETWORKS/config" && : >"$torn"
	# The default network is made beside it, and what is made is on the disk.
	host strace -f -qq -e trace=fsync,rename,renameat,renameat2 -o "$TEST_DIR/trace" \
		"$COFFER" --root "$TEST_DIR/state" --cgroup-manager disabled network create n 2>"$TEST_DIR/said" >/dev/null
	[[ $(awk '{ print $2 }' "$TEST_DIR/trace" | grep -o "^[a-z]*" | tr '\n' ' ') == "fsync rename"*" fsync " ]]
	[[ $(grep -c "$left" "$TEST_DIR/said") -eq 1 && $(wc -l <"$TEST_DIR/said") -eq 1 ]]
	image a 2>"$TEST_DIR/said" >/dev/null
	[[ $(grep -c "$left" "$TEST_DIR/said") -eq 1 ]]
	[[ $(coffer network list -q 2>"$TEST_DIR/said") == $'bridge\nn' ]]
	[[ $(grep -c "$left" "$TEST_DIR/said") -eq 1 ]]
	[[ $(coffer network prune 2>"$TEST_DIR/said") == n && -e $torn ]]
	[[ $(grep -c "$left" "$TEST_DIR/said") -eq 1 ]]
	fails "network \`torn\` exists already" coffer network create torn
	fails "torn: the file is empty" image q --network torn
	[[ -z $(coffer network remove torn 2>&1) && ! -e $torn ]]
	# The record of one container.
	image b -p 8080:80 2>&1 && image c -p 8081:80
	: >"$bad"
	left="endpoints/b/bridge is left out: endpoints/b/bridge: the record is not whole"
	[[ $(coffer network inspect bridge 2>"$TEST_DIR/said" | jq -c '[.containers[].id]') == '["a","c"]' ]]
	[[ $(grep -c "$left" "$TEST_DIR/said") -eq 1 ]]
	[[ $(coffer port c 2>"$TEST_DIR/said") == "80/tcp -> 0.0.0.0:8081" ]]
	[[ $(grep -c "$left" "$TEST_DIR/said") -eq 1 ]]
	[[ $(resolve "inside a" udp 10.192.4.1 c) == 10.192.4.* ]]
	host nft flush ruleset
	kill_names
	fails "$left" coffer network reload
	[[ $(host nft list map inet coffer ports4) == *8081* ]]
	[[ $(resolve "inside a" udp 10.192.4.1 c) == 10.192.4.* ]]
	# The definition of a network with a container, the first in the order of names: nothing leads there or out.
	coffer network create --subnet 10.77.0.0/24 a1 2>/dev/null && image t --network a1 -p 8090:90
	serve "inside t" 90 && serve "inside a" 90
	answers lan tcp 192.0.2.1 8090
	: >"$COFFER_NETWORKS/config/a1"
	host nft flush ruleset
	fails "config/a1 is left out" coffer network reload
	[[ $(host nft list map inet coffer ports4) == *8081* ]]
	silent lan tcp 192.0.2.1 8090
	silent "inside a" tcp 10.77.0.2 90 && silent "inside t" tcp "$(address_of a bridge)" 90
	[[ $(host nft list set bridge coffer checked | grep -o cv | wc -l) -eq 3 ]] # a, c, t
	fails "network \`a1\` is in use" coffer network remove a1
	coffer delete --force t
	coffer network remove a1
	[[ ! -e $COFFER_NETWORKS/config/a1 && $(host ip -o link) != *co-a1:* ]]
	# One that is gone.
	coffer network create --subnet 10.77.0.0/24 a1 2>/dev/null && image t --network a1
	rm "$COFFER_NETWORKS/config/a1"
	fails "config/a1 is left out: network \`a1\` does not exist" coffer network reload
	coffer network disconnect a1 t 2>/dev/null && coffer delete --force t
	coffer network create --subnet 10.77.0.0/24 a1 2>/dev/null && coffer network remove a1
	kill -KILL "$(pid_of c)" && rm -rf "$TEST_DIR/state/c"
	coffer network prune 2>"$TEST_DIR/said"
	[[ $(grep -c "$left" "$TEST_DIR/said") -eq 1 && $(coffer network inspect bridge 2>&1) != *'"c"'* ]]
	coffer delete --force b
	[[ ! -e $bad && $(host nft list map inet coffer ports4) != *8080* && $(host ip -o link | grep -c ": cv") -eq 1 ]]
	[[ $(ls "$COFFER_NETWORKS/run/leases/bridge") == $(address_of a bridge) ]]
}

@test "what dead containers have left is pruned, and networks that nobody uses" {
	local before
	before=$(snapshot)
	coffer network create unused
	start a
	coffer network connect -p 8080:80 bridge a
	kill -KILL "$(pid_of a)"
	rm -rf "$TEST_DIR/state/a"
	[[ $(coffer network prune) == unused ]]
	wait_for same "$before"
	[[ $(coffer network list -q) == bridge ]]
}

# image ID OPTION...: `coffer run` from a directory, which sleeps
image() {
	COFFER_STORE=$TEST_DIR/store coffer run --rootfs "$FILE_DIR/bundle/rootfs:O" --name "$1" --detach "${@:2}" \
		sleep 1000 </dev/null 3>&-
}

@test "a container that has ended gives its ports and addresses to who wants them, unless its namespace is in use" {
	local line
	image a -p 8080:80 --ip 10.192.0.50
	image b -p 8081:80 --ip 10.192.0.51
	image guest --network container:b
	for line in a b; do
		coffer kill $line KILL
		wait_for eval "[[ \$(coffer state $line) == *stopped* ]]"
	done
	start c && start d
	wait_for coffer network connect -p 8080:80 bridge c # once the kernel has taken the veth
	[[ $(coffer port a) == "" && $(coffer port c) == "80/tcp -> 0.0.0.0:8080" ]]
	serve "inside c" 80
	answers lan tcp 192.0.2.1 8080 192.0.2.2
	coffer network connect --ip 10.192.0.50 bridge d
	coffer network disconnect bridge d
	fails "the port is published already, by container \`b\`: 80/tcp -> 0.0.0.0:8081" \
		coffer network connect -p 8081:80 bridge d
	fails "the address 10.192.0.51 is another container's" coffer network connect --ip 10.192.0.51 bridge d
	serve "inside guest" 80
	answers lan tcp 192.0.2.1 8081 192.0.2.2
	coffer delete a && coffer delete b
	wait_for eval '[[ $(inside guest ip -o link) != *eth0* ]]' # the address is another's now
	coffer network connect -p 8081:80 --ip 10.192.0.51 bridge d
	coffer delete --force guest
}

@test "run: networks, ports and addresses from the start; delete leaves them" {
	local before
	local id
	before=$(snapshot)
	coffer network create --subnet 10.5.0.0/24 two
	image r --network bridge:ip=10.192.0.9 --network two --mac-address 02:00:00:00:00:09 -p 8080:80 \
		--dns 192.0.2.53 --add-host other:192.0.2.2 --net-rate in=20mbit,out=10mbit
	serve "inside r" 80
	[[ $(coffer network inspect two | jq -c '.containers[0] | [.rateIn, .rateOut]') == "[20000000,10000000]" ]]
	[[ $(host tc qdisc show | grep -c "tbf.*rate [12]0Mbit") -eq 4 ]] # of two networks
	answers lan tcp 192.0.2.1 8080 192.0.2.2
	[[ $(inside r ip -o -4 address show) == *"10.192.0.9/22"*"10.5.0.2/24"* ]]
	[[ $(inside r ip -o link show eth0) == *02:00:00:00:00:09* ]]
	[[ $(inside r ip route show default) == "default via 10.192.0.1 dev eth0"* ]]
	[[ $(coffer exec r busybox cat /etc/resolv.conf) == "nameserver 192.0.2.53" ]]
	[[ $(coffer exec r busybox cat /etc/hosts) == *$'192.0.2.2\tother'* ]]
	image s --network container:r
	[[ $(readlink "/proc/$(pid_of s)/ns/net") == "$(readlink "/proc/$(pid_of r)/ns/net")" ]]
	fails "container:none-such: container \`none-such\` does not exist" image q --network container:none-such
	image p -p 8081:80
	[[ $(coffer port p) == "80/tcp -> 0.0.0.0:8081" ]]
	image n
	answers "inside n" tcp 192.0.2.1 8080
	COFFER_DEFAULT_NETWORK=none image o
	[[ $(inside o ip -o link | wc -l) -eq 1 ]]
	fails "published already, by container \`r\`" image q -p 8080:81
	fails "does not exist" image q --network none-such
	fails "need a network of the container's own" image q --network host -p 1:1
	fails "a rate needs a network of coffer's" image q --network host --net-rate 1mbit
	coffer kill p KILL
	until [[ $(coffer state p | jq -r .status) == stopped ]]; do sleep 0.02; done
	fails "container:p: that one does not run" image q --network container:p
	[[ $(coffer list -q) == $'n\no\np\nr\ns' ]]
	stop_background # a server in r's namespace keeps that alive, and its interface with it
	for id in r s p n o; do coffer delete --force $id; done
	wait_for same "$before"
}

# The host has a default route by what the LAN's router says.
advertised() {
	lan python3 "$BATS_TEST_DIRNAME/probe.py" advertise eth0 fe80::1
	[[ $(host ip -6 route show default) == *"via fe80::1 dev wan proto ra"* ]]
}

@test "forwarding of IPv6: the host keeps the default route that a router advertises, and hears of the next one" {
	lan ip address add fe80::1/64 dev eth0 nodad
	host ip link add off type veth peer name on
	host sysctl -qw net.ipv6.conf.off.accept_ra=0 net.ipv6.conf.on.forwarding=1
	wait_for advertised
	start a
	coffer network connect bridge a
	[[ $(host sysctl -n net.ipv6.conf.wan.accept_ra net.ipv6.conf.default.accept_ra) == $'1\n1' ]]
	coffer network create --ipv6 six
	coffer network connect six a
	[[ $(host sysctl -n net.ipv6.conf.all.forwarding) == 1 ]]
	[[ $(host ip -6 route show default) == *"via fe80::1 dev wan proto ra"* ]]
	host ip -6 route delete default via fe80::1 dev wan
	wait_for advertised
	host ip link add later type veth peer name more
	[[ $(host sysctl -n net.ipv6.conf.{off,on,later,co-six}.accept_ra) == $'0\n1\n2\n0' ]]
	# Who has forwarding on already has said what is to come of advertisements.
	coffer network disconnect six a
	host sysctl -qw net.ipv6.conf.wan.accept_ra=1
	coffer network connect six a
	[[ $(host sysctl -n net.ipv6.conf.wan.accept_ra) == 1 ]]
}

# ways_out ID: where its default routes lead
ways_out() {
	{ inside "$1" ip route show default && inside "$1" ip -6 route show default; } | grep -o 'dev [^ ]*' | xargs
}

@test "default routes: of the first network joined that has a gateway, for each family; the next one's when it leaves" {
	coffer network create --internal int
	coffer network create --subnet 10.1.0.0/24 n1
	coffer network create --subnet 10.2.0.0/24 --subnet6 fd00:2:2::/64 n2
	coffer network create --subnet 10.3.0.0/24 --subnet6 fd00:2:3::/64 n3
	image a --network int --network n1 --network n2
	[[ $(ways_out a) == "dev eth1 dev eth2" ]]
	[[ $(inside a ip route show default) == "default via 10.1.0.1 dev eth1"* ]]
	coffer network connect n3 a
	[[ $(ways_out a) == "dev eth1 dev eth2" ]]
	coffer network disconnect n1 a
	[[ $(ways_out a) == "dev eth2 dev eth2" ]]
	coffer network connect n1 a # the last one now
	[[ $(ways_out a) == "dev eth2 dev eth2" ]]
	coffer network disconnect n2 a
	[[ $(ways_out a) == "dev eth3 dev eth3" ]]
	coffer network disconnect n3 a
	[[ $(ways_out a) == "dev eth1" && $(inside a ip -o -4 address show eth1) == *10.1.0.* ]]
	coffer network disconnect n1 a
	[[ -z $(ways_out a) ]]
	coffer network connect n2 a
	[[ $(ways_out a) == "dev eth1 dev eth1" ]]
	# What the container has made itself stays.
	inside a ip route replace default via 10.2.0.9
	coffer network connect n1 a
	coffer network disconnect n2 a
	[[ $(ways_out a) == "dev eth2" ]]
	inside a ip route replace default via 10.1.0.9
	coffer network connect n2 a
	coffer network disconnect int a
	[[ $(inside a ip route show default) == "default via 10.1.0.9 dev eth2"* ]]
	# One that leaves by itself: what the container has no interface for is passed by.
	inside a ip link delete eth2
	coffer network disconnect n1 a
	[[ $(ways_out a) == "dev eth1 dev eth1" ]]
}

@test "a second network on a kernel with one routing table: ports are refused, the rest does without" {
	connect() { # STRACE_OPTION... -- ARGUMENT...
		local options=()
		while [[ $1 != -- ]]; do options+=("$1") && shift; done
		host strace -qq "${options[@]}" "$COFFER" --root "$TEST_DIR/state" --cgroup-manager disabled \
			network connect "${@:2}"
	}
	coffer network create --subnet 10.2.0.0/24 n2
	start a
	coffer network connect bridge a
	# The rule, which is the so manieth message of this command, cannot be made.
	without_rules() {
		local number
		connect -e trace=sendto -o "$TEST_DIR/trace" -- "$@"
		number=$(grep -nE "RTM_NEWRULE|nlmsg_type=0x20 " "$TEST_DIR/trace" | cut -d : -f 1)
		coffer network disconnect n2 a
		connect -e trace=sendto -e inject=sendto:error=EOPNOTSUPP:when="$number" -o /dev/null -- "$@"
	}
	coffer network connect -p 8080:80 n2 a
	[[ $(inside a ip rule) == *"from 10.2.0.2 lookup 100003"* ]]
	[[ $(inside a ip route show table 100003) == "default via 10.2.0.1 dev eth1 proto static"*"10.2.0.0/24 dev eth1"* ]]
	coffer network disconnect n2 a
	fails "ports can be published on a container's first network with a gateway only" without_rules -p 8080:80 n2 a
	[[ $(coffer network inspect n2 | jq -c .containers) == "[]" ]]
	without_rules --ip 10.2.0.9 n2 a
	[[ $(inside a ip -o -4 address show eth1) == *10.2.0.9/24* && $(inside a ip rule) != *10.2.0* ]]
}

@test "MACs: each container of a network has its own" {
	local own
	coffer network create --subnet6 fd00:96::/64 six
	start a && start b && start c
	coffer network connect --ip6 fd00:96::5 six a
	coffer network connect --ip6 fd00:96::1:0:5 six b
	[[ $(coffer network inspect six | jq -r '.containers[].mac' | sort -u | wc -l) -eq 2 ]]
	coffer network connect bridge a
	own=$(coffer network inspect bridge | jq -r .mac)
	fails "the MAC $own is the bridge's" coffer network connect --mac-address "$own" bridge b
	coffer network connect --mac-address 02:00:00:00:00:77 --ip 10.192.0.9 bridge b
	fails "the MAC 02:00:00:00:00:77 is container \`b\`'s" coffer network connect --mac-address 02:00:00:00:00:77 bridge c
	fails "the MAC 02:04:0a:c0:00:02 is container \`a\`'s" coffer network connect --mac-address 02:04:0a:c0:00:02 bridge c
	fails "the MAC 02:04:0a:c0:00:07 goes with the address 10.192.0.7" \
		coffer network connect --mac-address 02:04:0a:c0:00:07 bridge c
	coffer network connect --mac-address 02:04:0a:c0:00:07 --ip 10.192.0.7 bridge c
	coffer network connect --mac-address 02:00:00:00:00:77 six c # another wire
	host ip link add br9 address 02:00:00:00:00:99 type bridge
	host ip link set br9 up
	coffer network create --subnet 10.50.0.0/24 --interface br9 --no-names x
	fails "the MAC 02:00:00:00:00:99 is the bridge's" coffer network connect --mac-address 02:00:00:00:00:99 x c
}

@test "MTU: the default route's own; IPv6 has what it needs" {
	host ip route add default via 192.0.2.2 mtu 1200
	coffer network create --subnet 10.9.0.0/24 --subnet6 fd00:99::/64 six
	start a
	coffer network connect bridge a
	coffer network connect six a
	[[ $(inside a ip -o link show eth0) == *"mtu 1200"* ]]
	[[ $(inside a ip -o link show eth1) == *"mtu 1280"* ]]
	[[ $(inside a ip -o -6 address show eth1) == *fd00:99::2* ]]
}

@test "macvlan: a machine of the LAN, under an address that is nobody's; the interface itself, there and back" {
	local before
	before=$(snapshot)
	coffer network create -d macvlan -o parent=wan --subnet 192.0.2.0/24 --gateway 192.0.2.2 --reserve 192.0.2.1 m
	[[ $(coffer network list) == *m*macvlan*wan*192.0.2.2/24* ]]
	[[ $(coffer network inspect m | jq -c '[.driver, .parent, .mode, .reserved]') == '["macvlan","wan","bridge",["192.0.2.1"]]' ]]
	image a --network m --network bridge && image b --network m
	serve "inside a" 80
	answers lan tcp 192.0.2.3 80 192.0.2.2
	answers "inside b" tcp 192.0.2.3 80 192.0.2.4
	silent host tcp 192.0.2.3 80
	[[ $(inside a ip route show default) == "default via 192.0.2.2 dev eth0"* ]]
	fails "ports cannot be published" image p --network m -p 8080:80
	coffer network disconnect m b
	[[ $(inside b ip -o link) != *eth0* ]]
	fails "overlaps with network m" coffer network create -d ipvlan -o parent=wan --subnet 192.0.2.0/25 o
	fails "is missing: -o parent=" coffer network create -d macvlan --subnet 192.0.3.0/24 o
	fails "is not a mode of macvlan" coffer network create -d macvlan -o mode=l2 o
	stop_background
	coffer delete --force a
	coffer network remove m
	wait_for same "$before"
	coffer network create -d host-device -o parent=wan --subnet 192.0.2.0/24 --gateway 192.0.2.2 d
	coffer network connect --ip 192.0.2.9 d b
	[[ $(inside b busybox ping -c 1 -W 2 192.0.2.2) == *" 0% packet loss"* ]]
	[[ $(host ip -o link) != *wan* ]]
	coffer network disconnect d b
	[[ $(host ip -o link) == *wan* && $(inside b ip -o link) != *wan* ]]
}

@test "netDevices: an interface of the host with its addresses; one of the container's name is an error" {
	mkdir "$TEST_DIR/d"
	ln -s "$FILE_DIR/bundle/rootfs" "$TEST_DIR/d/rootfs"
	jq '.linux.netDevices = {"wan": {"name": "net%d"}}' "$FILE_DIR/bundle/config.json" >"$TEST_DIR/d/config.json"
	coffer run --detach --bundle "$TEST_DIR/d" d </dev/null >/dev/null
	[[ $(inside d ip -o -4 address show net0) == *192.0.2.1/24* ]]
	[[ $(inside d busybox ping -c 1 -W 2 192.0.2.2) == *" 0% packet loss"* ]]
	[[ $(host ip -o link) != *wan* ]]
	fails "linux.netDevices.wan: find interface wan: No such device" coffer run --bundle "$TEST_DIR/d" e
	jq '.linux.netDevices = {"lo": {}}' "$FILE_DIR/bundle/config.json" >"$TEST_DIR/d/config.json"
	fails "linux.netDevices.lo: the container has an interface lo already" coffer run --bundle "$TEST_DIR/d" e
}

@test "run --network host and ns:FILE" {
	image h --network host
	[[ $(readlink "/proc/$(pid_of h)/ns/net") == "$(readlink "/proc/$HOST_PID/ns/net")" ]]
	image l --network "ns:/proc/$LAN_PID/ns/net"
	[[ $(readlink "/proc/$(pid_of l)/ns/net") == "$(readlink "/proc/$LAN_PID/ns/net")" ]]
}

# What `coffer` sees as the host's resolv.conf.
with_servers() {
	local line=$1
	shift
	echo "$line" >"$TEST_DIR/resolv.conf"
	coffer() {
		# shellcheck disable=SC2016 # for sh
		host unshare --mount sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$TEST_DIR/resolv.conf" \
			"$COFFER" --root "$TEST_DIR/state" --cgroup-manager disabled "$@"
	}
}

# The end of the name server, without its leave.
kill_names() {
	local server
	server=$(pgrep -f "^coffer network names" --ns "$HOST_PID" --nslist net)
	kill -KILL "$server"
	wait_for eval "! kill -0 $server"
}

@test "names: of neighbours at once, of others by the host's servers; never a forged one, nor a stranger's" {
	local server joined=0
	with_servers "nameserver 192.0.2.2"
	background lan nameserver
	image a --network bridge:alias=web,alias=db
	coffer network create --internal i
	image b && image c --network i && image n --network bridge --dns 192.0.2.2 -p 53:53 -p 53:53/udp
	[[ $(coffer exec b busybox cat /etc/resolv.conf) == "nameserver 10.192.0.1" ]]
	[[ $(resolve "inside b" udp 10.192.0.1 a WEB db b c) == $'10.192.0.2\n10.192.0.2\n10.192.0.2\n10.192.0.3\n198.51.100.7' ]]
	[[ $(resolve "inside b" tcp 10.192.0.1 a there.example) == $'10.192.0.2\n198.51.100.7' ]]
	[[ $(resolve "inside n" tcp 192.0.2.2 a) == 198.51.100.7 ]]
	[[ $(ask lan tcp 192.0.2.1 53) == *refused* ]] # the port of n's, not the name server
	[[ $(resolve "inside c" udp 10.192.4.1 c a there.example) == $'10.192.4.2\ncode 3\ncode 3' ]]
	# One that is connected, or leaves, is known by the time the command ends.
	coffer network connect --alias late i b
	[[ $(resolve "inside c" udp 10.192.4.1 late) == 10.192.4.3 ]]
	coffer network disconnect i b
	[[ $(resolve "inside c" udp 10.192.4.1 late) == "code 3" ]]
	# Who joins a network that is served does not ask the server; who makes its bridge anew does.
	server=$(pgrep -f "^coffer network names" --ns "$HOST_PID" --nslist net)
	kill -STOP "$server"
	coffer network connect --alias late i b || joined=$?
	kill -CONT "$server"
	[[ $joined -eq 0 ]]
	[[ $(resolve "inside c" udp 10.192.4.1 late) == 10.192.4.4 ]]
	coffer network disconnect i b
	coffer delete --force c
	image c --network i
	[[ $(resolve "inside c" udp 10.192.4.1 c) == 10.192.4.* ]]
	# Neither the LAN nor another network asks here; an address that is nobody's gets no answer.
	lan ip route add 10.192.0.0/16 via 192.0.2.1
	fails "" resolve lan udp 10.192.0.1 a
	fails "" resolve "inside c" udp 10.192.0.1 a
	# Killed, it is back with the next container, or reload; the records are all that it knows.
	kill_names
	coffer network reload
	[[ $(resolve "inside b" udp 10.192.0.1 web) == 10.192.0.2 ]]
	kill_names
	image d
	[[ $(resolve "inside d" udp 10.192.0.1 web) == 10.192.0.2 ]]
	[[ $(resolve "inside c" udp 10.192.4.1 c) == 10.192.4.* ]] # on a network that nobody has asked for since
	server=$(pgrep -f "^coffer network names" --ns "$HOST_PID" --nslist net)
	for id in a b c d n; do coffer delete --force $id; done
	stop_background
	wait_for eval "! kill -0 $server"
}

servers_in() {
	coffer exec "$1" busybox cat /etc/resolv.conf
}

@test "names: in another's namespace those that it has; of one that was on no network, when it is connected" {
	with_servers $'nameserver 192.0.2.2 \nnameserver\t127.0.0.1'
	coffer network create --subnet 10.5.0.0/24 two
	image a --network two
	image b --network container:a
	[[ $(servers_in b) == "nameserver 10.5.0.1" ]]
	[[ $(coffer exec b busybox nslookup a) == *10.5.0.2* ]]
	image c --network container:a --dns 192.0.2.53
	[[ $(servers_in c) == "nameserver 192.0.2.53" ]]
	image d --network container:c
	[[ $(servers_in d) == "nameserver 192.0.2.53" ]]
	start o # of a bundle that run has not made
	image e --network container:o
	[[ $(servers_in e) == "nameserver 192.0.2.2" ]]
	coffer network connect two o
	image f --network container:o
	[[ $(servers_in f) == "nameserver 10.5.0.1" ]]
	# Later, and only what is empty.
	image n --network none --read-only && image m --network none --dns 192.0.2.53
	[[ -z $(servers_in n) ]]
	image p --network container:n
	[[ -z $(servers_in p) ]]
	coffer network connect two n
	coffer network connect two m
	[[ $(servers_in n) == "nameserver 10.5.0.1" && $(servers_in m) == "nameserver 192.0.2.53" ]]
	[[ $(coffer exec n busybox nslookup a) == *10.5.0.2* ]]
	coffer network connect bridge n
	[[ $(servers_in n) == "nameserver 10.5.0.1" ]]
	[[ $(stat -c %h "$TEST_DIR/store/containers/n/resolv.conf") -eq 1 ]]
	# What a container has there is nothing that leads elsewhere.
	rm "$TEST_DIR/store/containers/p/resolv.conf" && ln -s "$TEST_DIR/other" "$TEST_DIR/store/containers/p/resolv.conf"
	: >"$TEST_DIR/other"
	coffer network disconnect two n
	coffer network connect bridge p
	[[ ! -s $TEST_DIR/other ]]
}

@test "names: ids with + and dots, and long ones by an alias" {
	local long
	long=$(printf 'x%.0s' {1..64})
	image a
	image b+1.x && image "$long" --network bridge:alias=short
	[[ $(resolve "inside a" udp 10.192.0.1 b+1.x short) == $'10.192.0.3\n10.192.0.4' ]]
	[[ $(coffer exec a busybox nslookup b+1.x) == *10.192.0.3* ]]
}

@test "names: of each network on a bridge of the host's; the sockets go with the last container, though others ask" {
	local asks
	host ip link add br9 up type bridge
	coffer network create --subnet 10.50.0.0/24 --interface br9 x
	fails "the bridge br9 is network x" coffer network create --interface br9 y
	coffer network create --subnet 10.60.0.0/24 y
	host ip address add 10.50.0.1/24 dev br9
	image a --network x
	image b --network y
	[[ $(resolve "inside a" udp 10.50.0.1 a b) == 10.50.0.2* ]]
	[[ $(resolve "inside b" udp 10.60.0.1 b) == 10.60.0.2 ]]
	(for _ in {1..100}; do resolve "inside b" udp 10.60.0.1 b && sleep 0.3; done) >/dev/null 2>&1 3>&- 4>&- &
	asks=$!
	coffer delete --force a
	wait_for eval '[[ $(host ss -Hlun) != *10.50.0.1%br9:53* ]]'
	[[ $(host ss -Hlun) == *10.60.0.1%co-y:53* ]]
	kill "$asks"
	coffer network remove x
	host ip address delete 10.50.0.1/24 dev br9
	coffer network create --subnet 10.50.0.0/24 --interface br9 z
	host ip address add 10.50.0.1/24 dev br9
	image a --network z
	[[ $(resolve "inside a" udp 10.50.0.1 a) == 10.50.0.2 ]]
}

@test "a bridge of the host's own: its containers keep their rules, whatever else goes" {
	local undo
	host ip link add br9 up type bridge
	coffer network create --subnet 10.50.0.0/24 --interface br9 x
	host ip address add 10.50.0.1/24 dev br9
	lan ip route add 10.50.0.0/24 via 192.0.2.1
	image a --network x -p 8080:80
	serve "inside a" 80
	coffer network create y
	image b --network y
	for undo in "delete --force b" "network remove y" "network prune"; do
		[[ $undo != *prune ]] || coffer network create y
		# shellcheck disable=SC2086 # words on purpose
		coffer $undo
		answers lan tcp 192.0.2.1 8080 192.0.2.2
		silent lan tcp 10.50.0.2 80
	done
	coffer delete --force a
	[[ -z $(host nft list tables) && $(host ip link show br9) == *,UP* ]]
}

@test "names: many connections are one container's own loss; an answer that comes twice is none" {
	local server fd count
	with_servers "nameserver 192.0.2.2"
	background lan nameserver
	image a && image b
	server=$(pgrep -f "^coffer network names" --ns "$HOST_PID" --nslist net)
	# The second answer comes to a socket that is closed, though processes for these connections were made with it.
	exec {fd}< <(inside a python3 "$BATS_TEST_DIRNAME/probe.py" crowd 10.192.0.1 twice.example 8 3>&- 4>&-)
	read -r -t 20 -u "$fd" count
	[[ $count -eq 8 ]]
	[[ $(resolve "inside b" tcp 10.192.0.1 a) == 10.192.0.2 ]]
	read -r -t 20 -u "$fd" count
	[[ $count == end ]]
	[[ $(awk '{ print $14 + $15 }' "/proc/$server/stat") -lt 50 ]] # hundredths of a second
	[[ $(resolve "inside b" udp 10.192.0.1 there.example) == 198.51.100.7 ]]
}

@test "killed between joining and the start, and while it starts the name server: delete takes all back" {
	local before point
	[[ ${COFFER_FAULTY-} ]] || skip "no test build: COFFER_FAULTY is unset"
	before=$(snapshot)
	for point in network-joined service-locked service-bound network-named; do
		STATUS=0
		COFFER=$COFFER_FAULTY COFFER_FAULT=$point image k || STATUS=$?
		[[ $STATUS -eq 137 ]]
		coffer delete --force k
		wait_for same "$before"
	done
	image k
	[[ $(resolve "inside k" udp 10.192.0.1 k) == 10.192.0.* ]]
}

# For the user 54321; in a mount namespace where the device of pasta is open to all, as it is on a Debian machine, and
# whose /usr/bin is $BIN. The device has a mount of its own: where the tests' files are, there may be none (nodev).
as_user() {
	host env COFFER_STORE="$TEST_DIR/u/store" unshare --mount sh -ec '
		mount -t tmpfs -o mode=755 tmpfs /dev/net
		mknod -m 666 /dev/net/tun c 10 200
		mount --bind "${BIN:-/usr/bin}" /usr/bin
		exec setpriv --reuid 54321 --regid 54321 --clear-groups env -u XDG_RUNTIME_DIR "$@"
	' sh "$TEST_DIR/u/coffer" --root "$TEST_DIR/u/state" "$@"
}

@test "not root: pasta carries the network, with published ports; it ends with the container" {
	local u=$TEST_DIR/u
	[[ -e /dev/net/tun ]] || skip "this kernel has no tun device"
	mkdir -p "$u" && chmod 711 "$FILE_DIR" "$TEST_DIR"
	cp "$COFFER" "$u/coffer"
	cp -a "$FILE_DIR/bundle/rootfs" "$u/rootfs"
	chown -R 54321:54321 "$u"
	host ip route add default via 192.0.2.2
	as_user run --rootfs "$u/rootfs" --name p --detach -p 8080:80 \
		busybox httpd -f -p 80 -h /bin </dev/null 3>&- >/dev/null 2>&1
	serve lan 80
	wait_for lan busybox wget -qO "$TEST_DIR/got" http://192.0.2.1:8080/busybox
	cmp "$TEST_DIR/got" "$u/rootfs/bin/busybox"
	answers "in_net $(as_user state p | jq -r .pid)" udp 192.0.2.2 80 192.0.2.1
	[[ $(as_user exec p busybox cat /etc/resolv.conf) == "nameserver 169.254.1.1" ]]
	[[ $(as_user port p) == "80/tcp -> 0.0.0.0:8080" ]]
	fails "does not exist" as_user port none-such
	fails "port 80 is root's, as all below net.ipv4.ip_unprivileged_port_start are: take a higher one" \
		as_user run --rootfs "$u/rootfs" --rm -p 80:80 true
	fails "another process may have the port" as_user run --rootfs "$u/rootfs" --rm -p 8080:80 true
	fails "container:p needs root: that network belongs to the user namespace" \
		as_user run --rootfs "$u/rootfs" --rm --network container:p true
	stop_background
	as_user delete --force p
	wait_for silent lan tcp 192.0.2.1 8080
	fails "pasta is for users who are not root" image r --network pasta
	# Without it: what is missing, in which package, and what goes without.
	mkdir "$u/bin" && cp "$(type -P setpriv)" "$(type -P env)" "$u/bin"
	BIN=$u/bin fails "/usr/bin/pasta, which carries the network of a container that is not root's (package passt" \
		as_user run --rootfs "$u/rootfs" --rm true
	BIN=$u/bin as_user run --rootfs "$u/rootfs" --rm --network none busybox true
}

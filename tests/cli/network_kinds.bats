#!/usr/bin/env bats
# Networks of kinds that need a kernel with modules, which the test VM's is. All else of networks: tests/net.

load ../net/helpers

pings() {
	[[ $(inside "$1" busybox ping -c 1 -W 5 "$2") == *" 0% packet loss"* ]]
}

@test "ipvlan, a VLAN of the parent, a bridge of one VLAN" {
	local before
	host ip link add link wan name probe type ipvlan 2>/dev/null || skip "this kernel has no ipvlan"
	host ip link delete probe
	host ip link add link wan name probe type vlan id 9 2>/dev/null || skip "this kernel has no 8021q"
	host ip link delete probe
	start a
	before=$(snapshot)
	coffer network create -d ipvlan -o parent=wan --subnet 192.0.2.0/24 --gateway 192.0.2.2 --reserve 192.0.2.1 i
	coffer network connect i a
	[[ $(inside a ip -d link show eth0) == *"ipvlan"*"mode l2"* ]]
	pings a 192.0.2.2
	coffer network disconnect i a
	coffer network create -d ipvlan -o parent=wan -o mode=l3 --subnet 10.11.0.0/24 l
	lan ip route add 10.11.0.0/24 via 192.0.2.1
	coffer network connect l a
	[[ $(inside a ip route show default) == "default dev eth0"* ]]
	coffer network disconnect l a
	[[ $(inside a ip -o link) != *eth0* ]]
	same "$before"

	lan ip link add link eth0 name v10 type vlan id 10
	lan ip address add 10.10.0.1/24 dev v10
	lan ip link set v10 up
	coffer network create -d macvlan -o parent=wan.10 --subnet 10.10.0.0/24 v
	fails "VLAN 10 of wan is network v" coffer network create -d ipvlan --vlan 10 -o parent=wan --subnet 10.12.0.0/24 w
	coffer network connect v a
	pings a 10.10.0.1
	[[ $(host ip -d link) == *"802.1Q id 10"* ]]
	coffer network disconnect v a
	same "$before"

	coffer network create --vlan 20 --subnet 10.20.0.0/24 b
	coffer network connect b a
	host ip link add trunk master co-b type veth peer name trunk netns "$LAN_PID"
	host ip link set trunk up
	host bridge vlan del dev trunk vid 20
	host bridge vlan add dev trunk vid 20
	lan ip link set trunk up
	lan ip link add link trunk name v20 type vlan id 20
	lan ip address add 10.20.0.9/24 dev v20
	lan ip link set v20 up
	pings a 10.20.0.1
	pings a 10.20.0.9
	# A frame of its own tag goes nowhere.
	inside a ip link add link eth0 name v30 type vlan id 30
	inside a ip address add 10.21.0.2/24 dev v30
	inside a ip link set v30 up
	lan ip link add link trunk name v30 type vlan id 30
	lan ip address add 10.21.0.9/24 dev v30
	lan ip link set v30 up
	[[ $(inside a busybox ping -c 1 -W 2 10.21.0.9) == *"100% packet loss"* ]]
	coffer network disconnect b a
}

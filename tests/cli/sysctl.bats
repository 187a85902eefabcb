#!/usr/bin/env bats
# sysctl.bats - linux.sysctl: runtime-spec config-linux.md "Sysctl". A parameter of one of the container's namespaces is
# set in that namespace; one that belongs to the host is refused, however its name is written.

load helpers
load features

sysctl() {
	bundle_config '.linux.sysctl = {($name): $value}' --arg name "$1" --arg value "$2"
}

host_value() {
	cat "/proc/sys/$1"
}

@test "parameters of the ipc, network and uts namespace; the host's stay" {
	local before
	before=$(host_value kernel/msgmax)$(host_value kernel/domainname)$(host_value net/ipv4/ip_unprivileged_port_start)
	bundle_config '.linux.sysctl = {"kernel.msgmax": "12345", "fs.mqueue.msg_max": "7", "kernel.domainname": "here",
		"net.ipv4.ip_unprivileged_port_start": "99", "net.ipv4.ping_group_range": "0 5"}'
	in_container 'cd /proc/sys && cat kernel/msgmax fs/mqueue/msg_max kernel/domainname \
		net/ipv4/ip_unprivileged_port_start net/ipv4/ping_group_range'
	prints $'12345\n7\nhere\n99\n0\t5'
	equal "$(host_value kernel/msgmax)$(host_value kernel/domainname)$(host_value \
		net/ipv4/ip_unprivileged_port_start)" "$before"
}

@test "slashes separate as well, and then a dot is part of the name" {
	sysctl net/ipv4/conf/lo/rp_filter 1
	in_container 'cat /proc/sys/net/ipv4/conf/lo/rp_filter'
	prints 1
	sysctl net.ipv4.conf.lo.rp_filter 2
	in_container 'cat /proc/sys/net/ipv4/conf/lo/rp_filter'
	prints 2
	sysctl net/ipv4/conf/eth0.100/rp_filter 1
	refused eth0.100
}

@test "in a user namespace" {
	user_namespace
	sysctl net.ipv4.ip_unprivileged_port_start 80
	in_container 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
	prints 80
}

@test "the namespace it needs has to be the container's" {
	local row
	for row in kernel.msgmax:ipc net.ipv4.ip_forward:network kernel.domainname:uts; do
		cp "$FILE_DIR/bundle/config.json" "$BUNDLE/config.json"
		bundle_config 'del(.hostname)'
		no_namespace "${row#*:}"
		sysctl "${row%:*}" 1
		refused linux.sysctl "${row%:*}"
	done
}

@test "what belongs to the host is refused, however it is spelt, and stays" {
	local name before
	before=$(host_value kernel/core_pattern)$(host_value vm/swappiness)$(host_value kernel/panic)
	for name in kernel.core_pattern vm.swappiness kernel.panic fs.file-max kernel/core_pattern \
		net.ipv4/../../../kernel.panic net/../kernel/panic ../sys/kernel/panic net..ipv4 /net/ipv4 "net.ipv4." \
		fs/mqueue/../../kernel/panic kernel.msgmax/../panic ""; do
		sysctl "$name" 1
		refused linux.sysctl
	done
	equal "$(host_value kernel/core_pattern)$(host_value vm/swappiness)$(host_value kernel/panic)" "$before"
}

@test "a value with a newline is refused: it would be a second line" {
	sysctl net.ipv4.ping_group_range $'0 0\n1 1'
	refused linux.sysctl newline
}

@test "hostname by sysctl beside the config's hostname is refused, alone it is set" {
	sysctl kernel.hostname other
	refused linux.sysctl hostname
	bundle_config 'del(.hostname)'
	in_container hostname
	prints other
}

@test "a value that the kernel refuses is named" {
	sysctl net.ipv4.ip_unprivileged_port_start many
	refused net.ipv4.ip_unprivileged_port_start many
}

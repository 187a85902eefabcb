#!/usr/bin/env bats
# Beside the firewalls that people have, as they come: what passes, what has to be allowed (coffer-network(1),
# FIREWALLS), and that neither's reload breaks the other. They run in the test's own namespaces, with files of its own.

load helpers

# What of three things works, in words.
works() {
	local words=
	! answers lan tcp 192.0.2.1 8080 192.0.2.2 >/dev/null || words+=" published"
	! answers "inside a" tcp 192.0.2.2 80 192.0.2.1 >/dev/null || words+=" outward"
	[[ $(resolve "inside a" udp 10.192.0.1 a) != 10.192.0.2 ]] || words+=" names"
	echo "$words"
}

readonly all=" published outward names"

container() {
	start a
	coffer network connect -p 8080:80 bridge a
	serve "inside a" 80 && serve lan 80
	[[ $(works) == "$all" ]]
	[[ $(coffer network inspect bridge | jq -c .firewalls) == "[]" ]]
}

firewall_cmd() {
	host firewall-cmd --quiet "$@"
}

@test "firewalld: published ports pass as it comes; with the bridge in zone trusted all does, over reloads" {
	type -P firewalld dbus-daemon >/dev/null || skip "firewalld is not installed"
	cat >"$TEST_DIR/bus.conf" <<-END
		<busconfig><type>system</type><listen>unix:path=$TEST_DIR/bus</listen><auth>EXTERNAL</auth><policy context="default">
		<allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
	END
	mkdir "$TEST_DIR/firewalld"
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$TEST_DIR/bus
	dbus-daemon --config-file="$TEST_DIR/bus.conf" --nofork 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	container
	host firewalld --nofork --nopid --system-config "$TEST_DIR/firewalld" --log-file "$TEST_DIR/log" >/dev/null 2>&1 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_for firewall_cmd --state
	firewall_cmd --permanent --zone=public --add-interface=wan
	firewall_cmd --reload
	[[ $(works) == *" published"* && $(works) != *" names"* ]]
	[[ $(coffer network inspect bridge | jq -c '.firewalls | sort') == '["inet firewalld: forward","inet firewalld: input"]' ]]
	firewall_cmd --permanent --zone=trusted --add-interface=coffer0
	firewall_cmd --reload
	[[ $(works) == "$all" ]]
	host nft flush ruleset
	firewall_cmd --reload
	coffer network reload
	[[ $(works) == "$all" ]]
	[[ $(host nft list tables) == *firewalld* ]]
}

# With files of the test's own.
ufw() {
	# shellcheck disable=SC2016 # for sh
	host unshare --mount sh -ec '
		mount --bind "$0/etc" /etc/ufw
		mount --bind "$0/default" /etc/default/ufw
		exec ufw "$@"
	' "$TEST_DIR/ufw" "$@" >/dev/null
}

@test "ufw: nothing passes as it comes, and inspect says so; with three rules all does, over reloads" {
	type -P ufw >/dev/null || skip "ufw is not installed"
	mkdir "$TEST_DIR/ufw"
	cp -a /etc/ufw "$TEST_DIR/ufw/etc"
	cp /etc/default/ufw "$TEST_DIR/ufw/default"
	container
	ufw --force enable
	[[ $(works) == "" ]]
	[[ $(coffer network inspect bridge | jq -c .firewalls) == *'"ip filter: forward"'* ]]
	[[ $(coffer --log-level warning network create x 2>&1) == *"another firewall (ip filter: "*"how to allow co-x: FIREWALLS"* ]]
	ufw route allow in on coffer0
	ufw route allow out on coffer0
	ufw allow in on coffer0 to any port 53
	[[ $(works) == "$all" ]]
	ufw reload
	[[ $(works) == "$all" ]]
	host nft flush ruleset
	coffer network reload
	ufw reload
	[[ $(works) == "$all" ]]
	# What is not published still is not reached.
	lan ip route add 10.192.0.0/22 via 192.0.2.1
	silent lan tcp "$(address_of a bridge)" 80
}

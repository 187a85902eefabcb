# helpers.bash - what the bats files of tests/net share.
#
# A file gets two network namespaces that processes hold: HOST_PID's, in which coffer runs as on a host, and LAN_PID's,
# a machine beside it: LAN 192.0.2.2, fd00:2::2 - host 192.0.2.1, fd00:2::1, interface "wan" on the host. Nothing of
# this machine's own network is touched. All is gone when the holders end.
#
#	host COMMAND...    in the host's namespace          lan COMMAND...   in the LAN's
#	coffer VERB...     the program under test, there    inside ID COMMAND...   in a container's network namespace
#	start ID           a container with an own network namespace that sleeps
#	serve WHERE PORT...   probe.py serve in the background, WHERE as above ("host", "lan", "inside ID")
#	ask WHERE tcp|udp|sctp ADDRESS PORT    prints the address that the server saw
# shellcheck shell=bash

load ../untraced

setup_file() {
	COFFER=$(realpath "${COFFER:-$BATS_TEST_DIRNAME/../../build/cli/coffer}")
	FILE_DIR=$(mktemp -d /dev/shm/coffer-net.XXXXXX)
	export COFFER FILE_DIR
	[[ $EUID -eq 0 ]] || return 0
	make_bundle
}

teardown_file() {
	rm -rf "$FILE_DIR"
}

# A namespace of its own for each test: what one leaves behind another does not see.
setup() {
	[[ $EUID -eq 0 ]] || skip "networks need root"
	TEST_DIR=$(mktemp -d "$FILE_DIR/test.XXXXXX")
	export COFFER_NETWORKS=$TEST_DIR/networks
	HOST_PID=$(hold)
	LAN_PID=$(hold)
	wire
}

teardown() {
	local id
	[[ ${HOST_PID-} ]] || return 0
	for id in "$TEST_DIR"/state/*/; do
		[[ ! -d $id ]] || coffer delete --force "$(basename "$id")" || true
	done
	stop_background
	kill "$HOST_PID" "$LAN_PID"
	rm -rf "$TEST_DIR"
}

stop_background() {
	local pid
	[[ -e $TEST_DIR/background ]] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null || true
	done <"$TEST_DIR/background"
	rm "$TEST_DIR/background"
}

# A process in a network namespace of its own, which ends by itself some minutes after a test that was killed.
hold() {
	local pid own theirs
	own=$(readlink /proc/self/ns/net)
	unshare --net sleep 600 >/dev/null 2>&1 3>&- 4>&- </dev/null &
	pid=$!
	# Only what has been read counts: else this machine's own network would be wired.
	until theirs=$(readlink "/proc/$pid/ns/net") && [[ $own && $theirs && $theirs != "$own" ]]; do sleep 0.01; done
	echo "$pid"
}

wire() {
	host ip link set lo up
	lan ip link set lo up
	host ip link add wan type veth peer name eth0 netns "$LAN_PID"
	host ip address add 192.0.2.1/24 dev wan
	host ip address add fd00:2::1/64 dev wan nodad
	host ip link set wan up
	lan ip address add 192.0.2.2/24 dev eth0
	lan ip address add fd00:2::2/64 dev eth0 nodad
	lan ip link set eth0 up
	# The kernel takes note of a link that is up when it has time, and answers for no address before.
	until host busybox ping6 -c 1 -W 1 fd00:2::2 >/dev/null 2>&1; do sleep 0.02; done
}

make_bundle() {
	local name
	mkdir -p "$FILE_DIR"/bundle/rootfs/{bin,dev,proc,sys,tmp}
	cp "$(type -P busybox)" "$FILE_DIR/bundle/rootfs/bin/busybox"
	for name in sh sleep; do
		ln -s busybox "$FILE_DIR/bundle/rootfs/bin/$name"
	done
	"$COFFER" spec --config "$FILE_DIR/spec.json"
	jq '.process.terminal = false | .process.args = ["sleep", "1000"]' "$FILE_DIR/spec.json" \
		>"$FILE_DIR/bundle/config.json"
}

in_net() {
	nsenter --net="/proc/$1/ns/net" "${@:2}"
}

host() {
	in_net "$HOST_PID" "$@"
}

lan() {
	in_net "$LAN_PID" "$@"
}

coffer() {
	host "$COFFER" --root "$TEST_DIR/state" --cgroup-manager disabled "$@"
}

start() {
	coffer run --detach --bundle "$FILE_DIR/bundle" "$1" </dev/null >/dev/null 2>&1
}

pid_of() {
	coffer state "$1" | jq -r .pid
}

inside() {
	in_net "$(pid_of "$1")" "${@:2}"
}

# The namespace's words end where the program's begin.
where() {
	if [[ $1 == inside ]]; then
		inside "$2" "${@:3}"
	else
		"$1" "${@:2}"
	fi
}

# serve "WHERE" PORT...
serve() {
	background "$1" serve "${@:2}"
}

# background "WHERE" COMMAND...: of probe.py, one that says "ready PID"
background() {
	local ready pid fd
	# shellcheck disable=SC2086 # words on purpose
	exec {fd}< <(where $1 python3 "$BATS_TEST_DIRNAME/probe.py" "${@:2}" 3>&- 4>&-)
	read -r -t 10 -u "$fd" ready pid
	[[ $ready == ready ]]
	echo "$pid" >>"$TEST_DIR/background"
}

# ask "WHERE" tcp|udp|sctp ADDRESS PORT
ask() {
	# shellcheck disable=SC2086 # words on purpose
	where $1 python3 "$BATS_TEST_DIRNAME/probe.py" ask "${@:2}" 2>&1
}

# answers "WHERE" KIND ADDRESS PORT [SEEN]: and the server saw this address.
answers() {
	local seen
	seen=$(ask "${@:1:4}") || { echo "no answer: $* ($seen)" && ways "$1" && ways host && return 1; }
	[[ -z ${5-} || $seen == "$5" ]] || { echo "$*: the server saw $seen" && return 1; }
}

# What a namespace knows of its interfaces and routes, for who reads of a failure.
ways() {
	local list
	echo "in $1:"
	for list in "address" "route" "-6 route" "neighbour"; do
		# shellcheck disable=SC2086 # words on purpose
		where $1 ip -o $list 2>&1 | sed "s/^/  /" || true
	done
}

# resolve "WHERE" udp|tcp SERVER NAME...
resolve() {
	# shellcheck disable=SC2086 # words on purpose
	where $1 python3 "$BATS_TEST_DIRNAME/probe.py" resolve "${@:2}" 2>&1
}

# silent "WHERE" KIND ADDRESS PORT: the probe has asked, and nobody has answered.
silent() {
	local seen status=0
	seen=$(ask "$@") || status=$?
	[[ $status -ne 0 ]] || { echo "an answer, where none should be: $*: $seen" && return 1; }
	[[ $status -eq 3 ]] || { echo "the probe failed ($status): $*: $seen" && return 1; }
}

# At once, and not for want of an answer.
refused() {
	local seen
	seen=$(ask "$@") || true
	[[ $seen == *refused* ]] || { echo "not refused: $*: $seen" && return 1; }
}

address_of() {
	coffer network inspect "$2" | jq -r --arg id "$1" '.containers[] | select(.id == $id).addresses[0]'
}

address6_of() {
	coffer network inspect "$2" | jq -r --arg id "$1" '.containers[] | select(.id == $id).addresses[1]'
}

snapshot() {
	host nft list ruleset
	host ip -o link | sed 's/^[0-9]*: //'
	host ip -o address | cut -d ' ' -f 2- | sed 's/ tentative//'
	host ip route
	host ip -6 route
}

# same SNAPSHOT: as it is now
same() {
	diff <(echo "$1") <(snapshot)
}

# until COMMAND... succeeds, at most 10 s
wait_for() {
	local end=$((SECONDS + 11))
	until "$@" >/dev/null 2>&1; do
		[[ $SECONDS -lt $end ]] || { echo "waited 10 s for: $1"; "$@" || return 1; }
		sleep 0.1
	done
}

fails() {
	local output status=0
	output=$("${@:2}" 2>&1) || status=$?
	[[ $status -ne 0 && $output == *"$1"* ]] || { echo "status $status, not with \"$1\": $output" && return 1; }
}

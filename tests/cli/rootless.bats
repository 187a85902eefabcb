#!/usr/bin/env bats
# An ordinary user runs a bundle: a user namespace comes by itself, cgroups where they are delegated.
# shellcheck disable=SC2016 # expanded in the container

load helpers

readonly user=54321 # has no account here

setup() {
	test_start
	install -m 755 "$COFFER" "$TEST_DIR/coffer"
	mkdir "$TEST_DIR/home"
	chown -R $user:$user "$BUNDLE" "$TEST_DIR/home"
	ROOT=$TEST_DIR/home/state
	AS_USER=(nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$BUNDLE" setpriv --reuid "$user" --regid "$user" --clear-groups)
	RUNTIME=("${AS_USER[@]}" env -u XDG_RUNTIME_DIR "$TEST_DIR/coffer" --root "$ROOT")
}

# As systemd does for a user's slice: the directory, and the files that move processes.
delegate() {
	local dir
	for dir in "$CGROUP" "$CGROUP/test"; do
		chown $user:$user "$dir" "$dir"/cgroup.{procs,threads,subtree_control}
	done
}

@test "root's config runs: a user namespace with the caller as its root" {
	bundle_args sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map; cat /proc/self/setgroups; echo $$'
	succeeds coffer run a
	equal "$(tr -s ' ' <<<"$OUT")" "0
0
 0 $user 1
 0 $user 1
deny
1"
}

@test "the config of spec --rootless runs" {
	rm "$BUNDLE/config.json"
	succeeds coffer spec --rootless
	jq -e ".linux.uidMappings[0].hostID == $user" "$BUNDLE/config.json"
	bundle_config '.process.terminal = false | .process.args = ["sh", "-c", "id -u; ls /proc | grep -c \"^[0-9]\""]'
	succeeds coffer run a
	equal "$(head -n 1 <<<"$OUT")" 0
}

@test "create, start, exec, kill, state, list, ps, delete" {
	bundle_args sh -c 'trap "exit 3" TERM; while :; do sleep 0.05; done'
	succeeds coffer create --pid-file "$TEST_DIR/home/pid" a
	equal "$(status_of a)" created
	succeeds coffer start a
	equal "$(status_of a)" running
	equal "$(coffer list -q)" a
	equal "$(stat -c %u "/proc/$(<"$TEST_DIR/home/pid")")" $user
	equal "$(coffer exec a sh -c 'id -u; readlink /proc/self/ns/user')" "0
$(readlink "/proc/$(pid_of a)/ns/user")"
	gives 5 coffer exec a sh -c 'exit 5'
	succeeds coffer kill a TERM
	wait_for_status a stopped
	succeeds coffer delete a
	succeeds coffer list -q
	equal "$OUT" ""
}

@test "streams, status and terminal of a foreground run" {
	bundle_args sh -c 'cat; exit 9'
	equal "$(echo word | coffer run a || echo $?)" $'word\n9'
	bundle_config '.process.terminal = true | .process.args = ["sh", "-c", "tty; stty size; exit 4"]'
	gives 4 on_tty --size 25x81 --expect /dev/pts/0 --expect "25 81" -- "${RUNTIME[@]}" run a
}

@test "without delegation there is no cgroup: pause says so, a limit is refused" {
	bundle_args sleep 1000
	coffer run -d a </dev/null >"$TEST_DIR/out" 2>&1
	[[ ! -s $TEST_DIR/out && ! -e $CGROUP/a ]]
	fails 1 "no cgroup" coffer pause a
	succeeds coffer delete --force a
	bundle_config '.linux.cgroupsPath = "/coffer-not-ours/a"'
	fails 1 cgroup coffer run -d a
	bundle_config 'del(.linux.cgroupsPath) | .linux.resources.unified = { "cgroup.max.depth": "5" }'
	fails 1 cgroup coffer run -d a
}

@test "in a delegated cgroup the container has one: pause, ps, kill --all, update" {
	delegate
	bundle_args sh -c 'sleep 1000 & wait'
	coffer run -d a </dev/null >"$TEST_DIR/out" 2>&1
	[[ ! -s $TEST_DIR/out && -d $CGROUP/a ]]
	wait_for 10 eval '[[ $(coffer ps -f json a | jq length) -eq 2 ]]'
	succeeds coffer pause a
	equal "$(status_of a)" paused
	succeeds coffer resume a
	equal "$(coffer exec a sh -c 'sed -n s/^0:://p /proc/self/cgroup')" /
	succeeds coffer kill --all a KILL
	wait_for_status a stopped
	succeeds coffer delete a
	[[ ! -e $CGROUP/a ]]
}

@test "limits in a delegated cgroup" {
	need_controller pids
	echo +pids >"$CGROUP/../cgroup.subtree_control"
	delegate
	bundle_config '.linux.resources.pids.limit = 17'
	bundle_args sleep 1000
	succeeds coffer run -d a </dev/null
	equal "$(<"$CGROUP/a/pids.max")" 17
	succeeds coffer update --pids-limit 18 a
	equal "$(<"$CGROUP/a/pids.max")" 18
}

@test "subordinate ids are mapped by newuidmap and newgidmap" {
	[[ -u $(type -P newuidmap) || -n $(getcap "$(type -P newuidmap)" 2>/dev/null) ]] || skip "no newuidmap (uidmap)"
	echo "tester:200000:65536" | tee "$TEST_DIR/subuid" >"$TEST_DIR/subgid"
	echo "tester:x:$user:$user::/:/bin/sh" >"$TEST_DIR/passwd"
	RUNTIME=(nsenter --mount="/proc/$HOLDER/ns/mnt" unshare --mount sh -c 'cd "$1/bundle" || exit
		for file in passwd subuid subgid; do mount --bind "$1/$file" "/etc/$file" || exit; done
		shift; exec "$@"' sh "$TEST_DIR" "${RUNTIME[@]:3}")
	bundle_args sh -c 'cat /proc/self/uid_map; touch /tmp/x; chown 1000:1000 /tmp/x && stat -c "%u %g" /tmp/x'
	bundle_config '.root.readonly = false | .process.capabilities[] += ["CAP_CHOWN"]'
	gives 0 coffer run a
	equal "$(tr -s ' ' <<<"$OUT")" " 0 $user 1
 1 200000 65536
1000 1000"
	equal "$(stat -c %u "$BUNDLE/rootfs/tmp/x")" 200999
}

@test "the state root: XDG_RUNTIME_DIR, or below /tmp where that is unset" {
	local state
	for state in "$TEST_DIR/home/coffer" /tmp/coffer-$user; do
		RUNTIME=("${AS_USER[@]}" env XDG_RUNTIME_DIR="${state%/coffer}" "$TEST_DIR/coffer")
		[[ $state == */home/* ]] || RUNTIME=("${AS_USER[@]}" env -u XDG_RUNTIME_DIR "$TEST_DIR/coffer")
		succeeds coffer create a
		[[ -e $state/a/state.json ]]
		equal "$(stat -c '%u %A' "$state" | cut -c -15)" "$user drwx-----"
		succeeds coffer delete a
		rm -r "$state"
	done
	mkdir -m 755 /tmp/coffer-$user # somebody else's
	chown 1:1 /tmp/coffer-$user
	gives 1 coffer create a
	rmdir /tmp/coffer-$user
	[[ $ERR == */tmp/coffer-$user* ]]
}

@test "root's containers are out of reach" {
	local own=("${RUNTIME[@]}")
	RUNTIME=(nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$BUNDLE" "$COFFER" --root "$TEST_DIR/state")
	running a
	RUNTIME=("${own[@]::${#own[@]}-1}" "$TEST_DIR/state")
	gives 1 coffer kill a KILL
	gives 1 coffer delete --force a
	gives 255 coffer exec a true
	RUNTIME=(nsenter --mount="/proc/$HOLDER/ns/mnt" "$COFFER" --root "$TEST_DIR/state")
	equal "$(status_of a)" running
	succeeds coffer delete --force a
	rm -r "$TEST_DIR/state"
}

@test "what a user may not do fails with one line and leaves nothing" {
	bundle_config '.linux.namespaces += [{ type: "network", path: "/proc/1/ns/net" }] |
		.linux.namespaces |= unique_by(.type)'
	bundle_config '(.linux.namespaces[] | select(.type == "network")) = { type: "network", path: "/proc/1/ns/net" }'
	fails 1 network coffer run a
	[[ ! -e $ROOT/a ]]
}

@test "--rootless=true does the same for root" {
	RUNTIME=(nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$BUNDLE" "$COFFER" --root "$TEST_DIR/rootstate")
	chown -R 0:0 "$BUNDLE"
	bundle_args sh -c 'tr -s " " </proc/self/uid_map; readlink /proc/self/ns/user'
	gives 0 coffer --rootless=true run a
	[[ $(tail -n 1 <<<"$OUT") != "$(readlink /proc/self/ns/user)" ]]
}

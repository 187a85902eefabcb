#!/usr/bin/env bats
# systemd: containers in scopes that systemd makes (--systemd-cgroup): their names and places, what systemd may and may
# not change, that a name is free again at once, and what is left after failures: nothing. Needs a systemd as PID 1, so
# all of it is for the test VM.
# shellcheck disable=SC2016,SC2154 # variables of jq; STATUS is faulty()'s

load helpers

TREE=/sys/fs/cgroup

setup() {
	[[ -S /run/systemd/private ]] || skip "no systemd is running here"
	test_start
	RUNTIME+=(--systemd-cgroup)
}

teardown() {
	test_end
	wait_for 5 no_scopes_are_left
}

no_scopes_are_left() {
	[[ -z $(systemctl list-units --all --plain --no-legend 'coffer-*.scope' '*engine*.scope') ]]
}

property() {
	systemctl show --value --property "$2" "$1"
}

@test "a container is in a scope of its own, delegated, with its limits below" {
	local scope=$TREE/system.slice/coffer-a.scope
	bundle_config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 50}, cpu: {shares: 512}}'
	running a
	equal "$(<"/proc/$(pid_of a)/cgroup")" 0::/system.slice/coffer-a.scope/container
	equal "$(property coffer-a.scope ActiveState)" active
	equal "$(property coffer-a.scope Delegate)" yes
	equal "$(property coffer-a.scope Description)" "coffer container a"
	equal "$(property coffer-a.scope TasksMax)" infinity
	equal "$(<"$scope/container/memory.max")" 67108864
	equal "$(<"$scope/container/pids.max")" 50
	equal "$(ls -d "$scope"/*/)" "$scope/container/"
	succeeds coffer state a
	equal "$(jq -r .status <<<"$OUT")" running
	succeeds coffer delete --force a
	[[ ! -e $scope ]]
}

@test "limits stay when systemd reads its units anew, and update changes them" {
	local cgroup=$TREE/system.slice/coffer-a.scope/container
	bundle_config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 50}}'
	running a
	systemctl daemon-reload
	equal "$(<"$cgroup/memory.max")" 67108864
	equal "$(<"$cgroup/pids.max")" 50
	succeeds coffer update --memory 33554432 a
	systemctl set-property --runtime coffer-a.scope MemoryMax=1G
	systemctl daemon-reload
	equal "$(<"$cgroup/memory.max")" 33554432
	equal "$(<"$cgroup/../memory.max")" 1073741824
}

# Weights count among siblings, and those of a container are scopes. systemd applies its own whenever it likes to.
@test "weights and protected memory are the scope's, too, at the start and with update" {
	local scope=$TREE/system.slice/coffer-a.scope
	bundle_config '.linux.resources = {memory: {limit: 67108864, reservation: 4194304}, cpu: {shares: 512},
		unified: {"memory.min": "1M"}}'
	running a
	equal "$(property coffer-a.scope CPUWeight)" "$(<"$scope/container/cpu.weight")"
	equal "$(property coffer-a.scope MemoryLow)" 4194304
	equal "$(property coffer-a.scope MemoryMin)" 1048576
	scope_has_weights() {
		equal "$(<"$scope/cpu.weight")" "$(<"$scope/container/cpu.weight")"
		equal "$(<"$scope/memory.low")" "$(<"$scope/container/memory.low")"
		equal "$(<"$scope/memory.min")" 1048576
		equal "$(<"$scope/container/memory.max")" 67108864
	}
	scope_has_weights
	[[ $(<"$scope/cpu.weight") != 100 ]]
	succeeds coffer update --cpu-share 4096 --memory-reservation 8388608 a
	equal "$(property coffer-a.scope CPUWeight)" "$(<"$scope/container/cpu.weight")"
	equal "$(property coffer-a.scope MemoryLow)" 8388608
	scope_has_weights
	systemctl daemon-reload
	scope_has_weights
	equal "$(<"$scope/memory.low")" 8388608
	succeeds coffer update --cpu-idle 1 a
	equal "$(<"$scope/cpu.idle")" 1
	succeeds coffer update --cpu-idle 0 a
	equal "$(<"$scope/cpu.idle")" 0
	equal "$(<"$scope/cpu.weight")" 100
	equal "$(<"$scope/container/cpu.weight")" 100
}

# A slice that was made for a scope stays, as it does for all of systemd's units.
@test "cgroupsPath is SLICE:PREFIX:NAME" {
	bundle_config '.linux.cgroupsPath = "tests-a-b.slice:engine:id+1"'
	running a
	equal "$(<"/proc/$(pid_of a)/cgroup")" \
		'0::/tests.slice/tests-a.slice/tests-a-b.slice/engine-id\x2b1.scope/container'
	succeeds coffer delete --force a
	systemctl stop tests.slice
	bundle_config '.linux.cgroupsPath = ":engine:one"'
	running a
	equal "$(<"/proc/$(pid_of a)/cgroup")" 0::/system.slice/engine-one.scope/container
	succeeds coffer delete --force a
	bundle_config '.linux.cgroupsPath = "memory-tests.slice::_engine"'
	running a
	equal "$(<"/proc/$(pid_of a)/cgroup")" '0::/_memory.slice/memory-tests.slice/__engine.scope/container'
	succeeds coffer delete --force a
	systemctl stop memory.slice
	[[ ! -e $TREE/_memory.slice ]]
	bundle_config '.linux.cgroupsPath = "/a/path"'
	fails 1 'linux.cgroupsPath: "/a/path" is not SLICE:PREFIX:NAME' coffer run a
	bundle_config '.linux.cgroupsPath = "a--b.slice:p:n"'
	fails 1 'linux.cgroupsPath: "a--b.slice" is not the name of a slice' coffer run a
	[[ ! -e $ROOT/a ]]
}

@test "exec, pause, ps, kill --all and stats find the container's cgroup" {
	running a
	succeeds coffer exec a cat /proc/self/cgroup
	equal "$OUT" 0::/
	succeeds coffer pause a
	equal "$(status_of a)" paused
	succeeds coffer resume a
	succeeds coffer ps --format json a
	equal "$OUT" "[$(pid_of a)]"
	succeeds coffer stats --format json a
	succeeds coffer kill --all a KILL
	wait_for_status a stopped
	succeeds coffer delete a
}

# systemd keeps in its memory what a connection that nobody reads is to be told.
@test "a runtime that waits for its container has no connection to systemd" {
	bundle_args sleep 1000
	background coffer run a
	wait_for_status a running
	is_alone() { # but for a moment, when faults.bats, beside this, starts a scope
		[[ -z $(ss --no-header --unix state connected src /run/systemd/private) ]]
	}
	wait_for 5 is_alone
	succeeds coffer kill a KILL
	wait_jobs
}

# Engines start the next container of a name as soon as the last one has been deleted.
@test "the name of a scope is free as soon as delete has ended" {
	for _ in {1..20}; do
		succeeds coffer run --detach a </dev/null
		succeeds coffer delete --force a
		[[ ! -e $TREE/system.slice/coffer-a.scope ]]
	done
	bundle_args true
	for _ in {1..20}; do
		succeeds coffer run a </dev/null
	done
}

@test "systemctl stop ends the container, and delete cleans up" {
	running a sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	systemctl stop coffer-a.scope
	wait_for_status a stopped
	[[ ! -e $TREE/system.slice/coffer-a.scope ]]
	succeeds coffer delete a
}

@test "a container that has ended by itself is stopped, and deleted without a word" {
	running a sleep 0.2
	wait_for_status a stopped
	wait_for 5 test ! -e "$TREE/system.slice/coffer-a.scope"
	succeeds coffer state a
	fails 255 "not running" coffer exec a true
	succeeds coffer delete a
}

@test "a scope that somebody else has is left alone" {
	background systemd-run --quiet --scope --unit coffer-a.scope sleep 1000
	wait_for 5 grep -q . "$TREE/system.slice/coffer-a.scope/cgroup.procs"
	fails 1 "cgroup /system.slice/coffer-a.scope already has processes" coffer run a
	succeeds coffer delete --force a
	equal "$(property coffer-a.scope ActiveState)" active
	systemctl stop coffer-a.scope
	wait_jobs
}

# A scope that has failed is kept; and so is one whose cgroup goes before systemd has seen that it is empty.
@test "what is left of a scope does not block its name" {
	local scope=$TREE/system.slice/coffer-a.scope pid
	background systemd-run --quiet --scope --unit coffer-a.scope --property RuntimeMaxSec=1 sleep 1000
	has_failed() {
		[[ $(property coffer-a.scope ActiveState) == failed ]]
	}
	wait_for 20 has_failed
	running a
	equal "$(<"/proc/$(pid_of a)/cgroup")" 0::/system.slice/coffer-a.scope/container
	succeeds coffer delete --force a
	background systemd-run --quiet --scope --unit coffer-a.scope sleep 1000
	wait_for 5 grep -q . "$scope/cgroup.procs"
	pid=$(<"$scope/cgroup.procs")
	wait_for 5 grep -qx sleep "/proc/$pid/comm" # and not systemd-run, which waits for systemd
	echo "$pid" >"$TREE/cgroup.procs"
	rmdir "$scope" || true
	running a
	equal "$(<"/proc/$(pid_of a)/cgroup")" 0::/system.slice/coffer-a.scope/container
	succeeds coffer delete --force a
	kill "$pid"
	wait_jobs
}

@test "delete and run go on while systemd executes itself anew" {
	for _ in {1..3}; do
		succeeds coffer run --detach a </dev/null
		background systemctl daemon-reexec
		sleep 0.2
		succeeds coffer delete --force a
		wait_jobs
		[[ ! -e $TREE/system.slice/coffer-a.scope ]]
	done
}

@test "a start that fails leaves no scope" {
	bundle_config '.linux.resources.memory.limit = 4096'
	gives 1 coffer run a
	[[ ! -e $TREE/system.slice/coffer-a.scope && ! -e $ROOT/a ]]
	bundle_config '.linux.resources = {} | .process.args = ["/nothing"]'
	fails 127 "/nothing" coffer run a
	[[ ! -e $TREE/system.slice/coffer-a.scope && ! -e $ROOT/a ]]
}

@test "a container at its memory limit is frozen, asked about, raised and finishes" {
	bundle_config '.linux.resources.memory.limit = 33554432'
	running_frozen
	succeeds coffer oom raise a 128M
	wait_for_status a stopped 20
	grep -qx finished "$TEST_DIR/a.out"
	succeeds coffer delete a
}

running_frozen() {
	bundle_args sh -c 'busybox head -c 41943040 /dev/zero >/dev/shm/a; echo finished'
	coffer run --detach --oom freeze --bundle "$BUNDLE" a </dev/null >"$TEST_DIR/a.out" 2>"$TEST_DIR/a.err"
	wait_for 20 is_frozen
}

is_frozen() {
	[[ $(coffer oom show a | jq -r .state) == frozen ]]
}

# ---- an ordinary user's own systemd ----

as_user() {
	as-tester "$COFFER" --root "$TEST_DIR/user" --systemd-cgroup "$@"
}

@test "an ordinary user's container is in a scope of that user's systemd" {
	chmod -R a+rX "$TEST_DIR"
	install -d -o 1000 -m 700 "$TEST_DIR/user"
	bundle_config '.linux.resources = {memory: {limit: 67108864}} | .process.args = ["sleep", "1000"] |
		.mounts |= map(if .options then .options -= ["gid=5"] else . end)'
	as_user run --detach --bundle "$BUNDLE" a </dev/null 3>&-
	run as_user exec a cat /sys/fs/cgroup/memory.max
	equal "$output" 67108864
	run as_user state a
	[[ $(<"/proc/$(jq .pid <<<"$output")/cgroup") == 0::/user.slice/user-1000.slice/user@1000.service/user.slice/coffer-a.scope/container ]]
	as_user delete --force a
	[[ ! -e $TREE/user.slice/user-1000.slice/user@1000.service/user.slice/coffer-a.scope ]]
}

@test "exec from outside of a user's systemd says what is wrong" {
	chmod -R a+rX "$TEST_DIR"
	install -d -o 1000 -m 700 "$TEST_DIR/user"
	bundle_config '.process.args = ["sleep", "1000"] |
		.mounts |= map(if .options then .options -= ["gid=5"] else . end)'
	as_user run --detach --bundle "$BUNDLE" a </dev/null 3>&-
	RUNTIME=("${RUNTIME[@]:0:3}" setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR=/run/user/1000
		"$COFFER" --root "$TEST_DIR/user")
	fails 255 "common ancestor with the cgroup that the process comes from, is not this user's" coffer exec a true
	as_user delete --force a
}

@test "a user's process outside of its systemd is told what to do" {
	chmod -R a+rX "$TEST_DIR"
	install -d -o 1000 -m 700 "$TEST_DIR/user"
	RUNTIME=("${RUNTIME[@]:0:3}" setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR=/run/user/1000
		"$COFFER" --root "$TEST_DIR/user" --systemd-cgroup)
	fails 1 'systemd-run --user --scope coffer' coffer run --bundle "$BUNDLE" a
}

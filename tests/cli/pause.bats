#!/usr/bin/env bats
# pause, resume: the cgroup is frozen and goes on; which status allows which.
# shellcheck disable=SC2016 # expanded in the container

load helpers

ticks() {
	wc -c <"$TEST_DIR/a.out"
}

@test "a paused container stands still, a resumed one goes on" {
	local before
	running a sh -c 'while :; do printf .; sleep 0.02; done'
	wait_for 10 test -s "$TEST_DIR/a.out"
	succeeds coffer pause a
	equal "$(status_of a)" paused
	equal "$(<"$CGROUP/a/cgroup.freeze")" 1
	grep -x 'frozen 1' "$CGROUP/a/cgroup.events"
	before=$(ticks)
	sleep 0.3
	equal "$(ticks)" "$before"
	succeeds coffer resume a
	equal "$(status_of a)" running
	equal "$(<"$CGROUP/a/cgroup.freeze")" 0
	wait_for 10 eval '[[ $(ticks) -gt '"$before"' ]]'
}

@test "pause needs a created or running container, resume a paused one" {
	succeeds coffer create a
	fails 1 "created, not paused" coffer resume a
	succeeds coffer pause a
	equal "$(status_of a)" paused
	fails 1 "paused; resume it first" coffer start a
	succeeds coffer resume a
	equal "$(status_of a)" created
	succeeds coffer pause a
	succeeds coffer delete --force a
	running a
	fails 1 "running, not paused" coffer resume a
	succeeds coffer pause a
	fails 1 "paused, not created or running" coffer pause a
	succeeds coffer resume a
	succeeds coffer kill a KILL
	wait_for_status a stopped
	fails 1 "container not running" coffer pause a
	fails 1 "container not running" coffer resume a
}

@test "a missing container and bad usage" {
	local verb
	for verb in pause resume; do
		fails 1 'container `a` does not exist' coffer $verb a
		fails 1 "argument is missing" coffer $verb
		fails 1 "too many arguments" coffer $verb a b
	done
}

@test "without a cgroup pause says so" {
	bundle_args sleep 1000
	succeeds coffer --cgroup-manager disabled run -d a </dev/null
	fails 1 "no cgroup" coffer pause a
}

@test "a foreground run goes on to wait for a container that is paused and resumed" {
	bundle_args sh -c 'echo ready; while [ ! -e /tmp/end ]; do sleep 0.05; done; exit 7'
	exec_coffer run a >"$TEST_DIR/out" &
	wait_for 10 grep ready "$TEST_DIR/out"
	succeeds coffer pause a
	touch "$BUNDLE/rootfs/tmp/end"
	sleep 0.2
	equal "$(status_of a)" paused
	succeeds coffer resume a
	gives 7 wait $!
}

@test "pause and resume of many at once: the container runs in the end" {
	running a
	for _ in {1..6}; do
		background coffer pause a
		background coffer resume a
	done
	wait_jobs
	coffer resume a 2>"$TEST_DIR/err" || grep "running, not paused" "$TEST_DIR/err"
	equal "$(status_of a)" running
}

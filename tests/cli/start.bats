#!/usr/bin/env bats
# start: lets a created container go on to its program; answers only when the program runs, or says why it does not.
# shellcheck disable=SC2016 # expanded in the container

load helpers

@test "start runs the program of a created container" {
	bundle_args sleep 1000
	succeeds coffer create a
	succeeds coffer start a
	equal "$(status_of a)" running
	equal "$(tr '\0' ' ' <"/proc/$(pid_of a)/cmdline")" "sleep 1000 "
}

@test "start of a running, a paused and a stopped container is refused" {
	running a
	fails 1 "it is running, not created" coffer start a
	succeeds coffer pause a
	fails 1 "it is paused, not created" coffer start a
	succeeds coffer resume a
	succeeds coffer kill a KILL
	wait_for_status a stopped
	fails 1 "container not running" coffer start a
}

@test "start of a missing container: \"does not exist\"" {
	fails 1 'container `a` does not exist' coffer start a
	fails 1 "argument is missing" coffer start
	fails 1 "too many arguments" coffer start a b
}

@test "a program that cannot run is an error of start, with the words that engines look for" {
	local program text
	touch "$BUNDLE/rootfs/tmp/plain"
	echo 'no program' >"$BUNDLE/rootfs/tmp/text"
	chmod 755 "$BUNDLE/rootfs/tmp/text"
	while read -r program text; do
		bundle_args "$program"
		coffer create a >"$TEST_DIR/out" 2>&1 || [[ $? -eq 1 ]]
		if [[ -s $TEST_DIR/out ]]; then
			grep -F "$text" "$TEST_DIR/out" # found at create already
			fails 1 "does not exist" coffer state a
		else
			fails 1 "$text" coffer start a
			wait_for_status a stopped
			succeeds coffer delete a
		fi
	done <<-'END'
		nowhere exec: "nowhere": executable file not found in $PATH
		/nowhere exec: "/nowhere": no such file or directory
		/tmp/plain exec: "/tmp/plain": permission denied
		/tmp exec: "/tmp": is a directory
		/bin/sh/x exec: "/bin/sh/x": not a directory
		/tmp/text exec: "/tmp/text": exec format error
	END
}

@test "without a process in the config there is create, but no start" {
	bundle_config 'del(.process)'
	succeeds coffer create a
	fails 1 process coffer start a
}

@test "of concurrent starts exactly one wins, and the program runs once" {
	bundle_args sh -c 'echo run; sleep 1000'
	coffer create a >"$TEST_DIR/out"
	for _ in {1..8}; do
		background coffer start a
	done
	wait_jobs
	equal "$(printf '%s\n' "${STATUSES[@]}" | sort | uniq -c | tr -s ' ')" $' 1 0\n 7 1'
	equal "$(cat "$TEST_DIR"/job.* | grep -c 'it is running, not created')" 7
	wait_for 10 grep -x run "$TEST_DIR/out"
	equal "$(<"$TEST_DIR/out")" run
}

@test "start and delete --force and kill at once leave nothing" {
	bundle_args sleep 1000
	for _ in {1..5}; do
		succeeds coffer create a
		background coffer start a
		background coffer kill a KILL
		background coffer delete --force a
		wait_jobs
		equal "${STATUSES[2]} $(<"$TEST_DIR/job.2")" "0 "
		fails 1 "does not exist" coffer state a
		[[ ! -e $CGROUP/a ]]
	done
}

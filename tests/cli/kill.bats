#!/usr/bin/env bats
# kill: any signal by name or number, to init or with --all to every process; the words for a container that is gone.
# shellcheck disable=SC2016 # expanded in the container

load helpers

# A container that writes the names of the signals it gets to its stdout, $TEST_DIR/a.out.
listening() {
	running a sh -c 'for s in HUP INT QUIT TERM USR1 USR2 WINCH CONT; do trap "echo got $s" $s; done
		echo ready; while :; do sleep 0.05; done'
	wait_for 10 grep ready "$TEST_DIR/a.out"
}

got() {
	wait_for 10 grep -x "got $1" "$TEST_DIR/a.out"
	: >"$TEST_DIR/a.out"
}

@test "TERM without a name; names with and without SIG in any case; numbers" {
	local signal
	listening
	succeeds coffer kill a
	got TERM
	for signal in HUP SIGHUP hup SigHup 1; do
		succeeds coffer kill a $signal
		got HUP
	done
	for signal in QUIT 3 USR1 10 USR2 12 WINCH CONT; do
		succeeds coffer kill a $signal
		[[ $signal != [0-9]* ]] || signal=$(kill -l $signal)
		got "$signal"
	done
	equal "$(status_of a)" running
}

@test "real-time signals by name and number" {
	local signal
	for signal in RTMIN SIGRTMIN+3 rtmin+1 RTMAX RTMAX-2 34 64; do
		running a
		succeeds coffer kill a $signal # sleep as pid 1 has no handler: only outside of its namespace this is known
		succeeds coffer delete --force a
	done
}

@test "what is no signal is refused, and nothing is sent" {
	local signal
	running a
	for signal in NOPE SIG "" -1 65 9x 1.5 RTMIN+99 KILL,TERM "KILL "; do
		fails 1 signal coffer kill -- a "$signal"
	done
	equal "$(status_of a)" running
}

@test "KILL ends init, and kill then says \"container not running\"" {
	running a
	succeeds coffer kill a KILL
	wait_for_status a stopped
	fails 1 "container not running" coffer kill a KILL
	fails 1 "container not running" coffer kill a 0
	fails 1 "container not running" coffer kill a
}

@test "signal 0 probes and does nothing" {
	listening
	succeeds coffer kill a 0
	succeeds coffer kill --all a 0
	equal "$(status_of a)" running
}

@test "a missing container: \"does not exist\"" {
	fails 1 'container `a` does not exist' coffer kill a KILL
	fails 1 'container `a` does not exist' coffer kill --all a 9
	fails 1 "argument is missing" coffer kill
	fails 1 "too many arguments" coffer kill a TERM x
}

@test "a created container can be killed" {
	succeeds coffer create a
	succeeds coffer kill a KILL
	wait_for_status a stopped
	succeeds coffer delete a
}

@test "a paused container that is killed is stopped once it may run, at the latest by delete" {
	running a
	succeeds coffer pause a
	succeeds coffer kill a KILL
	wait_for_status a stopped
	succeeds coffer delete a
}

@test "--all signals every process, in every spelling; without it only init" {
	local form
	bundle_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	for form in --all -a -all --all=true; do
		running a sh -c 'sleep 1000 & sleep 1000 & exec sleep 1000'
		wait_for 10 eval '[[ $(coffer ps -f json a | jq length) -eq 3 ]]'
		succeeds coffer kill a KILL
		wait_for_status a stopped
		equal "$(coffer ps -f json a | jq length)" 2
		succeeds coffer kill $form a KILL
		wait_for 10 eval '[[ $(coffer ps -f json a) == "[]" ]]'
		succeeds coffer kill $form a KILL # containerd does so: nothing left is what it wants
		succeeds coffer delete a
	done
}

@test "--all with another signal than KILL reaches every process" {
	running a sh -c 'for n in 1 2 3; do
			(trap "echo got $n; exit" USR1; echo up; while :; do sleep 0.05; done) &
		done; trap "wait; exit 0" USR1; wait; wait'
	wait_for 10 eval '[[ $(grep -c up "$TEST_DIR/a.out") -eq 3 ]]'
	succeeds coffer kill --all a USR1
	wait_for_status a stopped
	equal "$(grep '^got' "$TEST_DIR/a.out" | sort)" $'got 1\ngot 2\ngot 3'
}

@test "kill of many at once: silence or \"container not running\"" {
	running a
	for _ in {1..10}; do
		background coffer kill a KILL
	done
	wait_jobs
	equal "$(cat "$TEST_DIR"/job.* | grep -vc "container not running" || true)" 0
	wait_for_status a stopped
}

#!/usr/bin/env bats
# ps: the pids of a container as JSON, or the rows of ps(1) that are the container's.
# shellcheck disable=SC2016 # expanded in the container

load helpers

setup() {
	test_start
	running a sh -c 'sleep 1001 & exec sleep 1002'
	wait_for 10 eval '[[ $(coffer ps a | grep -c ":[0-9][0-9] sleep 100[12]$") -eq 2 ]]'
}

@test "JSON is an array of numbers, the host's pids, in every spelling of --format" {
	local form
	for form in "--format json" "--format=json" "-f json" "-fjson" "-format json"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer ps $form a
		jq -e 'length == 2 and all(.[]; type == "number")' <<<"$OUT"
		equal "$(jq -r '.[]' <<<"$OUT" | sort)" "$(sort "$CGROUP/a/cgroup.procs")"
	done
}

@test "the table is that of ps -ef, cut to the container" {
	local form
	for form in "" "--format table" "--format=table" "-f table"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer ps $form a
		[[ $OUT =~ ^UID\ +PID\ +PPID ]]
		equal "$(awk 'NR > 1 { print $2 }' <<<"$OUT" | sort)" "$(sort "$CGROUP/a/cgroup.procs")"
		equal "$(awk 'NR > 1 { print $NF }' <<<"$OUT" | sort)" $'1001\n1002'
	done
}

@test "options for ps(1) come after the id" {
	succeeds coffer ps a -e -o pid,args
	equal "$(awk '{ print $2, $3 }' <<<"$OUT" | sort)" $'COMMAND \nsleep 1001\nsleep 1002'
	succeeds coffer ps --format table a -- aux
	[[ $OUT =~ ^USER\ +PID\ +%CPU ]]
	equal "$(awk 'NR > 1 { print $NF }' <<<"$OUT" | sort)" $'1001\n1002'
	fails 1 "PID column" coffer ps a -e -o args
	gives 1 coffer ps a --no-such-option
	[[ $ERR == *"ps(1) failed"* ]]
}

@test "processes in cgroups below the container's are the container's" {
	mkdir "$CGROUP/a/sub"
	succeeds coffer exec -d --cgroup sub a sleep 1003
	equal "$(coffer ps -f json a | jq length)" 3
}

@test "created, paused and stopped containers" {
	succeeds coffer create b
	equal "$(coffer ps -f json b)" "[$(pid_of b)]"
	succeeds coffer pause a
	equal "$(coffer ps -f json a | jq length)" 2
	succeeds coffer kill a KILL
	wait_for_status a stopped
	equal "$(coffer ps -f json a)" "[]"
}

@test "a missing container and bad usage" {
	fails 1 'container `c` does not exist' coffer ps c
	fails 1 "--format" coffer ps --format xml a
	fails 1 "argument is missing" coffer ps
}

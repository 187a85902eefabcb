#!/usr/bin/env bats
# delete: what may be deleted, what --force adds, and that it ends whatever state the container is in.
# shellcheck disable=SC2016 # expanded in the container

load helpers

@test "a stopped and a created container are deleted, once" {
	succeeds coffer run --keep a
	succeeds coffer delete a
	fails 1 'container `a` does not exist' coffer delete a
	succeeds coffer create a
	succeeds coffer delete a
	[[ ! -e $ROOT/a && ! -e $CGROUP/a ]]
}

@test "a running and a paused container are not deleted without --force" {
	running a
	fails 1 "it is running" coffer delete a
	succeeds coffer pause a
	fails 1 "it is paused" coffer delete a
	equal "$(status_of a)" paused
}

@test "every spelling of --force" {
	local form
	for form in --force -f -force --force=true -f=true; do
		running a
		succeeds coffer delete $form a
		fails 1 "does not exist" coffer state a
	done
	running a
	fails 1 "it is running" coffer delete --force=false a
}

@test "--force of a missing container succeeds in silence" {
	succeeds coffer delete --force a
	mkdir -p "$ROOT"
	succeeds coffer delete --force a
	succeeds coffer create b
	succeeds coffer delete --force a
	equal "$(status_of b)" created
}

@test "--force never hangs: a frozen container" {
	running a sh -c 'sleep 1000 & exec sleep 1000'
	succeeds coffer pause a
	succeeds timeout 10 "${RUNTIME[@]}" delete --force a
}

@test "--force never hangs: processes that ignore signals, stopped ones, a fork storm" {
	running a sh -c 'trap "" TERM HUP INT; (trap "" TERM; kill -STOP $$; sleep 1000) & while :; do sleep 1000; done'
	succeeds timeout 10 "${RUNTIME[@]}" delete --force a
	running b sh -c 'storm() { (storm &) ; sleep 0.02; }; n=0
		while [ $n -lt 20 ]; do (while :; do (sleep 0.2 &); sleep 0.1; done) & n=$((n + 1)); done; wait'
	sleep 0.3
	succeeds timeout 20 "${RUNTIME[@]}" delete --force b
}

@test "--force without a pid namespace ends every process" {
	bundle_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	running a sh -c 'sleep 1000 & setsid sleep 1000 & exec sleep 1000'
	wait_for 10 eval '[[ $(coffer ps -f json a | jq length) -eq 3 ]]'
	succeeds coffer delete --force a
	[[ ! -e $CGROUP/a ]]
}

@test "delete of a stopped container ends what init has left behind" {
	bundle_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	running a sh -c 'setsid sleep 1000 & exec true'
	wait_for_status a stopped
	succeeds coffer delete a
	[[ ! -e $CGROUP/a ]]
}

@test "cgroups that the container or an admin made below its own go too" {
	running a
	mkdir -p "$CGROUP/a/x/y" "$CGROUP/a/z"
	succeeds coffer delete --force a
	[[ ! -e $CGROUP/a ]]
}

@test "delete works from the saved state: other working directory, no bundle, other --cgroup-manager" {
	running a
	rm -r "$BUNDLE/config.json"
	mv "$BUNDLE" "$TEST_DIR/moved"
	mkdir "$BUNDLE"
	succeeds coffer --cgroup-manager disabled delete --force a
	[[ ! -e $CGROUP/a ]]
}

@test "a container whose creator was killed is deleted, with whatever there is of it" {
	mkdir -p "$ROOT/a" "$ROOT/b"
	chmod 1700 "$ROOT"
	: >"$ROOT/b/state.json"
	equal "$(status_of a)" stopped
	succeeds coffer delete a
	succeeds coffer delete b
	running c
	rm -r "$ROOT/c/config.json"
	succeeds coffer delete --force c
}

@test "usage of delete" {
	fails 1 "argument is missing" coffer delete
	fails 1 "too many arguments" coffer delete a b
	fails 1 "container id" coffer delete --force ../a
}

@test "delete of many at once leaves nothing and hangs nowhere" {
	running a
	for _ in {1..8}; do
		background coffer delete --force a
	done
	wait_jobs
	equal "${STATUSES[*]}" "0 0 0 0 0 0 0 0"
	equal "$(cat "$TEST_DIR"/job.*)" ""
	fails 1 "does not exist" coffer state a
}

@test "storms of create, start, run, kill and delete with one id leave nothing" {
	bundle_args sleep 1000
	for _ in {1..4}; do
		background coffer create a
		background coffer start a
		background coffer run -d a
		background coffer kill a KILL
		background coffer delete a
		background coffer delete --force a
		background coffer state a
	done
	wait_jobs
	equal "$(printf '%s\n' "${STATUSES[@]}" | grep -cvx '[01]' || true)" 0
	succeeds coffer delete --force a
	succeeds coffer list -q
	equal "$OUT" ""
}

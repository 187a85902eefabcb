#!/usr/bin/env bats
# state: the JSON of the runtime-spec for every status, and "does not exist".
# shellcheck disable=SC2016 # a backtick is a backtick

load helpers

@test "state has the members of the runtime-spec and those that callers add, with their types" {
	bundle_config '.annotations = { "org.example.key": "value", "b": "" }'
	succeeds coffer create a
	succeeds coffer state a
	jq -e '.ociVersion == "1.3.0" and .id == "a" and .status == "created" and (.pid | type == "number" and . > 0)
		and .annotations == { "org.example.key": "value", "b": "" }' <<<"$OUT"
	equal "$(jq -r .bundle <<<"$OUT")" "$BUNDLE"
	equal "$(jq -r .rootfs <<<"$OUT")" "$BUNDLE/rootfs"
	jq -e '.created | test("^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]+Z$")' <<<"$OUT"
	equal "$(jq -r .owner <<<"$OUT")" "$(id -un)"
	equal "$(date -d "$(jq -r .created <<<"$OUT")" +%F)" "$(date +%F)"
}

@test "state goes created, running, paused, running, stopped; pid is 0 only at the end" {
	local pid
	bundle_args sleep 1000
	succeeds coffer create a
	pid=$(pid_of a)
	succeeds coffer start a
	equal "$(status_of a) $(pid_of a)" "running $pid"
	succeeds coffer pause a
	equal "$(status_of a) $(pid_of a)" "paused $pid"
	succeeds coffer resume a
	equal "$(status_of a) $(pid_of a)" "running $pid"
	succeeds coffer kill a 9
	wait_for_status a stopped
	equal "$(pid_of a)" 0
}

@test "state of a missing container: \"does not exist\"" {
	fails 1 'container `a` does not exist' coffer state a
	fails 1 'container `a` does not exist' coffer port a
	mkdir -p "$ROOT"
	fails 1 'container `a` does not exist' coffer state a
	fails 1 "argument is missing" coffer state
	fails 1 "too many arguments" coffer state a b
	fails 1 "container id" coffer state ../a
}

@test "a bundle with quotes and other letters stays valid JSON" {
	local dir=$TEST_DIR/$'a"b\\c \xc3\xa4\tx'
	mv "$BUNDLE" "$dir"
	mkdir "$BUNDLE"
	succeeds coffer create --bundle "$dir" a
	equal "$(coffer state a | jq -r .bundle)" "$dir"
	equal "$(coffer list -f json | jq -r '.[0].bundle')" "$dir"
}

#!/usr/bin/env bats
# events and top: what happens, line by line, and what is used, on a screen.

load helpers

# seen TYPE FILTER: a line of this type of "$TEST_DIR/events" for which the filter of jq is true.
seen() {
	jq -es --arg type "$1" "map(select(.type == \$type)) | any(.[]; $2)" "$TEST_DIR/events" >/dev/null
}

@test "events: numbers as runc has them, and the end" {
	running a
	succeeds coffer events --stats a
	jq -e '.type == "stats" and .id == "a" and .data.cpu.usage.total > 0 and .data.memory.usage.limit > 0' <<<"$OUT"
	exec_coffer events --interval 100ms a >"$TEST_DIR/events" 2>&1 &
	wait_for 10 seen stats true
	coffer kill a KILL
	gives 0 wait $!
	equal "$(tail -n 1 "$TEST_DIR/events" | jq -r '.type, .id' | paste -sd ' ')" "exit a"
	fails 1 "not running" coffer events a
	fails 1 "does not exist" coffer events b
	fails 1 "a time like" coffer events --interval soon a
}

@test "events: of all, and of those that come; a kill by the kernel before the end" {
	need_controller memory
	bundle_config '.linux.resources.memory = { limit: 16777216, swap: 16777216 }'
	bundle_args sh -c 'tail /dev/zero; sleep 0.5'
	background exec_coffer events --interval 0
	coffer run --keep a </dev/null
	wait_for 20 grep -q '"exit"' "$TEST_DIR"/job.*
	cat "$TEST_DIR"/job.* >"$TEST_DIR/events"
	seen oom '.event == "killed" and .id == "a" and .kernelKills == 1 and .killedAtLimit == "own"'
	seen exit '.id == "a" and .kernelKills == 1 and .peak > 0'
	kill "${JOBS[0]}"
	JOBS=()
}

@test "top: once without a terminal, and a screen that q ends on one" {
	running a
	succeeds coffer top
	equal "$(awk '{ print $1 }' <<<"$OUT" | paste -sd ' ')" "ID a"
	fails 1 "does not exist" coffer top b
	gives 0 on_tty --size 10x60 --expect "1 containers; q: quit" --expect "ID      CPU" --expect "a   " --send q --echo -- "${RUNTIME[@]}" top
	[[ $OUT == *"echo True" ]]
}

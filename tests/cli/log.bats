#!/usr/bin/env bats
# The log and the error line: what engines read to tell their users why something failed.

load helpers

# logged FILE FILTER: it is one line, one JSON object with a level, an RFC 3339 time and a message; FILTER holds for it.
logged() {
	equal "$(wc -l <"$1")" 1
	jq -e 'keys == ["level", "msg", "time"] and .level == "error"
		and (.time | test("^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.][0-9]+Z$"))' "$1"
	jq -e "$2" "$1"
}

@test "an error is one line on stderr, with nothing on stdout" {
	fails 1 "coffer: error: container" coffer state a
	equal "$OUT" ""
}

@test "--log with --log-format json: one object in the file, and the text on stderr, in every spelling" {
	local form
	for form in "--log $TEST_DIR/log --log-format json" "--log=$TEST_DIR/log --log-format=json" \
		"-log $TEST_DIR/log -log-format json" "--log-format=json --log=file:$TEST_DIR/log"; do
		# shellcheck disable=SC2086 # words on purpose
		fails 1 "coffer: error: container \`a\` does not exist" coffer $form state a
		logged "$TEST_DIR/log" '.msg == "container `a` does not exist"'
		rm "$TEST_DIR/log"
	done
}

@test "json without a file goes to stderr" {
	fails 1 '"level":"error"' coffer --log-format json state a
	logged "$TEST_DIR/stderr" '.msg | contains("does not exist")'
}

@test "text in a file" {
	fails 1 "does not exist" coffer --log "$TEST_DIR/log" state a
	equal "$(<"$TEST_DIR/log")" "coffer: error: container \`a\` does not exist"
	fails 1 "does not exist" coffer --log "$TEST_DIR/log" --log-format text state b
	equal "$(wc -l <"$TEST_DIR/log")" 2 # appended
}

@test "success writes nothing to the log, whatever the verb" {
	local log=(--log "$TEST_DIR/log" --log-format json)
	bundle_args sleep 1000
	succeeds coffer "${log[@]}" create a
	succeeds coffer "${log[@]}" start a
	succeeds coffer "${log[@]}" state a
	succeeds coffer "${log[@]}" list
	succeeds coffer "${log[@]}" ps a
	succeeds coffer "${log[@]}" exec a true
	succeeds coffer "${log[@]}" pause a
	succeeds coffer "${log[@]}" resume a
	succeeds coffer "${log[@]}" update a
	succeeds coffer "${log[@]}" kill a KILL
	wait_for_status a stopped
	succeeds coffer "${log[@]}" delete a
	[[ ! -s $TEST_DIR/log ]]
}

@test "one error object for each way to fail" {
	local log=(--log-format=json --log "$TEST_DIR/log")
	fails 1 "" coffer "${log[@]}" run --bundle /nowhere a
	logged "$TEST_DIR/log" '.msg | contains("/nowhere")'
	rm "$TEST_DIR/log"
	bundle_args nowhere
	fails 127 "" coffer "${log[@]}" run a
	logged "$TEST_DIR/log" '.msg | contains("executable file not found in $PATH")'
	rm "$TEST_DIR/log"
	fails 1 "" coffer "${log[@]}" run --no-such-option a
	logged "$TEST_DIR/log" '.msg | contains("--no-such-option")'
	rm "$TEST_DIR/log"
	fails 1 "" coffer "${log[@]}" no-such-verb a
	logged "$TEST_DIR/log" '.msg | contains("no-such-verb")'
	rm "$TEST_DIR/log"
	fails 1 "" coffer "${log[@]}" --bad-global list
	logged "$TEST_DIR/log" '.msg | contains("--bad-global")'
	rm "$TEST_DIR/log"
	running a
	fails 127 "" coffer "${log[@]}" exec a /nowhere
	logged "$TEST_DIR/log" '.msg | contains("no such file or directory")'
}

@test "bytes that would break a line or JSON do not" {
	local log=(--log-format=json --log "$TEST_DIR/log")
	gives 1 coffer "${log[@]}" create --bundle $'/no"where\\\n\t\x01\xff' a
	logged "$TEST_DIR/log" '.msg | contains("/no\"where\\")'
	rm "$TEST_DIR/log"
	bundle_config '.process.cwd = "x\ny\"z"'
	gives 1 coffer "${log[@]}" create a
	logged "$TEST_DIR/log" '.msg | contains("process.cwd")'
}

@test "a long message stays valid JSON" {
	local log=(--log-format=json --log "$TEST_DIR/log")
	bundle_args "/$(printf 'é"%.0s' {1..3000})"
	gives 1 coffer "${log[@]}" run a
	equal "$(wc -l <"$TEST_DIR/log")" 1
	jq -e '.level == "error"' "$TEST_DIR/log"
}

@test "--debug and --log-level say more, in the log's format; without them there is nothing" {
	local form
	echo '{ "devices": [{ "allow": true, "access": "rwm" }] }' >"$TEST_DIR/r.json"
	running a
	for form in --debug -debug "--log-level debug" "--log-level=debug" --debug=true; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer --log "$TEST_DIR/log" --log-format json $form update -r "$TEST_DIR/r.json" a
		jq -e '.level == "debug" and (.msg | contains("device rules")) and has("time")' "$TEST_DIR/log"
		rm "$TEST_DIR/log"
	done
	for form in --debug=false "--log-level error" "--log-level warning" "--log-level=info"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer --log "$TEST_DIR/log" $form update -r "$TEST_DIR/r.json" a
		[[ ! -s $TEST_DIR/log ]]
	done
}

@test "a log that cannot be written or is no file is an error on stderr, and nothing is done" {
	fails 1 "$TEST_DIR/no/log" coffer --log "$TEST_DIR/no/log" create a
	fails 1 journald coffer --log journald:a create a
	fails 1 syslog coffer --log syslog:a create a
	[[ ! -e $ROOT/a ]]
}

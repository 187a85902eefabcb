#!/usr/bin/env bats
# version, help and the options before the command.

load helpers

@test "version: name, spec and libraries, by verb and by option" {
	local form
	for form in version --version -v -version; do
		succeeds coffer $form
		[[ $(head -n 1 <<<"$OUT") =~ ^coffer\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
		grep '^spec: 1\.[0-9]*\.[0-9]*$' <<<"$OUT"
		grep '^libraries: libseccomp ' <<<"$OUT"
	done
	fails 1 "too many arguments" coffer version a
}

@test "help: all commands, and the options of each, within 80 columns" {
	local form verb
	for form in help --help -h -help; do
		succeeds coffer $form
		grep '^Usage: coffer ' <<<"$OUT"
		for verb in create start run kill delete exec pause resume update state list ps spec features version help; do
			grep "^  $verb " <<<"$OUT"
		done
		equal "$(awk 'length > 80' <<<"$OUT")" ""
	done
	for verb in create start run kill delete exec pause resume update state list ps spec features version help; do
		succeeds coffer help $verb
		succeeds coffer $verb --help
		grep "^Usage: coffer $verb" <<<"$OUT"
		equal "$(awk 'length > 80' <<<"$OUT")" ""
		succeeds coffer $verb -h
	done
	fails 1 "unknown command" coffer help nothing
}

@test "no command, an unknown one, an unknown option, a bad value: status 1, one line, a hint" {
	fails 1 "no command given" coffer
	fails 1 'did you mean "start"' coffer strat a
	fails 1 "unknown command" coffer frobnicate
	fails 1 "--rot" coffer --rot=x list
	fails 1 "--help" coffer --rot=x list
	fails 1 "--log-format" coffer --log-format xml list
	fails 1 "--log-level" coffer --log-level loud list
	fails 1 "--cgroup-manager" coffer --cgroup-manager none list
	fails 1 "--rootless" coffer --rootless=maybe list
	fails 1 "--debug" coffer --debug=maybe list
}

@test "every spelling of --root" {
	local form
	for form in "--root $TEST_DIR/r" "--root=$TEST_DIR/r" "-root $TEST_DIR/r" "-root=$TEST_DIR/r" "--root ../r"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer $form create a
		[[ -e $TEST_DIR/r/a/state.json ]]
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer $form delete a
	done
	fails 1 "--root" coffer --root= list
}

@test "the state root is made with its parents, for its owner only; one that others may write to is refused" {
	succeeds coffer --root "$TEST_DIR/x/y/z" create a
	equal "$(stat -c %a "$TEST_DIR/x/y/z/a")" 700
	[[ $(stat -c %A "$TEST_DIR/x/y/z") == drwx------* || $(stat -c %A "$TEST_DIR/x/y/z") == drwx-----T ]]
	succeeds coffer --root "$TEST_DIR/x/y/z" delete a
	mkdir "$TEST_DIR/open"
	chmod 777 "$TEST_DIR/open"
	fails 1 "$TEST_DIR/open" coffer --root "$TEST_DIR/open" create a
}

@test "--cgroup-manager cgroupfs and disabled; without a systemd, systemd is refused in clear words" {
	local form
	bundle_args sleep 1000
	for form in "--cgroup-manager cgroupfs" "--cgroup-manager=cgroupfs" "-cgroup-manager cgroupfs"; do
		# shellcheck disable=SC2086 # words on purpose
		coffer $form run -d a </dev/null >"$TEST_DIR/out" 2>&1
		[[ -d $CGROUP/a ]]
		succeeds coffer delete --force a
	done
	for form in "--cgroup-manager disabled" "--cgroup-manager=disabled"; do
		# shellcheck disable=SC2086 # words on purpose
		coffer $form run -d a </dev/null >"$TEST_DIR/out" 2>&1
		[[ ! -s $TEST_DIR/out && ! -d $CGROUP/a ]]
		equal "$(coffer exec a echo here)" here
		succeeds coffer delete --force a
	done
	RUNTIME=("${RUNTIME[@]:0:3}" setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR=/nowhere "${RUNTIME[@]:3}")
	mkdir -p "$ROOT" && chown 1000:1000 "$ROOT"
	for form in --systemd-cgroup -systemd-cgroup "--cgroup-manager systemd"; do
		# shellcheck disable=SC2086 # words on purpose
		fails 1 "--systemd-cgroup: connect to /nowhere/systemd/private: No such file" coffer $form create a
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer $form delete --force a # engines send it to every verb
	done
}

@test "--rootless false and auto are what root has anyway" {
	local form
	for form in --rootless=auto --rootless=false -rootless=false; do
		succeeds coffer $form run a
	done
}

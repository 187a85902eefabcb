#!/usr/bin/env bats
# create: makes a container up to its start, says nothing, and leaves; what fails leaves nothing (see teardown).
# shellcheck disable=SC2016 # expanded in the container

load helpers

@test "create is silent, the program waits for start, delete takes all of it away" {
	bundle_args sh -c 'echo hello; echo error >&2'
	coffer create --bundle "$BUNDLE" a >"$TEST_DIR/out" 2>"$TEST_DIR/err" </dev/null
	equal "$(status_of a)" created
	[[ ! -s $TEST_DIR/out && ! -s $TEST_DIR/err ]]
	succeeds coffer start a
	wait_for_status a stopped
	equal "$(<"$TEST_DIR/out")" hello
	equal "$(<"$TEST_DIR/err")" error
	succeeds coffer delete a
	[[ ! -e $ROOT/a && ! -e $CGROUP/a ]]
}

@test "every spelling of --bundle, --config and --pid-file" {
	local n=0 form
	mv "$BUNDLE" "$TEST_DIR/other"
	mkdir "$BUNDLE"
	cp "$TEST_DIR/other/config.json" "$TEST_DIR/second.json"
	for form in "--bundle $TEST_DIR/other" "--bundle=$TEST_DIR/other" "-b $TEST_DIR/other" "-b$TEST_DIR/other" \
		"-bundle $TEST_DIR/other" "-bundle=$TEST_DIR/other" "--bundle ../other" \
		"-b ../other --config $TEST_DIR/second.json" "-b ../other --config=$TEST_DIR/second.json" \
		"-b ../other -f $TEST_DIR/second.json" "-b ../other -config $TEST_DIR/second.json" \
		"-b ../other --pid-file $TEST_DIR/pid" "-b ../other --pid-file=$TEST_DIR/pid" \
		"-b ../other -pid-file $TEST_DIR/pid"; do
		n=$((n + 1))
		rm -f "$TEST_DIR/pid"
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer create $form c$n
		[[ $form != *pid-file* ]] || equal "$(cat "$TEST_DIR/pid" && echo .)" "$(pid_of c$n)."
		succeeds coffer delete c$n
	done
}

@test "without --bundle the working directory is the bundle; options may follow the id" {
	succeeds coffer create a --pid-file "$TEST_DIR/pid"
	equal "$(coffer state a | jq -r .bundle)" "$BUNDLE"
	[[ -s $TEST_DIR/pid ]]
}

@test "the pid file has the pid and no newline" {
	succeeds coffer create --pid-file "$TEST_DIR/pid" a
	[[ $(wc -l <"$TEST_DIR/pid") -eq 0 ]]
	equal "$(<"$TEST_DIR/pid")" "$(pid_of a)"
}

@test "a create that fails writes no pid file and leaves nothing" {
	rm -r "$BUNDLE/rootfs"
	fails 1 rootfs coffer create --pid-file "$TEST_DIR/pid" a
	[[ ! -e $TEST_DIR/pid && ! -e $ROOT/a && ! -e $CGROUP/a ]]
}

@test "a pid file that cannot be written is an error, and there is no container" {
	fails 1 "$TEST_DIR/no/pid" coffer create --pid-file "$TEST_DIR/no/pid" a
	fails 1 "does not exist" coffer state a
}

@test "an id that is taken: \"already exists\", and the first stays as it is" {
	succeeds coffer create a
	fails 1 "already exists" coffer create a
	equal "$(status_of a)" created
	fails 1 "already exists" coffer run a
	succeeds coffer start a
}

@test "ids that are not one path component are refused" {
	local id
	for id in '' . .. ../x a/b /a .a 'a b' $'a\nb' ä "$(printf 'a%.0s' {1..256})" "$(printf 'a%.0s' {1..4096})"; do
		fails 1 "container id" coffer create -- "$id"
	done
	[[ ! -e $ROOT/../x ]]
	for id in a.b a-b a_b a+b 0 "$(printf 'a%.0s' {1..200})"; do
		succeeds coffer create -- "$id"
		succeeds coffer delete -- "$id"
	done
}

@test "missing bundle, config and root, and JSON that is none, are named" {
	fails 1 /nowhere coffer create --bundle /nowhere a
	fails 1 config.json coffer create --bundle "$BUNDLE/rootfs" a
	fails 1 /nowhere.json coffer create --config /nowhere.json a
	bundle_config '.root.path = "nowhere"'
	fails 1 nowhere coffer create a
	echo '{ "ociVersion": "1.0.0", ' >"$BUNDLE/config.json"
	fails 1 config.json coffer create a
	echo '{ "ociVersion": 1 }' >"$BUNDLE/config.json"
	fails 1 "config.json: ociVersion" coffer create a
}

@test "usage: no id, two ids, an unknown option, an option without its value" {
	fails 1 "argument is missing" coffer create
	fails 1 "too many arguments" coffer create a b
	fails 1 "--bundel" coffer create --bundel=x a
	fails 1 "--bundle" coffer create a --bundle
	fails 1 "--preserve-fds" coffer create --preserve-fds=x a
	fails 1 "--preserve-fds" coffer create --preserve-fds=-1 a
	succeeds coffer create --help
	[[ $OUT == *"Usage: coffer create"* ]]
}

@test "a terminal needs a console socket, and a console socket a terminal" {
	fails 1 "console-socket" coffer create --console-socket "$TEST_DIR/s" a
	bundle_config '.process.terminal = true'
	fails 1 "console-socket" coffer create a
	fails 1 "$TEST_DIR/s" coffer create --console-socket "$TEST_DIR/s" a
}

@test "--console-socket: one message, one terminal, of the config's size" {
	local form
	bundle_config '.process.terminal = true | .process.consoleSize = { height: 31, width: 97 }
		| .process.args = ["sh", "-c", "tty; stty size; read x; echo got $x"]'
	for form in "--console-socket $TEST_DIR/s" "--console-socket=$TEST_DIR/s" "-console-socket $TEST_DIR/s"; do
		take_console "$TEST_DIR/s" $'word\n'
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer create $form a
		succeeds coffer start a
		wait "$CONSOLE"
		equal "$(head -n 1 "$TEST_DIR/shown")" "payload=/dev/ptmx fds=1 tty=True"
		grep '^/dev/pts/0' "$TEST_DIR/shown"
		grep '^31 97' "$TEST_DIR/shown"
		grep '^got word' "$TEST_DIR/shown"
		wait_for_status a stopped
		succeeds coffer delete a
		rm "$TEST_DIR/s"
	done
}

@test "the container belongs to the nearest subreaper once create is gone" {
	bundle_args sleep 1000
	cat >"$TEST_DIR/reaper.py" <<-'END'
		import ctypes, os, subprocess, sys
		ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
		subprocess.run(sys.argv[2:], check=True)
		pid = open(sys.argv[1]).read()
		print(open(f"/proc/{pid}/status").read().split("PPid:\t")[1].split()[0] == str(os.getpid()))
	END
	python3 "$TEST_DIR/reaper.py" "$TEST_DIR/pid" "${RUNTIME[@]}" create --pid-file "$TEST_DIR/pid" a \
		>"$TEST_DIR/answer" 3>&-
	equal "$(<"$TEST_DIR/answer")" True
}

@test "--preserve-fds and LISTEN_FDS: these fds and no others are in the container" {
	local form
	bundle_args sh -c 'echo $LISTEN_FDS $LISTEN_PID $(ls /proc/self/fd); cat <&3 <&4'
	for form in "--preserve-fds 2" "--preserve-fds=2" "-preserve-fds 2"; do
		# shellcheck disable=SC2086 # words on purpose
		"${RUNTIME[@]}" create $form a 3</etc/hostname 4<<<four 5<<<five >"$TEST_DIR/out"
		succeeds coffer start a
		wait_for_status a stopped
		equal "$(head -n 1 "$TEST_DIR/out")" "0 1 2 3 4 5" # 5: ls has its directory open
		equal "$(tail -n 1 "$TEST_DIR/out")" four
		succeeds coffer delete a
	done
	LISTEN_FDS=1 LISTEN_PID=99 "${RUNTIME[@]}" create a 3</etc/hostname 4<<<four >"$TEST_DIR/out"
	succeeds coffer start a
	wait_for_status a stopped
	equal "$(head -n 1 "$TEST_DIR/out")" "1 1 0 1 2 3 4"
}

@test "--preserve-fds of fds that are not open is refused" {
	fails 1 "preserve-fds" "${RUNTIME[@]}" create --preserve-fds 3 a 3</etc/hostname 5>&-
}

@test "--no-pivot: the container runs all the same" {
	bundle_args sh -c 'ls -d /bin/sh /proc/1'
	succeeds coffer run --no-pivot a
	equal "$OUT" $'/bin/sh\n/proc/1'
}

@test "a session keyring of the container, or with --no-new-keyring the caller's" {
	[[ -e /proc/keys ]] || skip "the kernel has no keyrings"
	bundle_config 'del(.linux.maskedPaths) | .process.args = ["cat", "/proc/keys"]'
	succeeds coffer run ours
	[[ $OUT == *_ses.ours* ]]
	bundle_config '.process.args = ["sh", "-c", "cat /proc/keys; exec sleep 1000"]'
	coffer run --no-new-keyring -d theirs </dev/null >"$TEST_DIR/keys"
	succeeds coffer exec theirs cat /proc/keys
	[[ $OUT != *_ses.theirs* && $(<"$TEST_DIR/keys") != *_ses.theirs* ]]
}

@test "of concurrent creates with one id exactly one wins" {
	for _ in {1..8}; do
		background coffer create a
	done
	wait_jobs
	equal "$(printf '%s\n' "${STATUSES[@]}" | sort | uniq -c | tr -s ' ')" $' 1 0\n 7 1'
	equal "$(cat "$TEST_DIR"/job.* | grep -c 'already exists')" 7
	equal "$(status_of a)" created
	succeeds coffer start a
}

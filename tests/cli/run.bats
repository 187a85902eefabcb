#!/usr/bin/env bats
# run: create, start, wait and delete in one; in the foreground its status, streams, signals and terminal are the
# container's.
# shellcheck disable=SC2016 # expanded in the container

load helpers

# A program that says the names of the signals it gets.
listen_for_signals() {
	bundle_args sh -c 'for s in HUP INT QUIT TERM USR1 USR2; do trap "echo got $s" $s; done
		trap "exit 7" CONT; echo ready; while :; do sleep 0.05; done'
}

@test "run says nothing of its own and deletes the container at its end" {
	bundle_args sh -c 'echo out; echo err >&2'
	coffer run a >"$TEST_DIR/out" 2>"$TEST_DIR/err"
	equal "$(<"$TEST_DIR/out")" out
	equal "$(<"$TEST_DIR/err")" err
	fails 1 "does not exist" coffer state a
	[[ ! -e $CGROUP/a ]]
}

@test "the status is the program's" {
	local status
	for status in 0 1 2 42 126 255; do
		bundle_args sh -c "exit $status"
		gives $status coffer run a
	done
}

@test "a program that a signal ended: 128 + signal" {
	local signal
	bundle_config 'del(.linux.namespaces[] | select(.type == "pid"))' # the pid 1 of a namespace cannot signal itself
	for signal in HUP KILL SEGV TERM; do
		bundle_args sh -c "ulimit -c 0; kill -$signal "'$$'
		gives $((128 + $(kill -l $signal))) coffer run a
	done
}

@test "127 and 126 for a program that is not there or cannot be run, in the words that engines look for" {
	touch "$BUNDLE/rootfs/tmp/plain"
	echo 'no program' >"$BUNDLE/rootfs/tmp/text"
	chmod 755 "$BUNDLE/rootfs/tmp/text"
	bundle_args nowhere
	fails 127 'exec: "nowhere": executable file not found in $PATH' coffer run --pid-file "$TEST_DIR/pid" a
	bundle_args /nowhere
	fails 127 'exec: "/nowhere": no such file or directory' coffer run a
	bundle_args /bin/sh/x
	fails 127 'exec: "/bin/sh/x": not a directory' coffer run a
	bundle_args /tmp/plain
	fails 126 'exec: "/tmp/plain": permission denied' coffer run a
	bundle_args /tmp
	fails 126 'exec: "/tmp": is a directory' coffer run a
	bundle_args /tmp/text
	fails 126 'exec: "/tmp/text": exec format error' coffer run --detach a
	fails 1 "does not exist" coffer state a
}

@test "any other failure is 1, not the status of a program" {
	fails 1 "config.json" coffer run --bundle /tmp a
	bundle_config '.process.cwd = "nowhere"'
	fails 1 "process.cwd" coffer run a
}

@test "stdin is passed on, to its end" {
	bundle_args sh -c 'cat; echo end'
	equal "$(printf 'one\ntwo\n' | coffer run a)" $'one\ntwo\nend'
	coffer run a </dev/null
	head -c 3000000 /dev/zero >"$TEST_DIR/zeros"
	bundle_args wc -c
	equal "$(coffer run a <"$TEST_DIR/zeros")" 3000000
}

@test "every spelling of --detach, --keep, --bundle, --config, --pid-file" {
	local n=0 form
	bundle_args sleep 1000
	for form in --detach -d -detach --detach=true "--detach --keep" "-d --bundle $BUNDLE" "-d --bundle=$BUNDLE" \
		"-d -b $BUNDLE" "-db$BUNDLE" "-d -bundle $BUNDLE" "-d -f $BUNDLE/config.json" \
		"-d --config=$BUNDLE/config.json" "-d --no-pivot" "-d --no-new-keyring" "-d --no-subreaper" \
		"-d -no-subreaper" "-d --pid-file $TEST_DIR/pid" "-d --pid-file=$TEST_DIR/pid"; do
		n=$((n + 1))
		# shellcheck disable=SC2086 # words on purpose
		coffer run $form c$n </dev/null >"$TEST_DIR/out" 2>&1
		[[ ! -s $TEST_DIR/out ]]
		equal "$(status_of c$n)" running
		[[ $form != *pid-file* ]] || equal "$(cat "$TEST_DIR/pid" && echo .)" "$(pid_of c$n)."
		succeeds coffer delete --force c$n
		rm -f "$TEST_DIR/pid"
	done
}

@test "a detached container outlives run and is deleted by nobody but delete" {
	running a sh -c 'while [ ! -e /tmp/end ]; do sleep 0.05; done'
	equal "$(status_of a)" running
	touch "$BUNDLE/rootfs/tmp/end"
	wait_for_status a stopped
	succeeds coffer delete a
}

@test "--keep leaves the stopped container, --keep=false does not" {
	local form
	for form in --keep -keep --keep=true; do
		succeeds coffer run $form a
		equal "$(status_of a)" stopped
		equal "$(pid_of a)" 0
		succeeds coffer delete a
	done
	succeeds coffer run --keep=false a
	fails 1 "does not exist" coffer state a
}

@test "signals to run go to the container, which may handle them" {
	local signal
	listen_for_signals
	exec_coffer run a >"$TEST_DIR/out" &
	wait_for 10 grep ready "$TEST_DIR/out"
	for signal in HUP INT QUIT TERM USR1 USR2; do
		kill -$signal $!
		wait_for 10 grep "got $signal" "$TEST_DIR/out"
	done
	kill -CONT $!
	gives 7 wait $!
	fails 1 "does not exist" coffer state a
}

@test "signals that the container does not handle end it, and run says which" {
	bundle_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	bundle_args sh -c 'echo ready; exec sleep 1000'
	exec_coffer run a >"$TEST_DIR/out" &
	wait_for 10 grep ready "$TEST_DIR/out"
	kill -TERM $!
	gives 143 wait $!
}

@test "run that is killed leaves a container that delete finds" {
	bundle_args sh -c 'echo ready; exec sleep 1000'
	exec_coffer run a >"$TEST_DIR/out" &
	wait_for 10 grep ready "$TEST_DIR/out"
	kill -KILL $!
	gives 137 wait $!
	equal "$(status_of a)" running
	succeeds coffer delete --force a
}

@test "orphans without a pid namespace are reaped and do not outlive the container" {
	bundle_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	bundle_args sh -c '(sleep 0.1 & sleep 1000 &) ; sleep 0.3; echo end'
	succeeds coffer run a
	equal "$OUT" end
}

@test "processes of the container that still run at the end of init end with it" {
	bundle_args sh -c 'sleep 1000 & (trap "" TERM HUP; sleep 1000) & echo end'
	succeeds coffer run a
	equal "$OUT" end
}

@test "a terminal: its size, a change of it, control characters, and the own one as it was afterwards" {
	bundle_config '.process.terminal = true'
	bundle_args sh -c 'trap "stty size" WINCH; trap "echo interrupted; exit 5" INT; tty; stty size
		while :; do sleep 0.05; done'
	gives 5 on_tty --size 30x100 --expect /dev/pts/0 --expect "30 100" --size 40x120 --expect "40 120" \
		--send '\x03' --expect interrupted --echo -- "${RUNTIME[@]}" run a
	grep 'echo True' <<<"$OUT"
}

@test "a terminal: what is typed comes in, end of file too, and all output comes out" {
	bundle_config '.process.terminal = true'
	bundle_args sh -c 'read x; echo "<$x>"; cat >/dev/null; seq 1 3000; exit 3'
	gives 3 on_tty --send 'word\n' --expect "<word>" --send '\x04' --expect 3000 --echo -- "${RUNTIME[@]}" run a
	grep 'echo True' <<<"$OUT"
	equal "$(tr -d '\r' <<<"$OUT" | grep -c '^[0-9]*$')" 3000
}

@test "a terminal: a signal to run goes to the container, and the terminal is restored" {
	bundle_config '.process.terminal = true'
	bundle_args sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
	gives 9 on_tty --expect ready --signal TERM --echo -- "${RUNTIME[@]}" run a
	grep 'echo True' <<<"$OUT"
}

@test "a terminal though stdin is none" {
	bundle_config '.process.terminal = true'
	bundle_args sh -c 'tty; exit 4'
	gives 4 coffer run a </dev/null
	equal "$OUT" $'/dev/pts/0\r'
}

@test "--console-socket, in the background" {
	bundle_config '.process.terminal = true'
	bundle_args sh -c 'tty; echo shown'
	fails 1 "console-socket" coffer run --detach a
	take_console "$TEST_DIR/s"
	succeeds coffer run -d --console-socket="$TEST_DIR/s" a
	wait "$CONSOLE"
	equal "$(head -n 1 "$TEST_DIR/shown")" "payload=/dev/ptmx fds=1 tty=True"
	grep '^shown' "$TEST_DIR/shown"
}

@test "--preserve-fds and LISTEN_FDS come through run" {
	bundle_args sh -c 'echo $LISTEN_FDS $LISTEN_PID; cat <&3 <&4'
	equal "$("${RUNTIME[@]}" run --preserve-fds=2 a 3</dev/null 4<<<four)" $'\nfour'
	equal "$(LISTEN_FDS=1 "${RUNTIME[@]}" run --preserve-fds 1 a 3</dev/null 4<<<four)" $'1 1\nfour'
}

@test "usage of run" {
	fails 1 "argument is missing" coffer run
	fails 1 "too many arguments" coffer run a b
	fails 1 "--datach" coffer run --datach a
	succeeds coffer run --help
}

@test "a container that runs in the foreground is as open to other commands as any other" {
	bundle_args sh -c 'echo ready; exec sleep 1000'
	exec_coffer run a </dev/null >"$TEST_DIR/out" 2>&1 &
	wait_for 10 grep ready "$TEST_DIR/out"
	succeeds timeout 5 "${RUNTIME[@]}" pause a
	succeeds timeout 5 "${RUNTIME[@]}" resume a
	fails 1 "it is running, not created" timeout 5 "${RUNTIME[@]}" start a
	fails 1 "it is running; use --force" timeout 5 "${RUNTIME[@]}" delete a
	succeeds coffer delete --force a
	wait $! || equal $? 137
	equal "$(<"$TEST_DIR/out")" ready
}

@test "poststop hooks run once at the end of run, also without other hooks and when delete is faster" {
	bundle_config '.hooks.poststop = [{ path: "/bin/sh", args: ["sh", "-c", $command] }]' \
		--arg command "echo poststop >>$TEST_DIR/hooks"
	succeeds coffer run a
	equal "$(<"$TEST_DIR/hooks")" poststop
	bundle_args sleep 1000
	exec_coffer run a </dev/null >"$TEST_DIR/out" 2>&1 &
	wait_for_status a running
	succeeds coffer delete --force a
	wait $! || equal $? 137
	equal "$(<"$TEST_DIR/hooks")" $'poststop\npoststop'
}

@test "a run that fails takes its pid file away" {
	bundle_args /nowhere
	fails 127 "no such file or directory" coffer run --pid-file "$TEST_DIR/pid" a
	[[ ! -e $TEST_DIR/pid ]]
	printf 'no program' >"$BUNDLE/rootfs/tmp/text"
	chmod 755 "$BUNDLE/rootfs/tmp/text"
	bundle_args /tmp/text # found out by execve, when the file is there
	fails 126 "exec format error" coffer run --pid-file "$TEST_DIR/pid" a
	[[ ! -e $TEST_DIR/pid ]]
}

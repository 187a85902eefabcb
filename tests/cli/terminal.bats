#!/usr/bin/env bats
# terminal.bats - process.terminal and consoleSize: runtime-spec config.md "Process", config-linux.md "Default Devices"
# (/dev/console). With --console-socket, as engines do it, and in the foreground under a terminal of the caller.

load helpers
load features

setup() {
	test_start
	bundle_config '.process.terminal = true'
}

# shown ARG...: runs coffer in the background with a console socket; what the terminal showed is in $OUT.
shown() {
	take_console "$TEST_DIR/console"
	succeeds coffer "$1" --detach --console-socket "$TEST_DIR/console" "${@:2}"
	read_console
}

# The rest of what the terminal shows, once nobody has it open any more, without its carriage returns.
read_console() {
	wait "$CONSOLE"
	rm "$TEST_DIR/console"
	# shellcheck disable=SC2034 # says and prints read it
	OUT=$(tail -n +2 "$TEST_DIR/shown" | tr -d '\r')
}

@test "--console-socket: one terminal comes, the container's stdio is on it, /dev/console too" {
	bundle_args sh -c 'test -t 0 && test -t 1 && test -t 2 && tty; stat -c %t /dev/console; echo to console >/dev/console
		ls -1 /dev/pts'
	shown run c
	prints $'/dev/pts/0\n88\nto console\n0\nptmx'
	equal "$(head -n 1 "$TEST_DIR/shown")" "payload=/dev/ptmx fds=1 tty=True"
}

@test "create sends the terminal, start runs on it" {
	bundle_args sh -c 'read -r line; echo "got $line"'
	take_console "$TEST_DIR/console" $'hello\n'
	succeeds coffer create --console-socket "$TEST_DIR/console" c
	succeeds coffer start c
	read_console
	says "got hello"
}

@test "it is the controlling terminal, so that job control and ^C work" {
	bundle_args sh -c 'trap "echo interrupted; exit 0" INT; echo ready >/dev/tty; read -r x; echo read'
	gives 0 on_tty --expect ready --send '\x03' --expect interrupted -- "${RUNTIME[@]}" run c
}

@test "consoleSize" {
	bundle_config '.process.consoleSize = {height: 33, width: 123}'
	bundle_args stty size
	shown run c
	prints "33 123"
	bundle_config '.process.consoleSize = {height: 70000, width: 1}'
	fails 1 process.consoleSize coffer run other
}

@test "the terminal belongs to the user" {
	user 1000 1000
	bundle_args sh -c 'stat -c "%u" $(tty); echo x >/dev/console && : </dev/tty && echo open'
	shown run c
	prints $'1000\nx\nopen'
}

@test "in a user namespace" {
	user_namespace
	bundle_args sh -c 'tty; echo x >/dev/console'
	shown run c
	prints $'/dev/pts/0\nx'
}

@test "exec --tty with a console socket" {
	bundle_config '.process.terminal = false'
	running c
	shown exec --tty c sh -c 'tty; test -t 2 && echo all'
	prints $'/dev/pts/0\nall'
}

@test "a foreground run: the terminal is the container's own, with the size of the caller's" {
	bundle_args sh -c 'tty; stty size; exit 7'
	gives 7 on_tty --size 44x99 --echo -- "${RUNTIME[@]}" run c
	says /dev/pts/0 "44 99" "echo True"
}

@test "a terminal in the background without a socket, a socket without a terminal, are refused" {
	fails 1 --console-socket coffer run --detach c
	fails 1 --console-socket coffer create c
	bundle_config '.process.terminal = false'
	fails 1 --console-socket coffer create --console-socket "$TEST_DIR/console" c
	not test -e "$ROOT/c"
}

@test "a console socket that nobody listens on, or that is none, fails and leaves nothing" {
	fails 1 console coffer create --console-socket "$TEST_DIR/nothing" c
	not test -e "$ROOT/c"
	echo x >"$TEST_DIR/file"
	fails 1 console coffer create --console-socket "$TEST_DIR/file" c
	not test -e "$ROOT/c"
}

@test "without a devpts of the container there is no terminal" {
	bundle_config '.mounts |= map(select(.type != "devpts"))'
	fails 1 process.terminal coffer create --console-socket "$TEST_DIR/console" c
	not test -e "$ROOT/c"
}

@test "without terminal there is no /dev/console and nothing to control" {
	bundle_config '.process.terminal = false'
	in_container 'ls /dev/console 2>&1; (: </dev/tty) 2>&1; true'
	says "No such file" "No such device"
}

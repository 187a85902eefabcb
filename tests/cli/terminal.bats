#!/usr/bin/env bats
# terminal.bats - process.terminal and consoleSize: runtime-spec config.md "Process", config-linux.md "Default Devices"
# (/dev/console). With --console-socket, as engines do it, and in the foreground under a terminal of the caller.

load helpers
load features

setup() {
	test_start
	bundle_config '.process.terminal = true'
}

# Listens like an engine: takes one terminal, says how the message looked, then copies what comes out of it.
listen() {
	python3 - "$TEST_DIR/console" "$TEST_DIR/seen" "${1-}" <<-'END' 3>&- &
		import array, os, socket, sys
		server = socket.socket(socket.AF_UNIX)
		server.bind(sys.argv[1])
		server.listen(1)
		server.settimeout(20)
		peer, _ = server.accept()
		data, control, _, _ = peer.recvmsg(4096, socket.CMSG_SPACE(64))
		fds = array.array("i")
		for _, _, payload in control:
		    fds.frombytes(payload)
		seen = open(sys.argv[2], "wb", 0)
		seen.write(b"fds %d payload %d\n" % (len(fds), len(data)))
		if sys.argv[3]:
		    os.write(fds[0], sys.argv[3].encode())
		while True:
		    try:
		        data = os.read(fds[0], 4096)
		    except OSError:
		        break
		    if not data:
		        break
		    seen.write(data)
	END
	LISTENER=$!
	wait_for 10 test -S "$TEST_DIR/console"
}

# What came out of the terminal, from its second line on, without carriage returns.
seen() {
	wait "$LISTENER"; cat -A "$TEST_DIR/seen" >>/tmp/seen.log
	wait "$LISTENER"
	tail -n +2 "$TEST_DIR/seen" | tr -d '\r'
}

# In a terminal of its own: in_terminal COMMAND...
in_terminal() {
	script -qec "$(printf '%q ' "$@")" /dev/null </dev/null 3>&- | tr -d '\r'
}

@test "--console-socket: one terminal comes, the container's stdio is on it, /dev/console too" {
	bundle_args sh -c 'test -t 0 && test -t 1 && test -t 2 && tty; stat -c %t /dev/console; echo to console >/dev/console
		ls /dev/pts'
	listen
	succeeds coffer run --detach --console-socket "$TEST_DIR/console" c
	equal "$(seen)" $'/dev/pts/0\n88\nto console\n0\nptmx'
	equal "$(head -1 "$TEST_DIR/seen" | cut -d ' ' -f 1,2)" "fds 1"
	not grep -q "payload 0" "$TEST_DIR/seen"
}

@test "create sends the terminal, start runs on it" {
	bundle_args sh -c 'read -r line; echo "got $line"'
	listen $'hello\n'
	succeeds coffer create --console-socket "$TEST_DIR/console" c
	wait_for 5 test -s "$TEST_DIR/seen"
	succeeds coffer start c
	[[ $(seen) == *"got hello"* ]]
}

@test "it is the controlling terminal, so that job control and ^C work" {
	bundle_args sh -c 'trap "echo interrupted; exit" INT; echo ready >/dev/tty; read -r x; echo read'
	listen $'\x03'
	succeeds coffer run --detach --console-socket "$TEST_DIR/console" c
	[[ $(seen) == *interrupted* ]]
}

@test "consoleSize" {
	bundle_config '.process.consoleSize = {height: 33, width: 123}'
	bundle_args stty size
	listen
	succeeds coffer run --detach --console-socket "$TEST_DIR/console" c
	equal "$(seen)" "33 123"
	bundle_config '.process.consoleSize = {height: 70000, width: 1}'
	refused process.consoleSize
}

@test "the terminal belongs to the user" {
	user 1000 1000
	bundle_args sh -c 'stat -c "%u" $(tty); echo x >/dev/console && : </dev/tty && echo open'
	listen
	succeeds coffer run --detach --console-socket "$TEST_DIR/console" c
	equal "$(seen)" $'1000\nx\nopen'
}

@test "in a user namespace" {
	user_namespace
	bundle_args sh -c 'tty; echo x >/dev/console'
	listen
	succeeds coffer run --detach --console-socket "$TEST_DIR/console" c
	equal "$(seen)" $'/dev/pts/0\nx'
}

@test "exec --tty with a console socket" {
	bundle_config '.process.terminal = false'
	running c
	listen
	succeeds coffer exec --detach --tty --console-socket "$TEST_DIR/console" c sh -c 'tty; test -t 2 && echo all'
	equal "$(seen)" $'/dev/pts/0\nall'
}

@test "a foreground run copies between the caller's terminal and the container's" {
	bundle_args sh -c 'tty; exit 7'
	OUT=$(in_terminal "${RUNTIME[@]}" run c || echo "status $?")
	says /dev/pts/0
}

@test "a foreground run's status is the program's, and the caller's terminal is as before" {
	bundle_args sh -c 'exit 7'
	OUT=$(in_terminal sh -c 'before=$(stty -g); "$@"; echo status $?; test "$before" = "$(stty -g)" && echo same' sh \
		"${RUNTIME[@]}" run c)
	says "status 7" same
}

@test "a foreground run has the size of the caller's terminal" {
	bundle_args stty size
	OUT=$(in_terminal sh -c 'stty rows 44 cols 99; exec "$@"' sh "${RUNTIME[@]}" run c)
	says "44 99"
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
	listen
	fails 1 process.terminal coffer create --console-socket "$TEST_DIR/console" c
	kill "$LISTENER"
	wait "$LISTENER" || true
}

@test "without terminal there is no /dev/console and nothing to control" {
	bundle_config '.process.terminal = false'
	in_container 'ls /dev/console 2>&1; (: </dev/tty) 2>&1; true'
	says "No such file" "No such device"
}

#!/usr/bin/env bats
# exec: a further process in a container, from a process object or a command line, with its status, streams, fds and
# terminal; every option; what engines rely on when it fails.
# shellcheck disable=SC2016 # expanded in the container

load helpers

setup() {
	test_start
	running a
}

# A process object in $TEST_DIR/process.json; the filter edits it.
process_object() {
	jq "{ cwd: \"/\", args: [\"true\"], env: [\"PATH=/bin\", \"A=from process\"], user: { uid: 0, gid: 0 } } | $1" \
		-n >"$TEST_DIR/process.json"
}

@test "exec gives streams and status of the process" {
	local status
	coffer exec a sh -c 'echo out; echo err >&2' >"$TEST_DIR/out" 2>"$TEST_DIR/err"
	equal "$(<"$TEST_DIR/out")" out
	equal "$(<"$TEST_DIR/err")" err
	equal "$(printf 'one\ntwo' | coffer exec a cat)" $'one\ntwo'
	for status in 0 1 42 126 127 255; do
		gives $status coffer exec a sh -c "exit $status"
	done
	gives 137 coffer exec a sh -c 'kill -KILL $$'
	gives 143 coffer exec a sh -c 'kill -TERM $$'
}

@test "it is in all the container's namespaces, its root and its cgroup" {
	local type
	for type in ipc mnt net pid uts cgroup user; do
		equal "$(coffer exec a readlink /proc/self/ns/$type)" "$(coffer exec a readlink /proc/1/ns/$type)"
	done
	equal "$(coffer exec a cat /proc/1/cmdline | tr '\0' ' ')" "sleep 1000 "
	equal "$(coffer exec a cat /proc/self/cgroup | sed -n 's/^0:://p')" /
	equal "$(coffer exec a hostname)" "$(jq -r .hostname "$BUNDLE/config.json")"
}

@test "a command that is not there or cannot be run: 127 or 126, no pid file" {
	touch "$BUNDLE/rootfs/tmp/plain"
	fails 127 'exec: "nowhere": executable file not found in $PATH' \
		coffer exec --detach --pid-file "$TEST_DIR/pid" a nowhere
	fails 127 'exec: "/nowhere": no such file or directory' coffer exec --pid-file "$TEST_DIR/pid" a /nowhere
	fails 126 'exec: "/tmp/plain": permission denied' coffer exec --pid-file "$TEST_DIR/pid" a /tmp/plain
	fails 126 'exec: "/tmp": is a directory' coffer exec --pid-file "$TEST_DIR/pid" a /tmp
	[[ ! -e $TEST_DIR/pid ]]
}

@test "any other failure is 255, with no pid file" {
	fails 255 'container `b` does not exist' coffer exec --pid-file "$TEST_DIR/pid" b true
	fails 255 "process.json" coffer exec --pid-file "$TEST_DIR/pid" --process "$TEST_DIR/process.json" a
	fails 1 "argument is missing" coffer exec
	fails 255 "neither a command nor --process" coffer exec a
	[[ ! -e $TEST_DIR/pid ]]
}

@test "a stopped container: \"container not running\"; a created one takes an exec" {
	succeeds coffer kill a KILL
	wait_for_status a stopped
	fails 255 "container not running" coffer exec --pid-file "$TEST_DIR/pid" a true
	[[ ! -e $TEST_DIR/pid ]]
	succeeds coffer create b
	equal "$(coffer exec b echo here)" here
	equal "$(status_of b)" created
}

# Its first process waits for one that a tracer has not let go of yet; until then the kernel says that memory is short.
@test "a container that is ending: \"container not running\"" {
	local child
	running b sh -c 'sleep 1000 & wait'
	child=$(pgrep -P "$(pid_of b)")
	background strace -qq -o /dev/null -p "$child"
	wait_for 5 grep -q '^TracerPid:.*[1-9]' "/proc/$child/status"
	kill -STOP "${JOBS[0]}"
	kill -KILL "$(pid_of b)"
	wait_for 5 grep -q '^State:.*[Zt] ' "/proc/$child/status"
	background sh -c "sleep 0.3; kill -CONT ${JOBS[0]}"
	fails 255 "container not running" coffer exec b true
	wait_jobs
}

@test "a delete is quicker: \"container not running\"" {
	mv "$ROOT/a/config.json" "$TEST_DIR/config.json"
	fails 255 "container not running: it has just been deleted" coffer exec --pid-file "$TEST_DIR/pid" a true
	[[ ! -e $TEST_DIR/pid ]]
	mv "$TEST_DIR/config.json" "$ROOT/a/config.json"
}

@test "every spelling of --process" {
	local form
	process_object '.args = ["sh", "-c", "echo $A; exit 6"]'
	for form in "--process $TEST_DIR/process.json" "--process=$TEST_DIR/process.json" "-p $TEST_DIR/process.json" \
		"-p$TEST_DIR/process.json" "-process $TEST_DIR/process.json"; do
		# shellcheck disable=SC2086 # words on purpose
		gives 6 coffer exec $form a
		equal "$OUT" "from process"
	done
	fails 255 "not both" coffer exec --process "$TEST_DIR/process.json" a true
}

@test "a process object that is wrong is refused, with its path" {
	process_object 'del(.args)'
	fails 255 args coffer exec -p "$TEST_DIR/process.json" a
	process_object '.cwd = "x"'
	fails 255 cwd coffer exec -p "$TEST_DIR/process.json" a
	process_object '.user.uid = 4294967296'
	fails 255 user.uid coffer exec -p "$TEST_DIR/process.json" a
	echo '{' >"$TEST_DIR/process.json"
	fails 255 process.json coffer exec -p "$TEST_DIR/process.json" a
}

@test "the object's user, rlimits, capabilities, no_new_privs, umask and OOM score hold" {
	process_object '.user = { uid: 1000, gid: 1000, additionalGids: [7, 8], umask: 63 } | .noNewPrivileges = true
		| .rlimits = [{ type: "RLIMIT_NOFILE", soft: 77, hard: 88 }] | .oomScoreAdj = 500
		| .capabilities = { bounding: ["CAP_KILL"] }
		| .args = ["sh", "-c", "id; ulimit -n; umask; cat /proc/self/oom_score_adj
			sed -n \"s/^\\\\(CapBnd\\\\|CapEff\\\\|CapInh\\\\|NoNewPrivs\\\\):.//p\" /proc/self/status"]'
	succeeds coffer exec -p "$TEST_DIR/process.json" a
	equal "$OUT" "uid=1000(user) gid=1000(user) groups=7,8
77
0077
500
0000000000000000
0000000000000000
0000000000000020
1"
}

@test "--user takes numbers and nothing else" {
	local form user
	for form in "--user 1:2" "--user=1:2" "-u 1:2" "-u1:2" "-user 1:2"; do
		# shellcheck disable=SC2086 # words on purpose
		equal "$(coffer exec $form a sh -c 'echo $(id -u) $(id -g)')" "1 2"
	done
	equal "$(coffer exec -u 1 a id -u)" 1
	equal "$(coffer exec -u 0 a id -u)" 0
	equal "$(coffer exec -u 4294967294:4294967294 a id -u)" 4294967294
	for user in "" :2 1: root user 1:users -1 +1 0x1 1.0 " 1" 1:2:3 4294967295 4294967296 18446744073709551616; do
		fails 255 "--user" coffer exec "--user=$user" a true
	done
}

@test "--additional-gids, --env, --cap, --cwd, in every spelling" {
	local form
	for form in "--additional-gids 5 --additional-gids 6" "--additional-gids=5 -g6" "-g 5 -additional-gids 6"; do
		# shellcheck disable=SC2086 # words on purpose
		[[ " $(coffer exec $form a id -G) " == *" 5 6 "* ]]
	done
	fails 255 additional-gids coffer exec -g users a true
	for form in "--env A=1 --env B=2" "--env=A=1 -eB=2" "-e A=1 -env B=2" "-e A=0 -e A=1 -e B=2"; do
		# shellcheck disable=SC2086 # words on purpose
		equal "$(coffer exec $form a sh -c 'echo $A $B $TERM')" "1 2 xterm"
	done
	equal "$(coffer exec -e TERM=dumb a env | grep -c '^TERM=')" 1
	for form in "--cap CAP_SYS_TIME" "--cap=CAP_SYS_TIME" "-c CAP_SYS_TIME" "-cap CAP_SYS_TIME"; do
		# shellcheck disable=SC2086 # words on purpose
		equal "$(coffer exec $form a sed -n 's/^Cap\(Inh\|Eff\):.//p' /proc/self/status)" \
			$'0000000000000000\n0000000022000420'
	done
	fails 255 CAP_NONE coffer exec --cap CAP_NONE a true
	for form in "--cwd /tmp" "--cwd=/tmp" "-cwd /tmp"; do
		# shellcheck disable=SC2086 # words on purpose
		equal "$(coffer exec $form a pwd)" /tmp
	done
	fails 255 cwd coffer exec --cwd tmp a pwd
}

@test "HOME is that of the user in the container, PATH that of the container" {
	equal "$(coffer exec a sh -c 'echo $HOME')" /root
	equal "$(coffer exec -u 1000 a sh -c 'echo $HOME')" /tmp
	equal "$(coffer exec -u 999 a sh -c 'echo $HOME')" /
	equal "$(coffer exec -e HOME=/x a sh -c 'echo $HOME')" /x
}

@test "--no-new-privs, and the config's noNewPrivileges without it" {
	equal "$(coffer exec --no-new-privs a sed -n 's/^NoNewPrivs:.//p' /proc/self/status)" 1
	bundle_config '.process.noNewPrivileges = false'
	succeeds coffer run -d b
	equal "$(coffer exec b sed -n 's/^NoNewPrivs:.//p' /proc/self/status)" 0
	equal "$(coffer exec -no-new-privs b sed -n 's/^NoNewPrivs:.//p' /proc/self/status)" 1
}

@test "what follows the id belongs to the command; -- is allowed before it" {
	equal "$(coffer exec a echo -t --user 5)" "-t --user 5"
	equal "$(coffer exec a -- echo -t)" -t
	equal "$(coffer exec -- a echo --)" --
}

@test "--detach: the process goes on, pid file without newline, nothing on stdout and stderr" {
	local form
	for form in "--detach --pid-file $TEST_DIR/pid" "-d --pid-file=$TEST_DIR/pid" "-detach -pid-file $TEST_DIR/pid"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer exec $form a sleep 500
		[[ $(wc -l <"$TEST_DIR/pid") -eq 0 ]]
		equal "$(tr '\0' ' ' <"/proc/$(<"$TEST_DIR/pid")/cmdline")" "sleep 500 "
		rm "$TEST_DIR/pid"
	done
	equal "$(coffer ps --format json a | jq length)" 4
}

@test "a pid file in the foreground, too" {
	coffer exec --pid-file "$TEST_DIR/pid" a sh -c 'while [ ! -e /tmp/end ]; do sleep 0.05; done' 3>&- &
	wait_for 10 test -s "$TEST_DIR/pid"
	grep sleep "/proc/$(<"$TEST_DIR/pid")/cmdline"
	touch "$BUNDLE/rootfs/tmp/end"
	gives 0 wait $!
}

@test "signals to exec go to the process" {
	exec_coffer exec a sh -c 'trap "echo got; exit 5" TERM; echo ready; while :; do sleep 0.05; done' >"$TEST_DIR/out" &
	wait_for 10 grep ready "$TEST_DIR/out"
	kill -TERM $!
	gives 5 wait $!
	grep got "$TEST_DIR/out"
	equal "$(status_of a)" running
}

@test "the end of the container ends exec" {
	exec_coffer exec a sleep 500 &
	wait_for 10 eval '[[ $(coffer ps -f json a | jq length) -eq 2 ]]'
	succeeds coffer kill a KILL
	gives 137 wait $!
}

@test "--tty: the caller's size, raw mode, and the own terminal as before" {
	local form
	for form in --tty -t -tty; do
		gives 3 on_tty --size 33x99 --expect "33 99" --send 'word\n' --expect "<word>" --echo -- \
			"${RUNTIME[@]}" exec $form a sh -c 'tty; stty size; read x; echo "<$x>"; exit 3'
		grep '^/dev/pts/' <<<"$OUT"
		grep 'echo True' <<<"$OUT"
	done
	gives 0 on_tty --expect ready --size 44x111 --expect "44 111" -- \
		"${RUNTIME[@]}" exec -t a sh -c 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done'
	gives 0 on_tty --expect '$' -- "${RUNTIME[@]}" exec a sh -c 'tty; echo $' # not asked for: the caller's own
}

@test "--tty in the background needs --console-socket, which gets one message with one terminal" {
	local form
	fails 255 "console-socket" coffer exec -t -d a true
	for form in "--console-socket $TEST_DIR/s" "--console-socket=$TEST_DIR/s" "-console-socket $TEST_DIR/s"; do
		take_console "$TEST_DIR/s"
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer exec -t -d $form a sh -c 'tty; echo shown'
		wait "$CONSOLE"
		equal "$(head -n 1 "$TEST_DIR/shown")" "payload=/dev/ptmx fds=1 tty=True"
		grep '^shown' "$TEST_DIR/shown"
		rm "$TEST_DIR/s"
	done
	process_object '.terminal = true | .consoleSize = { height: 12, width: 34 } | .args = ["stty", "size"]'
	take_console "$TEST_DIR/s"
	succeeds coffer exec -d --console-socket "$TEST_DIR/s" -p "$TEST_DIR/process.json" a
	wait "$CONSOLE"
	grep '^12 34' "$TEST_DIR/shown"
}

@test "--preserve-fds and LISTEN_FDS: these fds and no others" {
	local form
	for form in "--preserve-fds 1" "--preserve-fds=1" "-preserve-fds 1"; do
		# shellcheck disable=SC2086 # words on purpose
		"${RUNTIME[@]}" exec $form a sh -c 'echo $(ls /proc/self/fd); cat <&3' 3<<<three 4<<<four >"$TEST_DIR/out"
		equal "$(<"$TEST_DIR/out")" $'0 1 2 3 4\nthree' # 4: ls has its directory open
	done
	LISTEN_FDS=1 LISTEN_PID=1 "${RUNTIME[@]}" exec a sh -c '[ $LISTEN_PID = $$ ] && echo $LISTEN_FDS; cat <&3' \
		3<<<three >"$TEST_DIR/out"
	equal "$(<"$TEST_DIR/out")" $'1\nthree'
	"${RUNTIME[@]}" exec a sh -c 'echo $(ls /proc/self/fd) $LISTEN_PID' 3<<<three >"$TEST_DIR/out"
	equal "$(<"$TEST_DIR/out")" "0 1 2 3"
	fails 255 preserve-fds "${RUNTIME[@]}" exec --preserve-fds 2 a true 3<<<three 4<&-
}

@test "--cgroup: a cgroup below the container's, nowhere else" {
	local form
	mkdir "$CGROUP/a/sub"
	for form in "--cgroup sub" "--cgroup=/sub" "-cgroup sub"; do
		# shellcheck disable=SC2086 # words on purpose
		equal "$(coffer exec $form a sed -n 's/^0:://p' /proc/self/cgroup)" /sub
	done
	fails 255 "--cgroup" coffer exec --cgroup nowhere a true
	fails 255 "--cgroup" coffer exec --cgroup ../test a true
	fails 255 "--cgroup" coffer exec --cgroup /../test a true
}

@test "a paused container takes no exec, but with --ignore-paused it does" {
	local form
	succeeds coffer pause a
	fails 255 paused coffer exec --pid-file "$TEST_DIR/pid" a true
	[[ ! -e $TEST_DIR/pid ]]
	for form in --ignore-paused -ignore-paused; do
		exec_coffer exec $form a echo thawed >"$TEST_DIR/out" 2>&1 &
		sleep 0.3
		[[ ! -s $TEST_DIR/out ]]
		succeeds coffer resume a
		gives 0 wait $!
		equal "$(<"$TEST_DIR/out")" thawed
		succeeds coffer pause a
	done
}

@test "--apparmor and --process-label without such a kernel are errors, not silence" {
	[[ -e /sys/kernel/security/apparmor ]] || fails 255 apparmor coffer exec --apparmor unconfined-not a true
	[[ -e /sys/fs/selinux/enforce ]] || fails 255 "no label of an SELinux policy" coffer exec --process-label system_u:x a true
}

@test "exec of many at once" {
	local n
	for n in {1..12}; do
		background coffer exec a sh -c "exit $n"
	done
	wait_jobs
	equal "${STATUSES[*]}" "1 2 3 4 5 6 7 8 9 10 11 12"
	equal "$(cat "$TEST_DIR"/job.*)" ""
}

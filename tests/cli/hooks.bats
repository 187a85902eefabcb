#!/usr/bin/env bats
# hooks.bats - hooks: runtime-spec config.md "POSIX-platform Hooks", runtime.md "Lifecycle". All six stages: when, in
# which order and namespaces they run, what they get, and what a failure of each does.

load helpers
load features

readonly stages=(prestart createRuntime createContainer startContainer poststart poststop)

# hook STAGE SCRIPT [MEMBERS]: adds a hook; $TEST_DIR/out is there for the host's side, /out in the container.
hook() {
	bundle_config '.hooks[$stage] += [{path: "/bin/sh", args: ["sh", "-c", $script],
		env: ["PATH=/usr/bin:/bin:/usr/sbin:/sbin"]} + $more]' \
		--arg stage "$1" --arg script "$2" --argjson more "${3-"{}"}"
}

# A directory that hooks on both sides can write to.
shared_directory() {
	mkdir -p "$TEST_DIR/out"
	add_mount "$TEST_DIR/out" bind "$TEST_DIR/out" bind
	add_mount /out bind "$TEST_DIR/out" bind
}

log_of() {
	xargs <"$TEST_DIR/out/log"
}

# nothing_left: no state, no cgroup, no process.
nothing_left() {
	not test -e "$ROOT/c"
	not test -e "$CGROUP/c"
}

@test "all stages in order, each when the lifecycle says" {
	local stage
	shared_directory
	for stage in "${stages[@]}"; do
		hook "$stage" "echo $stage >>$TEST_DIR/out/log"
	done
	script 'echo program >>/out/log; sleep 1000'
	coffer create c </dev/null >/dev/null
	equal "$(log_of)" "prestart createRuntime createContainer"
	succeeds coffer start c
	wait_for 5 grep -q program "$TEST_DIR/out/log"
	wait_for 5 grep -q poststart "$TEST_DIR/out/log"
	equal "$(head -4 "$TEST_DIR/out/log" | xargs)" "prestart createRuntime createContainer startContainer"
	not grep -q poststop "$TEST_DIR/out/log"
	succeeds coffer delete --force c
	equal "$(tail -1 "$TEST_DIR/out/log")" poststop
}

@test "run: the same order, and several hooks of a stage one after the other" {
	local stage
	shared_directory
	for stage in "${stages[@]}"; do
		hook "$stage" "sleep 0.05; echo $stage.1 >>$TEST_DIR/out/log"
		hook "$stage" "echo $stage.2 >>$TEST_DIR/out/log; umask >>$TEST_DIR/out/umask"
	done
	bundle_args sleep 0.5
	umask 022
	succeeds coffer run c
	equal "$(sort "$TEST_DIR/out/umask" | uniq -c | xargs)" "6 0022"
	equal "$(log_of)" "$(for stage in "${stages[@]}"; do echo "$stage.1 $stage.2"; done | xargs)"
}

@test "the namespaces they run in: the runtime's, but createContainer and startContainer in the container's" {
	local stage kind pid
	shared_directory
	for stage in "${stages[@]}"; do
		hook "$stage" "exec >>$TEST_DIR/out/$stage; for kind in mnt net ipc uts pid cgroup; do readlink /proc/self/ns/\$kind
			done"
	done
	running c
	pid=$(pid_of c)
	for kind in mnt net ipc uts pid cgroup; do
		ns_of "$pid" $kind
	done >"$TEST_DIR/container"
	inside sh -c 'for kind in mnt net ipc uts pid cgroup; do readlink /proc/self/ns/$kind; done' >"$TEST_DIR/host"
	coffer delete --force c
	for stage in createContainer startContainer; do
		equal "$stage $(<"$TEST_DIR/out/$stage")" "$stage $(<"$TEST_DIR/container")"
	done
	for stage in prestart createRuntime poststart poststop; do
		equal "$stage $(<"$TEST_DIR/out/$stage")" "$stage $(<"$TEST_DIR/host")"
	done
}

@test "createContainer sees the host's files and the container's mounts, startContainer the container's files only" {
	shared_directory
	hook createContainer "test -e /usr/bin/env && echo host >>$TEST_DIR/out/log
		grep -q ' $BUNDLE/rootfs/proc \| /proc ' /proc/self/mountinfo && echo mounts >>$TEST_DIR/out/log; exit 0"
	hook startContainer "test -e /usr/bin/env || echo container >>/out/log"
	succeeds coffer run c
	equal "$(log_of)" "host mounts container"
}

@test "the state on stdin: id, status, bundle, annotations and the pid as the hook sees it" {
	local row pid
	shared_directory
	bundle_config '.annotations = {"a.b": "c"}'
	for stage in "${stages[@]}"; do
		hook "$stage" "cat >$TEST_DIR/out/$stage"
	done
	running c
	pid=$(pid_of c)
	coffer delete --force c
	for row in "prestart creating $pid" "createRuntime creating $pid" "createContainer creating 1" \
		"startContainer created 1" "poststart running $pid" "poststop stopped"; do
		equal "$(jq -r '"\(.status) \(.pid // 0)"' "$TEST_DIR/out/${row%% *}" | sed 's/ 0$//')" "${row#* }"
		equal "$(jq -c '[.id, .bundle, .annotations, .ociVersion]' "$TEST_DIR/out/${row%% *}")" \
			"[\"c\",\"$BUNDLE\",{\"a.b\":\"c\"},\"1.3.0\"]"
	done
}

@test "createRuntime can reach into the container's namespaces by the pid" {
	hook createRuntime 'pid=$(sed "s/.*\"pid\": *\([0-9]*\).*/\1/" | tr -dc 0-9); nsenter --net=/proc/$pid/ns/net \
		ip link add made type dummy 2>/dev/null || nsenter --net=/proc/$pid/ns/net sysctl -qw net.ipv4.ip_forward=1'
	bundle_config '.linux.sysctl = {}'
	in_container 'test -e /sys/class/net/made || cat /proc/sys/net/ipv4/ip_forward'
	[[ -z $OUT || $OUT == 1 ]] || told "the hook has changed nothing"
}

@test "args and env are as given, nothing of the caller's comes through; without args the path alone" {
	shared_directory
	bundle_config '.hooks.createRuntime = [{path: "/usr/bin/env", args: ["x", "sh", "-c", $script], env: ["A=b c"]}]' \
		--arg script "/usr/bin/env | grep -v '^PWD=\|^SHLVL=\|^_=' >$TEST_DIR/out/env"
	LEAK=1 succeeds coffer run c
	equal "$(<"$TEST_DIR/out/env")" "A=b c"
	printf '#!/bin/sh\necho "$# $0" >%s/out/args\n' "$TEST_DIR" >"$TEST_DIR/hook"
	chmod +x "$TEST_DIR/hook"
	bundle_config '.hooks.createRuntime = [{path: $path}]' --arg path "$TEST_DIR/hook"
	succeeds coffer run c
	equal "$(<"$TEST_DIR/out/args")" "0 $TEST_DIR/hook"
}

@test "hooks get no fds but stdio, and no open terminal of the caller" {
	shared_directory
	hook createRuntime "ls -l /proc/self/fd >$TEST_DIR/out/host"
	hook createContainer "ls -l /proc/self/fd >$TEST_DIR/out/container"
	succeeds coffer run c
	# ls itself has the directory open
	equal "$(grep -c -- '->' "$TEST_DIR/out/host")" 4
	equal "$(grep -c -- '->' "$TEST_DIR/out/container")" 4
}

@test "a hook that fails before the program's start: an error, no program, nothing left, poststop is run" {
	local stage
	shared_directory
	cp "$BUNDLE/config.json" "$TEST_DIR/keep"
	for stage in prestart createRuntime createContainer startContainer; do
		cp "$TEST_DIR/keep" "$BUNDLE/config.json"
		rm -f "$TEST_DIR/out/log"
		hook "$stage" 'echo why it failed >&2; exit 3'
		hook "$stage" "echo second >>$TEST_DIR/out/log"
		hook poststop "echo poststop >>$TEST_DIR/out/log"
		script 'echo program >>/out/log'
		fails 1 "hooks.${stage}[0]" coffer run c
		[[ $ERR == *"exit status 3"*"why it failed"* ]] || told "no reason"
		equal "$stage $(log_of)" "$stage poststop"
		nothing_left
	done
}

@test "create and start: a creation hook fails create; a startContainer hook fails start" {
	shared_directory
	hook createContainer 'exit 4'
	hook poststop "echo poststop >>$TEST_DIR/out/log"
	fails 1 'hooks.createContainer[0]' coffer create c
	nothing_left
	equal "$(log_of)" poststop
	bundle_config 'del(.hooks.createContainer)'
	hook startContainer 'exit 5'
	bundle_args touch /out/started
	succeeds coffer create c
	fails 1 'hooks.startContainer[0]' coffer start c
	not test -e "$TEST_DIR/out/started"
	wait_for_status c stopped
	succeeds coffer delete c
	equal "$(log_of)" "poststop poststop"
}

@test "a poststart hook that fails: an error, and the container ends" {
	shared_directory
	hook poststart 'exit 6'
	hook poststop "echo poststop >>$TEST_DIR/out/log"
	bundle_args sleep 1000
	fails 1 'hooks.poststart[0]' coffer run --detach c </dev/null
	nothing_left
	equal "$(log_of)" poststop
	coffer create c </dev/null >/dev/null
	fails 1 'hooks.poststart[0]' coffer start c
	wait_for_status c stopped
}

@test "a poststop hook that fails is a warning: the others run, the container is gone, the status is the program's" {
	shared_directory
	hook poststop 'exit 7'
	hook poststop "echo second >>$TEST_DIR/out/log"
	bundle_args sh -c 'exit 9'
	gives 9 coffer --log-level warning run c
	[[ $ERR == *"hooks.poststop[0]"*"exit status 7"* ]] || told "no warning"
	equal "$(log_of)" second
	nothing_left
}

@test "a timeout kills the hook and what it started, and fails it" {
	local began=$SECONDS stage
	shared_directory
	for stage in createRuntime createContainer; do
		hook $stage "sleep 93.0417 & echo \$! >$TEST_DIR/out/pid; sleep 93.0417" '{"timeout": 1}'
		fails 1 "hooks.${stage}[0]" coffer run c
		[[ $ERR == *timeout* ]] || told "no word of it"
		nothing_left
		bundle_config 'del(.hooks)'
	done
	[[ $((SECONDS - began)) -lt 20 ]]
	not pgrep -f "sleep 93.0417$"
}

@test "a hook in time is left alone by its timeout" {
	hook createRuntime 'sleep 0.2' '{"timeout": 20}'
	succeeds coffer run c
}

@test "a hook that does not read stdin, that writes much, that leaves a process behind" {
	hook createRuntime 'exec <&-; yes | head -c 300000; yes | head -c 300000 >&2'
	hook createRuntime 'sleep 1 & exit 0'
	succeeds coffer run c
}

@test "a hook that a signal kills, one that cannot be executed, one that is not there" {
	hook createRuntime 'kill -9 $$'
	refused 'hooks.createRuntime[0]' "signal 9"
	bundle_config '.hooks = {createRuntime: [{path: "/nowhere/hook"}]}'
	refused /nowhere/hook "No such file"
	bundle_config '.hooks = {createRuntime: [{path: "/etc/passwd"}]}'
	refused /etc/passwd "Permission denied"
	bundle_config '.hooks = {startContainer: [{path: "/nowhere/hook"}]}'
	refused 'hooks.startContainer[0]' /nowhere/hook
}

@test "relative paths, a timeout of 0 and hooks without a path are refused" {
	bundle_config '.hooks = {prestart: [{path: "bin/true"}]}'
	refused 'hooks.prestart[0].path'
	bundle_config '.hooks = {prestart: [{path: "/bin/true", timeout: 0}]}'
	refused hooks.prestart timeout
	bundle_config '.hooks = {prestart: [{args: ["true"]}]}'
	refused hooks.prestart path
}

@test "a hook may ask coffer about its own container" {
	shared_directory
	hook poststart "$(printf '%q ' "$COFFER" --root "$ROOT" state c) >$TEST_DIR/out/poststart"
	running c
	equal "$(jq -r .status "$TEST_DIR/out/poststart")" running
}

@test "in a user namespace createContainer and startContainer run as its root" {
	user_namespace
	shared_directory
	chmod 777 "$TEST_DIR/out"
	hook createContainer "id -u >$TEST_DIR/out/create"
	hook startContainer "id -u >/out/start"
	succeeds coffer run c
	equal "$(cat "$TEST_DIR"/out/{create,start} | xargs)" "0 0"
	equal "$(stat -c %u "$TEST_DIR"/out/{create,start} | xargs)" "100000 100000"
}

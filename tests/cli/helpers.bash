# helpers.bash - what the bats files of tests/cli share.
#
# A file gets a mount namespace of its own (shared propagation inside, so that a mount that escapes from a container is
# seen) with cgroup v2 at /sys/fs/cgroup, held by a process until the file's end. Every test gets a directory on a tmpfs
# with a bundle and a state root, and a cgroup: the test itself is in $CGROUP/test, its containers are at $CGROUP/ID.
# At its end the containers that are left are deleted by `coffer delete --force`; what is left then is a failure.
#
#	COFFER   the program under test             TEST_DIR  the test's directory
#	RUNTIME  the command line up to the verb    BUNDLE    $TEST_DIR/bundle, the working directory of RUNTIME
#	ROOT     the state root (--root)            CGROUP    the test's cgroup, as a path from here
#	HOLDER   pid that holds the namespace       CGPATH    the same, from the root of the hierarchy
#
# Files that need no more than this have these four functions as they are; others call them from their own.
# shellcheck shell=bash
# shellcheck disable=SC2034 # OUT, ERR, CONSOLE and STATUSES are for the tests

load ../untraced

setup_file() { file_start; }
teardown_file() { file_stop; }
setup() { test_start; }
teardown() { test_end; }

# ---- a file ----

file_start() {
	COFFER=$(realpath "${COFFER:-$BATS_TEST_DIRNAME/../../build/cli/coffer}")
	FILE_DIR=$(mktemp -d /dev/shm/coffer-test.XXXXXX)
	chmod 711 "$FILE_DIR"
	export COFFER FILE_DIR
	export COFFER_DEFAULT_NETWORK=none # networks are for tests/net
	[[ $EUID -eq 0 ]] || return 0
	hold_namespace
	make_bundle "$FILE_DIR/bundle"
}

file_stop() {
	[[ -z ${HOLDER-} ]] || kill "$HOLDER"
	rm -rf "$FILE_DIR"
}

# Ends by itself soon after the bats process of this file.
# shellcheck disable=SC2016 # expanded by sh
hold_namespace() {
	local ready
	exec {ready}< <(exec unshare --mount --propagation private sh -c '
		[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 none /sys/fs/cgroup || exit
		mount --make-rshared / && echo ready && exec >/dev/null 2>&1
		while kill -0 "$0"; do sleep 3; done' "$$" 3>&- 4>&- </dev/null)
	HOLDER=$!
	export HOLDER
	read -r -t 20 -u "$ready"
	exec {ready}<&-
}

# What every test begins with: the config of `coffer spec`, without a terminal, running true.
make_bundle() {
	make_rootfs "$1/rootfs"
	"$COFFER" spec --config "$FILE_DIR/spec.json"
	jq '.process.terminal = false | .process.args = ["true"]' "$FILE_DIR/spec.json" >"$1/config.json"
}

# Busybox with those of its names that a file here has as a word; users root (0) and user (1000).
make_rootfs() {
	mkdir -p "$1"/{bin,dev,etc,proc,root,sys,tmp}
	cp "$(type -P busybox)" "$1/bin/busybox"
	# One process for all of the links, since a fork for each takes seconds in the test VM; few, as each test copies them.
	(cd "$1/bin" && ./busybox --list | python3 -ISc 'import os, re, sys
words = set(re.findall(r"[\w[-]+", "".join(open(name).read() for name in sys.argv[1:])))
for name in words.intersection(sys.stdin.read().split()) - {"busybox"}:
    os.symlink("busybox", name)' "$BATS_TEST_DIRNAME"/*.ba*)
	printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000:user:/tmp:/bin/sh >"$1/etc/passwd"
	printf '%s\n' root:x:0: user:x:1000: >"$1/etc/group"
	chmod 1777 "$1/tmp"
}

# ---- a test ----

# These functions start few programs: in the test VM each takes a tenth of a second.
test_start() {
	need_root
	TEST_DIR=$FILE_DIR/test.$BATS_TEST_NUMBER
	ROOT=$TEST_DIR/state
	BUNDLE=$TEST_DIR/bundle
	RUNTIME=(nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$BUNDLE" "$COFFER" --root "$ROOT")
	CGPATH=/coffer-test-$$-$BATS_TEST_NUMBER
	CGROUP=/proc/$HOLDER/root/sys/fs/cgroup$CGPATH
	CGROUP_BEFORE=$(own_cgroup)
	mkdir -m 711 "$TEST_DIR" "$CGROUP" "$CGROUP/test"
	cp -a "$FILE_DIR/bundle" "$BUNDLE"
	echo $$ >"$CGROUP/test/cgroup.procs"
	MOUNTS_BEFORE=$(<"/proc/$HOLDER/mountinfo")
	remember_host
}

own_cgroup() {
	local line
	while read -r line; do
		[[ $line != 0::* ]] || echo "${line#0::}"
	done </proc/self/cgroup
}

# A failed test is cleaned up in the same way, and its leftovers are shown too.
test_end() {
	local status=0 id
	[[ ${CGROUP-} ]] || return 0
	for id in $(containers_left); do
		timeout 40 "${RUNTIME[@]}" delete --force "$id" || status=1
	done
	compare_host || status=1
	remove_all
	return "$status"
}

containers_left() {
	[[ ! -d $ROOT ]] || ls "$ROOT" # not .cache
}

# What a test may not change, besides its own directory. The test process and what it runs to find out are not shown.
snapshot_host() {
	local pid name=()
	find "$CGROUP" "$ROOT" -mindepth 1 \( -path "$ROOT/.cache" -o -path "$ROOT/.oom" \) -prune -o -mindepth 1 \
		\( -type d -o -path "$ROOT/*" \) -print 2>/dev/null || true # $ROOT need not be there
	echo "$(<"/proc/$HOLDER/mountinfo")"
	while read -r pid; do
		[[ $pid != "$$" && $pid != "$BASHPID" ]] || continue
		name=()
		mapfile -d '' name 2>/dev/null <"/proc/$pid/cmdline" || continue
		[[ ! -d /proc/$pid ]] || echo "process ${name[*]}"
	done <"$CGROUP/test/cgroup.procs"
}

# What is there now is no leftover.
remember_host() {
	BEFORE=$(snapshot_host)
}

# Tells what is there now and was not at the start of the test, or the other way round. A process that has got its
# SIGKILL may need a moment.
compare_host() {
	local turn after
	for turn in {1..20}; do
		after=$(snapshot_host)
		[[ $after != "$BEFORE" ]] || return 0
		sleep 0.05
	done
	echo "left behind (+) or gone (-), seen in turn $turn:"
	diff -U 0 <(echo "$BEFORE") <(echo "$after") | tail -n +4
	return 1
}

remove_all() {
	local turn
	echo $$ >"/proc/$HOLDER/root/sys/fs/cgroup$CGROUP_BEFORE/cgroup.procs"
	echo 1 >"$CGROUP/cgroup.kill"
	for turn in {1..40}; do
		rmdir "$CGROUP/test" "$CGROUP" 2>/dev/null && break
		find "$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null && break
		sleep 0.05
	done
	[[ $(<"/proc/$HOLDER/mountinfo") == "$MOUNTS_BEFORE" ]] || unmount_new
	rm -rf "$TEST_DIR"
}

# What the test has mounted itself, the last first.
unmount_new() {
	local dir
	while read -r dir; do
		nsenter --mount="/proc/$HOLDER/ns/mnt" umount --lazy "$dir"
	done < <(grep -vxFf <(echo "$MOUNTS_BEFORE") "/proc/$HOLDER/mountinfo" | cut -d ' ' -f 5 | tac)
}

# ---- what this machine has ----

need_root() {
	[[ $EUID -eq 0 ]] || skip "needs root"
}

# In the test VM every controller has to be there.
need_controller() {
	local have
	have=" $(<"/proc/$HOLDER/root/sys/fs/cgroup/cgroup.controllers") "
	if [[ $have == *" $1 "* ]]; then
		return 0
	elif [[ ${COFFER_VM-} ]]; then
		echo "no $1 controller in the test VM"
		return 1
	fi
	skip "cgroup v2 has no $1 controller here"
}

# rounds N: the numbers 1 to N, for what is tried often since it is a race; a fifth of them in the slow test VM.
rounds() {
	local count=$1
	[[ ! ${COFFER_VM-} ]] || count=$((count / 5))
	seq "$count"
}

# ---- bundles ----

# bundle_config FILTER [JQ-OPTION...]: edits the config of $BUNDLE.
bundle_config() {
	local config
	config=$(jq "$1" "$BUNDLE/config.json" "${@:2}") || return
	echo "$config" >"$BUNDLE/config.json"
}

# bundle_args ARG...: the program of the container.
bundle_args() {
	# shellcheck disable=SC2016 # a variable of jq
	bundle_config '.process.args = $ARGS.positional' --args -- "$@"
}

# ---- calls of coffer ----

coffer() {
	"${RUNTIME[@]}" "$@" 3>&-
}

# For the background: `exec_coffer run a &` makes $! the pid of coffer itself.
exec_coffer() {
	exec "${RUNTIME[@]}" "$@" 3>&-
}

# background COMMAND...: its output goes to $TEST_DIR/job.N, N from 0. wait_jobs waits for all of them; STATUSES has how
# they ended. (`wait` alone would also wait for the watchdog of bats.)
background() {
	"$@" </dev/null >"$TEST_DIR/job.${#JOBS[@]}" 2>&1 3>&- &
	JOBS+=($!)
}

wait_jobs() {
	local pid status
	STATUSES=()
	for pid in "${JOBS[@]}"; do
		status=0
		wait "$pid" || status=$?
		STATUSES+=("$status")
	done
	JOBS=()
}

# Runs a command that has to succeed without a word on stderr. Its stdout is in $OUT.
succeeds() {
	gives 0 "$@"
	[[ ! -s $TEST_DIR/stderr ]] || told "stderr should be empty: $*"
}

# gives STATUS COMMAND...: it has to end with this status; what it says is in $OUT and $ERR.
gives() {
	local status=0
	"${@:2}" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" || status=$?
	OUT=$(<"$TEST_DIR/stdout") ERR=$(<"$TEST_DIR/stderr")
	[[ $status -eq $1 ]] || told "status $status, not $1, of: ${*:2}"
}

# fails STATUS TEXT COMMAND...: it has to end with this status and say one line on stderr, with this text in it.
# $ERR is the line.
fails() {
	local lines
	gives "$1" "${@:3}"
	mapfile lines <"$TEST_DIR/stderr"
	[[ $ERR == *"$2"* && ${#lines[@]} -eq 1 && ${lines[0]} == *$'\n' ]] || told "not one line with \"$2\": ${*:3}"
}

# Shows what the last command wrote; fails.
told() {
	printf '%s\nstdout: %s\nstderr: %s\n' "$1" "$(<"$TEST_DIR/stdout")" "$(<"$TEST_DIR/stderr")"
	return 1
}

# equal FOUND WANTED
equal() {
	[[ $1 == "$2" ]] || { printf 'found:  %s\nwanted: %s\n' "$1" "$2" && return 1; }
}

# Without a process for jq: they are called in loops.
status_of() {
	[[ $(coffer state "$1") =~ '"status": "'([a-z]+) ]] && echo "${BASH_REMATCH[1]}"
}

pid_of() {
	[[ $(coffer state "$1") =~ '"pid": '([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1 + 1))
	until "${@:2}" >/dev/null 2>&1; do
		[[ $SECONDS -lt $end ]] || { echo "waited $1 s for: ${*:2}" && return 1; }
		sleep 0.05
	done
}

# wait_for_status ID STATUS [SECONDS]
wait_for_status() {
	wait_for "${3:-10}" has_status "$1" "$2"
}

has_status() {
	[[ $(status_of "$1") == "$2" ]]
}

# running ID [ARG...]: a container in the background, by default one that sleeps.
running() {
	if [[ $# -gt 1 ]]; then
		bundle_args "${@:2}"
	else
		bundle_args sleep 1000
	fi
	coffer run --detach --bundle "$BUNDLE" "$1" </dev/null >"$TEST_DIR/$1.out" 2>"$TEST_DIR/$1.err"
}

# ---- terminals ----

# on_tty STEP... -- COMMAND...: on a terminal of its own; see on_tty.py.
on_tty() {
	python3 "$BATS_TEST_DIRNAME/on_tty.py" "$@" 3>&-
}

# take_console SOCKET [TEXT]: an engine's end of --console-socket, pid $CONSOLE; what it sees is in $TEST_DIR/shown.
take_console() {
	python3 "$BATS_TEST_DIRNAME/console.py" "$@" >"$TEST_DIR/shown" 3>&- &
	CONSOLE=$!
	wait_for 10 test -S "$1"
}

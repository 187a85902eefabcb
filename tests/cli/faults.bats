#!/usr/bin/env bats
# faults: kill -9 of the runtime, or of a container's first process, at every step of create, run and exec and at points
# of start, kill and delete. After each, list and state answer, delete --force ends in time and leaves the host as it
# was, and the id can be used again. COFFER_FAULTY is a program built with -Dfault_injection=true, which is killed at the
# point that $COFFER_FAULT names. The names are read from the source, so that no step is forgotten.
# shellcheck disable=SC2016 # variables of jq, of hooks

load helpers

RUNTIME_DIR=$BATS_TEST_DIRNAME/../../runtime
DELETE_MAX=10 # seconds

setup_file() {
	file_start
	find_faulty
}

setup() {
	test_start
	[[ $COFFER_FAULTY ]] || skip "no test build: COFFER_FAULTY is unset, and there is no meson to make one with"
}

# COFFER_FAULTY, or the same build that tests/test makes.
find_faulty() {
	local build=$BATS_TEST_DIRNAME/../../build-test/faulty
	if [[ -z ${COFFER_FAULTY-} ]] && type -P meson ninja >/dev/null; then
		[[ -e $build/build.ninja ]] || meson setup "$build" -Dfault_injection=true -Dtests=false >/dev/null
		ninja -C "$build" cli/coffer >/dev/null
		COFFER_FAULTY=$build/cli/coffer
	fi
	export COFFER_FAULTY=${COFFER_FAULTY:+$(realpath "$COFFER_FAULTY")}
}

# ---- names ----

# The points of a file, in their order: fault_point("NAME"), and the first (of STEP: second) words of its steps[].
points() {
	sed -n -e 's/.*fault_point("\([^"]*\)").*/\1/p' -e 's/^\t{ "\([^"]*\)", [a-z_]* },$/\1/p' \
		-e "s/^\tSTEP([^,]*, \([a-z_]*\)),\$/${2-}\1/p" "$RUNTIME_DIR/$1"
}

# ---- ways to run ----

use_cgroup() { :; }

use_no_cgroup() {
	RUNTIME+=(--cgroup-manager disabled)
}

# In the test VM only.
use_systemd() {
	[[ -S /run/systemd/private ]] || skip "no systemd is running here"
	RUNTIME+=(--systemd-cgroup)
	bundle_config '.linux.cgroupsPath = ":faults:a"' # systemd.bats runs at the same time, and has coffer-a.scope
}

# An ordinary user with one id.
use_user() {
	bundle_config '.mounts |= map(if .options then .options -= ["gid=5"] else . end)'
	mkdir "$ROOT"
	chown -R 1000:1000 "$BUNDLE" "$ROOT"
	RUNTIME=("${RUNTIME[@]:0:3}" setpriv --reuid 1000 --regid 1000 --clear-groups "${RUNTIME[@]:3}")
}

# ---- one fault ----

# faulty POINT ARG...: runs it with the fault; the status is in $STATUS.
faulty() {
	STATUS=0
	{ COFFER_FAULT=$1 "${RUNTIME[@]/#$COFFER/$COFFER_FAULTY}" "${@:2}" </dev/null >"$TEST_DIR/stdout" 3>&-; } \
		2>"$TEST_DIR/stderr" || STATUS=$?
}

# The runtime itself is killed at this point.
dies_at() {
	faulty "$@"
	[[ $STATUS -eq 137 ]] || told "status $STATUS, not killed at: $*"
}

# answers ID: list and state have the same to say of it. A first process that has just lost its runtime may hold the
# lock of the directory for the moment that it takes to see that.
answers() {
	wait_for 5 is_settled "$1" || told "$OUT" || return
	if [[ $OUT == *\"id\":\"$1\"* ]]; then
		succeeds coffer state "$1"
	else
		fails 1 "does not exist" coffer state "$1"
	fi
}

is_settled() {
	succeeds coffer list --format json && [[ $OUT != *'"status":"creating"'* ]]
}

# is_removed ID: by delete --force, in time, and then nothing is left.
is_removed() {
	local begin=$SECONDS
	succeeds coffer delete --force "$1" || return
	[[ $((SECONDS - begin)) -le $DELETE_MAX ]] || told "delete took $((SECONDS - begin)) s" || return
	is_gone "$1" || compare_host
}

# A quick look; teardown has the thorough one.
is_gone() {
	local processes mounts
	mapfile -t processes <"$CGROUP/test/cgroup.procs"
	mapfile -t mounts <"/proc/$HOLDER/mountinfo"
	[[ ! -e $ROOT/$1 && ! -e $CGROUP/$1 && ${#processes[@]} -eq ${PROCESSES:=${#processes[@]}} &&
		${#mounts[@]} -eq ${MOUNTS:=${#mounts[@]}} ]]
}

recovers() {
	answers "$1" && is_removed "$1"
}

# works ID: as if nothing had happened.
works() {
	succeeds coffer create "$1" </dev/null && succeeds coffer start "$1" && is_removed "$1"
}

# every_step VERB [OPTION...]: dies at each step of launch.c, with the same id again and again.
every_step() {
	local point n=0
	[[ -d $ROOT ]] || mkdir "$ROOT"
	is_gone a
	for point in $(points launch.c); do
		n=$((n + 1))
		echo "$point"
		dies_at "$point" "$@" --bundle "$BUNDLE" a && recovers a || return
	done
	[[ $n -ge 19 ]] || told "only $n steps were found" || return
	works a
}

# ---- create and run ----

@test "create is killed at each step, with a cgroup" {
	use_cgroup
	every_step create
}

@test "create is killed at each step, without a cgroup" {
	use_no_cgroup
	every_step create
}

@test "create is killed at each step, in a scope of systemd's" {
	use_systemd
	every_step create
	wait_for 5 test ! -e /sys/fs/cgroup/system.slice/faults-a.scope
}

@test "create is killed at each step, by an ordinary user" {
	use_user
	every_step create
}

@test "run is killed at each step, with a cgroup" {
	use_cgroup
	every_step run
}

@test "run is killed at each step, without a cgroup" {
	use_no_cgroup
	every_step run --detach
}

@test "run is killed at each step, by an ordinary user" {
	use_user
	every_step run
}

@test "a create that is killed over a cgroup of others does not make delete --force kill them" {
	local point
	running owner
	bundle_config '.linux.cgroupsPath = $path' --arg path "$CGPATH/owner"
	for point in reserve cgroup-unused; do
		dies_at "$point" create a
		fails 1 "already has processes" coffer create b
		succeeds coffer delete --force a
		equal "$(status_of owner)" running
	done
	faulty record create a
	equal "$STATUS" 1
	equal "$(status_of owner)" running
	is_removed owner
}

@test "create is killed inside of reserving the id" {
	dies_at state-directory-made create a
	equal "$(status_of a)" stopped
	fails 1 "already exists" coffer create a
	succeeds coffer delete a
	works a
}

@test "the container's first process is killed at each step: create says so and undoes all of it" {
	local point n=0
	mkdir "$ROOT"
	is_gone a
	for point in $(points init.c); do
		n=$((n + 1))
		echo "$point"
		faulty "$point" create --pid-file "$TEST_DIR/pid" a
		if [[ $STATUS -eq 0 ]]; then # behind the gate
			fails_at_start "$point"
		else
			[[ $STATUS -eq 1 && $(<"$TEST_DIR/stderr") == "coffer: error: "*" killed by signal "* ]] ||
				told "status $STATUS at $point"
			[[ $(wc -l <"$TEST_DIR/stderr") -eq 1 && ! -e $TEST_DIR/pid ]] || told "at $point"
			is_gone a || compare_host
		fi
	done
	[[ $n -ge 24 ]]
	works a
}

# As a program that is killed: start sees no more than its end.
fails_at_start() {
	coffer start a >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" || [[ $? -eq 1 ]]
	wait_for_status a stopped
	is_removed a
}

@test "run: the first process is killed at one of the last steps" {
	local point
	mkdir "$ROOT"
	for point in $(points init.c | tail -n 5); do
		echo "$point"
		faulty "$point" run a
		[[ $STATUS -eq 1 || $STATUS -gt 128 ]] || told "status $STATUS at $point"
		is_gone a || compare_host
	done
	works a
}

# ---- start, kill, exec, delete ----

@test "start is killed at each point: start it again, or it runs" {
	local point n=0
	bundle_args sleep 1000
	mkdir "$ROOT"
	for point in $(points container_start.c); do
		n=$((n + 1))
		echo "$point"
		succeeds coffer create a
		dies_at "$point" start a
		wait_for 5 start_is_settled a
		answers a
		has_status a running || succeeds coffer start a
		wait_for_status a running
		is_removed a
	done
	[[ $n -ge 4 ]]
}

# Init needs a moment from the word to its program.
start_is_settled() {
	[[ $(status_of "$1") == running || ! -S $ROOT/$1/start.sock ]] || sleep 0.3
}

@test "kill is killed: nothing has happened" {
	running a
	dies_at kill-found kill a KILL
	equal "$(status_of a)" running
	dies_at kill-found kill --all a KILL
	equal "$(status_of a)" running
	succeeds coffer kill a KILL
	wait_for_status a stopped
	is_removed a
}

@test "exec is killed at each point: at most its process is left, and the container runs on" {
	local point n=0
	running a
	for point in $(points container_exec.c); do
		n=$((n + 1))
		echo "$point"
		dies_at "$point" exec --pid-file "$TEST_DIR/pid" a sleep 0.2
		[[ ! -e $TEST_DIR/pid ]]
		equal "$(status_of a)" running
		wait_for 5 runs_alone a
	done
	[[ $n -ge 3 ]]
	succeeds coffer exec a true
	is_removed a
}

runs_alone() {
	[[ $(coffer ps --format json "$1" | jq length) -eq 1 ]]
}

@test "the process of exec is killed at each step: exec says so" {
	local point n=0
	running a
	for point in $(points exec_init.c exec_); do
		n=$((n + 1))
		echo "$point"
		faulty "$point" exec a true
		[[ $STATUS -gt 0 ]] || told "status $STATUS at $point"
		[[ $STATUS -gt 128 || $(<"$TEST_DIR/stderr") == "coffer: error: "* ]] || told "at $point"
		runs_alone a
	done
	[[ $n -ge 8 ]]
	succeeds coffer exec a true
	is_removed a
}

@test "delete is killed at each point: the next one finishes" {
	local point n=0
	bundle_args sleep 1000
	bundle_config '.hooks.poststop = [{ path: "/bin/sh", args: ["sh", "-c", $command] }]' \
		--arg command "echo poststop >>$TEST_DIR/hooks"
	mkdir "$ROOT"
	for point in $(points container_delete.c) state-files-removed; do
		n=$((n + 1))
		echo "$point"
		coffer run --detach a </dev/null >"$TEST_DIR/out" 2>&1
		rm -f "$TEST_DIR/hooks"
		dies_at "$point" delete --force a
		answers a
		is_removed a
		[[ -s $TEST_DIR/hooks ]]
	done
	[[ $n -ge 5 ]]
	rm "$TEST_DIR/hooks"
	works a
}

@test "the runtime is killed by a hook of each stage that it runs itself" {
	local stage
	for stage in prestart createRuntime poststart; do
		echo "$stage"
		bundle_config '.hooks = { ($stage): [{ path: "/bin/sh", args: ["sh", "-c", "kill -KILL $PPID"] }],
			poststop: [{ path: "/bin/sh", args: ["sh", "-c", "echo poststop >>\($file)"] }] }' \
			--arg stage "$stage" --arg file "$TEST_DIR/hooks"
		rm -f "$TEST_DIR/hooks"
		STATUS=0
		{ coffer run --detach a </dev/null >"$TEST_DIR/stdout"; } 2>"$TEST_DIR/stderr" || STATUS=$?
		equal "$STATUS" 137
		answers a
		is_removed a
		equal "$(<"$TEST_DIR/hooks")" poststop
		rm "$TEST_DIR/hooks"
	done
}

@test "the runtime is killed while the container's first process waits for a hook of the container" {
	bundle_config '.hooks = { createContainer: [{ path: "/bin/sh", args: ["sh", "-c", "sleep 1000"] }] }'
	exec_coffer create a </dev/null >"$TEST_DIR/out" 2>&1 &
	wait_for 10 pgrep -f '^sleep 1000$' --cgroup "$CGPATH/a"
	equal "$(status_of a)" creating
	{ kill -KILL $! && wait $!; } 2>"$TEST_DIR/stderr" || equal $? 137
	equal "$(status_of a)" stopped
	is_removed a
}

# ---- many at once ----

@test "exec and delete --force at once: exec runs or says that the container has ended, and nothing stays" {
	local n turn namespace pids ended='container not running\|does not exist\|the other process died'
	for namespace in own shared; do
		[[ $namespace == own ]] || bundle_config 'del(.linux.namespaces[] | select(.type == "pid"))'
		for turn in 1 2 3; do
			running a
			pids=()
			for n in 1 2 3; do
				(coffer exec a sleep 1000 >"$TEST_DIR/exec.$n" 2>&1 || true) &
				pids+=($!)
			done
			sleep "0.0$((RANDOM % 50 + 10))"
			succeeds coffer delete --force a
			wait "${pids[@]}"
			! grep -hv "$ended" "$TEST_DIR"/exec.? || return 1
			compare_host
		done
	done
}

@test "creates, runs and deletes of the same and of other ids, killed at random: delete --force takes away all" {
	local id pids=()
	mkdir "$ROOT"
	for id in same same same one two three; do
		chaos "$id" 3 &
		pids+=($!)
	done
	for id in {1..10}; do
		succeeds coffer list --quiet
	done
	wait "${pids[@]}" || true
	! grep -h warning "$TEST_DIR"/chaos.* || return 1
	for id in same one two three; do
		is_removed_alone "$id"
	done
	compare_host
	works same
}

# chaos ID TURNS: each command lives for a random time below 64 ms.
chaos() {
	local turn verb
	for ((turn = 0; turn < $2; turn++)); do
		for verb in "create $1" "start $1" "delete --force $1" "run --detach $1" "delete --force $1"; do
			# shellcheck disable=SC2086 # words on purpose
			timeout --signal=KILL "0.0$((RANDOM % 64 + 10))" "${RUNTIME[@]}" $verb 3>&- </dev/null || true
		done
	done >>"$TEST_DIR/chaos.$BASHPID" 2>&1
}

is_removed_alone() {
	succeeds coffer delete --force "$1"
	fails 1 "does not exist" coffer state "$1"
}

#!/usr/bin/env bats
# malformed: configs that are malformed or cannot be (malformed.jq has the table), ids that are none, and files that are
# too big. Each gets its exit code and one line on stderr that says where the fault is, and leaves nothing at all.
# shellcheck disable=SC2016 # variables of jq

load helpers

setup() {
	test_start
	mkdir -m 755 "$BUNDLE/rootfs/files"
	echo plain >"$BUNDLE/rootfs/files/plain"
	echo 'no program' >"$BUNDLE/rootfs/files/text"
	echo '#!/nowhere' >"$BUNDLE/rootfs/files/script"
	touch "$BUNDLE/rootfs/files/empty"
	ln -s loop "$BUNDLE/rootfs/files/loop"
	chmod 755 "$BUNDLE/rootfs/files/"{text,script,empty}
	mkdir "$ROOT" "$ROOT/.cache"
	remember_host
	tree >"$TEST_DIR/tree.before"
	export CGPATH
}

# The bundle, where mount points are made for good.
tree() {
	find "$BUNDLE" ! -path "$BUNDLE/config.json" ! -path "$BUNDLE/rootfs/mnt*" -printf '%p %y %m %U\n' | sort
}

# table GROUP [LEAST]: every row of the group, of which there are at least so many; tells of all that fail.
table() {
	local name exit text config failed=0 n=0
	while IFS=$'\x1f' read -r -d '' name exit text config; do
		n=$((n + 1))
		printf %s "$config" >"$BUNDLE/config.json"
		refused "$exit" "$text" || { echo "^ $name" && failed=$((failed + 1)); }
	done < <(jq -L "$BATS_TEST_DIRNAME" -rj "include \"malformed\"; $1 |
		[.name, (.exit | tostring), .text, .config] | join(\"\u001f\") + \"\u0000\"" "$FILE_DIR/bundle/config.json")
	[[ $n -ge ${2:-14} ]] || told "$n rows"
	compare_host || failed=$((failed + 1))
	tree | diff "$TEST_DIR/tree.before" - || failed=$((failed + 1))
	[[ $failed -eq 0 ]]
}

# refused STATUS TEXT: the config in the bundle, by run. A status above 128 is the container's end and needs no words.
refused() {
	local status=0 lines=1 level=error
	[[ $1 -gt 0 ]] || level=warning
	[[ $1 -lt 128 && ($1 -gt 0 || $2) ]] || lines=0
	timeout 20 "${RUNTIME[@]}" --log-level "$level" run a </dev/null >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" 3>&- || status=$?
	[[ $status -eq $1 ]] || told "status $status, not $1" || return
	[[ $(<"$TEST_DIR/stderr") == *"$2"* ]] || told "no \"$2\"" || return
	is_tidy "$lines" || told "not $lines lines without control characters, or leftovers"
}

# is_tidy LINES: what was said, and by a quick look (compare_host has the thorough one) what was left.
is_tidy() {
	local lines said left
	mapfile -t lines <"$TEST_DIR/stderr"
	said=$(<"$TEST_DIR/stderr")
	left=("$ROOT"/* "$CGROUP"/a*/)
	[[ ! -s $TEST_DIR/stdout && ${#lines[@]} -eq $1 && $said != *[[:cntrl:]]* && ! -e ${left[0]} && ! -e ${left[1]} ]]
}

@test "documents" {
	table document
}

@test "members of the wrong type" {
	table types
}

@test "the process" {
	table process
}

@test "programs" {
	table programs
}

@test "root file system, mounts, devices" {
	table filesystem
}

@test "namespaces, ids, kernel parameters" {
	table kernel
}

@test "cgroup and resources" {
	table resources
}

@test "seccomp and hooks" {
	table seccomp_and_hooks
}

@test "limits that a controller refuses" {
	need_controller memory
	need_controller cpuset
	need_controller io
	table controllers 3
}

# ---- ids ----

@test "an id that is no name is refused by every verb" {
	local verb id long
	long=$(printf 'a%.0s' {1..256})
	for verb in create run start state kill delete "delete --force" pause resume ps exec update; do
		for id in .. ../state a/b /a "" .a $'a\nb' "$long"; do
			[[ $verb == exec ]] && set -- "$id" true || set -- "$id"
			# shellcheck disable=SC2086 # words on purpose
			fails_at_all "container id" coffer $verb -- "$@" || told "$verb $id"
		done
	done
	compare_host
}

# fails_at_all TEXT COMMAND...: with one line; exec has a status of its own.
fails_at_all() {
	local status=0
	"${@:2}" </dev/null >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" || status=$?
	[[ ($status -eq 1 || $status -eq 255) && $(<"$TEST_DIR/stderr") == *"$1"* ]] && is_tidy 1
}

# ---- size ----

# costs MIB COMMAND...: it may not take more memory than that, nor more than 3 s.
costs() (
	[[ ${COFFER_ASAN-} ]] || ulimit -v $(($1 * 1024))
	exec timeout 3 "${@:2}"
)

@test "a file of 1 GiB is refused without being read" {
	truncate -s 1G "$BUNDLE/config.json"
	fails 1 config.json costs 64 "${RUNTIME[@]}" run a
	is_tidy 1
	"$COFFER" spec --config "$TEST_DIR/good.json"
	cp "$TEST_DIR/good.json" "$BUNDLE/config.json"
	truncate -s 1G "$BUNDLE/config.json" # NULs behind a good config
	fails 1 config.json costs 64 "${RUNTIME[@]}" create a
	is_tidy 1
	fails 1 "limits.json" costs 64 "${RUNTIME[@]}" update --resources "$(truncated_file limits.json)" a
}

truncated_file() {
	truncate -s 1G "$TEST_DIR/$1"
	echo "$TEST_DIR/$1"
}

@test "a string of megabytes, a stream without an end, and a file that is none" {
	{ printf '{"ociVersion": "' && head -c 15000000 /dev/zero | tr '\0' 1 && printf '"}'; } >"$BUNDLE/config.json"
	fails 1 config.json coffer run a
	is_tidy 1
	fails 1 "more than" costs 256 "${RUNTIME[@]}" run --config /dev/zero a
	is_tidy 1
	fails 1 "Is a directory" coffer run --config "$BUNDLE" a
	is_tidy 1
	mkfifo "$TEST_DIR/fifo"
	(timeout 3 yes '[' >"$TEST_DIR/fifo" || true) 2>/dev/null 3>&- &
	fails 1 "more than" costs 256 "${RUNTIME[@]}" run --config "$TEST_DIR/fifo" a
	wait $!
	compare_host
}

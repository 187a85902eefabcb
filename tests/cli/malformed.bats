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
	mkdir -m 700 "$BUNDLE/rootfs/files/a"$'\n'b
	chmod 755 "$BUNDLE/rootfs/files/"{text,script,empty}
	mkdir "$ROOT" "$ROOT/.cache"
	snapshot_host >"$TEST_DIR/before"
	tree >"$TEST_DIR/tree.before"
	export CGPATH
}

# The bundle, where mount points are made for good.
tree() {
	find "$BUNDLE" ! -path "$BUNDLE/config.json" ! -path "$BUNDLE/rootfs/mnt*" -printf '%p %y %m %U\n' | sort
}

# table GROUP: every row of the group; tells of all that fail.
table() {
	local name exit text config failed=0 n=0
	while IFS=$'\x1f' read -r -d '' name exit text config; do
		n=$((n + 1))
		printf %s "$config" >"$BUNDLE/config.json"
		refused "$exit" "$text" || { echo "^ $name" && failed=$((failed + 1)); }
	done < <(jq -L "$BATS_TEST_DIRNAME" -rj "include \"malformed\"; $1 |
		[.name, (.exit | tostring), .text, .config] | join(\"\u001f\") + \"\u0000\"" "$FILE_DIR/config.json")
	[[ $n -ge 14 ]] || told "$n rows"
	compare_host || failed=$((failed + 1))
	tree | diff "$TEST_DIR/tree.before" - || failed=$((failed + 1))
	[[ $failed -eq 0 ]]
}

# refused STATUS TEXT: the config in the bundle, by run. A status above 128 is the container's end and needs no words.
refused() {
	local status=0 lines=1
	[[ $1 -lt 128 && ( $1 -gt 0 || $2 ) ]] || lines=0
	timeout 20 "${RUNTIME[@]}" run a </dev/null >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" 3>&- || status=$?
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

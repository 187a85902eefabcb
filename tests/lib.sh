# lib.sh - what the scripts under tests/ share; sourced by bash, defines functions only.
# shellcheck shell=bash

# The root of the tree, whoever asks.
repo() {
	realpath "$(dirname "${BASH_SOURCE[0]}")/.."
}

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# Files of the tree whose name matches one of the patterns, sorted; nothing that was built.
tree_files() {
	local pattern match=(-false)
	for pattern; do
		match+=(-o -name "$pattern")
	done
	(cd "$(repo)" && find . \( -path ./.git -o -path './build*' \) -prune -o -type f \( "${match[@]}" \) -print) |
		sed 's,^\./,,' | LC_ALL=C sort
}

# A copy of the tree without history and builds, in DIR.
tree_copy() {
	mkdir -p "$1"
	tar -C "$(repo)" --exclude=./.git --exclude='./build*' -cf - . | tar -C "$1" -xf -
}

# Where cgroup v2 is mounted, or nothing.
cgroup2_mount() {
	local dir
	for dir in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		if [[ $(stat -f -c %T "$dir" 2>/dev/null) == cgroup2fs ]]; then
			echo "$dir"
			return
		fi
	done
}

# vm_again PROGRAM...: one that works in the test VM; once more if the VM died (status 125), which a guest's kernel may do
# under TCG. Its output comes at the end, the first one's with "| " before each line: tests/test does not count that.
vm_again() {
	local said status=0 began=$SECONDS
	said=$("$@" 2>&1) || status=$?
	if [[ $status -eq 125 && $((SECONDS - began)) -lt 1500 ]]; then
		sed 's/^/| /' <<<"$said"
		echo "# again: ${said##*$'\n'}"
		status=0
		said=$("$@" 2>&1) || status=$?
	fi
	echo "$said"
	return "$status"
}

# run NAME PROGRAM...: one that prints TAP, as tests/test reads it.
run() {
	local status=0
	echo "#> begin $1"
	"${@:2}" 2>&1 </dev/null || status=$?
	echo "#> end $status"
}

# whole COMMAND...: what it writes in one piece, while others in this directory do the same.
whole() {
	local text
	text=$("$@")
	flock . cat <<<"$text"
}

# unit_programs: runs those that its input names (a line NAME, a line PROGRAM), as many at a time as there are
# processors.
unit_programs() {
	export -f run whole
	xargs -d '\n' -n 2 -P "$(nproc)" bash -c 'whole run "$1" timeout 120 "$2"' unit
}

# bats_files PATH...: all these bats files, or of these directories, the largest first, $BATS_JOBS at a time, or as many
# as there are processors.
bats_files() {
	find "$@" -name '*.bats' -printf '%s %p\0' | sort -zrn | sed -z 's/^[0-9]* //' |
		xargs -0 -n 1 -P "${BATS_JOBS:-$(nproc)}" tests/bats-file
}

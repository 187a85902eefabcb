# coffer image mount and unmount: what a container of the image would see.
load store.bash

# In a mount namespace of its own, so that nothing stays behind.
image_there() {
	unshare --mount --propagation private bash -c "$1" bash "$COFFER" "$TEST_DIR/mnt" "${@:2}" 3>&-
}

pulled() {
	mkdir "$TEST_DIR/mnt"
	succeeds image pull -q --name next "oci:$LAYOUT:next"
	image_there '"$1" image mount next "$2"' 2>"$TEST_DIR/why" || {
		! grep -q 'detached upper' "$TEST_DIR/why" || skip "$(<"$TEST_DIR/why")"
		cat "$TEST_DIR/why"
		return 1
	}
}

@test "the layers as one tree, read-only, and away again" {
	pulled
	succeeds image_there '"$1" image mount next "$2" && cat "$2/etc/user" && ! test -e "$2/etc/gone" && stat -c %U:%a "$2" &&
		! touch "$2/x" 2>/dev/null && "$1" image unmount "$2" && ls -A "$2"'
	equal "$OUT" $'user\nroot:755'
}

@test "a mounted image is not removed, unless by force" {
	pulled
	succeeds image_there '"$1" image mount next "$2" && ! "$1" image remove next 2>&1 && "$1" image prune --all >&2 &&
		cat "$2/etc/user" && "$1" image remove --force next >&2 && ls -A "$2" >&2'
	equal "$OUT" "coffer: error: image next is mounted on $TEST_DIR/mnt (\`coffer image unmount\` ends that)"$'\nuser'
	fails "is not stored" image_there '"$1" image mount next "$2"'
}

@test "directories that layers have no entries for are as lower layers have them" {
	pulled
	image remove next >"$TEST_DIR/removed"
	directories_without_entries
}

@test "another store is named before the command" {
	pulled
	mv "$COFFER_STORE" "$TEST_DIR/other"
	succeeds image_there '"$1" image --store "$3" mount next "$2" && cat "$2/etc/user" &&
		"$1" image "--store=$3" unmount "$2" && ls -A "$2"' "$TEST_DIR/other"
	equal "$OUT" user
}

@test "what is wrong is said" {
	pulled
	fails "image none is not stored" image_there '"$1" image mount none "$2"'
	fails "expected IMAGE DIR" image_there '"$1" image mount next'
	fails "No such file" image_there '"$1" image mount next "$2/missing"'
	fails "it is no directory" image_there '"$1" image mount next /etc/passwd'
	fails "the path is empty" image_there '"$1" image --store= mount next "$2"'
	fails "is no mounted image" image_there '"$1" image unmount "$2"'
	fails "is no mounted image" image_there 'mount -t tmpfs none "$2" && "$1" image unmount "$2"'
}

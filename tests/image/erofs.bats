# Layers that are kept as EROFS images (--layers erofs): as good to run, verify, repair and remove as directories.
load store.bash

setup() {
	[[ $EUID -eq 0 ]] || skip "needs root"
	DISK=$(mktemp -d /var/tmp/coffer-erofs.XXXXXX) # the kernel mounts no images that are in a tmpfs
	TEST_DIR=$(mktemp -d "$FILE_DIR/test.XXXXXX")
	LAYOUT=$FILE_DIR/layout
	export COFFER_STORE=$DISK/store
	unset XDG_DATA_HOME
	image pull -q --layers erofs --name next "oci:$LAYOUT:next" 2>"$TEST_DIR/why" || {
		! grep -q 'cannot be mounted as erofs\|takes no detached layers' "$TEST_DIR/why" || skip "$(<"$TEST_DIR/why")"
		cat "$TEST_DIR/why"
		return 1
	}
}

teardown() {
	rm -rf ${DISK:+"$DISK"} ${TEST_DIR:+"$TEST_DIR"}
}

container() {
	"$COFFER" --root "$TEST_DIR/state" --cgroup-manager disabled run --rm --image "$@" 3>&-
}

@test "one file a layer, durable and whole" {
	equal "$(find "$COFFER_STORE/layers" -name image | wc -l)" "$(jq '[.layers, .implied // []] | add | length' "$COFFER_STORE"/images/*)"
	equal "$(find "$COFFER_STORE/layers" -name diff | wc -l)" 0
	succeeds image verify next
	no_staging
}

@test "a container runs from them: what is in the layers, removed in one, and written" {
	succeeds container next --user 0 -- sh -c 'cat /etc/user; test ! -e /etc/gone; echo new >/tmp/new; cat /tmp/new'
	equal "$OUT" $'user\nnew'
	succeeds container next -- sh -c 'test ! -e /tmp/new; test "$A" = b'
	succeeds "$COFFER" --root "$TEST_DIR/state" list --quiet
	equal "$OUT" ""
}

@test "a layer that is kept one way is used by an image that is pulled the other way" {
	succeeds image pull -q --name base "oci:$LAYOUT:base"
	equal "$(find "$COFFER_STORE/layers" -name diff | wc -l)" 0
	succeeds container base -- cat /etc/gone
	equal "$OUT" gone
}

@test "directories that layers have no entries for are as lower layers have them" {
	image remove next >"$TEST_DIR/removed"
	directories_without_entries --layers erofs
}

@test "a damaged image is found, and made again from its blob" {
	local layer
	layer=$(find "$COFFER_STORE/layers" -name image -size +500k | head -n 1)
	printf damage | dd of="$layer" bs=1 seek=200000 conv=notrunc status=none
	fails "" image verify --check next
	succeeds image verify next
	succeeds image verify --check next
	succeeds container next -- cat /etc/user
}

@test "removal leaves nothing" {
	succeeds image remove --force next
	succeeds image prune --all
	equal "$(files layers/sha256)$(files blobs/sha256)" ""
}

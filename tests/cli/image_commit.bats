#!/usr/bin/env bats
# image_commit.bats - what goes back from a container to the store, and from the store to a bundle: `coffer image commit`
# and `coffer image unpack`, with images that coffer-image has made.

load helpers

setup() {
	test_start
	[[ -x ${COFFER%/*}/coffer-image ]] || skip "coffer-image is not beside $COFFER"
	export COFFER_STORE=$TEST_DIR/store
	coffer image import -q --env PATH=/bin --user user "$BUNDLE/rootfs" box echo hello >/dev/null
}

@test "commit: what the container has changed is one more layer" {
	coffer run --image box --name a --user 0 sh -c \
		'echo new >/new && rm /etc/group && rm -r /tmp && mkdir /tmp && echo x >/tmp/x && chmod 600 /etc/passwd && chown 5:6 /new'
	succeeds coffer image commit -q -m "a message" -a somebody a box2
	equal "$(coffer image history box2 | grep -c 'coffer commit')" 1
	succeeds coffer run --image box2 --rm --user 0 sh -c 'cat /new /tmp/x; stat -c "%u:%g %a" /new /etc/passwd; ls /etc/group 2>&1; true'
	[[ $OUT == new$'\n'x$'\n''5:6 644'$'\n''0:0 600'$'\n'*'No such file'* ]]
	# The configuration is that of its image; the image itself is as it was.
	succeeds coffer run --image box2 --rm --user 7
	equal "$OUT" hello
	succeeds coffer run --image box --rm --user 0 ls /etc/group
	succeeds coffer delete a
	# After a reboot, which takes the state.
	coffer --cgroup-manager disabled run --image box --name kept --user 0 sh -c 'echo kept >/kept'
	rm -r "$ROOT/kept"
	echo another boot >"$COFFER_STORE/containers/kept/boot"
	succeeds coffer commit kept box3
	equal "$(coffer run --image box3 --rm cat /kept)" kept
	succeeds coffer delete kept
	succeeds coffer image verify --all
}

@test "coffer commit pauses a running container, and lets it go on" {
	coffer run --image box --name a --user 0 --detach sh -c 'echo new >/new; sleep 1000'
	wait_for 10 test -s "$COFFER_STORE/containers/a/upper/new"
	succeeds coffer commit --message text a box2
	[[ $OUT =~ ^[0-9a-f]{64}$ ]]
	equal "$(status_of a)" running
	equal "$(COFFER_STORE=$TEST_DIR/store coffer run --image "$OUT" --rm cat /new)" new
	running b
	fails 1 'was not started from an image' coffer commit b box3
	fails 1 'does not exist' coffer commit none box3
	equal "$(status_of a)" running
}

@test "commit: what cannot be one" {
	fails 1 'container `none`' coffer image commit none new
	fails 1 'is no container' coffer image commit ../layers new
	coffer run --rootfs "$BUNDLE/rootfs" --name plain true
	fails 1 'was not started from an image' coffer image commit plain new
	fails 1 'is no name for an image' coffer image commit plain oci:x
	equal "$(ls "$COFFER_STORE/staging")" ""
}

@test "unpack: a bundle that runs, with the same configuration" {
	succeeds coffer image unpack box "$TEST_DIR/made"
	equal "$(jq -c '[.process.args, .process.user, .process.env[0]]' "$TEST_DIR/made/config.json")" \
		'[["echo","hello"],{"uid":1000,"gid":1000},"PATH=/bin"]'
	succeeds coffer run --bundle "$TEST_DIR/made" b
	equal "$OUT" hello
	diff -r --no-dereference "$BUNDLE/rootfs/etc" "$TEST_DIR/made/rootfs/etc"
	equal "$(stat -c %a "$TEST_DIR/made")" 700
	fails 1 'File exists' coffer image unpack box "$TEST_DIR/made"
	fails 1 'is not stored' coffer image unpack nothing "$TEST_DIR/other"
	[[ ! -e $TEST_DIR/other ]]
	coffer image import -q "$BUNDLE/rootfs" empty # names no program
	mkdir -p "$TEST_DIR/.other.unpack/rootfs/x" # as of one that was killed
	fails 1 'another unpack' flock "$TEST_DIR/.other.unpack" "$COFFER" image unpack empty "$TEST_DIR/other"
	succeeds coffer image unpack empty "$TEST_DIR/other"
	equal "$(jq -c .process.args "$TEST_DIR/other/config.json")" '["sh"]'
	[[ ! -e $TEST_DIR/other/rootfs/x && ! -e $TEST_DIR/.other.unpack ]]
}

@test "unpack: layers are applied in their order, whiteouts too" {
	coffer run --image box --name a --user 0 sh -c 'rm -r /bin/sh /root && mkdir /root && echo x >/root/x && echo user:x:9:9::/: >/etc/passwd'
	coffer image commit -q a box2
	succeeds coffer image unpack box2 "$TEST_DIR/made"
	equal "$(ls "$TEST_DIR/made/rootfs/root")" x
	[[ ! -e $TEST_DIR/made/rootfs/bin/sh ]]
	equal "$(jq .process.user.uid "$TEST_DIR/made/config.json")" 9
	test -x "$TEST_DIR/made/rootfs/bin/busybox"
}

@test "a container keeps its image: remove says so, prune goes past it, and a left-over goes" {
	coffer run --image box --name a true
	fails 1 'is used by container a' coffer image remove box
	mkdir -p "$COFFER_STORE/containers/old/upper"
	cp "$COFFER_STORE/containers/a/image" "$COFFER_STORE/containers/old/image"
	coffer image prune --all
	[[ ! -e $COFFER_STORE/containers/old ]]
	succeeds coffer run --image box --rm true
	coffer delete a
	coffer image prune --all
	equal "$(ls "$COFFER_STORE/images")" ""
}

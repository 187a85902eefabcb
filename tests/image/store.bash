# store.bash - what the bats files of tests/image that are about the store share.
#
#	COFFER_IMAGE  the program under test    TEST_DIR  the test's directory, on a tmpfs; its store in "store"
#	COFFER        the one that calls it     LAYOUT    an OCI layout made by umoci: two images, "base" and "next"
#	TEST_USER     one that a test has added, taken away after it
# shellcheck shell=bash
# shellcheck disable=SC2034 # OUT, ERR and LAYOUT are for the tests

load ../untraced

setup_file() {
	COFFER=$(realpath "${COFFER:-$BATS_TEST_DIRNAME/../../build/cli/coffer}")
	COFFER_IMAGE=$(realpath "${COFFER_IMAGE:-$BATS_TEST_DIRNAME/../../build/cli/coffer-image}")
	FILE_DIR=$(mktemp -d /dev/shm/coffer-store.XXXXXX)
	chmod 755 "$FILE_DIR"
	export COFFER COFFER_IMAGE FILE_DIR
	[[ $EUID -ne 0 ]] || make_layout "$FILE_DIR/layout"
}

teardown_file() {
	rm -rf "$FILE_DIR"
}

setup() {
	[[ $EUID -eq 0 ]] || skip "needs root"
	TEST_DIR=$(mktemp -d "$FILE_DIR/test.XXXXXX")
	chmod 755 "$TEST_DIR"
	LAYOUT=$FILE_DIR/layout
	export COFFER_STORE=$TEST_DIR/store
	unset XDG_DATA_HOME
}

teardown() {
	[[ ! ${TEST_USER-} ]] || userdel -r "$TEST_USER" 2>/dev/null || true
	[[ ! ${TEST_DIR-} ]] || rm -rf "$TEST_DIR"
}

# Two images: "base" of one layer, and "next" of that and another, which removes a file and adds some.
make_layout() {
	local bundle=$FILE_DIR/bundle
	umoci init --layout "$1"
	umoci new --image "$1:base"
	umoci unpack --image "$1:base" "$bundle"
	mkdir -p "$bundle/rootfs"/{bin,etc,tmp,srv/deep}
	chmod 1777 "$bundle/rootfs/tmp"
	cp "$(type -P busybox)" "$bundle/rootfs/bin/busybox"
	ln -s busybox "$bundle/rootfs/bin/sh"
	ln "$bundle/rootfs/bin/busybox" "$bundle/rootfs/bin/cat"
	echo gone >"$bundle/rootfs/etc/gone"
	echo user >"$bundle/rootfs/etc/user"
	chown 1000:1000 "$bundle/rootfs/etc/user"
	umoci repack --refresh-bundle --image "$1:base" "$bundle"
	rm "$bundle/rootfs/etc/gone"
	head -c 300000 /dev/urandom >"$bundle/rootfs/srv/deep/noise"
	umoci repack --image "$1:next" "$bundle"
	umoci config --image "$1:next" --config.cmd /bin/sh --config.env A=b --config.user 1000
	rm -rf "$bundle"
}

image() {
	timeout 60 "$COFFER_IMAGE" "$@" 3>&-
}

# gives STATUS COMMAND...: it has to end with this status; what it says is in $OUT and $ERR.
gives() {
	local status=0
	"${@:2}" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" || status=$?
	OUT=$(<"$TEST_DIR/stdout") ERR=$(<"$TEST_DIR/stderr")
	[[ $status -eq $1 ]] || told "status $status, not $1, of: ${*:2}"
}

succeeds() {
	gives 0 "$@"
}

# fails TEXT COMMAND...: it has to end with status 1, and the last line on stderr has this text in it.
fails() {
	gives 1 "${@:2}"
	[[ ${ERR##*$'\n'} == "coffer: error: "*"$1"* ]] || told "no error with \"$1\": ${*:2}"
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

# The hex of a tag's manifest in the layout.
manifest_of() {
	jq -r --arg tag "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag).digest' \
		"$LAYOUT/index.json" | cut -d : -f 2
}

# files DIRECTORY: of the store, sorted.
files() {
	(cd "$COFFER_STORE/$1" && find . -mindepth 1 -maxdepth "${2:-1}" | LC_ALL=C sort)
}

# Nothing is left in staging.
no_staging() {
	equal "$(files staging)" ""
}

# layout_of LAYOUT TAR...: makes it, with one image, "all".
layout_of() {
	local tar
	umoci init --layout "$1" && umoci new --image "$1:all" && umoci config --image "$1:all" --config.cmd sh
	for tar in "${@:2}"; do
		umoci raw add-layer --image "$1:all" "$tar"
	done >"$TEST_DIR/umoci.log"
}

# same_as_umoci IMAGE OPTION...: an image of a layout, pulled with these options: mounted it is what is unpacked, and that
# is what umoci unpacks.
same_as_umoci() {
	umoci raw unpack --image "$1" "$TEST_DIR/umoci" >"$TEST_DIR/umoci.log"
	succeeds image pull -q "${@:2}" --name same "oci:$1"
	succeeds image unpack same "$TEST_DIR/bundle"
	mkdir -p "$TEST_DIR/mnt"
	succeeds unshare --mount --propagation private bash -ec '"$COFFER" image mount same "$1/mnt"
		python3 "$2/compare.py" "$1/mnt" "$1/bundle/rootfs"
		python3 "$2/compare.py" --no-times-of-dirs "$1/mnt" "$1/umoci"' bash "$TEST_DIR" "$BATS_TEST_DIRNAME"
}

# directories_without_entries OPTION...: pulled with these options they are as umoci has them.
directories_without_entries() {
	python3 "$BATS_TEST_DIRNAME/implied.py" "$TEST_DIR"
	layout_of "$TEST_DIR/implied" "$TEST_DIR"/[123].tar
	same_as_umoci "$TEST_DIR/implied:all" "$@"
	succeeds image verify same
	succeeds image remove same
	equal "$(find "$COFFER_STORE"/{blobs,layers} -mindepth 2)" ""
}

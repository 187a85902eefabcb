#!/usr/bin/env bats
# Layers of images, unpacked by the library that coffer-image has (tests/image/unpack drives it): hostile ones, and the
# same trees as bsdtar and umoci make.

load ../untraced

setup() {
	tools=$BATS_TEST_DIRNAME
	unpack=$(dirname "$(realpath "${FETCH:-$tools/../../build/tests/image/fetch}")")/unpack
	work=$BATS_TEST_TMPDIR
	[[ -x $unpack ]] || skip "tests/image/unpack is not built"
	[[ $EUID -eq 0 ]] || skip "needs root: owners and devices"
	mkdir "$work/ours"
}

needs() {
	local program
	for program; do
		type -P "$program" >/dev/null || skip "$program is not installed"
	done
}

corpus() {
	needs zstd
	run python3 "$tools/corpus.py" "$unpack" "$1"
	grep -v '^ok' <<<"$output" || true
	[[ $status -eq 0 ]]
	[[ $(grep -c '^ok' <<<"$output") -ge 140 ]]
}

same() {
	python3 "$tools/compare.py" "$@"
}

@test "hostile layers, each in overlay form: refused by entry, or nothing outside changes" {
	corpus overlay
}

@test "hostile layers, applied onto each other: refused by entry, or nothing outside changes" {
	corpus apply
}

needs_erofs() {
	grep -qw erofs /proc/filesystems || modprobe -q erofs || skip "this kernel has no erofs"
}

@test "hostile layers, each as an EROFS image: refused by entry, or mounted it is the same as the directory" {
	needs_erofs
	corpus image
}

@test "every kind of entry as bsdtar has it" {
	needs bsdtar
	python3 "$tools/sample.py" "$work"
	mkdir "$work/theirs"
	"$unpack" "$work/ours" "$work/1.tar"
	bsdtar -C "$work/theirs" -xpf "$work/1.tar"
	same "$work/ours" "$work/theirs"
}

# umoci's name of a layout; its messages are not ours.
umoci_apply() {
	(cd "$work" && umoci raw add-layer --image oci:s "$1" && umoci raw unpack --image oci:s "$2") >/dev/null
}

@test "two layers with whiteouts, applied: as umoci has them" {
	needs umoci
	python3 "$tools/sample.py" "$work"
	(cd "$work" && umoci init --layout oci && umoci new --image oci:s) >/dev/null
	"$unpack" --apply "$work/ours" "$work/1.tar"
	umoci_apply "$work/1.tar" "$work/first"
	same "$work/ours" "$work/first"
	"$unpack" --apply --one-thread "$work/ours" "$work/2.tar"
	umoci_apply "$work/2.tar" "$work/both"
	same "$work/ours" "$work/both"
}

@test "two layers with whiteouts: mounted by overlayfs as applied" {
	python3 "$tools/sample.py" "$work"
	mkdir "$work/layers" "$work/mounted"
	"$unpack" --jobs 2 "$work/layers" "$work/1.tar" "$work/2.tar"
	"$unpack" --apply "$work/ours" "$work/1.tar" "$work/2.tar"
	# The top directory is the highest layer's, which has no entry for it: result.has_top.
	chown --reference "$work/ours" "$work/layers/2"
	unshare --mount --propagation private bash -ec '
		mount -t overlay -o "lowerdir=$1/layers/2:$1/layers/1" layers "$1/mounted"
		python3 "$2/compare.py" "$1/ours" "$1/mounted"' bash "$work" "$tools"
}

@test "two layers with whiteouts as EROFS images: mounted by overlayfs as applied" {
	needs_erofs
	python3 "$tools/sample.py" "$work"
	mkdir "$work"/{layers,1,2,mounted}
	"$unpack" --image --jobs 2 "$work/layers" "$work/1.tar" "$work/2.tar"
	"$unpack" --apply "$work/ours" "$work/1.tar" "$work/2.tar"
	unshare --mount --propagation private bash -ec '
		mount -t tmpfs none "$1/mounted" && mkdir "$1/mounted/top"
		chown --reference "$1/ours" "$1/mounted/top" && chmod --reference "$1/ours" "$1/mounted/top"
		for layer in 1 2; do mount -t erofs -o ro "$1/layers/$layer" "$1/$layer"; done
		mount -t overlay -o "lowerdir=$1/mounted/top:$1/2:$1/1" layers "$1/mounted"
		python3 "$2/compare.py" "$1/ours" "$1/mounted"' bash "$work" "$tools"
}

@test "a layer in overlay form is packed again, and unpacks to the same" {
	python3 "$tools/sample.py" "$work"
	mkdir "$work/again"
	"$unpack" "$work/ours" "$work/2.tar"
	"$unpack" --pack "$work/ours" "$work/packed.tar"
	"$unpack" "$work/again" "$work/packed.tar"
	same "$work/ours" "$work/again"
	"$unpack" --pack "$work/again" "$work/twice.tar"
	cmp "$work/packed.tar" "$work/twice.tar"
}

@test "gzip by zlib and by our own decoder, zstd and no compression: one diffID, one tree" {
	needs zstd gzip
	python3 "$tools/sample.py" "$work"
	gzip -k "$work/1.tar"
	zstd -q "$work/1.tar"
	mkdir "$work/zlib" "$work/zstd"
	plain=$("$unpack" "$work/ours" "$work/1.tar" | jq -r .diff_id)
	[[ $plain == "sha256:$(sha256sum <"$work/1.tar" | cut -d ' ' -f 1)" ]]
	result=$("$unpack" --zlib "$work/zlib" "$work/1.tar.gz")
	[[ $(jq -r .diff_id <<<"$result") == "$plain" ]]
	[[ $(jq -r .blob <<<"$result") == "sha256:$(sha256sum <"$work/1.tar.gz" | cut -d ' ' -f 1)" ]]
	[[ $("$unpack" --apply "$work/zlib" "$work/1.tar.gz" | jq -r .diff_id) == "$plain" ]]
	[[ $("$unpack" --one-thread "$work/zstd" "$work/1.tar.zst" | jq -r .diff_id) == "$plain" ]]
	same "$work/ours" "$work/zlib"
	same "$work/ours" "$work/zstd"
}

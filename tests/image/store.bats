# Every verb of coffer-image on local layouts and archives, made by umoci and read by skopeo.
load store.bash

@test "pull of a layout prints the id and stores blobs, layers, record and name" {
	succeeds image pull --name busybox "oci:$LAYOUT:next"
	equal "$OUT" "$(manifest_of next)"
	equal "$(<"$COFFER_STORE/names/docker.io+library+busybox:latest")" "$OUT"
	# One of each for directories that the second layer has no entries for.
	equal "$(files blobs/sha256 | wc -l)" $((4 + 1))
	equal "$(files layers/sha256 | wc -l)" $((2 + 1))
	[[ $ERR == *"layer 1 of 2"*"done"* ]]
	no_staging
	(cd "$COFFER_STORE/blobs/sha256" && for blob in *; do equal "$(sha256sum <"$blob" | cut -d ' ' -f 1)" "$blob"; done)
}

@test "layers are in overlay form: whiteouts, owners, modes, hard links" {
	succeeds image pull "oci:$LAYOUT:next"
	local lower upper layers
	mapfile -t layers < <(jq -r '.layers[].diffId' "$COFFER_STORE/images/$OUT" | cut -d : -f 2)
	lower=$COFFER_STORE/layers/sha256/${layers[0]}/diff
	upper=$COFFER_STORE/layers/sha256/${layers[1]}/diff
	equal "$(stat -c '%t:%T %F' "$upper/etc/gone")" "0:0 character special file"
	equal "$(stat -c '%u:%g' "$lower/etc/user")" 1000:1000
	equal "$(stat -c %a "$lower/tmp")" 1777
	[[ $lower/bin/busybox -ef $lower/bin/cat ]]
	equal "$(readlink "$lower/bin/sh")" busybox
}

@test "the layers mounted are what umoci unpacks" {
	local id layers lowers=
	succeeds image pull "oci:$LAYOUT:next"
	id=$OUT
	mapfile -t layers < <(jq -r '.layers[].diffId' "$COFFER_STORE/images/$id" | cut -d : -f 2)
	for layer in "${layers[@]}"; do
		lowers=$COFFER_STORE/layers/sha256/$layer/diff${lowers:+:}$lowers
	done
	umoci unpack --image "$LAYOUT:next" "$TEST_DIR/bundle"
	mkdir "$TEST_DIR/merged"
	# shellcheck disable=SC2016 # expanded by sh
	unshare --mount sh -c 'mount -t overlay overlay -o "ro,lowerdir=$1" "$2" && diff -r "$2" "$3" &&
		(cd "$2" && find . -mindepth 1 -printf "%p %M %U:%G %l\n" | sort) >"$3.ours" &&
		(cd "$3" && find . -mindepth 1 -printf "%p %M %U:%G %l\n" | sort) >"$3.theirs"' \
		sh "$lowers" "$TEST_DIR/merged" "$TEST_DIR/bundle/rootfs"
	diff "$TEST_DIR/bundle/rootfs.ours" "$TEST_DIR/bundle/rootfs.theirs"
}

# With a layer on top that has no entry for the root directory, and one that makes it opaque.
@test "run sees an opaque root directory, and the root directory of the layer that has one" {
	local rootfs=$TEST_DIR/rootfs hide=$TEST_DIR/hide plain=$TEST_DIR/plain
	mkdir -m 751 "$rootfs" "$hide" "$plain"
	mkdir "$hide/bin" "$plain/etc"
	cp "$(type -P busybox)" "$hide/bin/busybox"
	touch "$rootfs/hidden" "$hide/.wh..wh..opq" "$plain/etc/plain"
	umoci init --layout "$TEST_DIR/o"
	umoci new --image "$TEST_DIR/o:x"
	tar -C "$rootfs" -cf "$TEST_DIR/1.tar" .
	tar -C "$hide" -cf "$TEST_DIR/2.tar" .
	tar -C "$plain" -cf "$TEST_DIR/3.tar" etc
	for layer in 1 2 3; do
		umoci raw add-layer --image "$TEST_DIR/o:x" "$TEST_DIR/$layer.tar"
	done
	succeeds image pull -q --name opaque "oci:$TEST_DIR/o:x"
	succeeds "$COFFER" run --rm --image opaque -- /bin/busybox sh -c 'busybox stat -c %a / && busybox ls /'
	[[ $OUT == 751$'\n'* && $OUT == *etc* && $OUT != *hidden* ]] || told "not the image"
}

@test "what is stored is neither fetched nor unpacked again" {
	succeeds image pull "oci:$LAYOUT:base"
	succeeds image pull "oci:$LAYOUT:next"
	[[ $ERR == *"is stored"* && $ERR == *"done"* ]]
	local before after
	before=$(cd "$COFFER_STORE" && find layers blobs -printf '%p %i %T@\n' | sort)
	succeeds image pull "oci:$LAYOUT:next"
	[[ $ERR != *"done"* ]]
	after=$(cd "$COFFER_STORE" && find layers blobs -printf '%p %i %T@\n' | sort)
	equal "$after" "$before"
}

@test "a layout with several images wants a tag, one with a platform choice does not" {
	fails 'no image with the tag "nope"' image pull "oci:$LAYOUT:nope"
	succeeds image pull "oci:$LAYOUT:base"
	fails "no OCI layout" image pull "oci:$TEST_DIR"
	fails "open /nowhere" image pull oci:/nowhere
}

@test "an image for another platform is refused, and taken with --platform" {
	cp -r "$LAYOUT" "$TEST_DIR/arm"
	umoci config --image "$TEST_DIR/arm:base" --architecture riscv64
	fails "the image is for linux/riscv64" image pull "oci:$TEST_DIR/arm:base"
	succeeds image pull --platform linux/riscv64 "oci:$TEST_DIR/arm:base"
}

@test "a digest, size or diffID that lies is found, and nothing is published" {
	local blob
	cp -r "$LAYOUT" "$TEST_DIR/bad"
	blob=$(jq -r '.layers[0].digest' "$LAYOUT/blobs/sha256/$(manifest_of base)" | cut -d : -f 2)
	printf x | dd of="$TEST_DIR/bad/blobs/sha256/$blob" bs=1 seek=500 conv=notrunc status=none
	fails "layer 1 (sha256:${blob::12})" image pull "oci:$TEST_DIR/bad:base"
	equal "$(files images)" ""
	equal "$(files layers/sha256)" ""
	printf x >>"$TEST_DIR/bad/blobs/sha256/$blob"
	fails "the descriptor says" image pull "oci:$TEST_DIR/bad:base"
	succeeds image prune
	equal "$(files blobs 2)" "$(printf './sha256\n./sha512')"
}

@test "a manifest that is not what index.json says is refused" {
	cp -r "$LAYOUT" "$TEST_DIR/bad"
	printf ' ' >>"$TEST_DIR/bad/blobs/sha256/$(manifest_of base)"
	fails "not what index.json says" image pull "oci:$TEST_DIR/bad:base"
}

@test "a blob that is a FIFO or a link out of the layout is no file" {
	local blob
	cp -r "$LAYOUT" "$TEST_DIR/bad"
	blob=$TEST_DIR/bad/blobs/sha256/$(jq -r '.layers[0].digest' "$LAYOUT/blobs/sha256/$(manifest_of base)" | cut -d : -f 2)
	rm "$blob" && mkfifo "$blob"
	fails "Invalid argument" image pull "oci:$TEST_DIR/bad:base"
	rm "$blob" && ln -s /etc/passwd "$blob"
	fails "No such file" image pull "oci:$TEST_DIR/bad:base"
}

@test "artifacts are refused in words" {
	local manifest hex
	cp -r "$LAYOUT" "$TEST_DIR/art"
	manifest=$(jq -c '.config.mediaType = "application/vnd.example+json"' "$LAYOUT/blobs/sha256/$(manifest_of base)")
	hex=$(printf '%s' "$manifest" | sha256sum | cut -d ' ' -f 1)
	printf '%s' "$manifest" >"$TEST_DIR/art/blobs/sha256/$hex"
	jq -c --arg digest "sha256:$hex" --argjson size "${#manifest}" \
		'.manifests = [.manifests[0] | .digest = $digest | .size = $size]' "$LAYOUT/index.json" >"$TEST_DIR/art/index.json"
	fails "an artifact, not a container image" image pull "oci:$TEST_DIR/art"
}

@test "save to a layout and back is the same image, and umoci reads it" {
	succeeds image pull -q --name x "oci:$LAYOUT:next"
	local id=$OUT
	succeeds image save x "oci:$TEST_DIR/out:one"
	succeeds image save "$id" "oci:$TEST_DIR/out:two"
	equal "$(umoci ls --layout "$TEST_DIR/out")" "$(printf 'one\ntwo')"
	gives 124 flock "$TEST_DIR/out" timeout 0.3 "$COFFER_IMAGE" save x "oci:$TEST_DIR/out:three" # waits for another
	fails "is being written by another save" flock "$TEST_DIR/a.tmp" "$COFFER_IMAGE" save x "oci-archive:$TEST_DIR/a"
	succeeds image save x "oci-archive:$TEST_DIR/a" # over what a killed one has left
	COFFER_STORE=$TEST_DIR/store2 succeeds image pull -q "oci:$TEST_DIR/out:two"
	equal "$OUT" "$id"
	umoci unpack --image "$TEST_DIR/out:one" "$TEST_DIR/bundle"
	[[ -e $TEST_DIR/bundle/rootfs/srv/deep/noise && ! -e $TEST_DIR/bundle/rootfs/etc/gone ]]
}

@test "archives of both kinds go out and come back, and skopeo reads them" {
	succeeds image pull -q --name x "oci:$LAYOUT:next"
	local id=$OUT kind
	for kind in oci docker; do
		succeeds image save x "$kind-archive:$TEST_DIR/$kind.tar"
		skopeo inspect "$kind-archive:$TEST_DIR/$kind.tar" >"$TEST_DIR/seen"
		equal "$(jq '.Layers | length' "$TEST_DIR/seen")" 2
		COFFER_STORE=$TEST_DIR/$kind succeeds image load -q "$TEST_DIR/$kind.tar"
		[[ $kind == docker || $OUT == "$id" ]]
		COFFER_STORE=$TEST_DIR/$kind succeeds image list -f json
		equal "$(jq -r '.[0].names[0]' <<<"$OUT")" docker.io/library/x:latest
	done
}

@test "archives that skopeo wrote are loaded" {
	skopeo copy -q "oci:$LAYOUT:next" "docker-archive:$TEST_DIR/d.tar:example.org/a/b:1"
	skopeo copy -q "oci:$LAYOUT:next" "oci-archive:$TEST_DIR/o.tar:tagged"
	succeeds image load -q "$TEST_DIR/d.tar"
	equal "$(files names)" ./example.org+a+b:1
	succeeds image load -q "$TEST_DIR/d.tar:example.org/a/b:1"
	fails "the archive has no image" image load -q "$TEST_DIR/d.tar:other"
	succeeds image load -q "$TEST_DIR/o.tar:tagged"
	fails 'no image with the tag "x"' image pull "oci-archive:$TEST_DIR/o.tar:x"
	gzip "$TEST_DIR/o.tar"
	succeeds image load -q "$TEST_DIR/o.tar.gz"
	no_staging
}

@test "import makes an image of a directory or a tar of any compression" {
	local rootfs=$TEST_DIR/rootfs id diff
	mkdir -p "$rootfs/etc"
	echo hello >"$rootfs/etc/motd"
	chown 12:34 "$rootfs/etc/motd"
	succeeds image import -q -e A=b -u 7 -w /etc -m "by hand" "$rootfs" dir -- /bin/cat motd
	id=$OUT
	succeeds image inspect dir
	equal "$(jq -c '.config.config' <<<"$OUT")" \
		'{"User":"7","Env":["A=b"],"Cmd":["/bin/cat","motd"],"WorkingDir":"/etc"}'
	diff=$(jq -r '.config.rootfs.diff_ids[0]' <<<"$OUT" | cut -d : -f 2)
	equal "$(stat -c %u:%g "$COFFER_STORE/layers/sha256/$diff/diff/etc/motd")" 12:34
	succeeds image history dir
	[[ $OUT == *"coffer image import"*"by hand"* ]]
	tar -C "$rootfs" -cf "$TEST_DIR/r.tar" .
	gzip -k "$TEST_DIR/r.tar"
	zstd -q "$TEST_DIR/r.tar"
	succeeds image import -q "$TEST_DIR/r.tar" tar
	succeeds image import -q "$TEST_DIR/r.tar.gz" gz
	succeeds image import -q "$TEST_DIR/r.tar.zst" zst
	succeeds eval 'image import -q - piped <"$TEST_DIR/r.tar" && cat "$TEST_DIR/r.tar.gz" | image import -q /dev/stdin pipe'
	equal "$(files layers/sha256 | wc -l)" 2
	succeeds image verify --all
	[[ $id ]]
	{ printf BZh9 && head -c 1000 /dev/urandom; } >"$TEST_DIR/r.tar.bz2"
	fails 'packed by bzip2: unpack it first' image import "$TEST_DIR/r.tar.bz2" x
	no_staging
	fails 'expected KEY=VALUE, found "A"' image import -e A "$TEST_DIR/r.tar" x
	fails '"etc" is not an absolute path' image import -w etc "$TEST_DIR/r.tar" x
}

@test "list shows names, ids and sizes, as a table, JSON and ids" {
	succeeds image list
	equal "$(wc -l <<<"$OUT")" 1
	succeeds image pull -q --name b "oci:$LAYOUT:next"
	succeeds image tag b example.org/a:2
	succeeds image pull -q "oci:$LAYOUT:base"
	succeeds image list
	equal "$(awk '{ print $1 }' <<<"$OUT")" "$(printf 'NAME\ndocker.io/library/b:latest\nexample.org/a:2\n<none>')"
	[[ $OUT == *"$(manifest_of next | cut -c 1-12)"*linux/amd64* ]]
	succeeds image list --format json
	equal "$(jq -c '[.[].names]' <<<"$OUT")" '[["docker.io/library/b:latest","example.org/a:2"],[]]'
	succeeds image list -q
	equal "$OUT" "$(manifest_of next)"$'\n'"$(manifest_of base)"
}

@test "save and load through a pipe" {
	succeeds image pull -q --name a "oci:$LAYOUT:next"
	succeeds eval 'image save a oci-archive:- | COFFER_STORE=$TEST_DIR/other image load -q -'
	equal "$OUT" "$(manifest_of next)"
	succeeds eval 'image save a docker-archive:-:b | gzip -1 | COFFER_STORE=$TEST_DIR/other image load -q docker-archive:-'
	COFFER_STORE=$TEST_DIR/other succeeds image list
	[[ $OUT == *docker.io/library/b:latest* ]]
	COFFER_STORE=$TEST_DIR/other succeeds image verify --all
	fails "archive -: " eval 'head -c 1000 /dev/urandom | image load -q -'
	mkfifo "$TEST_DIR/fifo"
	ln -s "$TEST_DIR/fifo" "$TEST_DIR/link"
	succeeds eval 'image save a "oci-archive:$TEST_DIR/link" | image load -q "$TEST_DIR/fifo"'
	equal "$OUT" "$(manifest_of next)"
	[[ -p $TEST_DIR/fifo && -L $TEST_DIR/link ]]
	no_staging
}

@test "inspect and history show what the image has in it" {
	succeeds image pull -q --name b "oci:$LAYOUT:next"
	succeeds image inspect b
	equal "$(jq -r '.config.config.User' <<<"$OUT")" 1000
	equal "$(jq -r '.manifest.layers | length' <<<"$OUT")" 2
	equal "$(jq -r '.record.manifest' <<<"$OUT")" "sha256:$(manifest_of next)"
	succeeds image history --format json b
	equal "$(jq '[.[] | select(.diffId)] | length' <<<"$OUT")" 2
	cp -r "$LAYOUT" "$TEST_DIR/long"
	umoci config --image "$TEST_DIR/long:next" --history.created_by "$(printf '%05000d' 0)"
	succeeds image pull -q --name long "oci:$TEST_DIR/long:next"
	succeeds image history long
	[[ $(head -n 2 <<<"$OUT" | wc -c) -lt 500 && $OUT == *00000...* ]]
	fails "image nope is not stored (\`coffer image list\` shows what is)" image inspect nope
	fails "save to $TEST_DIR/a.tar: expected oci:DIR" image save b "$TEST_DIR/a.tar"
	fails "image name \"UPPER\"" image save b "docker-archive:$TEST_DIR/a.tar:UPPER"
	fails "no OCI layout, and not empty: it has " image save b "oci:$TEST_DIR"
	fails "--authfile /nowhere: No such file" image pull --authfile /nowhere localhost:1/b
	fails "--authfile /nowhere: No such file" image push --authfile /nowhere b localhost:1/b
	tar -C "$TEST_DIR" -cf "$TEST_DIR/tree.tar" long/oci-layout
	fails "a tar of a file system is for \`coffer image import\`" image load "$TEST_DIR/tree.tar"
}

@test "remove takes a name, and the image with its last; the rest of the store stays" {
	succeeds image pull -q --name a "oci:$LAYOUT:base"
	succeeds image pull -q --name b "oci:$LAYOUT:next"
	succeeds image tag b c
	succeeds image remove b
	succeeds image inspect c
	fails "image b is not stored" image remove b
	succeeds image remove --force b
	fails "image b is not stored" image remove b c
	equal "$(files names)" ./docker.io+library+a:latest
	equal "$(files layers/sha256 | wc -l)" 1
	succeeds image verify a
	succeeds image remove "$(manifest_of base | cut -c 1-12)"
	equal "$(files blobs/sha256)$(files layers/sha256)$(files images)$(files names)" ""
	no_staging
}

@test "an image that a container uses stays" {
	succeeds image pull -q --name a "oci:$LAYOUT:base"
	mkdir "$COFFER_STORE/containers/one"
	printf '%s' "$OUT" >"$COFFER_STORE/containers/one/image"
	printf '%s' "$TEST_DIR" >"$COFFER_STORE/containers/one/state" # it is there, so the container is
	fails "used by container one" image remove a
	succeeds image prune --all
	succeeds image verify a
	rm "$COFFER_STORE/containers/one/state"
	succeeds image prune --all
	[[ ! -e $COFFER_STORE/containers/one ]]
	[[ $OUT == "removed: 1 images, 1 layers, 3 blobs"* ]]
}

@test "prune takes nameless images, what dead processes left, and parts of blobs" {
	succeeds image pull -q "oci:$LAYOUT:next"
	succeeds image pull -q --name a "oci:$LAYOUT:base"
	mkdir "$COFFER_STORE/staging/0123456789abcdef"
	echo x >"$COFFER_STORE/staging/sha256-$(manifest_of base).partial"
	succeeds image prune
	# The second layer of "next" has directories without entries: one more layer says whose they are.
	[[ $OUT == "removed: 1 images, 2 layers, 4 blobs"* ]]
	no_staging
	succeeds image verify a
}

@test "a blob that came half way goes on from there; a damaged part is fetched again" {
	local blob
	blob=$(jq -r '.layers[1].digest' "$LAYOUT/blobs/sha256/$(manifest_of next)" | cut -d : -f 2)
	succeeds image list
	head -c 100000 "$LAYOUT/blobs/sha256/$blob" >"$COFFER_STORE/staging/sha256-$blob.partial"
	succeeds image pull -q "oci:$LAYOUT:next"
	succeeds image remove "$OUT"
	head -c 100000 /dev/zero >"$COFFER_STORE/staging/sha256-$blob.partial"
	succeeds image pull -q "oci:$LAYOUT:next"
	succeeds image verify "$OUT"
	no_staging
}

@test "verify finds each kind of damage to a layer and repairs it from the blob" {
	local diff damage
	succeeds image pull -q --name a "oci:$LAYOUT:base"
	diff=$(jq -r '.layers[0].diffId' "$COFFER_STORE/images/$OUT" | cut -d : -f 2)
	diff=$COFFER_STORE/layers/sha256/$diff/diff
	for damage in 'echo x >>etc/user' 'rm etc/gone' 'touch new' 'chmod 600 bin/sh' 'chown 1 etc/user' \
		'rm bin/cat && cp -a bin/busybox bin/cat' 'setfattr -n user.x -v y etc/user' ': >bin/busybox'; do
		(cd "$diff" && sh -c "$damage") || { [[ $damage == setfattr* ]] && continue; }
		fails "1 things are damaged" image verify --check a
		succeeds image verify a
		[[ $OUT == *"(repaired)"* ]]
		succeeds image verify a
		equal "$OUT" ""
	done
	no_staging
}

@test "verify takes a damaged blob out, and pull brings it back" {
	local blob
	succeeds image pull -q --name a "oci:$LAYOUT:base"
	blob=$(jq -r '.layers[0].blob' "$COFFER_STORE/images/$OUT" | cut -d : -f 2)
	printf x | dd of="$COFFER_STORE/blobs/sha256/$blob" bs=1 seek=50 conv=notrunc status=none
	fails "1 things are damaged" image verify --check --all
	fails "1 things are damaged" image verify a
	fails "1 things are damaged" image verify a
	[[ $OUT == *"is missing"* ]]
	succeeds image pull -q --name a "oci:$LAYOUT:base"
	succeeds image verify a
}

@test "a damaged record is named, and the other images are listed; pulled again it is whole" {
	local record
	succeeds image pull -q --name a "oci:$LAYOUT:base"
	record=$COFFER_STORE/images/$OUT
	succeeds image pull -q --name b "oci:$LAYOUT:next"
	echo '{}' >"$record"
	fails "pull these images again, or remove them by id" image list
	[[ $OUT == *library/b:latest* && $OUT != *library/a:latest* && $ERR == *"library/a:latest"*"${record##*/}"* ]]
	fails "1 things are damaged" image verify --all
	succeeds image prune
	[[ $ERR == *"layers and blobs stay"* ]]
	succeeds image pull -q --name a "oci:$LAYOUT:base"
	succeeds image verify --all
}

@test "limits of layers can be set" {
	fails "entries" image pull --limit entries=2 "oci:$LAYOUT:base"
	fails "expected NAME=NUMBER" image pull --limit nope=2 "oci:$LAYOUT:base"
	succeeds image pull --limit entries=1000 --limit bytes=1g --jobs 1 "oci:$LAYOUT:base"
	mkdir "$TEST_DIR/zeros"
	truncate -s 100M "$TEST_DIR/zeros/file"
	tar -C "$TEST_DIR/zeros" -czf "$TEST_DIR/zeros.tar.gz" .
	fails "times its size" image import "$TEST_DIR/zeros.tar.gz" zeros
	succeeds image import -q --limit ratio=5000 "$TEST_DIR/zeros.tar.gz" zeros
	succeeds image verify zeros
}

@test "a store of another version, of others or with other things in it is refused" {
	mkdir -m 700 "$TEST_DIR/home" && touch "$TEST_DIR/home/file"
	fails "is no image store" image --store "$TEST_DIR/home" list
	succeeds image list
	echo 99 >"$COFFER_STORE/version"
	fails 'has version "99"' image list
	echo 1 >"$COFFER_STORE/version"
	chmod 777 "$COFFER_STORE"
	fails "written by others" image list
}

@test "pulls, removals and prunes side by side leave a store that verifies" {
	local i pids=()
	for i in {1..8}; do
		(for _ in {1..4}; do image pull -q --name "n$i" "oci:$LAYOUT:next" && image remove "n$i"; done) >"$TEST_DIR/log.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in {1..10}; do
		succeeds image prune
	done
	wait "${pids[@]}" # not for the watchdog of bats
	cat "$TEST_DIR"/log.*
	[[ $(cat "$TEST_DIR"/log.* | grep -c error) -eq 0 ]]
	succeeds image pull -q --name end "oci:$LAYOUT:next"
	succeeds image verify --all
	equal "$OUT" ""
}

@test "an ordinary user's store: unpacked in a user namespace, with attributes that a user may set" {
	TEST_USER=coffer-image-test
	useradd --create-home "$TEST_USER" || skip "no user can be added here"
	grep -q "^$TEST_USER:" /etc/subuid || skip "no subordinate ids"
	chmod -R a+rX "$LAYOUT"
	install -m 755 -t "/home/$TEST_USER" "$COFFER" "$COFFER_IMAGE" # the build may be where only root comes
	succeeds su "$TEST_USER" -s /bin/bash -c "unset COFFER_STORE; cd && export COFFER_IMAGE=~/coffer-image
		./coffer image pull -q --name a oci:$LAYOUT:next && ./coffer image verify -a && ./coffer image list
		cat .local/share/coffer/version && find .local/share/coffer/layers -name user -printf ' owner %U'
		find .local/share/coffer/layers -path '*/etc/gone' -printf ' gone %y'
		./coffer image remove a && find .local/share/coffer/layers -mindepth 2
		touch file && tar --owner=them:200000 -cf a.tar file && ! ./coffer image import a.tar a"
	[[ $OUT == *docker.io/library/a:latest*"1 user"* ]]
	[[ $OUT == *" owner "* && $OUT != *" owner 1000 "* ]]
	[[ $ERR == *"(file): its owner 200000:"*" is not in the user namespace"* ]]
}

# in_place STORE MOUNT...: the commands of standard input, in a mount namespace with this mounted on $TEST_DIR/place.
in_place() {
	mkdir -p "$TEST_DIR/place"
	COFFER_STORE=$TEST_DIR/place/store unshare --mount --propagation private \
		bash -ec 'mount "${@:2}" "$1"; . /dev/stdin' bash "$TEST_DIR/place" "$@" 3>&-
}

@test "a store where it cannot be: what is in the way, and what to do" {
	fails "no attributes trusted.overlay.*, which layers need (\$COFFER_STORE" in_place -t ramfs none <<<'"$COFFER_IMAGE" list'
	truncate -s 20M "$TEST_DIR/disk"
	mke2fs -q -t ext4 -O ^filetype "$TEST_DIR/disk"
	fails "no types in directories (d_type)" in_place -o loop "$TEST_DIR/disk" <<<'"$COFFER_IMAGE" list'
	fails "space left on device (image store $TEST_DIR/place/store: \`coffer image prune\` frees" \
		in_place -t tmpfs -o size=1m none <<<"'$COFFER_IMAGE' pull -q oci:$LAYOUT:next"
	mkdir -p "$TEST_DIR"/over/{lower,upper,work}
	fails "is on a file system of type overlay, to which overlayfs does not write" in_place -t overlay none -o \
		"lowerdir=$TEST_DIR/over/lower,upperdir=$TEST_DIR/over/upper,workdir=$TEST_DIR/over/work" <<-END
			'$COFFER_IMAGE' pull -q --name a oci:$LAYOUT:base
			'$COFFER' --root '$TEST_DIR/state' --cgroup-manager disabled run --rm --image a -- true
		END
}

@test "help and man pages know the same verbs" {
	local verb verbs option options
	succeeds image help
	mapfile -t verbs < <(awk '/^  [a-z]/ && !/--/ { print $1 }' <<<"$OUT")
	for verb in "${verbs[@]}"; do
		succeeds image help "$verb"
		[[ $OUT == "Usage: coffer image $verb "* ]]
		[[ $verb != help ]] || continue
		mapfile -t options < <(grep -o -- '--[a-z-]*' <<<"$OUT")
		for option in "${options[@]}"; do
			sed 's/\\-/-/g' "$BATS_TEST_DIRNAME/../../specs/man/coffer-image-$verb.1" | grep -q -- "fB$option" ||
				{ echo "the man page of $verb has no $option" && return 1; }
		done
	done
	fails 'did you mean "pull"' image pul
}

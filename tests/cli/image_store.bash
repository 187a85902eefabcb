# image_store.bash - an image store made by hand, for tests of what starts from it: no registry and no unpacker is needed.
#
#	make_store             $COFFER_STORE, empty
#	make_image NAME CONFIG LAYER...   CONFIG: the "config" object; LAYER: a directory in overlay form, lowest first
# shellcheck shell=bash

make_store() {
	export COFFER_STORE=$TEST_DIR/store
	mkdir -m 700 "$COFFER_STORE"
	mkdir -p "$COFFER_STORE"/{blobs,layers}/sha{256,512} "$COFFER_STORE"/{images,names,containers,staging}
	printf 1 >"$COFFER_STORE/version"
}

sha256() {
	printf '%s' "$1" | sha256sum | cut -d ' ' -f 1
}

make_image() {
	local name=$1 layers='' diffs='' dir hex config manifest
	for dir in "${@:3}"; do
		hex=$(sha256 "$dir")
		mkdir -p "$COFFER_STORE/layers/sha256/$hex"
		[[ -d $COFFER_STORE/layers/sha256/$hex/diff ]] || cp -a "$dir" "$COFFER_STORE/layers/sha256/$hex/diff"
		layers+=",{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"blob\":\"sha256:$hex\",\"diffId\":\"sha256:$hex\"}"
		diffs+=",\"sha256:$hex\""
	done
	config="{\"os\":\"linux\",\"architecture\":\"amd64\",\"author\":\"somebody\",\"created\":\"2026-01-02T03:04:05Z\",
		\"config\":$2,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[${diffs#,}]}}"
	hex=$(sha256 "$config")
	printf '%s' "$config" >"$COFFER_STORE/blobs/sha256/$hex"
	manifest=$(sha256 "$name")
	printf '{"format":1,"manifest":"sha256:%s","manifestType":"application/vnd.oci.image.manifest.v1+json","config":"sha256:%s","os":"linux","architecture":"amd64","layers":[%s]}' \
		"$manifest" "$hex" "${layers#,}" >"$COFFER_STORE/images/$manifest"
	printf '%s' "$manifest" >"$COFFER_STORE/names/docker.io+library+$name:latest"
}

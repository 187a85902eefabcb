#!/usr/bin/env bats
# The registry client against Debian's docker-registry, on good and bad days. Contents: specs/distribution-spec.md.

load helpers

setup_file() {
	file_start
	[[ $EUID -eq 0 ]] || return 0
	registry plain 5000
	in_network timeout 60 "$FETCH" push localhost:5000/test/image:1 "$FILE_DIR/image" 3>&-
}

teardown_file() {
	stop_servers "$FILE_DIR"
	file_stop
}

setup() { test_start; }
teardown() { test_end; }

# ---- pull and push ----

@test "what is pushed is pulled again, byte for byte, with one thread and with many" {
	succeeds fetch --jobs 1 pull localhost:5000/test/image:1 "$TEST_DIR/one"
	same_image "$TEST_DIR/one"
	succeeds fetch --jobs 8 pull docker://127.0.0.1:5000/test/image:1 "$TEST_DIR/eight"
	same_image "$TEST_DIR/eight"
	succeeds fetch pull "localhost:5000/test/image@sha256:$(digest "$IMAGE/manifest.json")" "$TEST_DIR/digest"
	same_image "$TEST_DIR/digest"
}

@test "skopeo reads what is pushed; what it pushes is pulled, of OCI and of Docker types" {
	local format
	in_network skopeo copy -q --src-tls-verify=false docker://localhost:5000/test/image:1 "dir:$TEST_DIR/dir"
	cmp "$TEST_DIR/dir/manifest.json" "$IMAGE/manifest.json"
	for format in oci v2s2; do
		in_network skopeo copy -q --dest-tls-verify=false --format "$format" "dir:$TEST_DIR/dir" \
			"docker://localhost:5000/test/$format:x"
		succeeds fetch pull "localhost:5000/test/$format:x" "$TEST_DIR/$format"
		jq -r .layers[].digest "$TEST_DIR/$format/manifest.json" | cut -d : -f 2 | while read -r hex; do
			equal "$(digest "$TEST_DIR/$format/$hex")" "$hex"
		done
	done
	equal "$(<"$TEST_DIR/v2s2/type")" application/vnd.docker.distribution.manifest.v2+json
}

@test "a tag of an index: the manifest for this machine" {
	local size hex
	size=$(stat -c %s "$IMAGE/manifest.json") hex=$(digest "$IMAGE/manifest.json")
	jq -n --arg d "sha256:$hex" --argjson s "$size" --arg t "$(<"$IMAGE/type")" '{schemaVersion: 2,
		mediaType: "application/vnd.oci.image.index.v1+json", manifests: [
			{mediaType: $t, digest: $d, size: $s, platform: {os: "linux", architecture: "amd64"}},
			{mediaType: $t, digest: $d, size: $s, platform: {os: "linux", architecture: "arm64"}}]}' >"$TEST_DIR/index"
	put_manifest "$TEST_DIR/index" application/vnd.oci.image.index.v1+json \
		http://localhost:5000/v2/test/image/manifests/index
	succeeds fetch document localhost:5000/test/image:index
	equal "$OUT" "application/vnd.oci.image.index.v1+json $(stat -c %s "$TEST_DIR/index") sha256:$(digest "$TEST_DIR/index")"
	succeeds fetch pull localhost:5000/test/image:index "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
}

@test "what is there already is not sent again" {
	proxy
	succeeds fetch push localhost:5001/test/image:2 "$IMAGE"
	equal "$(asked '.method == "HEAD"')" 4
	equal "$(asked '.method == "POST" or .method == "PATCH"')" 0
	equal "$(asked '.method == "PUT"')" 1
	succeeds fetch pull localhost:5000/test/image:2 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
}

@test "blobs go in one piece, or in chunks" {
	proxy
	succeeds fetch push localhost:5001/whole/image:1 "$IMAGE"
	equal "$(asked '.method == "PATCH"')" 0
	succeeds fetch --chunk 1000000 push localhost:5001/chunks/image:1 "$IMAGE"
	equal "$(asked '.method == "PATCH" and (.content_range == "0-999999" or .content_range == "2000000-2999999")')" 2
	succeeds fetch pull localhost:5000/whole/image:1 "$TEST_DIR/whole"
	same_image "$TEST_DIR/whole"
	succeeds fetch pull localhost:5000/chunks/image:1 "$TEST_DIR/chunks"
	same_image "$TEST_DIR/chunks"
}

@test "an upload that is cut goes on, or begins anew; a server error as well" {
	proxy 1:PUT:blobs/uploads:cutup:1000000 1:PATCH:blobs/uploads:cutup:5000 1:POST:uploads:status:503
	succeeds fetch --jobs 1 push localhost:5001/cut/image:1 "$IMAGE"
	equal "$(asked '.fault == "cutup"')" 2
	equal "$(asked '.fault == "status"')" 1
	succeeds fetch pull localhost:5000/cut/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
}

@test "an upload that the registry forgets or counts otherwise goes on too" {
	proxy 1:PATCH:blobs/uploads:status:416 1:PUT:blobs/uploads:status:404
	succeeds fetch --jobs 1 --chunk 100000 push localhost:5001/forgotten/image:1 "$IMAGE"
	equal "$(asked '.fault == "status"')" 2
	succeeds fetch pull localhost:5000/forgotten/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
}

@test "a push that the registry refuses fails with its words" {
	cp -r "$IMAGE" "$TEST_DIR/bad"
	head -c 200000 /dev/zero >"$TEST_DIR/bad/$(layer 1)"
	fails DIGEST_INVALID fetch push localhost:5000/refused/image:1 "$TEST_DIR/bad"
	truncate -s 1000 "$TEST_DIR/bad/$(layer 1)"
	fails "the blob ends after 1000 of 200000 bytes" fetch push localhost:5000/refused/image:1 "$TEST_DIR/bad"
	proxy 0:PUT:manifests:status:400
	fails "status 400: FAULT: as asked for" fetch push localhost:5001/refused/image:2 "$IMAGE"
}

# ---- cuts ----

@test "a blob that is cut goes on where it was cut, as often as something comes" {
	proxy 20:GET:"blobs/sha256.$(layer 2)":cut:100000
	succeeds fetch --retries 1 pull localhost:5001/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	equal "$(asked '.fault == "cut"')" 20
	equal "$(asked '.range == "bytes=2000000-"')" 1
}

@test "the beginning of a blob that is there from an earlier time is not fetched again" {
	proxy
	mkdir "$TEST_DIR/out"
	head -c 1234567 "$IMAGE/$(layer 2)" >"$TEST_DIR/out/$(layer 2)"
	cp "$IMAGE/$(layer 1)" "$TEST_DIR/out"
	succeeds fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	equal "$(asked '.range == "bytes=1234567-"')" 1
	equal "$(asked ".path | contains(\"$(layer 1)\")")" 0
}

@test "a server that ignores Range, or cannot do it, sends all, and only the rest is kept" {
	proxy "1:GET:$(layer 2):cut:100000" "1:GET:$(layer 2):norange" "1:GET:$(layer 1):cut:1000" \
		"1:GET:$(layer 1):status:416"
	succeeds fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	equal "$(asked '.fault == "norange" and .range == "bytes=100000-"')" 1
	equal "$(asked ".range == null and (.path | contains(\"$(layer 1)\"))")" 2
}

@test "the rest from another place is refused" {
	proxy "1:GET:$(layer 2):cut:100000" "1:GET:$(layer 2):wrongrange"
	fails 'asked for the bytes from 100000 on, the server sends "bytes 0-9/10"' \
		fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
}

@test "a connection that stalls is cut and the blob goes on; a slow one is not" {
	proxy "1:GET:$(layer 2):stall:100000" "1:GET:$(layer 1):slow:1"
	succeeds fetch --stall 2 pull localhost:5001/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	equal "$(asked '.range == "bytes=100000-"')" 1
}

@test "a registry that is not there is an error at once" {
	local began=$EPOCHREALTIME
	fails "Failed to connect" fetch --pause 20000 pull localhost:5999/test/image:1 "$TEST_DIR/out"
	[[ $((${EPOCHREALTIME/[.,]/} - ${began/[.,]/})) -lt 8000000 ]]
	fails "resolve" fetch --pause 20000 pull no.such.host.invalid/test/image:1 "$TEST_DIR/out"
}

# ---- errors that pass, and those that do not ----

@test "429 is asked again after Retry-After, 500 and 503 after a pause" {
	local began=$EPOCHREALTIME
	proxy 1:GET:manifests:status:429:1 1:GET:manifests:status:500 "1:GET:$(layer 0):status:429:1" \
		"1:GET:$(layer 1):status:503"
	succeeds fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	equal "$(asked '.fault == "status"')" 4
	[[ $((${EPOCHREALTIME/[.,]/} - ${began/[.,]/})) -ge 2000000 ]]
}

@test "an error that stays: as many retries as asked for, then the registry's words" {
	proxy 0:GET:manifests:status:500
	fails "status 500: FAULT: as asked for" fetch --retries 3 pull localhost:5001/test/image:1 "$TEST_DIR/out"
	equal "$(asked true)" 4
}

@test "nobody waits for a day" {
	proxy 0:GET:manifests:status:429:86400
	fails "the server asks to come back in 86400 s" fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
}

@test "other errors are told at once" {
	proxy 0:GET:manifests/403:status:403 0:GET:manifests/418:status:418
	fails "localhost:5001 has no image of this name and tag: GET" fetch pull localhost:5001/test/image:none "$TEST_DIR/out"
	fails "status 403: FAULT" fetch pull localhost:5001/test/image:403 "$TEST_DIR/out"
	fails "status 418: FAULT" fetch pull localhost:5001/test/image:418 "$TEST_DIR/out"
	equal "$(asked true)" 3
}

@test "a pull that is cancelled stops, also while it waits" {
	fails cancelled fetch --cancel-after 1000000 pull localhost:5000/test/image:1 "$TEST_DIR/out"
	proxy "0:GET:$(layer 2):cut:100000" "0:GET:never:status:500"
	fails cancelled fetch --pause 20000 --cancel-after 100000 pull localhost:5001/test/image:1 "$TEST_DIR/out2"
	fails cancelled fetch --cancel-after 1000000 push localhost:5000/cancelled/image:1 "$IMAGE"
}

# ---- hostile servers ----

@test "wrong bytes: a blob, a manifest by digest; the server's own word for a digest counts nothing" {
	local hex
	hex=$(digest "$IMAGE/manifest.json")
	proxy "1:GET:$(layer 2):corrupt" "1:GET:manifests/sha256.$hex:corrupt" 1:GET:manifests/1:lie
	fails "has the digest" fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
	fails "sha256:$hex expected" fetch pull "localhost:5001/test/image@sha256:$hex" "$TEST_DIR/out2"
	equal "$(asked '.fault == "lie"')" 1
}

@test "endless answers: manifest, blob, headers; and nonsense" {
	proxy 1:GET:manifests/m:endless 1:GET:manifests/h:headers 9:GET:manifests/g:garbage "9:GET:$(layer 0):endless"
	fails "more than 4194304 bytes" fetch pull localhost:5001/test/image:m "$TEST_DIR/out"
	fails "of headers" fetch pull localhost:5001/test/image:h "$TEST_DIR/out"
	fails "localhost:5001" fetch --retries 1 pull localhost:5001/test/image:g "$TEST_DIR/out"
	fails "more than the 10 bytes" fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
	[[ $(stat -c %s "$TEST_DIR/out/$(layer 0)") -le 10 ]]
}

@test "a blob that is shorter than its descriptor says" {
	proxy "0:GET:$(layer 2):short"
	fails "the server has 1500000 of the blob's 3000000 bytes" fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
	equal "$(asked '.fault == "short"')" 1
}

@test "redirects are followed ten times, and only to the web" {
	proxy 10:GET:manifests/1:redirect: 11:GET:manifests/2:redirect:http://127.0.0.1:5001 \
		1:GET:manifests/3:redirect:file:///etc/passwd? 1:GET:manifests/4:redirect:http://user:word@127.0.0.1:5000
	succeeds fetch pull localhost:5001/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	fails "too many redirects" fetch pull localhost:5001/test/image:2 "$TEST_DIR/out2"
	fails "this is no http or https address" fetch pull localhost:5001/test/image:3 "$TEST_DIR/out3"
	fails "this is no http or https address" fetch pull localhost:5001/test/image:4 "$TEST_DIR/out4"
}

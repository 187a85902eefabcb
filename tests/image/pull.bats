#!/usr/bin/env bats
# coffer-image and Debian's docker-registry: push, pull, and what a killed pull leaves.

load helpers

setup_file() {
	COFFER_IMAGE=$(realpath "${COFFER_IMAGE:-$BATS_TEST_DIRNAME/../../build/cli/coffer-image}")
	export COFFER_IMAGE
	file_start
	[[ $EUID -eq 0 ]] || return 0
	registry plain 5000
	mkdir -p "$FILE_DIR/rootfs/etc"
	head -c 3000000 /dev/urandom >"$FILE_DIR/rootfs/noise"
	echo hello >"$FILE_DIR/rootfs/etc/motd"
	COFFER_STORE=$FILE_DIR/store "$COFFER_IMAGE" import -q "$FILE_DIR/rootfs" localhost:5000/test/one:1 -- /bin/true
	COFFER_STORE=$FILE_DIR/store in_network timeout 60 "$COFFER_IMAGE" push -q localhost:5000/test/one:1 3>&-
}

teardown_file() {
	stop_servers "$FILE_DIR"
	file_stop
}

setup() {
	test_start
	export COFFER_STORE=$TEST_DIR/store
}

teardown() { test_end; }

image() {
	in_network timeout 60 "$COFFER_IMAGE" "$@" 3>&-
}

@test "what is pushed is pulled into another store: the same image, by name and by digest" {
	succeeds image pull -q localhost:5000/test/one:1
	local id=$OUT
	succeeds image list -f json
	equal "$(jq -r '.[0].names[0] + " " + .[0].id' <<<"$OUT")" "localhost:5000/test/one:1 $id"
	equal "$(COFFER_STORE=$FILE_DIR/store "$COFFER_IMAGE" list -q)" "$id"
	succeeds image verify --all
	succeeds image pull -q "localhost:5000/test/one@sha256:$id"
	equal "$OUT" "$id"
	fails "404" image pull -q localhost:5000/test/one:none
}

@test "push under another name, from a store that has the image as an archive" {
	succeeds image pull -q localhost:5000/test/one:1
	local id=$OUT
	succeeds image push -q "$id" localhost:5000/test/two:x
	gives 0 in_network skopeo inspect --tls-verify=false docker://localhost:5000/test/two:x
	equal "$(jq -r .Digest <<<"$OUT")" "sha256:$id"
	fails "--tls-verify=false takes it" image pull -q --tls-verify=true localhost:5000/test/two:x
	fails "is sha256:$id" image push -q "$id" "localhost:5000/test/two@$(printf 'sha256:%064d' 0)"
}

@test "a registry with TLS and an authority of our own: --cert-dir, and certs.d of the host" {
	local dir=$TEST_DIR/certs image=localhost:5002/test/one:1 id
	mkdir -p "$dir" "$HOME/.config/containers/certs.d"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout "$TEST_DIR/key" -out "$dir/own.crt" 2>/dev/null
	registry tls 5002 "  tls: {certificate: $dir/own.crt, key: $TEST_DIR/key}"
	succeeds image pull -q localhost:5000/test/one:1
	id=$OUT
	succeeds image push -q --cert-dir "$dir" "$id" "$image"
	succeeds image remove "$id"
	fails "certificate" image pull -q "$image"
	ln -s "$dir" "$HOME/.config/containers/certs.d/localhost:5002"
	succeeds image pull -q "$image"
	equal "$OUT" "$id"
}

@test "a pull that is killed in the middle of a blob goes on there" {
	local layer pid
	layer=$(jq -r '.layers[0].blob' "$FILE_DIR"/store/images/* | cut -d : -f 2)
	proxy "1:GET:$layer:stall:1000000"
	in_network "$COFFER_IMAGE" pull -q localhost:5001/test/one:1 3>&- &
	pid=$!
	wait_for 10 test "$COFFER_STORE/staging/sha256-$layer.partial" -nt "$FILE_DIR/plain.yml"
	wait_for 10 eval "[[ \$(stat -c %s $COFFER_STORE/staging/sha256-$layer.partial) -ge 900000 ]]"
	pkill -9 -P "$pid" || kill -9 "$pid"
	wait "$pid" || true
	succeeds image list -q
	equal "$OUT" ""
	succeeds image pull -q localhost:5001/test/one:1
	equal "$(asked ".path | test(\"$layer\")")" 2
	equal "$(asked "(.path | test(\"$layer\")) and .range != null")" 1
	succeeds image verify --all
	equal "$(ls "$COFFER_STORE/staging")" ""
}

@test "wrong bytes from a registry never become an image" {
	local layer
	layer=$(jq -r '.layers[0].blob' "$FILE_DIR"/store/images/* | cut -d : -f 2)
	proxy "0:GET:$layer:corrupt"
	gives 1 image pull -q localhost:5001/test/one:1
	[[ $ERR == *"sha256:${layer::12}"* ]] || told "the layer is not named"
	succeeds image list -q
	equal "$OUT" ""
	equal "$(ls "$COFFER_STORE/layers/sha256")" ""
}

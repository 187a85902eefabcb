# helpers.bash - what the bats files of tests/image share.
#
# A file has a network namespace of its own with nothing but the loopback device, held by a process until the file's
# end, so that ports are free and nobody else is asked. Debian's docker-registry is there:
#
#	localhost:5000   plain HTTP                        localhost:5004   plain HTTP, tokens
#	localhost:5001   faulty_proxy.py of a test         localhost:5005   token_server.py for it
#	localhost:5002   HTTPS, htpasswd alice:secret      localhost:5006   another faulty_proxy.py
#	localhost:5003   HTTPS with a client certificate   localhost:5007   another token_server.py
#
#	FETCH    tests/image/fetch.c, the client            FILE_DIR  the file's directory, registries and certificates
#	HOLDER   pid that holds the namespace               TEST_DIR  the test's directory, $HOME in it
#	LOG      what the proxy of a test was asked         IMAGE     an image as `fetch pull` writes it
# shellcheck shell=bash
# shellcheck disable=SC2034 # OUT and ERR are for the tests

load ../untraced

file_start() {
	FETCH=$(realpath "${FETCH:-$BATS_TEST_DIRNAME/../../build/tests/image/fetch}")
	FILE_DIR=$(mktemp -d /dev/shm/coffer-image.XXXXXX)
	export FETCH FILE_DIR
	export COFFER_DEFAULT_NETWORK=none # networks are for tests/net
	[[ $EUID -eq 0 ]] || return 0
	hold_network
	make_image "$FILE_DIR/image"
}

file_stop() {
	[[ -z ${HOLDER-} ]] || kill "$HOLDER"
	rm -rf "$FILE_DIR"
}

# Ends by itself soon after the bats process of this file.
# shellcheck disable=SC2016 # expanded by sh
hold_network() {
	local ready
	exec {ready}< <(exec unshare --net sh -c '
		busybox ip link set lo up && echo ready && exec >/dev/null 2>&1
		while kill -0 "$0"; do sleep 3; done' "$$" 3>&- 4>&- </dev/null)
	HOLDER=$!
	export HOLDER
	read -r -t 20 -u "$ready"
	exec {ready}<&-
}

in_network() {
	nsenter --net="/proc/$HOLDER/ns/net" "$@"
}

# in_background NAME PORT COMMAND...: a server; returns once its port answers.
in_background() {
	(exec nsenter --net="/proc/$HOLDER/ns/net" "${@:3}" >"$FILE_DIR/$1.log" 2>&1 3>&- 4>&- </dev/null) &
	echo $! >>"${TEST_DIR-$FILE_DIR}/servers"
	wait_for 10 in_network bash -c "</dev/tcp/127.0.0.1/$2" || { cat "$FILE_DIR/$1.log" && return 1; }
}

# stop_servers DIR: those that were started there.
stop_servers() {
	local pid
	[[ ! -e $1/servers ]] || while read -r pid; do
		kill "$pid" 2>/dev/null || true
	done <"$1/servers"
}

test_start() {
	[[ $EUID -eq 0 ]] || skip "needs root"
	TEST_DIR=$(mktemp -d "$FILE_DIR/test.XXXXXX")
	export HOME=$TEST_DIR/home
	IMAGE=$FILE_DIR/image
	LOG=$TEST_DIR/proxy
	mkdir "$HOME"
	touch "$LOG"
	unset REGISTRY_AUTH_FILE XDG_RUNTIME_DIR XDG_CONFIG_HOME DOCKER_CONFIG http_proxy HTTP_PROXY https_proxy \
		HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
	export XDG_RUNTIME_DIR=$TEST_DIR/run
}

test_end() {
	[[ ${TEST_DIR-} ]] || return 0
	[[ ${BATS_TEST_COMPLETED-} || ! -s $LOG ]] || cat "$LOG"
	stop_servers "$TEST_DIR"
	rm -rf "$TEST_DIR"
}

# ---- servers ----

# registry NAME PORT [YAML]: with what stands in YAML beside address and storage.
registry() {
	cat >"$FILE_DIR/$1.yml" <<-END
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $FILE_DIR/$1}, delete: {enabled: true}}
		http:
		  addr: 127.0.0.1:$2
		${3-}
	END
	in_background "$1" "$2" env -u HOME docker-registry serve "$FILE_DIR/$1.yml"
}

# proxy RULE...: faulty_proxy.py with these rules, in front of localhost:5000.
proxy() {
	proxy_at 5001 http://127.0.0.1:5000 "$LOG" "$@"
}

# proxy_at PORT UPSTREAM LOG RULE...
proxy_at() {
	local rule rules=()
	for rule in "${@:4}"; do
		rules+=(--rule "$rule")
	done
	in_background "proxy$1" "$1" python3 "$BATS_TEST_DIRNAME/faulty_proxy.py" --port "$1" --upstream "$2" --log "$3" \
		"${rules[@]}"
}

# put_manifest FILE TYPE URL: what `fetch push` would not send.
put_manifest() {
	in_network python3 -c 'import sys, urllib.request
request = urllib.request.Request(sys.argv[3], open(sys.argv[1], "rb").read(), method="PUT")
request.add_header("Content-Type", sys.argv[2])
urllib.request.urlopen(request)' "$@"
}

# asked FILTER: how many requests of the log this filter of jq is true for.
asked() {
	jq -s "map(select($1)) | length" "$LOG"
}

# ---- images ----

# make_image DIR: three layers of noise, a configuration, a manifest, as `fetch pull` writes them. Made anew each time.
make_image() {
	local size layers='' config
	mkdir -p "$1"
	for size in 10 200000 3000000; do
		head -c "$size" /dev/urandom >"$1/blob"
		layers+=",$(descriptor application/vnd.oci.image.layer.v1.tar "$1/blob")"
	done
	echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"n\":$RANDOM$RANDOM}" \
		>"$1/blob"
	config=$(descriptor application/vnd.oci.image.config.v1+json "$1/blob")
	printf application/vnd.oci.image.manifest.v1+json >"$1/type"
	printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' "$(<"$1/type")" "$config" "${layers#,}" \
		>"$1/manifest.json"
}

# descriptor TYPE FILE: its descriptor; the file is moved to the name of its digest.
descriptor() {
	local hex
	hex=$(digest "$2")
	printf '{"mediaType":"%s","digest":"sha256:%s","size":%d}' "$1" "$hex" "$(stat -c %s "$2")"
	mv "$2" "${2%/*}/$hex"
}

digest() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# layer N: the digest of that layer of $IMAGE, without its algorithm.
layer() {
	jq -r ".layers[$1].digest" "$IMAGE/manifest.json" | cut -d : -f 2
}

# same_image DIR [DIR]: with $IMAGE, byte for byte.
same_image() {
	diff -r "$1" "${2:-$IMAGE}"
}

# ---- calls ----

# The client, with short pauses.
fetch() {
	in_network timeout 60 "$FETCH" --pause 20 "$@" 3>&-
}

# Runs a command that has to succeed without a word on stderr. Its stdout is in $OUT.
succeeds() {
	gives 0 "$@"
	[[ ! -s $TEST_DIR/stderr ]] || told "stderr should be empty: $*"
}

# gives STATUS COMMAND...: it has to end with this status; what it says is in $OUT and $ERR.
gives() {
	local status=0
	"${@:2}" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" || status=$?
	OUT=$(<"$TEST_DIR/stdout") ERR=$(<"$TEST_DIR/stderr")
	[[ $status -eq $1 ]] || told "status $status, not $1, of: ${*:2}"
}

# fails TEXT COMMAND...: it has to end with status 1 and say one line on stderr, with this text in it.
fails() {
	gives 1 "${@:2}"
	[[ $ERR == *"$1"* && $(wc -l <"$TEST_DIR/stderr") -eq 1 ]] || told "not one line with \"$1\": ${*:2}"
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

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1 + 1))
	until "${@:2}" >/dev/null 2>&1; do
		[[ $SECONDS -lt $end ]] || { echo "waited $1 s for: ${*:2}" && return 1; }
		sleep 0.02
	done
}

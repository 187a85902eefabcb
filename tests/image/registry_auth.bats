#!/usr/bin/env bats
# Who the registry is, and who we are for it: TLS, basic credentials, helpers, tokens; and who else is asked: mirrors,
# proxies, other hosts. Contents: specs/distribution-spec.md.

load helpers

setup_file() {
	file_start
	[[ $EUID -eq 0 ]] || return 0
	cd "$FILE_DIR" || return
	make_certificates
	# "secret", by crypt(3) with bcrypt, which is all that the registry takes
	# shellcheck disable=SC2016 # no variables
	echo 'alice:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a' >htpasswd
	registry plain 5000 'validation: {manifests: {urls: {allow: ["^http://"]}}}'
	registry basic 5002 "  tls: {certificate: $FILE_DIR/server.crt, key: $FILE_DIR/server.key}
auth: {htpasswd: {realm: here, path: $FILE_DIR/htpasswd}}"
	registry client 5003 \
		"  tls: {certificate: $FILE_DIR/server.crt, key: $FILE_DIR/server.key, clientcas: [$FILE_DIR/ca.crt]}"
	token_server 5005 tokens
	registry token 5004 \
		"auth: {token: {realm: 'http://localhost:5005/token', service: registry.test, issuer: issuer,
    rootcertbundle: $FILE_DIR/server.crt}}"
	push localhost:5000/test/image:1
	push --creds alice:secret --cert-dir "$FILE_DIR/trusted" localhost:5002/test/image:1
	push --cert-dir "$FILE_DIR/both" localhost:5003/test/image:1
	push --creds alice:secret localhost:5004/test/image:1
}

teardown_file() {
	stop_servers "$FILE_DIR"
	file_stop
}

setup() { test_start; }
teardown() { test_end; }

# push OPTION... NAME
push() {
	in_network timeout 60 "$FETCH" "${@:1:$#-1}" push "${!#}" "$FILE_DIR/image" 3>&-
}

# token_server PORT LOG [OPTION...]: its log is $FILE_DIR/LOG.
token_server() {
	in_background "token$1" "$1" python3 "$BATS_TEST_DIRNAME/token_server.py" --port "$1" --key "$FILE_DIR/server.key" \
		--cert "$FILE_DIR/server.crt" --log "$FILE_DIR/$2" "${@:3}"
}

# An authority, a server's certificate for localhost and a client's; directories as --cert-dir has them.
make_certificates() {
	local name
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt 2>/dev/null
	for name in server client; do
		openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" 2>/dev/null
		openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$name.crt" \
			-extfile <(echo subjectAltName=DNS:localhost,IP:127.0.0.1) 2>/dev/null
	done
	mkdir trusted both
	cp ca.crt trusted
	cp ca.crt client.key both
	cp client.crt both/client.cert
}

# auth_file KEY [FILTER]: an auth.json with alice's password for KEY, changed by FILTER; its path is $AUTH.
auth_file() {
	AUTH=$TEST_DIR/auth.json
	jq -n --arg key "$1" --arg auth "$(printf alice:secret | base64)" "{auths: {(\$key): {auth: \$auth}}} | ${2-.}" >"$AUTH"
}

# helper SCRIPT: docker-credential-test in the PATH; what it is asked is in $TEST_DIR/asked.
helper() {
	mkdir -p "$TEST_DIR/bin"
	printf '#!/bin/sh\n{ echo "$*"; cat; } >"%s"\n%s\n' "$TEST_DIR/asked" "$1" >"$TEST_DIR/bin/docker-credential-test"
	chmod +x "$TEST_DIR/bin/docker-credential-test"
	PATH=$TEST_DIR/bin:$PATH
}

# ---- TLS ----

@test "a certificate that nobody vouches for is refused, and plain HTTP is no answer to it" {
	fails "certificate" fetch --creds alice:secret pull localhost:5002/test/image:1 "$TEST_DIR/out"
	[[ $ERR == *"https://localhost:5002"* ]]
}

@test "authorities from --cert-dir and from certs.d of the host; --tls-verify=false does without" {
	local dir=$HOME/.config/containers/certs.d/localhost:5002
	succeeds fetch --cert-dir "$FILE_DIR/trusted" --creds alice:secret pull localhost:5002/test/image:1 "$TEST_DIR/a"
	same_image "$TEST_DIR/a"
	mkdir -p "$dir"
	cp "$FILE_DIR/trusted/ca.crt" "$dir"
	succeeds fetch --creds alice:secret pull localhost:5002/test/image:1 "$TEST_DIR/b"
	same_image "$TEST_DIR/b"
	fails "certificate" fetch --creds alice:secret pull 127.0.0.1:5002/test/image:1 "$TEST_DIR/c"
	succeeds fetch --insecure --creds alice:secret pull 127.0.0.1:5002/test/image:1 "$TEST_DIR/d"
	same_image "$TEST_DIR/d"
}

@test "a machine without ca-certificates: plain HTTP on loopback is found out, TLS says what to install" {
	local bare=(in_network unshare --mount sh -c 'mount -t tmpfs none /etc/ssl/certs && exec "$@"' sh "$FETCH")
	succeeds "${bare[@]}" document localhost:5000/test/image:1
	fails "install ca-certificates" "${bare[@]}" document localhost:5002/test/image:1
	succeeds "${bare[@]}" --cert-dir "$FILE_DIR/trusted" --creds alice:secret document localhost:5002/test/image:1
}

@test "a client certificate, and that it is complete" {
	succeeds fetch --cert-dir "$FILE_DIR/both" pull localhost:5003/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	gives 1 fetch --retries 0 --cert-dir "$FILE_DIR/trusted" pull localhost:5003/test/image:1 "$TEST_DIR/out2"
	cp -r "$FILE_DIR/both" "$TEST_DIR/half"
	rm "$TEST_DIR/half/client.key"
	fails "has no key" fetch --cert-dir "$TEST_DIR/half" pull localhost:5003/test/image:1 "$TEST_DIR/out3"
	fails "/nowhere" fetch --cert-dir /nowhere pull localhost:5003/test/image:1 "$TEST_DIR/out3"
}

# ---- user and password ----

@test "without credentials, and with wrong ones" {
	fails "localhost:5002 wants a user and a password, and there are none for it" \
		fetch --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/out"
	fails "status 401" fetch --cert-dir "$FILE_DIR/trusted" --creds alice:wrong pull localhost:5002/test/image:1 \
		"$TEST_DIR/out"
	[[ $ERR != *wrong* ]]
}

@test "credentials from where podman login and docker login leave them" {
	local path n=0
	for path in "$XDG_RUNTIME_DIR/containers/auth.json" "$HOME/.config/containers/auth.json" \
		"$HOME/.docker/config.json"; do
		auth_file localhost:5002
		mkdir -p "${path%/*}"
		mv "$AUTH" "$path"
		succeeds fetch --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/out$((++n))"
		rm "$path"
	done
	auth_file localhost:5002
	REGISTRY_AUTH_FILE=$AUTH succeeds fetch --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/v"
	auth_file localhost:5002/test
	succeeds fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/ns"
	auth_file localhost:5002/other
	fails "there are none for it" \
		fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/no"
	fails "open /nowhere" \
		fetch --authfile /nowhere --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/no"
	REGISTRY_AUTH_FILE=/nowhere fails "open /nowhere" \
		fetch --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/no"
}

@test "credential helpers: for a host, and as the store" {
	helper 'echo "{\"ServerURL\":\"x\",\"Username\":\"alice\",\"Secret\":\"secret\"}"'
	auth_file other '. + {credHelpers: {"localhost:5002": "test"}}'
	succeeds fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/a"
	equal "$(<"$TEST_DIR/asked")" $'get\nlocalhost:5002'
	auth_file localhost:5002 '.auths["localhost:5002"] = {} | .credsStore = "test"'
	succeeds fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/b"
	same_image "$TEST_DIR/b"
}

@test "a credential helper that has none, fails, is missing, or is no name" {
	auth_file other '.credsStore = "test"'
	helper 'echo "credentials not found in native keychain"; exit 1'
	fails "there are none for it" \
		fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/out"
	helper 'echo locked; exit 3'
	fails "docker-credential-test: exit status 3: locked" \
		fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/out"
	helper 'echo "{\"Secret\":\"TOP\"}"'
	fails "Username" fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/out"
	helper 'yes'
	fails "answer of docker-credential-test" \
		fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/out"
	auth_file other '.credsStore = "not-there"'
	fails "docker-credential-not-there" \
		fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/out"
	auth_file other '.credsStore = "../../bin/sh"'
	fails "a name of letters" \
		fetch --authfile "$AUTH" --cert-dir "$FILE_DIR/trusted" pull localhost:5002/test/image:1 "$TEST_DIR/out"
}

# ---- tokens ----

@test "a token for pull, one for many threads; for push with a password" {
	: >"$FILE_DIR/tokens"
	succeeds fetch --jobs 8 pull localhost:5004/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	equal "$(<"$FILE_DIR/tokens")" "GET guest repository:test/image:pull"
	: >"$FILE_DIR/tokens"
	succeeds fetch --creds alice:secret push localhost:5004/other/image:1 "$IMAGE"
	[[ $(<"$FILE_DIR/tokens") == "GET alice repository:other/image:pull,push"* ]]
	equal "$(wc -l <"$FILE_DIR/tokens")" 1
	fails "status 401" fetch push localhost:5004/guest/image:1 "$IMAGE"
	fails "are the credentials right?" fetch --creds alice:wrong pull localhost:5004/test/image:1 "$TEST_DIR/out2"
}

@test "a refresh token instead of a password" {
	auth_file localhost:5004 '.auths[] = {identitytoken: "remember+me/="}'
	: >"$FILE_DIR/tokens"
	succeeds fetch --authfile "$AUTH" push localhost:5004/refresh/image:1 "$IMAGE"
	[[ $(<"$FILE_DIR/tokens") == "POST alice repository:refresh/image:pull,push"* ]]
}

@test "a token that has expired is replaced before it is sent" {
	token_server 5007 short --lifetime 11
	proxy '1:GET:manifests:challenge:Bearer realm="http%3A//localhost%3A5007/token",service="x"' "1:GET:$(layer 0):slow:3"
	succeeds fetch --jobs 1 pull localhost:5001/test/image:1 "$TEST_DIR/out"
	[[ $(wc -l <"$FILE_DIR/short") -ge 2 ]]
	equal "$(asked '.authorization == "Bearer"')" 5
}

@test "token servers that are no token servers" {
	local realm=http%3A//localhost%3A5006
	proxy_at 5006 http://127.0.0.1:5000 "$TEST_DIR/log" '0:GET:^/newline:answer:{"token":"a\nHost: b"}' \
		'0:GET:^/none:answer:{"token":""}' '0:GET:^/text:answer:hello' '0:GET:^/endless:endless' '0:GET:^/404:status:404'
	proxy "0:GET:manifests/newline:challenge:Bearer realm=\"$realm/newline\"" \
		"0:GET:manifests/none:challenge:Bearer realm=\"$realm/none\"" \
		"0:GET:manifests/text:challenge:Bearer realm=\"$realm/text\"" \
		"0:GET:manifests/endless:challenge:Bearer realm=\"$realm/endless\"" \
		"0:GET:manifests/404:challenge:Bearer realm=\"$realm/404\"" \
		'0:GET:manifests/file:challenge:Bearer realm="file%3A///etc/passwd"' \
		'0:GET:manifests/broken:challenge:Bearer realm="x' '0:GET:manifests/other:challenge:Negotiate'
	fails "no token that fits" fetch pull localhost:5001/test/image:newline "$TEST_DIR/out"
	fails "no token that fits" fetch pull localhost:5001/test/image:none "$TEST_DIR/out"
	fails "token for localhost:5001: answer:" fetch pull localhost:5001/test/image:text "$TEST_DIR/out"
	fails "more than 1048576 bytes" fetch pull localhost:5001/test/image:endless "$TEST_DIR/out"
	fails "status 404" fetch pull localhost:5001/test/image:404 "$TEST_DIR/out"
	fails "no https address" fetch pull localhost:5001/test/image:file "$TEST_DIR/out"
	fails "does not end" fetch pull localhost:5001/test/image:broken "$TEST_DIR/out"
	fails "the server wants Negotiate" fetch pull localhost:5001/test/image:other "$TEST_DIR/out"
}

@test "a registry with TLS that sends us for a token over plain HTTP gets none" {
	registry mixed 5008 "  tls: {certificate: $FILE_DIR/server.crt, key: $FILE_DIR/server.key}
auth: {token: {realm: 'http://localhost:5005/token', service: registry.test, issuer: issuer,
    rootcertbundle: $FILE_DIR/server.crt}}"
	: >"$FILE_DIR/tokens"
	fails "no https address" fetch --cert-dir "$FILE_DIR/trusted" --creds alice:secret pull localhost:5008/x:1 "$TEST_DIR/out"
	equal "$(<"$FILE_DIR/tokens")" ""
}

# ---- others that are asked ----

@test "another host that we are sent to gets no credentials, and no answer to its 401" {
	proxy_at 5006 http://127.0.0.1:5000 "$TEST_DIR/elsewhere"
	proxy '1:GET:manifests:challenge:Basic realm="x"' 0:GET:blobs:redirect:http://localhost:5006
	succeeds fetch --creds alice:secret pull localhost:5001/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	equal "$(asked '.authorization == "Basic"')" 5
	equal "$(jq -s 'map(.authorization) | unique' -c "$TEST_DIR/elsewhere")" '[""]'
	equal "$(wc -l <"$TEST_DIR/elsewhere")" 4
	stop_servers "$TEST_DIR"
	wait_for 5 in_network bash -c '! </dev/tcp/127.0.0.1/5006'
	proxy_at 5006 http://127.0.0.1:5000 "$TEST_DIR/elsewhere" '0:GET:blobs:challenge:Basic realm="x"'
	proxy_at 5009 http://127.0.0.1:5000 "$LOG" '1:GET:manifests:challenge:Basic realm="x"' \
		0:GET:blobs:redirect:http://localhost:5006
	fails "status 401" fetch --creds alice:secret pull localhost:5009/test/image:1 "$TEST_DIR/out2"
	equal "$(jq -s 'map(.authorization) | unique' -c "$TEST_DIR/elsewhere")" '[""]'
}

@test "mirrors are asked first, and the registry where they fail" {
	proxy 0:GET:manifests/2:status:500 "1:GET:$(layer 1):status:404" "1:GET:$(layer 2):corrupt" "1:GET:$(layer 0):cut:5"
	succeeds fetch --mirror localhost:5001 pull localhost:5000/test/image:1 "$TEST_DIR/out"
	same_image "$TEST_DIR/out"
	equal "$(asked true)" 5
	push localhost:5000/test/image:2
	: >"$LOG"
	succeeds fetch --mirror localhost:5001 --mirror localhost:5999 pull localhost:5000/test/image:2 "$TEST_DIR/out2"
	same_image "$TEST_DIR/out2"
	equal "$(asked '.path | contains("manifests/2")')" 1
	push localhost:5000/cache/hub/test/image:1
	succeeds fetch --mirror localhost:5000/cache/hub pull localhost:5999/test/image:1 "$TEST_DIR/out3"
	same_image "$TEST_DIR/out3"
	fails "expected HOST" fetch --mirror nohost pull localhost:5000/test/image:1 "$TEST_DIR/out4"
}

@test "a mirror does not get the registry's credentials" {
	proxy '0:GET:manifests:challenge:Basic realm="x"'
	succeeds fetch --mirror localhost:5001 --creds alice:secret --cert-dir "$FILE_DIR/trusted" \
		pull localhost:5002/test/image:1 "$TEST_DIR/out"
	equal "$(asked '.authorization != ""')" 0
	equal "$(asked '.path | contains("manifests")')" 1
}

@test "http_proxy and HTTP_PROXY are asked, but for no_proxy and for loopback" {
	local variable
	proxy
	for variable in http_proxy HTTP_PROXY; do
		: >"$LOG"
		succeeds env "$variable=http://127.0.0.1:5001" nsenter --net="/proc/$HOLDER/ns/net" "$FETCH" --insecure \
			pull registry.test/test/image:1 "$TEST_DIR/$variable"
		same_image "$TEST_DIR/$variable"
		equal "$(asked '.host == "registry.test"')" 5
	done
	: >"$LOG"
	fails resolve env no_proxy=registry.test http_proxy=http://127.0.0.1:5001 \
		nsenter --net="/proc/$HOLDER/ns/net" "$FETCH" --insecure pull registry.test/test/image:1 "$TEST_DIR/a"
	succeeds env http_proxy=http://127.0.0.1:5001 all_proxy=http://127.0.0.1:5001 \
		nsenter --net="/proc/$HOLDER/ns/net" "$FETCH" pull localhost:5000/test/image:1 "$TEST_DIR/b"
	equal "$(asked true)" 0
}

@test "a layer that registries do not have comes from its urls, without credentials" {
	local type=application/vnd.oci.image.layer.nondistributable.v1.tar
	local url=http://127.0.0.1:5006/v2/test/image/blobs/sha256:
	jq --arg t "$type" --arg u "$url" '.layers[2] |= . + {mediaType: $t, urls: ["http://127.0.0.1:5999/gone", $u +
		(.digest | ltrimstr("sha256:"))]}' "$IMAGE/manifest.json" >"$TEST_DIR/manifest.json"
	push localhost:5000/foreign/image:whole # the configuration and the other layers
	put_manifest "$TEST_DIR/manifest.json" "$(<"$IMAGE/type")" http://localhost:5000/v2/foreign/image/manifests/1
	proxy_at 5006 http://127.0.0.1:5000 "$TEST_DIR/elsewhere"
	proxy '1:GET:manifests:challenge:Basic realm="x"' "0:GET:$(layer 2):status:404"
	succeeds fetch --creds alice:secret pull localhost:5001/foreign/image:1 "$TEST_DIR/out"
	cmp "$TEST_DIR/out/$(layer 2)" "$IMAGE/$(layer 2)"
	equal "$(jq -s 'map(.authorization) | unique' -c "$TEST_DIR/elsewhere")" '[""]'
}

#!/usr/bin/env bats
# capabilities.bats - process.capabilities: runtime-spec config.md "Linux Process", capabilities(7). All five sets, for
# root and for others; what the caller has does not come through.

load helpers
load features

sets='awk "/^Cap/ { print \$1 \$2 }" /proc/self/status'

# hex CAP...: the mask as /proc/PID/status prints it.
hex() {
	local cap mask=0
	for cap; do
		mask=$((mask | 1 << cap))
	done
	printf %016x $mask
}

readonly chown=0 kill=5 bind=10 raw=13

# wants INHERITABLE PERMITTED EFFECTIVE BOUNDING AMBIENT: $OUT is these.
wants() {
	prints "$(printf 'CapInh:%s\nCapPrm:%s\nCapEff:%s\nCapBnd:%s\nCapAmb:%s' "$@")"
}

@test "no capabilities object: none at all" {
	bundle_config 'del(.process.capabilities)'
	in_container "$sets"
	wants "$(hex)" "$(hex)" "$(hex)" "$(hex)" "$(hex)"
}

@test "root: bounding, permitted and effective as given" {
	caps bounding=CAP_KILL,CAP_CHOWN effective=CAP_KILL,CAP_CHOWN permitted=CAP_KILL,CAP_CHOWN
	in_container "$sets"
	wants "$(hex)" "$(hex $kill $chown)" "$(hex $kill $chown)" "$(hex $kill $chown)" "$(hex)"
}

@test "root: execve raises to the bounding set, as capabilities(7) says" {
	bundle_config '.process.noNewPrivileges = false'
	caps bounding=CAP_KILL,CAP_CHOWN effective=CAP_KILL permitted=CAP_KILL
	in_container "$sets"
	wants "$(hex)" "$(hex $kill $chown)" "$(hex $kill $chown)" "$(hex $kill $chown)" "$(hex)"
}

@test "another user: without ambient nothing is left after execve" {
	user 1000 1000
	caps bounding=CAP_KILL effective=CAP_KILL permitted=CAP_KILL
	in_container "$sets"
	wants "$(hex)" "$(hex)" "$(hex)" "$(hex $kill)" "$(hex)"
}

@test "another user: ambient ones stay, and work" {
	user 1000 1000
	caps bounding=CAP_NET_BIND_SERVICE,CAP_NET_RAW effective=CAP_NET_BIND_SERVICE permitted=CAP_NET_BIND_SERVICE \
		inheritable=CAP_NET_BIND_SERVICE ambient=CAP_NET_BIND_SERVICE
	in_container "$sets"
	wants "$(hex $bind)" "$(hex $bind)" "$(hex $bind)" "$(hex $bind $raw)" "$(hex $bind)"
	in_container '(timeout 1 nc -l -p 80 </dev/null; test $? != 1 && echo bound) 2>/dev/null'
	prints bound
}

@test "ambient without inheritable and permitted is not possible, and left out" {
	user 1000 1000
	caps bounding=CAP_KILL effective=CAP_KILL permitted=CAP_KILL ambient=CAP_KILL
	in_container "$sets"
	wants "$(hex)" "$(hex)" "$(hex)" "$(hex $kill)" "$(hex)"
}

@test "inheritable only where it is asked for" {
	caps bounding=CAP_KILL inheritable=CAP_KILL permitted=CAP_KILL
	in_container 'grep CapInh /proc/self/status'
	prints $'CapInh:\t'"$(hex $kill)"
}

@test "a setuid program cannot get more than the bounding set" {
	bundle_config '.process.noNewPrivileges = false'
	cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/su-grep"
	chmod 4755 "$BUNDLE/rootfs/bin/su-grep"
	user 1000 1000
	caps bounding=CAP_KILL effective=CAP_KILL permitted=CAP_KILL
	mkdir "$BUNDLE/rootfs/suid"
	mv "$BUNDLE/rootfs/bin/su-grep" "$BUNDLE/rootfs/suid/grep"
	in_container '/suid/grep Cap /proc/self/status | tr -d "\t"; /suid/grep ^Uid /proc/self/status'
	says "CapBnd:$(hex $kill)"
	not grep -q "CapEff:0000000[0-9a-f]*f" <<<"$OUT"
}

@test "what the runtime has in its inheritable and ambient sets does not come through" {
	bundle_config 'del(.process.capabilities)'
	script "$sets"
	succeeds setpriv --inh-caps +chown,+kill --ambient-caps +chown,+kill "${RUNTIME[@]}" run c
	wants "$(hex)" "$(hex)" "$(hex)" "$(hex)" "$(hex)"
}

@test "exec: the container's sets; --cap adds to them and leaves CapInh and CapAmb empty" {
	caps bounding=CAP_KILL effective=CAP_KILL permitted=CAP_KILL
	running c
	succeeds coffer exec c sh -c "$sets"
	wants "$(hex)" "$(hex $kill)" "$(hex $kill)" "$(hex $kill)" "$(hex)"
	succeeds coffer exec --cap CAP_CHOWN c sh -c "$sets"
	wants "$(hex)" "$(hex $kill $chown)" "$(hex $kill $chown)" "$(hex $kill $chown)" "$(hex)"
	fails 255 CAP_NOTHING coffer exec --cap CAP_NOTHING c true
}

@test "a capability that this build does not know is left out with a warning, the rest is given" {
	caps bounding=CAP_KILL,CAP_FUTURE effective=CAP_KILL,CAP_FUTURE permitted=CAP_KILL,CAP_FUTURE
	script "$sets"
	coffer --log-level warning run c >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr"
	OUT=$(<"$TEST_DIR/stdout")
	wants "$(hex)" "$(hex $kill)" "$(hex $kill)" "$(hex $kill)" "$(hex)"
	grep -q CAP_FUTURE "$TEST_DIR/stderr"
}

@test "in a user namespace the sets are of that namespace" {
	user_namespace
	caps bounding=CAP_CHOWN effective=CAP_CHOWN permitted=CAP_CHOWN
	in_container "$sets; touch /dev/shm/x && chown 5:5 /dev/shm/x && stat -c %u /dev/shm/x"
	equal "$(tail -1 <<<"$OUT")" 5
	matches "CapEff:$(hex $chown)"
}

@test "capability names of the wrong kind are refused" {
	bundle_config '.process.capabilities = ["CAP_KILL"]'
	refused process.capabilities
	bundle_config '.process.capabilities = {bounding: "CAP_KILL"}'
	refused process.capabilities.bounding
}

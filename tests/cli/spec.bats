#!/usr/bin/env bats
# spec: writes a config.json that runs as it is, for root and for a user; never over a file.

load helpers

@test "the config is written to the working directory and runs, once there is a root and no terminal" {
	rm "$BUNDLE/config.json"
	succeeds coffer spec
	equal "$OUT" ""
	jq -e '.ociVersion == "1.3.0" and .process.terminal and .process.args == ["sh"] and .root.path == "rootfs"' \
		"$BUNDLE/config.json"
	gives 0 on_tty --expect '#' --send 'echo $((6 * 7))\n' --expect 42 --send 'exit\n' -- "${RUNTIME[@]}" run a
}

@test "every spelling of --bundle and --config" {
	local form
	mkdir "$TEST_DIR/new"
	for form in "--bundle $TEST_DIR/new" "--bundle=$TEST_DIR/new" "-b $TEST_DIR/new" "-bundle $TEST_DIR/new" \
		"--config $TEST_DIR/new/config.json" "--config=$TEST_DIR/new/config.json" \
		"-f $TEST_DIR/new/config.json" "-config $TEST_DIR/new/config.json"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer spec $form
		equal "$(stat -c %a "$TEST_DIR/new/config.json")" 644
		jq -e .linux.namespaces "$TEST_DIR/new/config.json"
		rm "$TEST_DIR/new/config.json"
	done
}

@test "a file or symlink that is there stays as it is" {
	echo mine >"$BUNDLE/config.json"
	fails 1 "exists already" coffer spec
	equal "$(<"$BUNDLE/config.json")" mine
	ln -s /nowhere "$TEST_DIR/link"
	fails 1 "exists already" coffer spec --config "$TEST_DIR/link"
	fails 1 /nowhere coffer spec --bundle /nowhere
}

@test "--rootless: a user namespace that maps the caller, nothing that needs more rights" {
	rm "$BUNDLE/config.json"
	succeeds coffer spec --rootless
	jq -e '(.linux.namespaces | map(.type) | index("user") and (index("network") | not))
		and .linux.uidMappings == [{ containerID: 0, hostID: 0, size: 1 }]
		and .linux.gidMappings == [{ containerID: 0, hostID: 0, size: 1 }]
		and (.mounts | map(.options[]) | any(startswith("gid=")) | not)' "$BUNDLE/config.json"
	bundle_config '.process.terminal = false | .process.args = ["id", "-u"]'
	succeeds coffer run a
	equal "$OUT" 0
}

@test "spec needs no state root and no rights to one" {
	rm "$BUNDLE/config.json"
	succeeds coffer --root /proc/nowhere spec
	fails 1 "too many arguments" coffer spec a
}

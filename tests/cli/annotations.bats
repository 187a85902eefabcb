#!/usr/bin/env bats
# annotations.bats - annotations: runtime-spec config.md "Annotations". They are handed through to state, list and hooks
# as they are, and change nothing.

load helpers
load features

annotations() {
	bundle_config '.annotations = $annotations' --argjson annotations "$1"
}

odd='{"org.example.a": "1", "empty": "", "quote": "a\"b\\c", "lines": "a\nb\u0001", "utf8": "ü€", "x y": "z"}'

@test "state and list give them back as they were" {
	annotations "$odd"
	running c
	equal "$(coffer state c | jq -Sc .annotations)" "$(jq -Sc . <<<"$odd")"
	equal "$(coffer list --format json | jq -Sc '.[0].annotations')" "$(jq -Sc . <<<"$odd")"
}

@test "hooks get them" {
	annotations "$odd"
	bundle_config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $script], env: ["PATH=/usr/bin:/bin"]}]' \
		--arg script "cat >$TEST_DIR/given"
	succeeds coffer run c
	equal "$(jq -Sc .annotations "$TEST_DIR/given")" "$(jq -Sc . <<<"$odd")"
}

@test "none at all, and an empty object" {
	annotations '{}'
	running c
	equal "$(coffer state c | jq -c '.annotations // {}')" '{}'
}

@test "an empty key, values that are no strings, and no object are refused" {
	annotations '{"": "x"}'
	refused annotations
	annotations '{"a": 1}'
	refused annotations
	annotations '{"a": null}'
	refused annotations
	annotations '["a"]'
	refused annotations
}

@test "annotations that mean something to other runtimes change nothing here" {
	annotations '{"run.oci.handler": "krun", "run.oci.mount_context_type": "x", "org.systemd.property.Delegate": "true",
		"io.kubernetes.cri.untrusted-workload": "true", "run.oci.hooks.stdout": "'"$TEST_DIR"'/written",
		"run.oci.seccomp_fail_unknown_syscall": "1"}'
	bundle_config '.hooks.createRuntime = [{path: "/bin/echo"}]'
	succeeds coffer run c
	not test -e "$TEST_DIR/written"
}

#!/usr/bin/env bats
# stats: the numbers of the cgroup, of one container and of all, once and again and again.

load helpers

@test "as JSON: the numbers of the cgroup's files" {
	need_controller memory
	bundle_config '.linux.resources.memory = { limit: 67108864 }'
	running a
	succeeds coffer update --limit memory.high=48m a
	succeeds coffer stats -f json a
	equal "$(jq -c '.[0] | [.id, .memory.max, .memory.high, .events.oomKill, .pids.current]' <<<"$OUT")" \
		'["a",67108864,50331648,0,1]'
	jq -e '.[0].memory | .current > 0 and .current <= .peak' <<<"$OUT"
	jq -e '.[0].cpu.usageUs > 0' <<<"$OUT"
}

@test "as a table: a line a container, all of them by default" {
	running a
	running b
	succeeds coffer stats
	equal "$(awk '{ print $1 }' <<<"$OUT" | paste -sd ' ')" "ID a b"
	succeeds coffer stats b
	equal "$(wc -l <<<"$OUT")" 2
}

@test "--follow prints again and again" {
	running a
	timeout 5 "${RUNTIME[@]}" stats --follow --format json a >"$TEST_DIR/followed" 3>&- || [[ $? -eq 124 ]]
	[[ $(jq -s length "$TEST_DIR/followed") -ge 3 ]]
}

@test "a container that does not exist, and one that has stopped" {
	fails 1 "does not exist" coffer stats none
	running a
	succeeds coffer kill a KILL
	wait_for_status a stopped
	succeeds coffer stats -f json a
	equal "$(jq -r '.[0].id' <<<"$OUT")" a
}

#!/usr/bin/env bats
# update: every option and the resources object, read back from the cgroup's files; what is refused changes nothing.

load helpers

setup() {
	test_start
	running a
}

# in_file FILE WANTED: of the container's cgroup.
in_file() {
	equal "$(<"$CGROUP/a/$1")" "$2"
}

# updates FILE WANTED OPTION...
updates() {
	succeeds coffer update "${@:3}" a
	in_file "$1" "$2"
}

@test "memory options, in every spelling and with units" {
	need_controller memory
	updates memory.max 67108864 --memory 67108864
	updates memory.max 134217728 --memory=128m
	updates memory.max 1073741824 -memory 1G
	updates memory.max 33554432 -memory=32MiB
	updates memory.low 16777216 --memory-reservation 16m
	updates memory.low 8388608 --memory-reservation=8388608b
	updates memory.max max --memory -1
	updates memory.max max --memory=-1
}

@test "--memory-swap is memory and swap together" {
	need_controller memory
	updates memory.max 67108864 --memory 64m
	[[ -e $CGROUP/a/memory.swap.max ]] || skip "the kernel has no swap accounting"
	updates memory.swap.max 33554432 --memory 64m --memory-swap 96m
	updates memory.swap.max 67108864 --memory-swap=128m
	updates memory.swap.max 0 --memory-swap 64m
	updates memory.swap.max max --memory-swap=-1
	fails 1 "memory.swap" coffer update --memory 64m --memory-swap 32m a
	in_file memory.max 67108864
}

@test "kernel memory options are taken and change nothing" {
	need_controller memory
	updates memory.max 67108864 --memory 64m --kernel-memory 32m
	updates memory.max 67108864 --kernel-memory-tcp=32m
}

@test "cpu options" {
	need_controller cpu
	updates cpu.max "50000 100000" --cpu-quota 50000
	updates cpu.max "50000 200000" --cpu-period=200000
	updates cpu.max "20000 50000" -cpu-quota 20000 -cpu-period 50000
	updates cpu.max.burst 10000 --cpu-burst 10000
	updates cpu.max.burst 0 --cpu-burst=0
	updates cpu.max "max 50000" --cpu-quota -1
	updates cpu.weight 100 --cpu-shares 1024
	updates cpu.weight 10000 --cpu-share=262144
	updates cpu.weight 1 --cpu-shares=2
	updates cpu.idle 1 --cpu-idle 1
	updates cpu.idle 0 --cpu-idle=0
	updates cpu.max "max 50000" --cpu-rt-period 0 --cpu-rt-runtime=0
	fails 1 "cpu.realtime" coffer update --cpu-rt-runtime 1000 a
	fails 1 "cpu.realtime" coffer update --cpu-rt-period=1000 a
}

@test "cpuset options" {
	need_controller cpuset
	updates cpuset.cpus 0 --cpuset-cpus 0
	updates cpuset.cpus 0-1 --cpuset-cpus=0-1
	updates cpuset.mems 0 --cpuset-mems 0
	updates cpuset.mems 0 -cpuset-mems=0
	fails 1 "cpuset.cpus" coffer update --cpuset-cpus 4096 a
	in_file cpuset.cpus 0-1
}

@test "pids and disk options" {
	need_controller pids
	updates pids.max 20 --pids-limit 20
	updates pids.max 7 --pids-limit=7
	updates pids.max max --pids-limit -1
	need_controller io
	if [[ -e $CGROUP/a/io.weight || -e $CGROUP/a/io.bfq.weight ]]; then
		succeeds coffer update --blkio-weight 500 a
		succeeds coffer update --blkio-weight=1000 a
	fi
	fails 1 "blockIO.weight" coffer update --blkio-weight 9 a
	fails 1 "blockIO.weight" coffer update --blkio-weight 1001 a
}

@test "--resources from a file and from stdin, in every spelling; options win" {
	local form
	need_controller pids
	need_controller memory
	echo '{ "pids": { "limit": 11 }, "memory": { "limit": 67108864, "reservation": 33554432 } }' >"$TEST_DIR/r.json"
	for form in "--resources $TEST_DIR/r.json" "--resources=$TEST_DIR/r.json" "-r $TEST_DIR/r.json" \
		"-r$TEST_DIR/r.json" "-resources $TEST_DIR/r.json" "--resources=-" "--resources -" "-r -"; do
		succeeds coffer update --pids-limit -1 --memory -1 a
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer update $form a <"$TEST_DIR/r.json"
		in_file pids.max 11
		in_file memory.max 67108864
		in_file memory.low 33554432
	done
	succeeds coffer update -r - --pids-limit 12 --memory 32m a <"$TEST_DIR/r.json"
	in_file pids.max 12
	in_file memory.max 33554432
}

@test "an update of one thing leaves the others as they were" {
	need_controller memory
	need_controller cpu
	bundle_config '.linux.resources.memory = { limit: 67108864 } | .linux.resources.cpu = { quota: 30000, shares: 512 }'
	succeeds coffer run -d b </dev/null
	succeeds coffer update --memory 128m b
	equal "$(<"$CGROUP/b/memory.max") $(<"$CGROUP/b/cpu.max")" "134217728 30000 100000"
	succeeds coffer update --cpu-period 50000 b
	equal "$(<"$CGROUP/b/memory.max") $(<"$CGROUP/b/cpu.max")" "134217728 30000 50000"
}

@test "created and paused containers can be updated" {
	need_controller pids
	succeeds coffer create b
	succeeds coffer update --pids-limit 9 b
	equal "$(<"$CGROUP/b/pids.max")" 9
	succeeds coffer pause a
	updates pids.max 8 --pids-limit 8
	equal "$(status_of a)" paused
}

@test "no options: nothing happens" {
	succeeds coffer update a
	echo '{}' >"$TEST_DIR/r.json"
	succeeds coffer update -r "$TEST_DIR/r.json" a
	equal "$(status_of a)" running
}

@test "a limit whose controller is missing is an error with a reason" {
	local have
	have=" $(<"$CGROUP/../cgroup.controllers") "
	[[ $have != *" memory "* ]] || skip "this machine has the memory controller"
	fails 1 "memory controller" coffer update --memory 64m a
}

@test "stopped and missing containers" {
	succeeds coffer kill a KILL
	wait_for_status a stopped
	fails 1 "container not running" coffer update --pids-limit 5 a
	fails 1 "does not exist" coffer update --pids-limit 5 b
}

@test "values and files that are wrong are refused" {
	fails 1 "--memory" coffer update --memory 1x a
	fails 1 "--memory" coffer update --memory= a
	fails 1 "--memory" coffer update --memory 9223372036854775807k a
	fails 1 "--cpu-period" coffer update --cpu-period -5 a
	fails 1 "--cpu-quota" coffer update --cpu-quota x a
	fails 1 "--pids-limit" coffer update --pids-limit 1.5 a
	fails 1 "cpu.quota" coffer update --cpu-quota 10 a
	fails 1 "cpu.idle" coffer update --cpu-idle 2 a
	fails 1 "RDT" coffer update --l3-cache-schema x a
	fails 1 "RDT" coffer update --mem-bw-schema=x a
	fails 1 "$TEST_DIR/none" coffer update -r "$TEST_DIR/none" a
	echo '{ "pids": { "limit": "many" } }' >"$TEST_DIR/r.json"
	fails 1 pids.limit coffer update -r "$TEST_DIR/r.json" a
	fails 1 stdin coffer update -r - a <<<'{'
	fails 1 "argument is missing" coffer update --pids-limit 5
}

# A container whose program holds 40 MiB of memory that no reclaim can take.
holder() {
	bundle_config '.mounts += [{ destination: "/big", type: "tmpfs", source: "tmpfs" }] |
		.linux.resources.memory = { limit: 134217728, swap: 134217728 }'
	bundle_args sh -c 'head -c 41943040 /dev/zero >/big/file; echo ready >/big/ready; sleep 1000'
	coffer run --detach --bundle "$BUNDLE" "$1" </dev/null >/dev/null 2>&1
	wait_for 20 holds "$1" 41943040
}

holds() {
	[[ $(<"$CGROUP/$1/memory.current") -gt $2 ]]
}

untouched() {
	equal "$(<"$CGROUP/b/memory.max") $(<"$CGROUP/b/memory.high") $(<"$CGROUP/b/cgroup.freeze")" "134217728 max 0"
}

@test "a memory limit below the usage is refused with the numbers, and kills nobody, interrupted or not" {
	local delay
	need_controller memory
	holder b
	fails 1 "still in use" coffer update --memory 32m b
	untouched
	for delay in 0.02 0.03 0.04 0.05 0.06 0.08; do
		timeout --signal INT "$delay" "${RUNTIME[@]}" update --memory 32m b || true
		untouched
	done
	fails 1 "still in use" coffer update --limit memory.max=32m b
	equal "$(status_of b)" running
	equal "$(sed -n 's/^oom_kill //p' "$CGROUP/b/memory.events")" 0
	succeeds coffer update --memory 64m --memory-swap 64m b
	equal "$(<"$CGROUP/b/memory.max") $(status_of b)" "67108864 running"
}

@test "a memory limit below the usage: page cache is given back for it" {
	need_controller memory
	DISK=$(mktemp -d /var/tmp/coffer-test.XXXXXX)
	bundle_config '.mounts += [{ destination: "/disk", source: $disk, options: ["bind"] }] |
		.linux.resources.memory = { limit: 134217728 }' --arg disk "$DISK"
	mkdir "$BUNDLE/rootfs/disk"
	bundle_args sh -c 'head -c 67108864 /dev/zero >/disk/cache; sync; echo >/disk/done; sleep 1000'
	coffer run --detach --bundle "$BUNDLE" b </dev/null >/dev/null 2>&1
	wait_for 30 test -e "$DISK/done"
	[[ $(<"$CGROUP/b/memory.current") -gt 60000000 ]]
	succeeds coffer update --memory 24m b
	equal "$(<"$CGROUP/b/memory.max") $(status_of b)" "25165824 running"
	equal "$(sed -n 's/^oom_kill //p' "$CGROUP/b/memory.events")" 0
	coffer delete --force b
	rm -rf "$DISK"
}

@test "--force: the kernel kills, as it was asked to" {
	need_controller memory
	holder b
	succeeds coffer update --force --memory 8m --memory-swap 8m b
	wait_for_status b stopped
}

@test "--limit sets any file of the cgroup" {
	need_controller memory
	updates memory.high 67108864 --limit memory.high=64m
	updates memory.min 8388608 --limit=memory.min=8388608
	updates memory.high max --limit memory.high=max
	fails 1 "memory.nothing" coffer update --limit memory.nothing=1 a
	fails 1 "FILE=VALUE" coffer update --limit memory.high a
	succeeds coffer run -d --limit memory.high=96m --limit memory.low=4m b </dev/null
	equal "$(<"$CGROUP/b/memory.high") $(<"$CGROUP/b/memory.low")" "100663296 4194304"
	bundle_config '.annotations["run.coffer.limit.memory.high"] = "33554432"'
	succeeds coffer run -d c </dev/null
	equal "$(<"$CGROUP/c/memory.high")" 33554432
}

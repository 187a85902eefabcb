#!/usr/bin/env bats
# oom: the policy at a memory limit, its watcher, and the decisions. What needs the memory controller runs in the VM.

load helpers

# The watcher of this state root ends by itself, but not soon enough for the next test.
teardown() {
	[[ ! -S $ROOT/.oom/socket ]] || end_watcher
	test_end
}

end_watcher() {
	local pid
	pid=$(pgrep -f -- "--root $ROOT oom watcher") || return 0
	kill "$pid"
	wait_for 5 no_watcher
	no_empty_watcher_cgroup
}

no_watcher() {
	! pgrep -f -- "--root $ROOT oom watcher"
}

# greedy ID [OPTION...]: a container that holds 20 MiB and takes 100 MiB more, with a limit of 64 MiB.
greedy() {
	need_controller memory
	bundle_config '.mounts += [{ destination: "/big", type: "tmpfs", source: "tmpfs" }] |
		.linux.resources.memory = { limit: 67108864, swap: 67108864 }'
	bundle_args sh -c 'head -c 20971520 /dev/zero >/big/base
		for i in 1 2 3 4 5 6 7 8 9 10; do head -c 10485760 /dev/zero >/big/$i; done; echo finished; sleep 1000'
	coffer run --detach --bundle "$BUNDLE" --oom freeze --oom-timeout 0 "${@:2}" "$1" </dev/null \
		>"$TEST_DIR/$1.out" 2>"$TEST_DIR/$1.err"
}

# frozen ID [OPTION...]: the same, once it is stopped and told.
frozen() {
	greedy "$@"
	wait_for 60 oom_state "$1" frozen
}

# One big write may still be in the kernel.
is_told() {
	oom_state "$1" frozen || oom_state "$1" pending
}

oom_state() {
	[[ $(coffer oom show "$1" | jq -r .state) == "$2" ]]
}

kernel_kills() {
	sed -n 's/^oom_kill //p' "$CGROUP/$1/memory.events"
}

@test "without any container: an empty list, and no watcher is started for it" {
	succeeds coffer oom
	equal "$(wc -l <<<"$OUT")" 1
	succeeds coffer oom list
	no_watcher
	fails 1 "is not a process id" coffer oom dump a all
	fails 1 "has no freezing oom policy" coffer oom show a
	fails 1 "unknown command" coffer oom dance
	fails 1 "argument is missing" coffer oom raise a
	fails 1 "a size like" coffer oom raise a much
	fails 1 "--all" coffer oom kill a
	fails 1 "is not a process id" coffer oom kill a x
}

@test "a policy that cannot be is refused, and no container is left" {
	fails 1 "kill, group or freeze" coffer run --oom never a
	fails 1 "no memory limit" coffer run --oom freeze a
	fails 1 "oom-timeout" coffer run --oom kill --oom-timeout soon a
	fails 1 "raise:PERCENT" coffer run --oom kill --oom-default raise:0 a
	fails 1 "absolute path" coffer run --oom kill --oom-hook hook a
	fails 1 "watcher of --oom freeze" coffer run --pressure-notify some:150ms/1s a
	bundle_config '.annotations["run.coffer.oom"] = "never"'
	fails 1 "annotation run.coffer.oom" coffer run a
	bundle_config '.annotations["run.coffer.oom"] = "freeze" | del(.linux.resources.memory)'
	succeeds coffer run a </dev/null
	no_watcher
}

@test "the watcher: locked, realtime, deaf to nonsense, and it waits without a system call" {
	local pid
	background exec_coffer oom watch
	wait_for 10 test -S "$ROOT/.oom/socket"
	OUT=$(python3 - "$ROOT/.oom/socket" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		answers = s.makefile()
		for line in ['{"op":"list"}', 'rubbish', '[]', '{"op":"kill","id":"x","pids":[0]}', '{"op":"watch","id":"../x"}']:
		    s.sendall(line.encode() + b"\n")
		    print(answers.readline(), end="")
	END
	)
	equal "$(jq -c '[.ok, .realtime, .locked]' <<<"$OUT" | head -1)" "[true,true,true]"
	equal "$(jq -c .ok <<<"$OUT" | tail -4 | sort -u)" false
	pid=$(pgrep -f -- "--root $ROOT oom watcher")
	[[ ${COFFER_ASAN-} || $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status") -lt 1024 ]]
	strace -p "$pid" -o "$TEST_DIR/trace" &
	sleep 2
	kill $!
	wait $! || true
	equal "$(grep -cv 'epoll_p\?wait' "$TEST_DIR/trace")" 0
	grep -qx "$pid" "/proc/$HOLDER/root/sys/fs/cgroup/coffer-oom-watcher/cgroup.procs"
	kill "${JOBS[0]}"
	JOBS=()
	wait_for 10 no_watcher
	no_empty_watcher_cgroup
}

# One of another state root may be in it.
no_empty_watcher_cgroup() {
	local dir=/proc/$HOLDER/root/sys/fs/cgroup/coffer-oom-watcher
	[[ ! -d $dir || $(<"$dir/cgroup.procs") ]]
}

@test "freeze: stopped at the limit, told, raised, and it finishes" {
	local told waiting pid
	frozen a
	equal "$(kernel_kills a)" 0
	equal "$(status_of a)" paused
	succeeds coffer oom show a
	told=$OUT
	jq -e '.limit == 67108864 and .high < .limit and .usage > .high * 0.9 and .hits == 1' <<<"$told"
	jq -e '.processes[0].pid > 0 and (.processes | length) == .processCount' <<<"$told"
	equal "$(coffer stats -f json a | jq -c '.[0].memory | [.max, .high]')" "$(jq -c '[.limit, .high]' <<<"$told")"
	fails 255 "frozen at its memory limit" coffer exec a true
	pid=$(jq '.processes[0].pid' <<<"$told")
	succeeds coffer oom dump a "$pid"
	jq -e '(.mappings | map(.resident) | add) > 0 and .threads[0].tid and .files[0].target and .status.Name' <<<"$OUT"
	jq -e '.threads[0].kernelStack | length > 0' <<<"$OUT"
	fails 1 "is not in container" coffer oom dump a $$
	exec_coffer exec --ignore-paused a echo waited >"$TEST_DIR/waited" 2>&1 &
	waiting=$!
	fails 1 "stays frozen" coffer oom resume a
	[[ ! -s $TEST_DIR/waited ]]
	gives 0 on_tty --expect "q: quit" --send '1\n' --expect "a: frozen" --send 'c\n' --expect "stays frozen" \
		--send 'r 256m\n' --expect "done" --send 'q\n' -- "${RUNTIME[@]}" oom
	gives 0 wait "$waiting"
	equal "$(<"$TEST_DIR/waited")" waited
	wait_for 60 grep -q finished "$TEST_DIR/a.out"
	wait_for 10 oom_state a armed
	equal "$(<"$CGROUP/a/memory.max") $(kernel_kills a)" "268435456 0"
	equal "$(coffer oom list | awk '$1 == "a" { print $2 }')" armed
}

@test "freeze: an engine's update raises it too" {
	frozen a
	fails 1 "memory.high belongs to its oom policy" coffer update --limit memory.high=max --memory 256m a
	fails 1 "needs a memory limit" coffer update --memory -1 a
	equal "$(<"$CGROUP/a/memory.high") $(coffer oom show a | jq -r .state)" "67108864 frozen"
	succeeds coffer update --memory 256m --memory-swap 256m a
	wait_for 60 grep -q finished "$TEST_DIR/a.out"
	equal "$(kernel_kills a)" 0
}

# growing ID: 32 MiB are its limit, and 40 MiB what it takes.
growing() {
	bundle_config '.mounts += [{ destination: "/big", type: "tmpfs", source: "tmpfs" }] |
		.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
	bundle_args sh -c 'for i in 1 2 3 4; do head -c 10485760 /dev/zero >/big/$i; done; echo finished'
	coffer run --oom freeze --oom-timeout 60s --oom-default kill-group "$1" </dev/null >"$TEST_DIR/$1.out"
	equal "$(<"$TEST_DIR/$1.out")" finished
}

@test "the clients of the documents, in shell and in C, decide" {
	need_controller memory
	gcc -o "$TEST_DIR/client" "$BATS_TEST_DIRNAME/../../docs/oom-client.c"
	background env "COFFER=${RUNTIME[*]}" "$BATS_TEST_DIRNAME/../../docs/oom-client.sh"
	wait_for 10 test -S "$ROOT/.oom/socket"
	growing a
	pkill -P "${JOBS[0]}"
	background "$TEST_DIR/client" "$ROOT/.oom/socket" # before the watcher ends for want of work
	growing b
	kill "${JOBS[1]}"
	JOBS=()
}

@test "freeze: kill chosen processes, or all" {
	frozen a
	fails 1 "is not in container" coffer oom kill a $$
	succeeds coffer oom kill --all a
	wait_for_status a stopped 20
	equal "$(jq -r .memory.killedAtLimit <<<"$(coffer state a)")" none
}

@test "freeze: the default decides when nobody does" {
	greedy a --oom-timeout 1s --oom-default raise:300
	wait_for 60 grep -q finished "$TEST_DIR/a.out"
	wait_for 10 oom_state a armed
	equal "$(<"$CGROUP/a/memory.max") $(kernel_kills a)" "268435456 0"
	equal "$(coffer oom show a | jq -r '.hits, .outcome' | paste -sd ' ')" "1 raised"
}

@test "freeze: kill-largest leaves the rest" {
	need_controller memory
	bundle_config '.linux.resources.memory = { limit: 67108864, swap: 67108864 }'
	bundle_args sh -c 'tail /dev/zero; echo tail ended with $?; sleep 1000'
	coffer run --detach --oom freeze --oom-timeout 500ms a </dev/null >"$TEST_DIR/a.out" 2>&1
	wait_for 60 grep -q "tail ended with 137" "$TEST_DIR/a.out"
	equal "$(kernel_kills a) $(status_of a)" "0 running"
}

@test "freeze: the hook and the socket are told" {
	need_controller memory
	cat >"$TEST_DIR/hook" <<-END
		#!/bin/sh
		cat >$TEST_DIR/told.new && mv $TEST_DIR/told.new $TEST_DIR/told
	END
	chmod +x "$TEST_DIR/hook"
	frozen a --oom-hook "$TEST_DIR/hook"
	wait_for 10 test -e "$TEST_DIR/told"
	jq -e '.type == "oom" and .event == "hit" and .id == "a"' "$TEST_DIR/told"
}

@test "freeze: processes in cgroups that the container has made itself are stopped too" {
	need_controller memory
	bundle_config '(.mounts[] | select(.destination == "/sys/fs/cgroup").options) -= ["ro"] |
		.mounts += [{ destination: "/big", type: "tmpfs", source: "tmpfs" }] |
		.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
	bundle_args sh -c 'cd /sys/fs/cgroup && mkdir inner && echo 0 >inner/cgroup.procs &&
		echo +memory >cgroup.subtree_control && [ -e inner/memory.max ] || exit
		head -c 41943040 /dev/zero >/big/a; echo finished; sleep 1000'
	coffer run --detach --oom freeze --oom-timeout 0 a </dev/null >"$TEST_DIR/a.out" 2>&1
	wait_for 60 is_told a
	jq -e '.processCount >= 2 and .kernelKills == 0' <<<"$(coffer oom show a)"
	succeeds coffer oom raise a 128m
	wait_for 60 grep -q finished "$TEST_DIR/a.out"
	equal "$(sed -n 's/^oom_kill //p' "$CGROUP/a/inner/memory.events")" 0
}

@test "freeze: page cache is no hit" {
	need_controller memory
	DISK=$(mktemp -d /var/tmp/coffer-test.XXXXXX)
	mkdir "$BUNDLE/rootfs/disk"
	bundle_config '.mounts += [{ destination: "/disk", source: $disk, options: ["bind"] }] |
		.linux.resources.memory = { limit: 33554432, swap: 33554432 }' --arg disk "$DISK"
	bundle_args sh -c 'dd if=/dev/zero of=/disk/a bs=1M count=96; cat /disk/a >/dev/null; echo read; sleep 1000'
	background exec_coffer oom watch
	coffer run --detach --oom freeze --oom-timeout 0 --pressure-notify some:10ms/1s a </dev/null >"$TEST_DIR/a.out" 2>&1
	wait_for 120 grep -q read "$TEST_DIR/a.out"
	wait_for 5 grep -q '"event":"pressure","id":"a"' "$TEST_DIR/job.0"
	kill "${JOBS[0]}"
	JOBS=()
	equal "$(coffer oom show a | jq -c '[.hits, .thawedHits]') $(kernel_kills a)" "[0,0] 0"
	coffer delete --force a
	rm -rf "$DISK"
}

@test "freeze: a watcher that dies leaves a finite limit, and the next one goes on" {
	local pid
	need_controller cpu
	frozen a --limit "cpu.max=90000 100000"
	equal "$(<"$CGROUP/a/cpu.max")" "90000 100000"
	pid=$(pgrep -f -- "--root $ROOT oom watcher")
	kill -9 "$pid"
	wait_for 5 no_watcher
	# As if it had died between its first write and all that has to stop.
	python3 - "$CGROUP/a" <<-END
		import os, sys
		os.setxattr(sys.argv[1], "trusted.coffer.cpu.max", b"90000 100000")
		os.setxattr(sys.argv[1], "trusted.coffer.memory.swap.max", b"1048576")
		os.setxattr(sys.argv[1], "trusted.coffer.boost", b"")
		for pid in map(int, open(sys.argv[1] + "/cgroup.procs")):
		    assert os.sched_getscheduler(pid) == os.SCHED_OTHER
		    os.sched_setscheduler(pid, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
	END
	echo 1000000000 >"$CGROUP/a/cpu.max"
	echo 65536 >"$CGROUP/a/memory.swap.max"
	[[ $(<"$CGROUP/a/memory.max") != max ]]
	equal "$(status_of a)" paused
	wait_for 10 oom_state a frozen
	equal "$(<"$CGROUP/a/cpu.max")" "90000 100000"
	equal "$(<"$CGROUP/a/memory.swap.max")" 1048576
	equal "$(xargs -n 1 chrt -p <"$CGROUP/a/cgroup.procs" | grep -c SCHED_OTHER)" "$(wc -l <"$CGROUP/a/cgroup.procs")"
	succeeds coffer oom raise a 256m
	wait_for 60 grep -q finished "$TEST_DIR/a.out"
}

@test "kill and group: the kernel kills, and state tells whom and at which limit" {
	need_controller memory
	bundle_config '.linux.resources.memory = { limit: 16777216, swap: 16777216 }'
	bundle_args sh -c 'tail /dev/zero; echo survived; sleep 1000'
	background exec_coffer events --interval 0
	coffer run --detach --oom kill a </dev/null >"$TEST_DIR/a.out" 2>&1
	wait_for 60 grep -q survived "$TEST_DIR/a.out"
	wait_for 10 grep -q '"event":"killed","id":"a".*"name":"tail"' "$TEST_DIR/job.0"
	kill "${JOBS[0]}"
	JOBS=()
	jq -e --arg path "$(jq -r .cgroupPath "$ROOT/a/state.json")" '.memory.killed | length == 1 and
		(.[0] | .pid > 0 and .name == "tail" and .uid == 0 and .cgroup == $path and .limitOf == $path)' \
		<<<"$(coffer state a)"
	equal "$(coffer state a | jq -c '[.memory.kernelKills, .memory.killedAtLimit]')" '[1,"own"]'
	coffer run --detach --oom group b </dev/null >"$TEST_DIR/b.out" 2>&1
	wait_for_status b stopped 30
	equal "$(<"$CGROUP/b/memory.oom.group")" 1
	[[ $(<"$TEST_DIR/b.out") != *survived* ]]
	jq -e '.memory.kernelKills >= 1 and .memory.killedAtLimit == "own" and .memory.peak > 0 and
		(.memory.killed | length) >= 1' <<<"$(coffer state b)"
}

#!/usr/bin/env bats
# limits.bats - linux.resources and linux.cgroupsPath: runtime-spec config-linux.md "Control groups", "Cgroups Path",
# "Cgroup ownership". Every resource is read back from the files of the container's cgroup. That the container is inside
# of it from its first instant is seen from the outside as well.

load helpers
load features

resources() {
	bundle_config '.linux.resources = $resources' --argjson resources "$1"
}

# file_of NAME: a file of the container's cgroup.
file_of() {
	cat "$CGROUP/c/$1"
}

# The resources, and then "FILE=VALUE" of the running container for each FILE.
has() {
	local pair
	resources "$1"
	running c
	for pair in "${@:2}"; do
		equal "${pair%%=*}: $(file_of "${pair%%=*}")" "${pair%%=*}: ${pair#*=}"
	done
}

disk() {
	lsblk -dno MAJ:MIN,TYPE | awk '$2 == "disk" { print $1; exit }'
}

# ---- where the cgroup is ----

@test "no cgroupsPath: a cgroup of the container's name beside the caller's" {
	running c
	equal "$(sed -n s/^0:://p "/proc/$(pid_of c)/cgroup")" "$CGPATH/c"
	grep -qx "$(pid_of c)" "$CGROUP/c/cgroup.procs"
	coffer delete --force c
	not test -e "$CGROUP/c"
}

@test "a relative cgroupsPath is at the same place, an absolute one from the mount point" {
	bundle_config '.linux.cgroupsPath = "own/name"'
	running c
	equal "$(sed -n s/^0:://p "/proc/$(pid_of c)/cgroup")" "$CGPATH/own/name"
	coffer delete --force c
	bundle_config '.linux.cgroupsPath = $path' --arg path "$CGPATH/absolute/name"
	running c
	equal "$(sed -n s/^0:://p "/proc/$(pid_of c)/cgroup")" "$CGPATH/absolute/name"
	coffer delete --force c
	not test -e "$CGROUP/absolute/name"
	rmdir "$CGROUP/own" "$CGROUP/absolute" 2>/dev/null || true
}

@test "the same cgroupsPath twice at a time is refused, and the first container stays" {
	bundle_config '.linux.cgroupsPath = $path' --arg path "$CGPATH/shared"
	running first
	refused shared
	equal "$(status_of first)" running
	equal "$(sed -n s/^0:://p "/proc/$(pid_of first)/cgroup")" "$CGPATH/shared"
}

@test "init is in its cgroup from its first instant: the runtime clones it into it" {
	local calls
	type -P strace >/dev/null || skip "needs strace"
	calls=$TEST_DIR/calls
	strace -f -qq -e trace=clone3,execve -o "$calls" nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$BUNDLE" \
		"$COFFER" --root "$ROOT" run c
	grep -q 'clone3({flags=.*CLONE_INTO_CGROUP' "$calls"
}

@test "a child of the program is in the container's cgroup, as is what exec starts" {
	bundle_args sh -c 'sleep 1000 & wait'
	coffer run --detach c </dev/null >/dev/null
	wait_for 5 eval '[[ $(wc -l <"$CGROUP/c/cgroup.procs") -eq 2 ]]'
	coffer exec --detach c sleep 1000
	equal "$(wc -l <"$CGROUP/c/cgroup.procs")" 3
}

@test "--cgroup-manager disabled makes none" {
	bundle_config 'del(.linux.resources)'
	bundle_args sleep 1000
	coffer --cgroup-manager disabled run --detach c </dev/null >/dev/null
	equal "$(sed -n s/^0:://p "/proc/$(pid_of c)/cgroup")" "$CGPATH/test"
}

# ---- memory ----

@test "memory: limit, reservation, swap" {
	need_controller memory
	has '{"memory": {"limit": 67108864, "reservation": 33554432, "swap": 134217728}}' memory.max=67108864 \
		memory.low=33554432 memory.swap.max=67108864
}

@test "memory: -1 is no limit, swap of the same size is no swap" {
	need_controller memory
	has '{"memory": {"limit": -1, "swap": -1, "reservation": 4096}}' memory.max=max memory.swap.max=max
	coffer delete --force c
	has '{"memory": {"limit": 67108864, "swap": 67108864}}' memory.max=67108864 memory.swap.max=0
}

@test "memory: what only cgroup v1 had is accepted where it promises nothing, else refused" {
	need_controller memory
	has '{"memory": {"limit": 67108864, "kernel": 1000, "kernelTCP": 1000, "swappiness": 0, "useHierarchy": true,
		"disableOOMKiller": false}}' memory.max=67108864
	coffer delete --force c
	resources '{"memory": {"disableOOMKiller": true}}'
	refused linux.resources.memory.disableOOMKiller
	resources '{"memory": {"swappiness": 101}}'
	refused linux.resources.memory.swappiness
}

@test "memory: swap below the limit, and swap without a limit, are refused" {
	resources '{"memory": {"limit": 67108864, "swap": 1000}}'
	refused linux.resources.memory.swap
	resources '{"memory": {"swap": 67108864}}'
	refused linux.resources.memory.swap linux.resources.memory.limit
}

@test "memory: checkBeforeUpdate refuses a limit below what is in use, without it the limit is lowered" {
	need_controller memory
	add_mount /fill tmpfs tmpfs size=20m
	resources '{"memory": {"limit": 67108864}}'
	running c sh -c 'head -c 16000000 /dev/zero >/fill/file; touch /fill/ready; sleep 1000'
	wait_for 10 coffer exec c test -e /fill/ready
	jq -n '{memory: {limit: 8000000, checkBeforeUpdate: true}}' >"$TEST_DIR/limits"
	fails 1 linux.resources.memory.limit coffer update --resources "$TEST_DIR/limits" c
	equal "$(file_of memory.max)" 67108864
	equal "$(status_of c)" running
	jq -n '{memory: {limit: 33554432, checkBeforeUpdate: true}}' >"$TEST_DIR/limits"
	succeeds coffer update --resources "$TEST_DIR/limits" c
	equal "$(file_of memory.max)" 33554432
}

@test "memory: 512 KiB are enough to start busybox true" {
	need_controller memory
	resources '{"memory": {"limit": 524288, "swap": 524288}}'
	succeeds coffer run c
}

@test "memory: a limit that is too small to start says so" {
	need_controller memory
	resources '{"memory": {"limit": 4096, "swap": 4096}}'
	refused linux.resources.memory.limit "raise the limit"
}

@test "memory: more than the limit ends the program by SIGKILL" {
	need_controller memory
	resources '{"memory": {"limit": 16777216, "swap": 16777216}}'
	script 'exec tail /dev/zero'
	fails 137 "" coffer run c || equal "$(wc -c <"$TEST_DIR/stderr")" 0
}

# ---- cpu ----

@test "cpu: shares, quota, period, burst" {
	need_controller cpu
	has '{"cpu": {"shares": 1024, "quota": 50000, "period": 200000, "burst": 20000}}' cpu.weight=100 \
		"cpu.max=50000 200000" cpu.max.burst=20000
}

@test "cpu: the ends of shares, no quota, idle" {
	need_controller cpu
	has '{"cpu": {"shares": 2, "quota": -1, "period": 50000}}' cpu.weight=1 "cpu.max=max 50000"
	coffer delete --force c
	has '{"cpu": {"shares": 262144}}' cpu.weight=10000
	coffer delete --force c
	has '{"cpu": {"idle": 1}}' cpu.idle=1
}

@test "cpu: cpus and mems" {
	need_controller cpuset
	has '{"cpu": {"cpus": "0", "mems": "0"}}' cpuset.cpus=0 cpuset.mems=0
	equal "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(pid_of c)/status")" 0
	coffer delete --force c
	resources '{"cpu": {"cpus": "9999"}}'
	refused cpuset.cpus 9999
}

@test "cpu: realtime groups do not exist on v2, out of range values are named" {
	resources '{"cpu": {"realtimeRuntime": 1000}}'
	refused linux.resources.cpu.realtimeRuntime
	resources '{"cpu": {"quota": 10}}'
	refused linux.resources.cpu.quota
	resources '{"cpu": {"period": 10}}'
	refused linux.resources.cpu.period
	resources '{"cpu": {"idle": 2}}'
	refused linux.resources.cpu.idle
	resources '{"cpu": {"quota": 10000, "burst": 20000}}'
	refused linux.resources.cpu.burst
}

# ---- the others ----

@test "pids: a limit is enforced, -1 is none" {
	need_controller pids
	has '{"pids": {"limit": 5}}' pids.max=5
	coffer delete --force c
	script 'for i in 1 2 3 4 5 6; do sleep 5 & done; wait'
	run coffer run c
	[[ $output == *"can't fork"* ]]
	has '{"pids": {"limit": -1}}' pids.max=max
}

@test "blockIO: weight and rates of a device" {
	local disk
	need_controller io
	disk=$(disk)
	[[ $disk ]] || skip "no disk"
	resources "$(jq -n --arg disk "$disk" '($disk / ":" | map(tonumber)) as [$major, $minor] | {blockIO: {
		throttleReadBpsDevice: [{$major, $minor, rate: 1000000}],
		throttleWriteBpsDevice: [{$major, $minor, rate: 2000000}],
		throttleReadIOPSDevice: [{$major, $minor, rate: 300}],
		throttleWriteIOPSDevice: [{$major, $minor, rate: 400}]}}')"
	running c
	equal "$(file_of io.max)" "$disk rbps=1000000 wbps=2000000 riops=300 wiops=400"
}

@test "blockIO: weight" {
	need_controller io
	resources '{"blockIO": {"weight": 100, "leafWeight": 100}}'
	if [[ ! -e $CGROUP/io.weight && ! -e $CGROUP/io.bfq.weight ]] && ! grep -qw io "$CGROUP/cgroup.subtree_control"; then
		echo +io >"$CGROUP/cgroup.subtree_control" || true
	fi
	if [[ -e $CGROUP/test/io.weight || -e $CGROUP/test/io.bfq.weight ]]; then
		running c
		[[ $(cat "$CGROUP"/c/io.{bfq.,}weight 2>/dev/null) =~ default\ (100|910) ]]
	else
		refused blockIO || refused io.weight
	fi
	resources '{"blockIO": {"weight": 5}}'
	fails 1 linux.resources.blockIO.weight coffer run other
}

# need_file NAME: one that Debian's cloud kernel lacks, which is a skip in the test VM, too; tests/vm/kernel builds one
# that has them all.
need_file() {
	grep -qw "${1%%.*}" "$CGROUP/cgroup.subtree_control" || echo "+${1%%.*}" >"$CGROUP/cgroup.subtree_control"
	[[ -e $CGROUP/test/$1 ]] || skip "this kernel has no $1"
}

# limited FILE GIVEN FOUND AGAIN FOUND: by an annotation first, and then by an update.
limited() {
	bundle_config '.annotations["run.coffer.limit." + $file] = $value' --arg file "$1" --arg value "$2"
	running c
	equal "$(file_of "$1")" "$3"
	succeeds coffer update --limit "$1=$4" c
	equal "$(file_of "$1")" "$5"
}

@test "zswap: how much memory holds compressed pages, and whether they go on to the swap" {
	need_controller memory
	need_file memory.zswap.max
	limited memory.zswap.max 8m 8388608 4m 4194304
	succeeds coffer stats --format json c
	equal "$(jq -c '.[0].memory | [.zswapCurrent, .zswapMax]' <<<"$OUT")" "[0,4194304]"
	need_file memory.zswap.writeback # Linux 6.8
	succeeds coffer update --limit memory.zswap.writeback=0 c
	equal "$(file_of memory.zswap.writeback)" 0
}

# sched(7) has the clamps as 1024ths in /proc/PID/sched.
clamps_of() {
	sed -n 's/^effective uclamp\.\(min\|max\) *: */\1 /p' "/proc/$(pid_of c)/sched" | paste -sd ' '
}

@test "cpu.uclamp: the clamps are those of the container's processes" {
	need_controller cpu
	need_file cpu.uclamp.min
	bundle_config '.annotations["run.coffer.limit.cpu.uclamp.max"] = "60"'
	echo max >"$CGROUP/cpu.uclamp.min" # no more than what the cgroup above has
	limited cpu.uclamp.min 20 20.00 12.5 12.50
	equal "$(file_of cpu.uclamp.max)" 60.00
	equal "$(clamps_of)" "min 128 max 614"
	fails 1 cpu.uclamp.max coffer update --limit cpu.uclamp.max=101 c
}

@test "io.latency: a target for a disk" {
	need_controller io
	need_file io.latency
	limited io.latency "$(disk) target=10000" "$(disk) target=10000" "$(disk) target=500" "$(disk) target=500"
	fails 1 io.latency coffer update --limit "io.latency=511:77 target=1" c
}

@test "hugepageLimits: faults and reservations of a size" {
	need_controller hugetlb
	has '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}' hugetlb.2MB.max=4194304 \
		hugetlb.2MB.rsvd.max=4194304
	coffer delete --force c
	resources '{"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]}'
	refused 3MB
	resources '{"hugepageLimits": [{"pageSize": "many", "limit": 1}]}'
	refused linux.resources.hugepageLimits many
}

@test "rdma: a device that is not there is named; broken entries are refused" {
	need_controller rdma
	resources '{"rdma": {"mlx9": {"hcaHandles": 3, "hcaObjects": 10}}}'
	refused mlx9
	resources '{"rdma": {"mlx9": {}}}'
	refused linux.resources.rdma
}

@test "unified: files are written verbatim, after the rest" {
	need_controller memory
	need_controller pids
	has '{"memory": {"limit": 67108864}, "unified": {"memory.high": "33554432", "memory.max": "50331648",
		"pids.max": "77"}}' memory.high=33554432 memory.max=50331648 pids.max=77
}

@test "unified: a hugetlb file" {
	need_controller hugetlb
	has '{"unified": {"hugetlb.2MB.max": "2097152"}}' hugetlb.2MB.max=2097152
}

@test "unified: a name that is no cgroup file is refused, and nothing is written outside" {
	local name
	for name in ../memory.max a/b . .. "" nodot; do
		bundle_config '.linux.resources = {unified: {($name): "1"}}' --arg name "$name"
		refused linux.resources.unified
	done
	resources '{"unified": {"hugetlb.2MB.nothing": "1"}}'
	refused hugetlb.2MB.nothing
}

@test "a controller that this host does not have on v2 is named" {
	local have
	have=" $(<"/proc/$HOLDER/root/sys/fs/cgroup/cgroup.controllers") "
	[[ $have != *" memory "* ]] || skip "it has all"
	resources '{"memory": {"limit": 67108864}}'
	refused memory controller
}

@test "network class and priorities exist on v1 only: refused; unknown members are ignored" {
	resources '{"network": {"classID": 5}}'
	refused linux.resources.network
	resources '{"someday": {"x": 1}}'
	succeeds coffer run c
}

# ---- the cgroup in the container's hands ----

# delegated [OPTION...]: a user namespace and a cgroup mount with these options.
delegated() {
	user_namespace
	bundle_config '(.mounts[] | select(.type == "cgroup")).options = $ARGS.positional' --args -- "$@"
}

@test "with a user namespace and a writable cgroup mount the cgroup is the container's root's, its limits are not" {
	need_controller hugetlb
	delegated rw
	resources '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	running c
	equal "$(stat -c %u "$CGROUP/c" "$CGROUP/c/cgroup.procs" "$CGROUP/c/cgroup.subtree_control" | xargs)" \
		"100000 100000 100000"
	equal "$(stat -c %u "$CGROUP/c/hugetlb.2MB.max" "$CGROUP/cgroup.procs" | xargs)" "0 0"
	succeeds coffer exec c sh -c 'cd /sys/fs/cgroup && mkdir sub && echo 0 >sub/cgroup.procs && cat /proc/self/cgroup
		(echo max >hugetlb.2MB.max) 2>&1; true'
	says 0::/sub "Permission denied"
	equal "$(file_of hugetlb.2MB.max)" 4194304
	coffer delete --force c
	not test -e "$CGROUP/c"
}

@test "a read-only cgroup mount, or no cgroup namespace, leaves the cgroup root's" {
	delegated ro
	running c
	equal "$(stat -c %u "$CGROUP/c")" 0
	coffer delete --force c
	delegated rw
	no_namespace cgroup
	running c
	equal "$(stat -c %u "$CGROUP/c")" 0
}

@test "children with controllers: the container divides what it was given" {
	need_controller memory
	delegated rw
	resources '{"memory": {"limit": 67108864}}'
	script 'cd /sys/fs/cgroup && mkdir init work && echo 1 >init/cgroup.procs && echo +memory >cgroup.subtree_control &&
		echo 1000000 >work/memory.max && cat work/memory.max'
	succeeds coffer run c
	prints 999424
}

@test "what the container leaves in its cgroup goes with it" {
	delegated rw
	running c sh -c 'cd /sys/fs/cgroup && mkdir -p a/b/c d && sleep 1000'
	wait_for 5 test -d "$CGROUP/c/d"
	succeeds coffer delete --force c
	not test -e "$CGROUP/c"
}

# In numbers, for what is read back above: for ten seconds, all at once.
@test "cpu and io limits hold: half a CPU within 2 %, 2:1 within 5 %, 2 MiB/s within 10 %" {
	local name loop='while :; do :; done' device status=0
	[[ ${COFFER_VM-} ]] || skip "measured in the test VM, which has every cgroup controller to itself"
	need_controller cpu && need_controller cpuset && need_controller io
	DISK=$(mktemp -d /var/tmp/coffer-test.XXXXXX)
	device=$(stat -c '%Hd %Ld' "$DISK")
	mkdir "$BUNDLE/rootfs/disk"
	bundle_config '.mounts += [{ destination: "/disk", source: $disk, options: ["bind", "rw"] }] |
		.process.capabilities.effective += ["CAP_DAC_OVERRIDE"]' --arg disk "$DISK"
	echo 500 >"$CGROUP/cpu.weight" # the tests beside this one are busy too
	resources '{ "cpu": { "quota": 50000, "period": 100000, "cpus": "0" }, "unified": { "cpu.weight": "1000" } }'
	running half sh -c "$loop"
	resources '{ "cpu": { "cpus": "1" }, "unified": { "cpu.weight": "200" } }'
	running two sh -c "$loop"
	resources '{ "cpu": { "cpus": "1" }, "unified": { "cpu.weight": "100" } }'
	running one sh -c "$loop"
	resources "{ \"cpu\": { \"cpus\": \"0\" }, \"blockIO\": { \"throttleWriteBpsDevice\":
		[{ \"major\": ${device% *}, \"minor\": ${device#* }, \"rate\": 2097152 }] } }"
	running disk sh -c 'while dd if=/dev/zero of=/disk/file bs=64k count=64 oflag=direct conv=notrunc 2>/disk/error; do :; done'
	for name in half one two disk; do
		wait_for_status "$name" running
	done
	measured_for_ten_seconds || status=$?
	coffer delete --force disk
	rm -rf "$DISK"
	[[ $status -ne 77 ]] || skip "the machine stood still for more than a hundredth of the time, three times"
	equal "$status" 0
}

# What the four containers of this test got, and whether that is what it is to be. A machine that stands still takes from
# all of them, so less than due is measured again, twice, and then counts if the machine did not; more than due is never
# right. Whether it did says a thread of the highest priority. Status 77: it did.
measured_for_ten_seconds() {
	python3 - "$CGROUP" <<-'END'
		import os, re, sys, threading, time

		stood = 0

		def doze():
		    global stood
		    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(60))
		    while True:
		        due = time.monotonic() + 0.005
		        time.sleep(0.005)
		        late = time.monotonic() - due
		        stood += late if late > 0.01 else 0

		threading.Thread(target=doze, daemon=True).start()

		def read(name, file, pattern):
		    """A number, and when it was so."""
		    before = time.monotonic()
		    found = re.search(pattern, open(f"{sys.argv[1]}/{name}/{file}").read())
		    return int(found[1]) if found else 0, (before + time.monotonic()) / 2

		def look():
		    cpu = [read(name, "cpu.stat", r"usage_usec (\d+)") for name in ("half", "two", "one")]
		    return [*cpu, read("disk", "io.stat", r"wbytes=(\d+)")]

		excused = True
		for attempt in range(3):
		    before, stood = look(), 0
		    time.sleep(10)
		    rates = [(now - then) / (end - start) for (now, end), (then, start) in zip(look(), before)]
		    half, two, one, written = rates[0] / 1e6, *rates[1:3], rates[3] / 2**20
		    print(f"quota {half:.4f} CPU, 2:1 is {two / one:.4f}, {written:.3f} MiB/s; the machine stood for {stood:.2f} s")
		    excused = excused and stood > 0.1
		    if half > 0.51 or written > 2.2:
		        sys.exit("more than the limit")
		    if half >= 0.49 and 1.9 <= two / one <= 2.1 and written >= 1.8:
		        sys.exit()
		sys.exit(77 if excused else "not within the bounds")
	END
}

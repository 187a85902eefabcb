#!/usr/bin/env bats
# namespaces.bats - linux.namespaces, linux.timeOffsets, hostname and domainname: runtime-spec config-linux.md
# "Namespaces", "Offset for Time Namespace". Every kind new, inherited and joined by path, alone, together, and in the
# combinations that Kubernetes uses.

load helpers
load features

readonly kinds=(mnt:mount pid:pid net:network ipc:ipc uts:uts cgroup:cgroup time:time user:user)

@test "each kind is new when it is listed" {
	local kind pid
	user_namespace
	namespace time
	running c
	pid=$(pid_of c)
	for kind in "${kinds[@]}"; do
		not equal "$(ns_of "$pid" "${kind%:*}")" "$(inside readlink "/proc/self/ns/${kind%:*}")"
	done
}

@test "a kind that is not listed is the runtime's" {
	local kind pid
	bundle_config '.linux.namespaces = [{type: "mount"}] | del(.hostname)'
	running c
	pid=$(pid_of c)
	for kind in "${kinds[@]:1}"; do
		equal "$(ns_of "$pid" "${kind%:*}")" "$(ns_of self "${kind%:*}")"
	done
}

@test "each kind alone joined by path" {
	local kind first
	namespace time
	running first
	first=$(pid_of first)
	for kind in pid:pid net:network ipc:ipc uts:uts cgroup:cgroup time:time; do
		cp "$FILE_DIR/bundle/config.json" "$BUNDLE/config.json"
		bundle_config 'del(.hostname)'
		namespace "${kind#*:}" "/proc/$first/ns/${kind%:*}"
		running "c-${kind%:*}"
		equal "$(ns_of "$(pid_of "c-${kind%:*}")" "${kind%:*}")" "$(ns_of "$first" "${kind%:*}")"
		not equal "$(ns_of "$(pid_of "c-${kind%:*}")" mnt)" "$(ns_of "$first" mnt)"
	done
}

@test "a mount namespace joined by path: its tree is the container's" {
	local other
	nsenter --mount="/proc/$HOLDER/ns/mnt" unshare --mount --propagation private sh -c "mount -t tmpfs none /mnt && echo here >/mnt/sign &&
		touch '$TEST_DIR/ready' && exec sleep 100" 3>&- &
	other=$!
	wait_for 10 test -e "$TEST_DIR/ready"
	namespace mount "/proc/$other/ns/mnt"
	bundle_config '.mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths) | .process.cwd = "/mnt"'
	bundle_args cat sign
	succeeds coffer run c
	kill "$other"
	prints here
}

@test "a pod: network, ipc and uts namespace of a pause container" {
	local kind pause worker
	bundle_config '.hostname = "pod"'
	running pause
	pause=$(pid_of pause)
	for kind in net:network ipc:ipc uts:uts; do
		namespace "${kind#*:}" "/proc/$pause/ns/${kind%:*}"
	done
	bundle_config '.linux.sysctl = {"net.ipv4.ping_group_range": "0 0"}'
	running worker
	worker=$(pid_of worker)
	for kind in net ipc uts; do
		equal "$(ns_of "$worker" $kind)" "$(ns_of "$pause" $kind)"
	done
	for kind in pid mnt cgroup; do
		not equal "$(ns_of "$worker" $kind)" "$(ns_of "$pause" $kind)"
	done
	succeeds coffer exec worker hostname
	prints pod
}

@test "all namespaces of a container joined at once, the user namespace too" {
	local kind first second
	user_namespace
	running first
	first=$(pid_of first)
	bundle_config 'del(.hostname)'
	for kind in net:network ipc:ipc uts:uts cgroup:cgroup pid:pid user:user; do
		namespace "${kind#*:}" "/proc/$first/ns/${kind%:*}"
	done
	running second
	second=$(pid_of second)
	for kind in net ipc uts cgroup pid user; do
		equal "$(ns_of "$second" $kind)" "$(ns_of "$first" $kind)"
	done
	succeeds coffer exec second sh -c 'readlink /proc/self/ns/pid; cat /proc/1/comm; id -u'
	prints "$(ns_of "$first" pid)"$'\n'sleep$'\n'0
}

@test "user and mount namespace of a container joined: its tree is the container's" {
	user_namespace
	running first
	succeeds coffer exec first sh -c 'echo here >/dev/shm/sign'
	namespace user "/proc/$(pid_of first)/ns/user"
	namespace mount "/proc/$(pid_of first)/ns/mnt"
	bundle_config '.mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)'
	in_container 'cat /dev/shm/sign; ls -d /usr 2>&1; true'
	equal "$(line 1)" here
	says "No such file"
}

@test "a joined user namespace with a new pid namespace" {
	user_namespace
	running first
	namespace user "/proc/$(pid_of first)/ns/user"
	in_container 'cat /proc/1/comm; echo $$; tr -s " " </proc/self/uid_map; id -u'
	prints $'sh\n1\n 0 100000 65536\n0'
}

@test "a joined pid namespace with a new user namespace: proc shows that pid namespace" {
	local first
	running first
	first=$(pid_of first)
	user_namespace
	namespace pid "/proc/$first/ns/pid"
	in_container 'readlink /proc/self/ns/pid; cat /proc/1/comm; test -d /proc/$$ && test $$ -gt 1 && echo mine
		set -- /proc/[0-9]*; test $# -lt 6 && echo few; tr -s " " </proc/self/uid_map; ls -d /proc/sys/kernel'
	prints "$(ns_of "$first" pid)"$'\nsleep\nmine\nfew\n 0 100000 65536\n/proc/sys/kernel'
}

@test "a joined pid namespace without a user namespace: proc shows that pid namespace" {
	local first
	running first
	first=$(pid_of first)
	namespace pid "/proc/$first/ns/pid"
	in_container 'readlink /proc/self/ns/pid; cat /proc/1/comm; test -d /proc/$$ && echo mine'
	prints "$(ns_of "$first" pid)"$'\nsleep\nmine'
}

@test "a new pid namespace: the program is process 1 and sees nobody else" {
	in_container 'echo $$; echo /proc/[0-9]*; readlink /proc/self'
	matches $'^1\n/proc/1\n'
}

@test "a new network namespace has lo only, and it is up" {
	in_container 'ls /sys/class/net; ip addr show lo'
	equal "$(line 1)" lo
	says 127.0.0.1/8 LOOPBACK,UP
	equal "$(grep -c '^[^ ]' <<<"$OUT")" 2
}

@test "time offsets move monotonic and boot time, back as well" {
	namespace time
	bundle_config '.linux.timeOffsets = {monotonic: {secs: 100000}, boottime: {secs: 500000, nanosecs: 5}}'
	in_container 'tr -s " " </proc/self/timens_offsets; read -r up _ </proc/uptime
		test "${up%.*}" -ge 500000 && echo far'
	prints $'monotonic 100000 0\nboottime 500000 5\nfar'
	bundle_config '.linux.timeOffsets = {boottime: {secs: -1}}'
	in_container 'tr -s " " </proc/self/timens_offsets'
	prints $'monotonic 0 0\nboottime -1 0'
}

@test "time offsets in a new user namespace" {
	user_namespace
	namespace time
	bundle_config '.linux.timeOffsets = {boottime: {secs: 500000}}'
	in_container 'read -r up _ </proc/uptime; test "${up%.*}" -ge 500000 && echo far'
	prints far
}

@test "time offsets without a new time namespace are refused" {
	bundle_config '.linux.timeOffsets = {boottime: {secs: 1}}'
	refused linux.timeOffsets "time namespace"
}

@test "a new cgroup namespace: the own cgroup shows as /" {
	in_container 'cat /proc/self/cgroup /sys/fs/cgroup/cgroup.procs; test -e /sys/fs/cgroup/cgroup.events && echo part'
	equal "$(grep ^0:: <<<"$OUT")" 0::/
	says $'\n1' part
}

@test "without a cgroup namespace the mount shows the own cgroup and nothing above it" {
	no_namespace cgroup
	in_container 'cat /proc/self/cgroup; echo --; cat /sys/fs/cgroup/cgroup.procs; cd /sys/fs/cgroup; ls ..;
		test -e cgroup.events && echo part'
	equal "$(grep ^0:: <<<"$OUT")" "0::$CGPATH/c"
	says $'--\n1\n' part
	not grep -q cgroup.procs <<<"$OUT"
}

@test "hostname and domainname are the container's, the host's stay" {
	local before
	before=$(uname -n)
	bundle_config '.hostname = "box" | .domainname = "example.org"'
	in_container 'hostname; cat /proc/sys/kernel/domainname'
	prints $'box\nexample.org'
	equal "$(uname -n)" "$before"
}

@test "a hostname or domainname without a UTS namespace is refused, the host's stay" {
	local before
	before=$(uname -n)
	no_namespace uts
	refused hostname uts
	bundle_config 'del(.hostname) | .domainname = "example.org"'
	refused domainname uts
	equal "$(uname -n)" "$before"
}

@test "a path that is no namespace, of another kind, missing or relative is refused" {
	local path
	for path in /etc/passwd /proc/self/ns/uts /nowhere relative/path; do
		namespace ipc $path
		refused linux.namespaces
	done
}

@test "a kind that is listed twice or unknown is refused" {
	bundle_config '.linux.namespaces += [{type: "uts"}]'
	refused linux.namespaces twice
	bundle_config '.linux.namespaces = [{type: "mount"}, {type: "bogus"}]'
	refused linux.namespaces bogus
}

#!/usr/bin/env bats
# devices.bats - linux.devices and linux.resources.devices: runtime-spec config-linux.md "Devices", "Default Devices",
# "Allowed Device list": the nodes, and the rules of who may use them, which eBPF enforces.

load helpers
load features

# device PATH TYPE [MAJOR MINOR [MODE UID GID]]
device() {
	bundle_config '.linux.devices += [{path: $a[0], type: $a[1]} +
		if $a[2] then {major: ($a[2] | tonumber), minor: ($a[3] | tonumber)} else {} end +
		if $a[4] then {fileMode: ($a[4] | tonumber), uid: ($a[5] | tonumber), gid: ($a[6] | tonumber)} else {} end] |
		del(..|nulls)' --argjson a "$(jq -nc '$ARGS.positional' --args -- "$@")"
}

# rules JSON: linux.resources.devices.
rules() {
	bundle_config '.linux.resources.devices = $rules' --argjson rules "$1"
}

# What the kernel itself asks for to make a node and to open kmsg (1:11) and mem (1:1), so that only rules can refuse.
device_caps() {
	local names=CAP_MKNOD,CAP_SYSLOG,CAP_SYS_RAWIO
	caps bounding=$names effective=$names permitted=$names
}

@test "the default devices: numbers, modes, owners, and they work" {
	in_container 'cd /dev && stat -c "%n %t:%T %a %u:%g %F" null zero full random urandom tty
		echo gone >null; head -c 3 zero | wc -c; echo x 2>&1 >full; head -c 4 urandom | wc -c'
	equal "$(head -6 <<<"$OUT")" "null 1:3 666 0:0 character special file
zero 1:5 666 0:0 character special file
full 1:7 666 0:0 character special file
random 1:8 666 0:0 character special file
urandom 1:9 666 0:0 character special file
tty 5:0 666 0:0 character special file"
	says $'\n3\n' "No space left" $'\n4'
}

@test "the links of /dev" {
	in_container 'cd /dev && for link in fd stdin stdout stderr ptmx; do readlink $link; done'
	prints $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx'
}

@test "listed devices: char, block, unbuffered, fifo, anywhere, with mode and owner" {
	device /dev/fuse c 10 229 416 5 6
	device /dev/sub/block b 7 200 432 0 0
	device /dev/unbuffered u 1 3
	device /dev/fifo p
	device /opt/zero c 1 5
	in_container 'stat -c "%n %t:%T %a %u:%g %F" /dev/fuse /dev/sub/block /dev/unbuffered /dev/fifo /opt/zero'
	prints "/dev/fuse a:e5 640 5:6 character special file
/dev/sub/block 7:c8 660 0:0 block special file
/dev/unbuffered 1:3 666 0:0 character special file
/dev/fifo 0:0 666 0:0 fifo
/opt/zero 1:5 666 0:0 character special file"
}

@test "a mode with the type's bits, as Podman sends it" {
	device /dev/fuse c 10 229 8630 0 0
	in_container 'stat -c "%a %F" /dev/fuse'
	prints "666 character special file"
}

@test "a default device that is listed has the listed mode" {
	device /dev/null c 1 3 384 0 0
	in_container 'stat -c %a /dev/null'
	prints 600
}

@test "another file where a device should be is refused and stays; the same device is taken" {
	dev_root
	mkdir -p "$BUNDLE/rootfs/opt"
	echo text >"$BUNDLE/rootfs/opt/zero"
	device /opt/zero c 1 5
	refused /opt/zero
	equal "$(<"$BUNDLE/rootfs/opt/zero")" text
	rm "$BUNDLE/rootfs/opt/zero"
	mknod "$BUNDLE/rootfs/opt/zero" c 1 7
	refused /opt/zero
	rm "$BUNDLE/rootfs/opt/zero"
	mknod "$BUNDLE/rootfs/opt/zero" c 1 5
	in_container 'stat -c %t:%T /opt/zero'
	prints 1:5
}

@test "without rules every device may be used" {
	device_caps
	bundle_config 'del(.linux.resources.devices)'
	device /dev/kmsg c 1 11
	in_container ': </dev/kmsg && echo read; : >/dev/kmsg && echo write'
	prints $'read\nwrite'
}

@test "rules are enforced: deny all leaves the defaults, and no reading or writing of others" {
	device_caps
	device /dev/kmsg c 1 11
	rules '[{"allow": false, "access": "rwm"}]'
	in_container '(: </dev/kmsg) 2>&1; (: >/dev/kmsg) 2>&1; : >/dev/null; head -c 1 /dev/zero | wc -c; : </dev/full &&
		echo full'
	equal "$(grep -c "Operation not permitted" <<<"$OUT")" 2
	says $'1\nfull'
}

@test "rules apply in their order, by type, number and access" {
	device_caps
	device /dev/kmsg c 1 11
	device /dev/mem c 1 1
	rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]'
	in_container ': </dev/kmsg && echo read; (: >/dev/kmsg) 2>&1; (: </dev/mem) 2>&1; true'
	equal "$(line 1)" read
	equal "$(grep -c "Operation not permitted" <<<"$OUT")" 2
	rules '[{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "rw"}, {"allow": false, "access": "rwm"}]'
	in_container '(: </dev/kmsg) 2>&1; (: >/dev/kmsg) 2>&1; true'
	equal "$(grep -c "Operation not permitted" <<<"$OUT")" 2
}

@test "a rule without numbers is for all, without type for both" {
	device_caps
	device /dev/kmsg c 1 11
	rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "access": "rwm"}]'
	in_container ': </dev/kmsg && echo read'
	prints read
	rules '[{"allow": true, "access": "rwm"}, {"allow": false, "major": 1, "access": "w"}]'
	in_container ': </dev/kmsg && echo read; (: >/dev/kmsg) 2>&1; true'
	equal "$(line 1)" read
	says "Operation not permitted"
}

@test "a node may be made, but not used when no rule allows it" {
	device_caps
	bundle_config '(.mounts[] | select(.destination == "/dev")).options = ["mode=755"]'
	in_container 'cd /dev && mknod k c 1 11 && mknod b b 7 0 && echo made; (: <k) 2>&1; (: >k) 2>&1; (: <b) 2>&1; true'
	equal "$(line 1)" made
	equal "$(grep -c "Operation not permitted" <<<"$OUT")" 3
}

@test "rules hold for exec, and in a cgroup that the container makes below its own" {
	device_caps
	device /dev/kmsg c 1 11
	bundle_config '(.mounts[] | select(.type == "cgroup")).options = ["rw"]'
	running c
	succeeds coffer exec c sh -c '(: </dev/kmsg) 2>&1; mkdir /sys/fs/cgroup/sub && echo 0 >/sys/fs/cgroup/sub/cgroup.procs
		cat /proc/self/cgroup; (: </dev/kmsg) 2>&1; true'
	equal "$(grep -c "Operation not permitted" <<<"$OUT")" 2
	says 0::/sub
}

@test "in a user namespace the nodes are binds of the host's, where those are the same device" {
	user_namespace
	device /dev/fuse c 10 229
	if [[ -c /dev/fuse ]]; then
		in_container 'stat -c "%t:%T %F" /dev/fuse /dev/null; echo x >/dev/null'
		prints $'a:e5 character special file\n1:3 character special file'
	else
		refused /dev/fuse
	fi
	bundle_config '.linux.devices = []'
	device /dev/null c 1 5
	refused /dev/null
}

@test "devices in a user namespace: what the host does not have is refused" {
	user_namespace
	device /dev/coffer-none c 10 229
	refused /dev/coffer-none
}

@test "broken entries are refused: no numbers, unknown type, relative path, numbers out of range, unknown access" {
	device /dev/x c
	refused linux.devices major
	bundle_config '.linux.devices = []'
	device /dev/x y 1 1
	refused linux.devices type
	bundle_config '.linux.devices = []'
	device dev/x c 1 1
	refused linux.devices absolute
	bundle_config '.linux.devices = []'
	device /dev/x c 5000000000 1
	refused linux.devices major
	bundle_config '.linux.devices = []'
	rules '[{"allow": true, "access": "q"}]'
	refused linux.resources.devices
	rules '[{"allow": true, "type": "x"}]'
	refused linux.resources.devices
	rules '[{"access": "r"}]'
	refused linux.resources.devices allow
}

@test "without a /dev mount the nodes are made in the root, and used again by the next container" {
	dev_root
	bundle_config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
	in_container 'stat -c %t:%T /dev/null'
	prints 1:3
	in_container 'stat -c %t:%T /dev/null /dev/zero'
	prints $'1:3\n1:5'
}

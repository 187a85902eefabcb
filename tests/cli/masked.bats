#!/usr/bin/env bats
# masked.bats - linux.maskedPaths and linux.readonlyPaths: runtime-spec config-linux.md "Masked Paths", "Readonly Paths".

load helpers
load features

masked() {
	bundle_config '.linux.maskedPaths = $ARGS.positional' --args -- "$@"
}

readonly_paths() {
	bundle_config '.linux.readonlyPaths = $ARGS.positional' --args -- "$@"
}

@test "a masked file reads as empty, a masked directory is empty and read-only" {
	mkdir "$BUNDLE/rootfs/secret"
	touch "$BUNDLE/rootfs/secret/file"
	bundle_config '.root.readonly = false'
	masked /etc/passwd /secret /proc/version
	in_container 'wc -c </etc/passwd; wc -c </proc/version; ls /secret; touch /secret/x 2>&1; echo x >/etc/passwd'
	matches $'^0\n0\ntouch: .*Read-only file system$'
	says "Read-only file system"
	test -s "$BUNDLE/rootfs/etc/passwd"
	test -e "$BUNDLE/rootfs/secret/file"
}

@test "the masks of the usual config hold in /proc and /sys" {
	in_container 'for path in /proc/keys /proc/timer_list /proc/kcore; do
		test ! -e $path || wc -c <$path; done; ls /sys/firmware /proc/scsi 2>/dev/null | wc -l'
	not grep -qv '^0$\|^1$\|^2$\|^3$' <<<"$OUT"
	in_container 'cat /proc/keys /proc/timer_list | wc -c; ls -A /sys/firmware | wc -l'
	prints $'0\n0'
}

@test "many masked directories" {
	local i paths=()
	for i in {1..20}; do
		mkdir "$BUNDLE/rootfs/d$i"
		touch "$BUNDLE/rootfs/d$i/file"
		paths+=("/d$i")
	done
	masked "${paths[@]}"
	in_container 'ls /d1 /d7 /d20 | grep -c file || true; awk "\$5 ~ /^\/d[0-9]/" /proc/self/mountinfo | wc -l'
	prints $'0\n20'
}

@test "a read-only path cannot be written, what is below it neither" {
	local dir=$BUNDLE/rootfs/data
	mkdir -p "$dir/sub"
	bundle_config '.root.readonly = false'
	add_mount /data/sub tmpfs tmpfs
	readonly_paths /data /etc/passwd
	in_container 'for path in /data /data/sub; do touch $path/x 2>&1; done; (echo x >>/etc/passwd) 2>&1; touch /etc/free'
	equal "$(grep -c 'Read-only file system' <<<"$OUT")" 3
	test -e "$BUNDLE/rootfs/etc/free"
	not grep -q x$ "$BUNDLE/rootfs/etc/passwd"
}

@test "read-only /proc/sys keeps root from changing the kernel, while sysctl of the config still applies" {
	bundle_config '.linux.sysctl = {"kernel.shm_rmid_forced": "1"}'
	in_container 'echo 0 2>&1 >/proc/sys/kernel/shm_rmid_forced; cat /proc/sys/kernel/shm_rmid_forced'
	equal "$(tail -1 <<<"$OUT")" 1
}

@test "paths that are not there are no error" {
	masked /nowhere /etc/passwd/below
	readonly_paths /nowhere /etc/passwd/below
	in_container 'echo fine; ls -d /nowhere 2>&1; true'
	says fine "No such file"
}

@test "the masks hold for exec too" {
	masked /etc/passwd
	running c
	succeeds coffer exec c wc -c /etc/passwd
	prints "0 /etc/passwd"
}

@test "root without CAP_SYS_ADMIN cannot take the masks off, by a user namespace of its own either" {
	masked /etc/passwd
	in_container 'umount /etc/passwd 2>&1; unshare -Urm umount /etc/passwd 2>&1; wc -c </etc/passwd'
	equal "$(tail -1 <<<"$OUT")" 0
}

@test "relative paths and .. are refused, as are masks without a mount namespace" {
	masked etc/passwd
	refused 'linux.maskedPaths[0]' absolute
	masked /etc/../etc/passwd
	refused 'linux.maskedPaths[0]' ..
	masked
	readonly_paths etc
	refused 'linux.readonlyPaths[0]' absolute
	masked /etc/passwd
	bundle_config '.mounts = []'
	no_namespace mount
	refused linux. "mount"
}

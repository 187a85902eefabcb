#!/usr/bin/env bats
# rootfs.bats - root.path, root.readonly and linux.rootfsPropagation: runtime-spec config.md "Root", config-linux.md
# "Rootfs Mount Propagation".

load helpers
load features

# The optional fields of the root's line in mountinfo: "shared:N", "master:N", "unbindable" or nothing.
root_propagation='awk "\$5 == \"/\" { for (i = 7; \$i != \"-\"; i++) { sub(\":.*\", \"\", \$i); printf \"%s \", \$i } }" /proc/self/mountinfo'

@test "a read-only root: nothing can be written or made, mounts on top stay as they are" {
	in_container 'touch /x 2>&1; echo x 2>&1 >>/etc/passwd; mkdir /tmp/x 2>&1; touch /dev/shm/x && echo shm'
	equal "$(grep -c 'Read-only file system' <<<"$OUT")" 3
	says shm
	not test -e "$BUNDLE/rootfs/x"
}

@test "a writable root keeps what is written" {
	bundle_config '.root.readonly = false'
	in_container 'echo hello >/x && mkdir /dir && cat /x'
	prints hello
	equal "$(<"$BUNDLE/rootfs/x")" hello
	test -d "$BUNDLE/rootfs/dir"
}

@test "without readonly the root is writable" {
	bundle_config 'del(.root.readonly)'
	in_container 'touch /x && echo made'
	prints made
}

@test "an absolute root, and one through a symbolic link" {
	bundle_config '.root.path = $path' --arg path "$BUNDLE/rootfs"
	in_container 'echo absolute'
	prints absolute
	ln -s "$BUNDLE/rootfs" "$TEST_DIR/link"
	bundle_config '.root.path = $path' --arg path "$TEST_DIR/link"
	in_container 'echo linked'
	prints linked
}

@test "the host's files are not there" {
	in_container "ls -d '$TEST_DIR' /usr /home 2>&1; cd / && cd .. && pwd && ls -d ../../bin"
	equal "$(grep -c 'No such file' <<<"$OUT")" 3
	says $'/\n../../bin'
	in_container 'cut -d " " -f 5 /proc/self/mountinfo | grep -v "^/\(dev\|proc\|sys\)"'
	prints /
}

@test "a missing root, a file, an empty path, no root at all" {
	bundle_config '.root.path = "nowhere"'
	refused root.path nowhere
	touch "$BUNDLE/file"
	bundle_config '.root.path = "file"'
	refused root.path file
	bundle_config '.root.path = ""'
	refused root.path
	bundle_config 'del(.root)'
	refused root
}

@test "a root on a mount point of its own" {
	host_mount --bind "$BUNDLE/rootfs" "$BUNDLE/rootfs"
	in_container 'echo bound'
	prints bound
}

@test "mounts below the root are part of it" {
	mkdir "$BUNDLE/rootfs/below"
	host_mount -t tmpfs none "$BUNDLE/rootfs/below"
	inside touch "$BUNDLE/rootfs/below/sign"
	in_container 'ls /below'
	prints sign
}

@test "propagation of the root: slave by default, and each word of the spec" {
	local row
	in_container "$root_propagation"
	not grep -q shared <<<"$OUT"
	for row in private: rprivate: slave:master rslave:master shared:shared rshared:shared unbindable:unbindable \
		runbindable:unbindable; do
		bundle_config '.linux.rootfsPropagation = $word' --arg word "${row%:*}"
		in_container "$root_propagation"
		case ${row#*:} in
		'') prints "" ;;
		*) says "${row#*:}" ;;
		esac
	done
}

@test "an unknown propagation is refused" {
	bundle_config '.linux.rootfsPropagation = "sometimes"'
	refused linux.rootfsPropagation
}

@test "mounts of the host reach a slave and not a private root; the container's reach the host from neither" {
	local word
	mkdir "$BUNDLE/rootfs/below"
	host_mount --bind "$BUNDLE/rootfs" "$BUNDLE/rootfs"
	host_mount --make-shared "$BUNDLE/rootfs"
	for word in rslave rprivate; do
		bundle_config '.linux.rootfsPropagation = $word' --arg word "$word"
		caps bounding=CAP_SYS_ADMIN effective=CAP_SYS_ADMIN permitted=CAP_SYS_ADMIN
		running $word
		coffer exec $word mount -t tmpfs none /tmp
		inside mount -t tmpfs none "$BUNDLE/rootfs/below"
		succeeds coffer exec $word awk '$5 == "/below" { n++ } END { print 0 + n }' /proc/self/mountinfo
		prints "$((${#word} == 6))" # rslave
		inside umount "$BUNDLE/rootfs/below"
		equal "$(inside grep -c "$BUNDLE/rootfs/tmp" /proc/self/mountinfo)" 0
	done
}

@test "--no-pivot runs the container all the same" {
	script 'ls -d /bin; ls -d /usr 2>&1; true'
	succeeds coffer run --no-pivot c
	says /bin "No such file"
}

@test "a root without /proc, /sys and /dev directories gets them made" {
	rm -r "$BUNDLE"/rootfs/{proc,sys,dev}
	in_container 'ls -d /proc/self /sys/kernel /dev/null'
	prints $'/dev/null\n/proc/self\n/sys/kernel'
}

@test "inside a plain chroot the error says what to do" {
	local jail=$TEST_DIR/jail
	mkdir -p "$jail"/{bin,proc,sys,bundle,tmp}
	cp "$COFFER" "$jail/bin/coffer"
	[[ ! ${COFFER_ASAN-} ]] || skip "a sanitized program is dynamic and finds no libraries in the chroot"
	cp -r "$BUNDLE/." "$jail/bundle"
	mount --bind /proc "$jail/proc"
	run chroot "$jail" /bin/coffer --root /tmp/state --cgroup-manager disabled run --bundle /bundle c
	umount "$jail/proc"
	[[ $status -eq 1 && $output == *"/ is no mount point here"*"bind the directory to itself"* ]] || told "$output"
}

#!/usr/bin/env bats
# mounts.bats - mounts of the config: runtime-spec config.md "Mounts" and every group of "Linux mount options"; the file
# systems that a Linux container has; what a bind mount may let through to the host and back.

load helpers
load features

# In the container: "OPTIONS PROPAGATION" of the topmost mount on PATH, as mountinfo has them: mount_of PATH
look='mount_of() { awk -v at="$1" '"'"'$5 == at { text = $6; for (i = 7; $i != "-"; i++) { sub(":.*", "", $i)
	text = text " " $i } } END { print text }'"'"' /proc/self/mountinfo; }; '

make_source() {
	mkdir -p "$TEST_DIR/source/dir"
	echo text >"$TEST_DIR/source/file"
}

# The same with another mount on source/dir.
make_tree() {
	make_source
	host_mount -t tmpfs none "$TEST_DIR/source/dir"
}

@test "binds of a directory and of a file, made where the root has nothing" {
	make_source
	add_mount /made/by/coffer bind "$TEST_DIR/source" bind
	add_mount /etc/new bind "$TEST_DIR/source/file" bind
	in_container 'cat /made/by/coffer/file /etc/new; echo more >>/etc/new'
	prints $'text\ntext'
	equal "$(<"$TEST_DIR/source/file")" $'text\nmore'
	equal "$(stat -c %F "$BUNDLE/rootfs/etc/new")" "regular empty file"
}

@test "type none or no type with the word bind is a bind; rbind brings the mounts below, bind does not" {
	make_tree
	inside touch "$TEST_DIR/source/dir/deep"
	add_mount /plain none "$TEST_DIR/source" bind
	add_mount /deep none "$TEST_DIR/source" rbind
	bundle_config 'del(.mounts[-1].type)'
	in_container 'ls /plain/dir; echo --; ls /deep/dir'
	prints $'--\ndeep'
}

@test "a relative source is below the bundle" {
	echo text >"$BUNDLE/file"
	add_mount /file bind file bind
	script 'cat /file'
	succeeds nsenter --mount="/proc/$HOLDER/ns/mnt" "$COFFER" --root "$ROOT" run --bundle "$BUNDLE" c
	prints text
}

@test "a relative destination is below /" {
	make_source
	add_mount data bind "$TEST_DIR/source" bind
	in_container 'cat /data/file'
	prints text
}

@test "mounts are made in their order: nested ones, and a later one over an earlier one" {
	make_source
	add_mount /a tmpfs tmpfs
	add_mount /a/b bind "$TEST_DIR/source" bind
	add_mount /a/b/dir tmpfs tmpfs size=4k
	add_mount /tmp bind "$TEST_DIR/source" bind
	add_mount /tmp tmpfs second
	in_container 'cat /a/b/file; mount | grep -c " /a"; ls /tmp; mount | grep -c "on /tmp "'
	prints $'text\n3\n2'
}

@test "a destination goes through symbolic links of the root, inside of it" {
	make_source
	mkdir "$BUNDLE/rootfs/real"
	ln -s /real "$BUNDLE/rootfs/absolute"
	ln -s real/../real "$BUNDLE/rootfs/relative"
	ln -s ../../../../real "$BUNDLE/rootfs/above"
	add_mount /absolute/a bind "$TEST_DIR/source" bind
	add_mount /relative/b bind "$TEST_DIR/source" bind
	add_mount /above/c bind "$TEST_DIR/source" bind
	in_container 'cd /real && cat a/file b/file c/file'
	prints $'text\ntext\ntext'
}

@test "attributes of a bind and of a new file system, by their words" {
	local word row type words=(ro nosuid nodev noexec noatime nodiratime nosymfollow)
	make_source
	for type in bind tmpfs; do
		for word in "${words[@]}"; do
			add_mount "/m/$type-$word" $type "$TEST_DIR/source" "$word"
		done
	done
	in_container "$look"'for m in /m/*; do echo "${m#/m/} $(mount_of "$m")"; done'
	for type in bind tmpfs; do
		for word in "${words[@]}"; do
			matches "$type-$word [a-z,]*\b$word\b"
		done
	done
	equal "$(grep -c 'rw,' <<<"$OUT")" 12
}

@test "the words that take an attribute back, and of two that contradict each other the last" {
	local word
	make_source
	host_mount --bind -o nosuid,nodev,noexec,noatime,ro "$TEST_DIR/source" "$TEST_DIR/source"
	for word in rw:ro suid:nosuid dev:nodev exec:noexec atime:noatime symfollow:nosymfollow diratime:nodiratime; do
		add_mount "/m/${word#*:}-last" bind "$TEST_DIR/source" bind "${word%:*}" "${word#*:}"
		add_mount "/m/${word%:*}-last" bind "$TEST_DIR/source" bind "${word#*:}" "${word%:*}"
	done
	in_container "$look"'for m in /m/*; do echo "${m#/m/} $(mount_of "$m"),"; done'
	for word in ro nosuid nodev noexec noatime nosymfollow nodiratime; do
		matches "$word-last [a-z,]*\b$word\b"
	done
	for word in suid dev exec atime symfollow diratime; do
		not grep -q "^$word-last [a-z,]*\bno$word\b" <<<"$OUT"
	done
	matches 'rw-last rw,'
}

@test "access times: strictatime, relatime, noatime and back" {
	make_source
	add_mount /m/strict bind "$TEST_DIR/source" bind strictatime
	add_mount /m/relative bind "$TEST_DIR/source" bind noatime relatime
	add_mount /m/none bind "$TEST_DIR/source" bind noatime
	add_mount /m/back bind "$TEST_DIR/source" bind strictatime nostrictatime
	in_container "$look"'for m in strict relative none back; do mount_of /m/$m; done'
	equal "$(sed 's/ .*//; s/,nosuid\|,nodev//g' <<<"$OUT")" $'rw\nrw,relatime\nrw,noatime\nrw,relatime'
}

@test "recursive words hold for the mounts below, plain ones do not" {
	local word
	make_tree
	add_mount /plain bind "$TEST_DIR/source" rbind ro
	for word in rro rnosuid rnodev rnoexec rnoatime rnodiratime rnosymfollow; do
		add_mount "/m/$word" bind "$TEST_DIR/source" rbind "$word"
	done
	in_container "$look"'mount_of /plain; mount_of /plain/dir; touch /plain/dir/x && echo written
		for m in /m/*; do echo "${m#/m/r} $(mount_of $m) $(mount_of $m/dir)"; done; touch /m/rro/dir/x 2>&1; true'
	matches $'^ro,[^\n]*\nrw,[^\n]*\nwritten\n'
	for word in ro nosuid nodev noexec noatime nodiratime nosymfollow; do
		matches "$word [a-z,]*\b$word\b[^ ]* [a-z ]*[a-z,]*\b$word\b"
	done
	says "Read-only file system"
}

@test "recursive words take back: rrw, rsuid, rdev, rexec, rsymfollow, rrelatime, rstrictatime" {
	make_tree
	host_mount -o bind,remount,nosuid,nodev,noexec,noatime "$TEST_DIR/source/dir"
	add_mount /a bind "$TEST_DIR/source" rbind rro rnosuid rnodev rnoexec rnosymfollow rrw rsuid rdev rexec rsymfollow \
		rrelatime
	add_mount /b bind "$TEST_DIR/source" rbind rstrictatime
	in_container "$look"'mount_of /a/dir; mount_of /b/dir'
	equal "$(cut -d ' ' -f 1 <<<"$OUT")" $'rw,relatime\nrw,nosuid,nodev,noexec'
}

@test "tmpfs: size, mode, owner, number of inodes" {
	add_mount /t tmpfs tmpfs size=64k mode=1750 uid=5 gid=6 nr_inodes=7
	in_container 'stat -c "%a %u:%g" /t; df -k /t | tail -1 | tr -s " " | cut -d " " -f 2; df -i /t | tail -1 | tr -s " " |
		cut -d " " -f 2'
	prints $'1750 5:6\n64\n7'
}

@test "tmpcopyup: the tmpfs starts with what it covers, with owners, modes and links; the root is left alone" {
	local dir=$BUNDLE/rootfs/data
	mkdir -p "$dir/sub"
	echo text >"$dir/sub/file"
	chmod 604 "$dir/sub/file"
	chown 5:6 "$dir/sub/file"
	ln -s sub/file "$dir/link"
	add_mount /data tmpfs tmpfs tmpcopyup size=1m
	in_container 'cd /data && cat link && stat -c "%a %u:%g" sub/file && rm -r sub && echo new >new'
	prints $'text\n604 5:6'
	equal "$(ls "$dir" "$dir/sub")" "$(printf '%s\n' "$dir:" link sub '' "$dir/sub:" file)"
}

@test "tmpcopyup into a tmpfs that is too small fails and says so" {
	mkdir "$BUNDLE/rootfs/data"
	head -c 100000 /dev/zero >"$BUNDLE/rootfs/data/large"
	add_mount /data tmpfs tmpfs tmpcopyup size=4k
	refused tmpcopyup large "No space left"
}

@test "propagation of a bind: each word, and slave without one" {
	local row
	make_source
	host_mount --bind "$TEST_DIR/source" "$TEST_DIR/source"
	for row in default private rprivate slave rslave shared rshared unbindable runbindable; do
		add_mount "/m/$row" bind "$TEST_DIR/source" bind "$row"
	done
	bundle_config '.mounts |= map(if .destination == "/m/default" then .options = ["bind"] else . end)'
	in_container "$look"'for m in /m/*; do echo "${m#/m/} $(mount_of "$m")"; done'
	matches 'default [a-z,]* master'
	matches 'slave [a-z,]* master'
	matches 'rslave [a-z,]* master'
	matches $'private [a-z,]*\n'
	matches $'rprivate [a-z,]*\n'
	matches 'shared [a-z,]* shared'
	matches 'rshared [a-z,]* shared'
	matches 'unbindable [a-z,]* unbindable'
	matches 'runbindable [a-z,]* unbindable'
}

@test "a mount inside of a bind reaches the host from rshared only; one of the host reaches rslave, not rprivate" {
	local word
	mkdir "$TEST_DIR/source"
	host_mount -t tmpfs none "$TEST_DIR/source"
	inside mkdir "$TEST_DIR/source/dir" "$TEST_DIR/source/host"
	caps bounding=CAP_SYS_ADMIN effective=CAP_SYS_ADMIN permitted=CAP_SYS_ADMIN
	for word in rbind rslave rprivate rshared; do
		cp "$BUNDLE/config.json" "$TEST_DIR/keep"
		add_mount /m bind "$TEST_DIR/source" rbind $word
		running $word
		coffer exec $word mount -t tmpfs none /m/dir
		equal "$word $(inside grep -c "$TEST_DIR/source/dir " /proc/self/mountinfo)" \
			"$word $([[ $word == rshared ]] && echo 1 || echo 0)"
		inside mount -t tmpfs none "$TEST_DIR/source/host"
		succeeds coffer exec $word awk '$5 == "/m/host" { n++ } END { print 0 + n }' /proc/self/mountinfo
		equal "$word $OUT" "$word $([[ $word == rprivate ]] && echo 0 || echo 1)"
		inside umount "$TEST_DIR/source/host"
		coffer delete --force $word
		[[ $word != rshared ]] || inside umount "$TEST_DIR/source/dir"
		cp "$TEST_DIR/keep" "$BUNDLE/config.json"
	done
}

@test "remount changes the attributes of what is mounted there" {
	make_source
	add_mount /data bind "$TEST_DIR/source" bind
	add_mount /data none none remount ro nosuid
	in_container "$look"'mount_of /data; touch /data/x 2>&1; true'
	matches '^ro,nosuid'
	says "Read-only file system"
	not test -e "$TEST_DIR/source/x"
}

@test "copy-symlink copies the link itself; a plain source is bound" {
	make_source
	ln -s /tmp/target "$TEST_DIR/link"
	add_mount /copied bind "$TEST_DIR/link" bind copy-symlink
	add_mount /plain bind "$TEST_DIR/source" bind copy-symlink
	bundle_config '.root.readonly = false'
	in_container 'readlink /copied; cat /plain/file'
	prints $'/tmp/target\ntext'
}

@test "src-nofollow binds the link itself, dest-nofollow mounts over the link itself" {
	make_source
	ln -s source "$TEST_DIR/link"
	ln -s /etc "$BUNDLE/rootfs/link"
	add_mount /tmp/followed bind "$TEST_DIR/link" bind
	in_container 'cat /tmp/followed/file'
	prints text
	ln -s nowhere "$BUNDLE/rootfs/tmp/place"
	add_mount /tmp/place bind "$TEST_DIR/link" bind src-nofollow dest-nofollow
	in_container 'readlink /tmp/place; test -f /etc/passwd && echo whole'
	prints $'source\nwhole'
}

@test "devpts, mqueue, sysfs and shm of the usual config" {
	in_container 'stat -f -c %T /dev/pts /dev/mqueue /dev/shm /sys /proc; ls -l /dev/ptmx | sed "s/.* -> //"
		stat -c %a /dev/pts/ptmx /dev/shm; touch /sys/x 2>&1; touch /dev/mqueue/q && ls /dev/mqueue'
	says pts/ptmx 666 1777 "Read-only file system"
	equal "$(tail -1 <<<"$OUT")" q
	in_container 'awk "{ print \$5, \$(NF - 2) }" /proc/self/mountinfo'
	says "/dev/pts devpts" "/dev/mqueue mqueue" "/dev/shm tmpfs" "/sys sysfs" "/proc proc"
}

@test "the devpts is a new one: the host's terminals are not in it" {
	in_container 'ls /dev/pts'
	prints ptmx
}

@test "cgroup: read-only as listed, writable where listed so, only the own part of the tree" {
	in_container 'mkdir /sys/fs/cgroup/x 2>&1; awk "\$5 == \"/sys/fs/cgroup\" { print \$(NF - 2) }" /proc/self/mountinfo'
	says "Read-only file system" cgroup2
	bundle_config '(.mounts[] | select(.type == "cgroup")).options = ["nosuid", "noexec", "nodev", "rw"]'
	in_container 'mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x && echo made; ls -d /sys/fs/cgroup/test 2>&1; true'
	says made "No such file"
}

@test "words without effect, and notes for programs in user space, are accepted" {
	make_source
	add_mount /data bind "$TEST_DIR/source" bind defaults loud silent mand nomand iversion noiversion async \
		nolazytime norelatime x-note=1 X-note
	in_container 'cat /data/file'
	prints text
}

@test "flags of a new file system: sync, dirsync, lazytime, ro" {
	add_mount /t tmpfs tmpfs sync dirsync lazytime ro
	in_container "grep ' /t ' /proc/self/mountinfo | cut -d ' ' -f 6-; touch /t/x 2>&1; true"
	matches 'ro,.* tmpfs tmpfs rw,sync,dirsync,lazytime.*'
	says "Read-only file system"
}

@test "an unknown option of a bind is refused, one of a file system is named with the kernel's reason" {
	make_source
	add_mount /data bind "$TEST_DIR/source" bind bogus
	refused mounts bogus
	bundle_config 'del(.mounts[-1])'
	add_mount /t tmpfs tmpfs bogus=1
	refused /t bogus tmpfs
	bundle_config 'del(.mounts[-1])'
	add_mount /t tmpfs tmpfs size=many
	refused /t size=many
}

@test "an unknown type, a missing source, a missing type and impossible destinations are refused" {
	add_mount /t nosuchfs none
	refused /t nosuchfs
	bundle_config '.mounts[-1] = {destination: "/t", type: "bind", source: "/nowhere/at/all", options: ["bind"]}'
	refused /t /nowhere/at/all "No such file"
	bundle_config '.mounts[-1] = {destination: "/t"}'
	refused mounts type
	bundle_config '.mounts[-1] = {destination: "/", type: "tmpfs"}'
	refused mounts destination
	bundle_config '.mounts[-1] = {destination: "/../t", type: "tmpfs"}'
	refused mounts ..
	bundle_config '.mounts[-1] = {type: "tmpfs"}'
	refused mounts destination
}

@test "a directory over a file and a file over a directory are refused by the kernel, and nothing stays" {
	make_source
	add_mount /etc/passwd bind "$TEST_DIR/source" bind
	refused /etc/passwd
	bundle_config 'del(.mounts[-1])'
	add_mount /etc bind "$TEST_DIR/source/file" bind
	refused /etc
}

@test "mounts without a mount namespace are refused" {
	no_namespace mount
	bundle_config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	refused mounts "mount namespace"
}

#!/usr/bin/env bats
# run_image.bats - `run --image`, `run --rootfs`, `run --image host`: what the container sees of image and options, what
# the host sees (nothing), and what is left (nothing).

load helpers
load image_store

setup() {
	test_start
	make_store
	mkdir -p "$TEST_DIR/top/etc"
	echo top >"$TEST_DIR/top/etc/layer"
	mknod "$TEST_DIR/top/gone" c 0 0
	echo gone >"$BUNDLE/rootfs/gone"
	make_image box '{"Env":["PATH=/bin","FROM=image"],"Cmd":["echo","hello"]}' "$BUNDLE/rootfs" "$TEST_DIR/top"
}

# image OPTION... : run --image box --rm.
image() {
	coffer run --image box --rm "$@"
}

left_in_store() {
	ls "$COFFER_STORE/containers"
}

@test "the image's own command; nothing is left" {
	succeeds image
	equal "$OUT" hello
	equal "$(left_in_store)" ""
	equal "$(ls "$ROOT")" ""
}

@test "layers: the upper one wins, its whiteouts hide, and what is written goes with the container" {
	succeeds image sh -c 'cat /etc/layer; ls /gone 2>&1; echo x >/etc/layer && rm /bin/cat && ls /bin/cat 2>&1; true'
	[[ $OUT == top$'\n'*'No such file'*$'\n'*'No such file'* ]]
	succeeds image cat /etc/layer
	equal "$OUT" top
}

@test "a layer that is opaque as a whole hides those below; the root directory is as the highest that says so" {
	mkdir -m 750 "$TEST_DIR/upper"
	make_image hidden '{}' "$TEST_DIR/top" "$BUNDLE/rootfs" "$TEST_DIR/upper"
	record=$COFFER_STORE/images/$(<"$COFFER_STORE/names/docker.io+library+hidden:latest")
	succeeds coffer run --image hidden --rm sh -c 'stat -c %a /; ls /etc/layer'
	equal "$OUT" $'750\n/etc/layer'
	jq -c '.layers[1] += {opaque: true, top: true}' "$record" >"$TEST_DIR/new"
	cp "$TEST_DIR/new" "$record"
	gives 1 coffer run --image hidden --rm sh -c 'stat -c %a /; ls /etc/layer'
	equal "$OUT" "$(stat -c %a "$BUNDLE/rootfs")"
}

@test "the root is an overlay, and no mount is on the host while it runs" {
	cp "/proc/$HOLDER/mountinfo" "$TEST_DIR/mounts.before"
	coffer run --image box --name a --detach sleep 1000
	cmp "/proc/$HOLDER/mountinfo" "$TEST_DIR/mounts.before"
	succeeds coffer exec a sh -c 'grep " / / " /proc/self/mountinfo | grep -c " overlay "'
	equal "$OUT" 1
	coffer delete --force a
	equal "$(left_in_store)" ""
}

@test "without --rm the stopped container and what it wrote are there until delete" {
	succeeds coffer run --image box --name kept sh -c 'echo written >/file'
	equal "$(status_of kept)" stopped
	equal "$(<"$COFFER_STORE/containers/kept/upper/file")" written
	equal "$(<"$COFFER_STORE/containers/kept/image")" "$(<"$COFFER_STORE/names/docker.io+library+box:latest")"
	fails 1 'container `kept` already exists' coffer run --image box --name kept
	succeeds coffer delete kept
	equal "$(left_in_store)" ""
}

@test "status, program that is not there, missing image; nothing is left" {
	gives 7 image sh -c 'exit 7'
	fails 127 'exec: "nothing"' image nothing
	equal "$(left_in_store)" ""
	COFFER_IMAGE=/nonexistent fails 1 'run /nonexistent' coffer run --image other:1 true
	equal "$(left_in_store)" ""
}

@test "environment: the image's, --env-file, --env, the caller's" {
	printf '# comment\n\nFILE=1\nBOTH=file\n' >"$TEST_DIR/env"
	PASSED=on succeeds image --env-file "$TEST_DIR/env" -e BOTH=option -e PASSED -e FROM=here --hostname h env
	equal "$(sort <<<"$OUT")" "$(printf '%s\n' BOTH=option FILE=1 FROM=here HOME=/root HOSTNAME=h PASSED=on PATH=/bin)"
}

@test "entry point and command: conversion.md" {
	make_image tool '{"Entrypoint":["echo","entry"],"Cmd":["cmd"]}' "$BUNDLE/rootfs"
	succeeds coffer run --image tool --rm
	equal "$OUT" 'entry cmd'
	succeeds coffer run --image tool --rm a -b
	equal "$OUT" 'entry a -b'
	succeeds coffer run --image tool --rm --entrypoint /bin/echo
	equal "$OUT" ''
	succeeds coffer run --image tool --rm --entrypoint '["/bin/echo", "json"]' c
	equal "$OUT" 'json c'
	make_image empty '{}' "$BUNDLE/rootfs"
	fails 1 'no program to run' coffer run --image empty --rm
}

@test "users: names and numbers of the image's own files, groups, HOME" {
	printf '%s\n' root:x:0: user:x:1000: more:x:7:user more2:x:8:a,user >"$TEST_DIR/top/etc/group"
	make_image users '{"User":"user"}' "$BUNDLE/rootfs" "$TEST_DIR/top"
	rm -r "$COFFER_STORE/layers/sha256/$(sha256 "$TEST_DIR/top")"
	make_image users '{"User":"user"}' "$BUNDLE/rootfs" "$TEST_DIR/top"
	succeeds coffer run --image users --rm sh -c 'id -u; id -G; echo $HOME; grep CapEff /proc/self/status'
	equal "$OUT" $'1000\n1000 7 8\n/tmp\nCapEff:\t0000000000000000'
	succeeds coffer run --image users --rm -u 5:more sh -c 'id -u; id -G; echo $HOME'
	equal "$OUT" $'5\n7\n/'
	fails 1 'user "nobody" is not in the image'"'"'s /etc/passwd' coffer run --image users --rm -u nobody id
	for user in 4294967296 2147483648 -1 user:4294967296; do
		fails 1 'is not a number from 0 to 2147483647' coffer run --image users --rm --user="$user" id
	done
	equal "$(left_in_store)" ""
}

@test "hostile passwd: a FIFO, a link to the host, a directory, a device, too large" {
	mkdir -p "$TEST_DIR/bad/etc"
	bad=$TEST_DIR/bad/etc/passwd
	try() {
		rm -rf "$COFFER_STORE/layers/sha256/$(sha256 "$TEST_DIR/bad")"
		make_image bad '{"User":"user"}' "$BUNDLE/rootfs" "$TEST_DIR/bad"
		fails 1 "$1" timeout 20 "${RUNTIME[@]}" run --image bad --rm id
		succeeds coffer run --image bad --rm --user 0 echo number
		rm -rf "$bad"
	}
	mkfifo "$bad" && try 'is no regular file'
	ln -s "$TEST_DIR/host" "$bad" && echo user:x:1:1::/: >"$TEST_DIR/host" && try 'is missing'
	ln -s ../../../../../../../../../../etc/group "$bad" && try 'is not in the image'
	mkdir "$bad" && try 'is no regular file'
	mknod "$bad" c 1 5 && try 'is no regular file'
	truncate -s 2M "$bad" && try 'is larger than 1 MiB'
}

@test "annotations: implicit ones, labels win, the command line wins over both" {
	make_image noted '{"Labels":{"org.opencontainers.image.os":"mine","l":"image"},"ExposedPorts":{"80/tcp":{},"53/udp":{}},
		"StopSignal":"SIGINT"}' "$BUNDLE/rootfs"
	coffer run --image noted --name a --detach --label l=line --annotation x=y sleep 1000
	coffer state a | jq -S .annotations >"$TEST_DIR/found"
	diff "$TEST_DIR/found" - <<-'END'
		{
		  "l": "line",
		  "org.opencontainers.image.architecture": "amd64",
		  "org.opencontainers.image.author": "somebody",
		  "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
		  "org.opencontainers.image.exposedPorts": "80/tcp,53/udp",
		  "org.opencontainers.image.os": "mine",
		  "org.opencontainers.image.ref.name": "noted",
		  "org.opencontainers.image.stopSignal": "SIGINT",
		  "x": "y"
		}
	END
}

@test "volumes of the image: a directory of the container's own, with what the image has there" {
	mkdir -p "$TEST_DIR/data/data"
	echo seed >"$TEST_DIR/data/data/file"
	chown -R 5:6 "$TEST_DIR/data/data"
	make_image data '{"Volumes":{"/data":{},"/new":{}}}' "$BUNDLE/rootfs" "$TEST_DIR/data"
	succeeds coffer run --image data --rm --read-only sh -c \
		'cat /data/file; stat -c %u:%g /data; touch /data/x /new/x && echo written; touch /x 2>&1'"; true"
	[[ $OUT == seed$'\n'5:6$'\n'written$'\n'*'Read-only file system' ]]
	make_image bad '{"Volumes":{"/proc/self":{}}}' "$BUNDLE/rootfs"
	fails 1 'lies in /proc' coffer run --image bad --rm true
	equal "$(left_in_store)" ""
}

@test "--volume, --mount, --tmpfs: order of depth, read-only, odd names" {
	mkdir -p "$TEST_DIR/a b,c\"d" "$TEST_DIR/deep"
	echo odd >"$TEST_DIR/a b,c\"d/file"
	echo deep >"$TEST_DIR/deep/file"
	succeeds image -v "$TEST_DIR/deep:/v/deep:ro" -v "$TEST_DIR/a b,c\"d:/v" --tmpfs /t:size=64k,mode=700 \
		--mount "type=bind,src=$TEST_DIR/deep,dst=/m,readonly" sh -c \
		'cat /v/file /v/deep/file /m/file; touch /v/deep/x /m/x 2>/dev/null || touch /v/made; stat -c %a /t; grep " /t " /proc/mounts'
	[[ $OUT == odd$'\n'deep$'\n'deep$'\n'700$'\n'*size=64k* ]]
	test -e "$TEST_DIR/a b,c\"d/made"
	fails 1 'is no path' image -v name:/x true
	fails 1 'absolute path' image -v /tmp:x true
	fails 1 'type=bind or type=tmpfs is missing' image --mount src=/tmp,dst=/x true
	equal "$(left_in_store)" ""
}

@test "/etc/hosts, /etc/resolv.conf, /etc/hostname; the network is loopback only" {
	succeeds image --hostname me sh -c 'hostname; cat /etc/hostname; grep -c me /etc/hosts; wc -c </etc/resolv.conf; ls /sys/class/net'
	equal "$OUT" $'me\nme\n1\n0\nlo'
	succeeds image --network host cat /etc/resolv.conf
	equal "$OUT" "$(cat /etc/resolv.conf)"
}

@test "a resolv.conf that is a link to nothing, as systemd leaves it, leads to ours" {
	for target in ../run/systemd/resolve/stub-resolv.conf /run/x/resolv.conf ../../../../../../../../run/./y; do
		rm -rf "$COFFER_STORE/layers/sha256/$(sha256 "$TEST_DIR/top")"
		ln -sf "$target" "$TEST_DIR/top/etc/resolv.conf"
		make_image linked '{"Env":["PATH=/bin"]}' "$BUNDLE/rootfs" "$TEST_DIR/top"
		succeeds coffer run --image linked --rm --network host cat /etc/resolv.conf
		equal "$OUT" "$(cat /etc/resolv.conf)"
	done
	[[ ! -e /run/x && ! -e /run/y ]]
}

@test "capabilities, no new privileges, seccomp, unmask" {
	succeeds image --cap-drop ALL --cap-add net_raw sh -c 'grep -E "CapBnd|CapEff" /proc/self/status'
	equal "$OUT" $'CapEff:\t0000000000002000\nCapBnd:\t0000000000002000'
	succeeds image sh -c 'grep -E "Seccomp:|NoNewPrivs" /proc/self/status; unshare -U true 2>&1; cat /proc/keys | wc -c'
	[[ $OUT == *$'NoNewPrivs:\t0\n'*$'Seccomp:\t2\n'*'Operation not permitted'*0 ]]
	succeeds image --security-opt no-new-privileges --security-opt seccomp=unconfined --security-opt unmask=ALL \
		sh -c 'grep -E "Seccomp:|NoNewPrivs" /proc/self/status; touch /proc/sys/kernel/hostname'
	equal "$OUT" $'NoNewPrivs:\t1\nSeccomp:\t0'
	fails 1 'capability "NOTHING" is not known' image --cap-add NOTHING true
	fails 1 '"strange=1" is not known' image --security-opt strange=1 true
}

@test "devices, ulimits, sysctls, working directory" {
	succeeds image --device /dev/null:/dev/other:r --ulimit nofile=100:200 --sysctl net.ipv4.ip_forward=1 -w /new/dir sh -c \
		'stat -c %t:%T /dev/other; ulimit -n; ulimit -Hn; cat /proc/sys/net/ipv4/ip_forward; pwd'
	equal "$OUT" $'1:3\n100\n200\n1\n/new/dir'
	fails 1 'is no device' image --device /etc/passwd true
	fails 1 '--ulimit' image --ulimit nothing=1 true
}

@test "limits reach the config" {
	coffer --cgroup-manager disabled run --image box --name a --detach sleep 1000
	succeeds jq -c .linux.resources.memory "$COFFER_STORE/containers/a/config.json"
	equal "$OUT" '{}'
	need_controller pids
	coffer run --image box --name b --detach --pids-limit 9 sleep 1000
	equal "$(<"$CGROUP/b/pids.max")" 9
}

@test "standard input only with --interactive" {
	echo text >"$TEST_DIR/in"
	OUT=$(image cat <"$TEST_DIR/in")
	equal "$OUT" ''
	OUT=$(image -i cat <"$TEST_DIR/in")
	equal "$OUT" text
}

@test "-t: a terminal" {
	run on_tty -- "${RUNTIME[@]}" run --image box --rm -it sh -c 'tty; test -t 0 && echo terminal'
	[[ $output == */dev/pts/0* && $output == *terminal* ]]
}

@test "--rootfs: the directory itself, or under a throw-away layer" {
	succeeds coffer run --rootfs "$BUNDLE/rootfs:O" --rm sh -c 'touch /made && ls /made'
	not_there "$BUNDLE/rootfs/made"
	succeeds coffer run --rootfs "$BUNDLE/rootfs" --rm touch /made
	test -e "$BUNDLE/rootfs/made"
	fails 1 'No such file' coffer run --rootfs "$TEST_DIR/nowhere" --rm true
	equal "$(left_in_store)" ""
}

not_there() {
	[[ ! -e $1 ]]
}

@test "--image host: the host's tools, nothing that is written stays, the working directory is kept" {
	succeeds coffer run --image host sh -c 'touch /usr/coffer-was-here && ls /usr/coffer-was-here && grep -c " / overlay" /proc/mounts'
	equal "$OUT" $'/usr/coffer-was-here\n1'
	not_there /usr/coffer-was-here
	OUT=$(cd /usr/bin && nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns=/usr/bin "$COFFER" --root "$ROOT" run --image host pwd)
	equal "$OUT" /usr/bin
	equal "$(left_in_store)" ""
}

@test "a bundle's options and an image's do not mix" {
	fails 1 'needs --image or --rootfs' coffer run --rm a
	fails 1 'are for bundles' coffer run --image box --bundle "$BUNDLE" true
	fails 1 'one of them' coffer run --image box --rootfs /x true
	fails 1 '--rm with --detach' coffer run --image box --rm -d true
	fails 1 'an argument is missing' coffer run
}

@test "after a reboot: what a container wrote that was to stay is there until delete" {
	coffer --cgroup-manager disabled run --image box --name kept sh -c 'echo written >/file'
	coffer --cgroup-manager disabled run --image box --name forced true
	rm -rf "$ROOT"
	echo another boot >"$COFFER_STORE/containers/kept/boot"
	fails 1 'its state is gone since a reboot; `coffer delete kept` removes' coffer run --image box --name kept true
	equal "$(<"$COFFER_STORE/containers/kept/upper/file")" written
	mkdir "$ROOT" "$TEST_DIR/other"
	equal "$(coffer list | awk 'NR > 1 { print $1, $2, $3, $4 }')" "kept 0 stopped $COFFER_STORE/containers/kept"
	equal "$(coffer state kept | jq -r '.status + .annotations["org.opencontainers.image.architecture"]')" stoppedamd64
	equal "$(coffer --root "$TEST_DIR/other" list -q)" ""
	fails 1 'does not exist' coffer --root "$TEST_DIR/other" delete kept
	succeeds coffer delete kept
	succeeds coffer delete --force forced # of this boot, and without a state: as after kill -9
	equal "$(left_in_store)" ""
}

@test "killed at any moment: the next run of the name, or delete, cleans up" {
	local delay pid
	for delay in 0 .001 .002 .003 .004 .005 .006 .008 .01 .02; do
		"${RUNTIME[@]}" run --image box --name k sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "$delay"
		kill -9 "$pid"
		wait "$pid" || true
		coffer delete --force k
		OUT=$(coffer run --image box --name k --rm echo again)
		equal "$OUT" again
		equal "$(left_in_store)" ""
	done
}

# As an ordinary user: 54321, who has no account and no range of ids.
as_user() {
	local home=$TEST_DIR/home
	mkdir "$home"
	install -m 755 "$COFFER" "$home/coffer"
	ROOT=$home/state
	mv "$COFFER_STORE" "$home/store"
	printf '1 user' >"$home/store/version"
	export COFFER_STORE=$home/store
	find "$COFFER_STORE" -type c -delete
	chown -R -h 54321:54321 "$home"
	RUNTIME=(nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$home" setpriv --reuid 54321 --regid 54321 --clear-groups
		env -u XDG_RUNTIME_DIR "$home/coffer" --root "$ROOT")
}

@test "an ordinary user: the same, in a user namespace" {
	make_image both '{"User":"root","Volumes":{"/etc":{}},"Env":["PATH=/bin"]}' "$BUNDLE/rootfs" "$TEST_DIR/top"
	as_user
	succeeds coffer run --image both --rm sh -c 'id -u; cat /etc/layer; touch /x /etc/x && echo written; grep " / / " /proc/self/mountinfo | grep -o userxattr; cat /proc/self/uid_map'
	equal "$(tr -s ' ' <<<"$OUT")" $'0\ntop\nwritten\nuserxattr\n 0 54321 1'
	fails 1 'is not in the image' coffer run --image both --rm --user nobody true
	succeeds coffer run --image both --name kept sh -c 'mkdir -p /a/b && chmod 0 /a/b /a && touch /etc/y'
	succeeds coffer delete kept
	equal "$(left_in_store)" ""
	fails 1 'needs root' coffer run --image host true
}

@test "an ordinary user: over a tree of root's, whose owners the user namespace does not have" {
	as_user
	cp -r "$BUNDLE/rootfs" "$TEST_DIR/home/tree"
	rm -f "$TEST_DIR"/home/tree/etc/host* "$TEST_DIR/home/tree/etc/resolv.conf"
	succeeds coffer run --rootfs tree:O --rm sh -c 'stat -c %u:%g /bin/busybox; touch /x /etc/x && ls /etc/x /etc/hosts'
	equal "$OUT" $'65534:65534\n/etc/hosts\n/etc/x'
	[[ ! -e $TEST_DIR/home/tree/x && ! -e $TEST_DIR/home/tree/etc/x ]]
	fails 1 'the user namespace does not have): Permission denied' coffer run --rootfs tree true
	equal "$(left_in_store)" ""
}

# In the mount namespace of this file only, so that the machine's own files stay as they are.
# give_ids BLOCKS
give_ids() {
	echo "containers:1000000:$(($1 * 65536))" >"$TEST_DIR/subid"
	touch /etc/subuid /etc/subgid
	for file in subuid subgid; do
		nsenter --mount="/proc/$HOLDER/ns/mnt" mount --bind "$TEST_DIR/subid" "/etc/$file"
	done
	remember_host
}

has_idmapped_layers() {
	[[ $(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -n 1) == 6.15 ]]
}

@test "--userns=auto: ids of its own, layers through idmapped mounts, nothing is chowned" {
	give_ids 2
	if ! has_idmapped_layers; then
		fails 1 'Linux 6.15 does' coffer run --image box --userns auto true
		return
	fi
	gives 0 coffer run --image box --name a --userns auto sh -c \
		'cat /proc/self/uid_map; stat -c %u:%g /bin/busybox /etc/layer /etc/hosts; touch /x; chown 5:6 /x; mount -t tmpfs t /tmp 2>&1; echo y >/etc/hosts'
	equal "$(tr -s ' ' <<<"$OUT" | head -n 4)" " 0 $(<"$COFFER_STORE/containers/a/userns") 65536"$'\n0:0\n0:0\n0:0'
	[[ $ERR == '' ]]
	first=$(<"$COFFER_STORE/containers/a/userns")
	equal "$(stat -c %u:%g "$COFFER_STORE/containers/a/upper/x")" "$((first + 5)):$((first + 6))"
	equal "$(stat -c %u:%g "$COFFER_STORE/layers/sha256/$(sha256 "$BUNDLE/rootfs")/diff/bin/busybox")" 0:0
	# Each has another block of the two; then there is none.
	coffer run --image box --name b --userns auto true
	[[ $(<"$COFFER_STORE/containers/a/userns") != "$(<"$COFFER_STORE/containers/b/userns")" ]]
	fails 1 'are in use' coffer run --image box --name c --userns auto true
	coffer delete b
	succeeds coffer run --image host --userns auto sh -c 'stat -c %u /usr && touch /usr/made && stat -c %u /usr/made'
	equal "$OUT" $'0\n0'
	coffer delete a
	succeeds coffer run --rootfs "$BUNDLE/rootfs:O" --rm --userns auto sh -c 'stat -c %u /bin/busybox; touch /y && stat -c %u /y'
	equal "$OUT" $'0\n0'
	fails 1 'use --rootfs DIR:O' coffer run --rootfs "$BUNDLE/rootfs" --userns auto true
	equal "$(left_in_store)" ""
}

@test "--userns=auto: of two at the same moment one gets the last block, the other is told" {
	local name pids=()
	has_idmapped_layers || skip "idmapped layers need Linux 6.15"
	give_ids 1
	# Slow between the look at what is taken and the choice.
	for name in a b; do
		strace -qq -o /dev/null -e inject=getrandom:delay_enter=300000 "${RUNTIME[@]}" run --image box --name "$name" \
			--userns auto true >/dev/null 2>"$TEST_DIR/err.$name" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}" || true
	equal "$(cat "$TEST_DIR"/err.[ab] | grep -c 'all 1 blocks of ids .* are in use')" 1
}

@test "--userns=auto without a range, and other words" {
	fails 1 'expected auto or host' coffer run --image box --userns nothing true
	succeeds image --userns host cat /proc/self/uid_map
	equal "$(tr -s ' ' <<<"$OUT")" ' 0 0 4294967295'
}

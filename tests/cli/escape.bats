#!/usr/bin/env bats
# escape.bats - the ways out of a container that runtimes have had, each as a test: the root file system, what runs in
# the container and the arguments are hostile, config.json is not. A test says that nothing outside has changed ($OUTSIDE,
# the program itself, the host's /dev, cgroups and mounts), not only that a command failed. Of the classes that are
# about one member of the config: groups and HOME are in process.bats, exec --cap in capabilities.bats.

load helpers
load features

setup() {
	test_start
	OUTSIDE=$TEST_DIR/outside
	mkdir -p "$OUTSIDE"/{dir,pts,shm,mqueue,fs/cgroup,self}
	local name
	for name in file null zero full random urandom tty console ptmx stdin stdout stderr fd pts/0 dir/file self/exe; do
		echo keep >"$OUTSIDE/$name"
	done
	bundle_config '.root.readonly = false'
	describe_outside >"$TEST_DIR/outside.before"
}

# Every test ends with this, too.
teardown() {
	local status=0
	unchanged || status=1
	test_end || status=1
	return "$status"
}

# What must be the same at the end. Time stamps of the directories and files tell of visits that left nothing.
describe_outside() {
	find "$OUTSIDE" -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
	find "$OUTSIDE" -type f -exec sha256sum {} + | sort
	sha256sum "$COFFER"
	stat -c '%n %a %u %s %Y' "$COFFER"
	find /dev -xdev -maxdepth 1 \( -type c -o -type b -o -type l -o -type p \) -printf '%p %y %m %U:%G %l\n' | sort
	stat -c '%n %t:%T' /dev/null /dev/zero /dev/tty
	cat /proc/sys/kernel/{core_pattern,hostname,domainname,msgmax} /proc/sys/net/ipv4/ip_forward
}

unchanged() {
	describe_outside | diff "$TEST_DIR/outside.before" - >"$TEST_DIR/outside.diff" || {
		echo "outside has changed:" && cat "$TEST_DIR/outside.diff" && return 1
	}
}

# Runs it, however it ends, but it must end.
attempt() {
	local status=0
	timeout 20 "$@" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" </dev/null 3>&- || status=$?
	OUT=$(<"$TEST_DIR/stdout") ERR=$(<"$TEST_DIR/stderr")
	[[ $status -ne 124 ]] || told "hangs: $*"
}

powerful() {
	local names=CAP_CHOWN,CAP_DAC_OVERRIDE,CAP_FOWNER,CAP_SETUID,CAP_SETGID,CAP_SYS_PTRACE,CAP_KILL,CAP_MKNOD,CAP_SYS_CHROOT
	caps bounding=$names effective=$names permitted=$names
	bundle_config '.process.noNewPrivileges = false'
}

# ---- the runtime's own program (CVE-2019-5736) ----

@test "an entrypoint that names /proc/self/exe as its interpreter gets no way to the program" {
	powerful
	printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/bin/evil"
	chmod +x "$BUNDLE/rootfs/bin/evil"
	bundle_args /bin/evil
	attempt "${RUNTIME[@]}" run c
	bundle_args /proc/self/exe
	attempt "${RUNTIME[@]}" run c
	unchanged
}

@test "a container that opens /proc/PID/exe of each exec for writing, at once and later, has no success" {
	local i
	powerful
	printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/bin/evil"
	chmod +x "$BUNDLE/rootfs/bin/evil"
	mkfifo "$BUNDLE/rootfs/tmp/fifo" # nobody reads it: who writes to it stays
	running c sh -c 'while :; do for p in /proc/[0-9]*; do
			case $(readlink $p/exe 2>/dev/null) in *busybox* | "") continue ;; esac
			echo $p >>/tmp/seen
			(echo overwritten >$p/exe) 2>/dev/null && echo $p >>/tmp/success
			exec 9<$p/exe && for i in 1 2 3 4 5; do
				(echo overwritten >/proc/self/fd/9) 2>/dev/null && echo $p >>/tmp/success
			done
		done; done 2>/dev/null'
	for i in {1..4}; do
		attempt "${RUNTIME[@]}" exec c /bin/evil
		timeout 1 "${RUNTIME[@]}" exec c /proc/self/exe --log /tmp/fifo version >/dev/null 2>&1 </dev/null 3>&- || true
	done
	coffer delete --force c
	test -s "$BUNDLE/rootfs/tmp/seen"
	not test -e "$BUNDLE/rootfs/tmp/success"
	unchanged
}

# The segment that the loader or, in a static program, coffer itself makes read-only begins a mapping of its own then.
tables_are_read_only() {
	local start base
	start=$(readelf -lW "$COFFER" | awk '$1 == "GNU_RELRO" { print $3 }')
	base=$(awk -F - -v file=" $(realpath "$COFFER")$" '$0 ~ file { print $1; exit }' "/proc/$1/maps")
	grep -q "^$(printf %x $((0x$base + (start & -4096))))-[0-9a-f]* r--p" "/proc/$1/maps"
}

@test "tables of pointers are read-only in the running program" {
	mkfifo "$TEST_DIR/fifo" # nobody reads it: who opens it stays
	"$COFFER" --log "$TEST_DIR/fifo" version >/dev/null 2>&1 3>&- &
	wait_for 10 tables_are_read_only $!
	kill $!
}

@test "the program, while it runs in a container, cannot be written through /proc/PID/exe" {
	[[ ! ${COFFER_ASAN-} ]] || skip "a sanitized program is dynamic and finds no libraries in a container's root"
	powerful
	mkfifo "$BUNDLE/rootfs/tmp/fifo" # nobody reads it: who writes to it stays
	running c
	coffer exec --detach c /proc/self/exe --log /tmp/fifo version </dev/null >/dev/null 2>&1
	succeeds coffer exec c sh -c 'for p in /proc/[0-9]*; do case $(readlink $p/exe) in *busybox*) continue ;; esac
			echo "found"; chmod 777 $p/exe 2>&1; (: >$p/exe) 2>&1; (: >>$p/exe) 2>&1
			exec 9<$p/exe && kill -9 ${p#/proc/}; sleep 0.2; (: >/proc/self/fd/9) 2>&1; done; true'
	equal "$(grep -c found <<<"$OUT")" 1
	equal "$(grep -c "Read-only file system" <<<"$OUT")" 4 || equal "$(grep -c "Read-only\|busy" <<<"$OUT")" 4
	unchanged
}

# ---- symbolic links in the root file system (CVE-2019-19921, CVE-2023-27561, CVE-2025-31133, CVE-2026-41579) ----

# link_out NAME TARGET: NAME of the root is a link to the outside, by the host's path or upwards.
link_out() {
	rm -rf "$BUNDLE/rootfs$1"
	mkdir -p "$(dirname "$BUNDLE/rootfs$1")"
	ln -s "$2" "$BUNDLE/rootfs$1"
}

@test "/proc, /sys, /dev and directories in them as links to the outside" {
	local name target
	for name in /proc /sys /dev /dev/pts /dev/shm /dev/mqueue /sys/fs/cgroup /tmp; do
		for target in "$OUTSIDE" "../../../../../../../..$OUTSIDE"; do
			link_out "$name" "$target"
			bundle_args true
			attempt "${RUNTIME[@]}" run c
			not test -e "$ROOT/c"
			rm -rf "${BUNDLE:?}/rootfs$name" "$BUNDLE/rootfs/dev/shm"
			mkdir -p "$BUNDLE/rootfs$name"
		done
	done
	succeeds coffer run c
}

@test "proc and sysfs over a link are refused, not followed" {
	mkdir "$BUNDLE/rootfs/elsewhere"
	link_out /proc /elsewhere
	refused /proc "symbolic link"
	rm "$BUNDLE/rootfs/proc"
	mkdir "$BUNDLE/rootfs/proc"
	link_out /sys elsewhere
	refused /sys "symbolic link"
}

@test "without a /dev mount: /dev, or a device in it, as a link to the outside" {
	local name
	bundle_config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	for name in /dev /dev/null /dev/zero /dev/tty /dev/ptmx /dev/fd /dev/stdout /dev/console; do
		link_out "$name" "$OUTSIDE${name#/dev}"
		attempt "${RUNTIME[@]}" run c
		not test -e "$ROOT/c"
		rm -rf "$BUNDLE/rootfs/dev"
		mkdir "$BUNDLE/rootfs/dev"
	done
}

@test "without a /dev mount: another file in place of /dev/null is no mask and no device" {
	bundle_config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	echo text >"$BUNDLE/rootfs/dev/null"
	refused /dev/null
	rm "$BUNDLE/rootfs/dev/null"
	mknod "$BUNDLE/rootfs/dev/null" c 1 5
	refused /dev/null
	rm "$BUNDLE/rootfs/dev/null"
	ln -s /etc/passwd "$BUNDLE/rootfs/dev/null"
	refused /dev/null
	grep -q root "$BUNDLE/rootfs/etc/passwd"
}

@test "with a terminal: /dev/console and /dev/pts as links to the outside" {
	local name dev
	bundle_config '.process.terminal = true'
	for dev in with without; do
		[[ $dev == with ]] || bundle_config '.mounts |= map(select(.destination | IN("/dev", "/dev/shm", "/dev/mqueue") | not))'
		for name in /dev/console /dev/pts /dev/ptmx /dev; do
			link_out "$name" "$OUTSIDE${name#/dev}"
			timeout 20 python3 "$BATS_TEST_DIRNAME/on_tty.py" -- "${RUNTIME[@]}" run c >/dev/null 2>&1 3>&- || [[ $? -ne 124 ]]
			not test -e "$ROOT/c"
			rm -rf "$BUNDLE/rootfs/dev"
			mkdir "$BUNDLE/rootfs/dev"
		done
	done
}

@test "masked and read-only paths as links to the outside cover nothing there" {
	link_out /link "$OUTSIDE/file"
	link_out /up "../../../../../../../..$OUTSIDE/dir"
	bundle_config '.linux.maskedPaths = ["/link", "/up", "/link/x"] | .linux.readonlyPaths = ["/link", "/up/file"]'
	attempt "${RUNTIME[@]}" run c
	unchanged
	equal "$(inside cat "$OUTSIDE/file" "$OUTSIDE/dir/file")" $'keep\nkeep'
}

@test "mounts, devices and cwd through links to the outside stay in the root" {
	bundle_config '.mounts |= map(select(.destination | startswith("/dev") | not))' # $OUTSIDE is below /dev
	link_out /link "$OUTSIDE"
	link_out /up "../../../../../../../..$OUTSIDE"
	mkdir -p "$BUNDLE/rootfs$OUTSIDE"
	echo bound >"$TEST_DIR/source"
	add_mount /link/dir tmpfs tmpfs
	add_mount /up/file bind "$TEST_DIR/source" bind
	add_mount /link/new/deep tmpfs tmpfs
	bundle_config '.linux.devices = [{path: "/up/node", type: "c", major: 1, minor: 3}] | .process.cwd = "/link/cwd"'
	in_container 'pwd; cat /up/file; ls -d /link/node'
	says bound /link/node
	unchanged
	equal "$(stat -c %F "$BUNDLE/rootfs$OUTSIDE/node" "$BUNDLE/rootfs$OUTSIDE/cwd")" $'character special file\ndirectory'
}

# ---- races for mount points (CVE-2021-30465, CVE-2024-45310) ----

@test "a path that is a directory now and a link to the outside then: 100 containers, nothing appears outside" {
	local i swapper
	mkdir -p "$BUNDLE/rootfs/race/dir"
	ln -s "../../../../../../../../..$OUTSIDE" "$BUNDLE/rootfs/race/link"
	mkdir -p "$BUNDLE/rootfs/race2/dir"
	ln -s "$OUTSIDE" "$BUNDLE/rootfs/race2/link"
	echo bound >"$TEST_DIR/source"
	add_mount /race/dir/dir tmpfs tmpfs
	add_mount /race/dir/made/deep tmpfs tmpfs
	add_mount /race2/dir/file bind "$TEST_DIR/source" bind
	bundle_config '.linux.devices = [{path: "/race/dir/node", type: "c", major: 1, minor: 3}] |
		.process.cwd = "/race2/dir/cwd" | .linux.maskedPaths = ["/race/dir/file"]'
	python3 "$BATS_TEST_DIRNAME/swap.py" "$BUNDLE/rootfs/race/dir" "$BUNDLE/rootfs/race/link" 3>&- &
	swapper=$!
	python3 "$BATS_TEST_DIRNAME/swap.py" "$BUNDLE/rootfs/race2/dir" "$BUNDLE/rootfs/race2/link" 3>&- &
	swapper+=" $!"
	for i in $(rounds 100); do
		"${RUNTIME[@]}" run c >/dev/null 2>>"$TEST_DIR/why" </dev/null || true
	done
	# shellcheck disable=SC2086 # two words
	kill $swapper
	test -s "$TEST_DIR/why" # some met the link
	unchanged
	equal "$(find "$OUTSIDE" -name made -o -name cwd -o -name node)" ""
}

@test "a volume that two containers share, one of them swapping names in it" {
	local i
	mkdir -p "$TEST_DIR/volume/x"
	ln -s "$OUTSIDE" "$TEST_DIR/volume/y"
	add_mount /volume bind "$TEST_DIR/volume" rbind
	running attacker sh -c 'cd /volume && while mv -T x z && mv -T y x && mv -T x y && mv -T z x; do :; done'
	add_mount /volume/x/dir tmpfs tmpfs
	add_mount /volume/x/new tmpfs tmpfs
	bundle_args true
	for i in $(rounds 25); do
		"${RUNTIME[@]}" run c >/dev/null 2>&1 </dev/null || true
	done
	coffer delete --force attacker
	unchanged
}

# ---- leaked file descriptors (CVE-2024-21626, CVE-2016-9962) ----

@test "cwd by /proc/self/fd, of run and of exec, never leads outside" {
	local fd path
	exec 7<"$OUTSIDE" 8</ 9<"$BUNDLE"
	ln -s /proc/self/fd/7 "$BUNDLE/rootfs/link"
	for fd in {3..20}; do
		bundle_config '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$fd"
		attempt "${RUNTIME[@]}" run c
		[[ ! $OUT && $ERR == *"process.cwd"* ]] || told "cwd by fd $fd"
	done
	bundle_config '.process.cwd = "/link"'
	refused process.cwd
	bundle_config '.process.cwd = "/"'
	running c
	for path in /proc/self/fd/{3..20} /link /proc/1/cwd/../../.. /proc/self/fd/8/../..; do
		attempt "${RUNTIME[@]}" exec --cwd "$path" c sh -c 'pwd; ls -d keep file dir usr home 2>/dev/null'
		not grep -q 'usr\|home\|file' <<<"$OUT"
	done
	exec 7<&- 8<&- 9<&-
	unchanged
}

@test "the container gets stdio and what --preserve-fds says, whatever the caller has open" {
	exec 5<"$OUTSIDE" 7<"$OUTSIDE/file" 20<"$BUNDLE"
	in_container 'ls /proc/$$/fd; true'
	prints $'0\n1\n2'
	running c
	succeeds coffer exec c sh -c 'ls /proc/$$/fd; true'
	prints $'0\n1\n2'
	coffer delete --force c
	script 'ls /proc/$$/fd; true'
	exec 4<"$OUTSIDE/file"
	succeeds nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$BUNDLE" sh -c 'exec "$@" 3</dev/null' sh \
		"$COFFER" --root "$ROOT" run --preserve-fds 2 c
	prints $'0\n1\n2\n3\n4'
	exec 4<&- 5<&- 7<&- 20<&-
}

# What a watcher in the container could list of /proc/PID/fd while coffer joined: nothing but the program's own.
watch_execs() {
	local i
	running c sh -c 'while :; do for p in /proc/[0-9]*; do
			case $p in /proc/1 | /proc/$$) continue ;; esac
			ls -l $p/fd 2>/dev/null | grep -e "->" >>/tmp/fds
			(ls $p/root/ $p/cwd/ | grep -x "usr\|home\|outside") >>/tmp/files 2>/dev/null
		done; : >/tmp/turn; done'
	wait_for 10 test -e "$BUNDLE/rootfs/tmp/turn"
	for i in $(rounds 20); do
		"${RUNTIME[@]}" exec c sleep 0.05 >/dev/null 2>&1 </dev/null || true
	done
	coffer delete --force c
	test -s "$BUNDLE/rootfs/tmp/fds"
	not grep -v -e '-> /dev/null$' -e '-> pipe:' -e '-> /proc' -e '-> /tmp/' "$BUNDLE/rootfs/tmp/fds"
	not test -s "$BUNDLE/rootfs/tmp/files"
}

@test "exec cannot be looked into while it joins: a root without CAP_SYS_PTRACE" {
	watch_execs
}

@test "exec cannot be looked into while it joins: a user namespace with CAP_SYS_PTRACE" {
	user_namespace
	powerful
	watch_execs
}

# ---- names and numbers (CVE-2026-30892) ----

@test "exec --user: numbers and nothing else, never root by accident" {
	local row
	bundle_config '.process.user = {uid: 5, gid: 6}'
	running c
	for row in "1 1:6" "1:2 1:2" "0 0:6" "0:0 0:0" "4294967294:1 4294967294:1"; do
		succeeds coffer exec --user "${row% *}" c sh -c 'echo $(id -u):$(id -g)'
		prints "${row#* }"
	done
	for row in "" :2 abc 4294967296 4294967295 -1 1: 1:x 1:4294967295 1:-1 "1 " " 1" +1 0x1 01x 1:2:3 root 1.5 \
		18446744073709551616; do
		fails 255 --user coffer exec --user "$row" c sh -c 'id -u; touch /tmp/ran'
	done
	not test -e "$BUNDLE/rootfs/tmp/ran"
}

@test "ids that are paths, empty, too long or odd reach nothing beside the state root" {
	local id verb
	mkdir -p "$TEST_DIR/victim" "$ROOT"
	echo '{}' >"$TEST_DIR/victim/state.json"
	for id in ../victim a/b /victim . .. "" .hidden $'a\nb' "a b" 'a*' "$(printf 'x%.0s' {1..4096})"; do
		for verb in "run" "create" "state" "start" "kill" "delete --force" "pause" "ps"; do
			# shellcheck disable=SC2086 # words
			attempt "${RUNTIME[@]}" $verb "$id"
			[[ $ERR ]] || told "$verb $id says nothing"
		done
		attempt "${RUNTIME[@]}" exec "$id" true
		[[ $ERR ]] || told "exec $id says nothing"
	done
	equal "$(<"$TEST_DIR/victim/state.json")" '{}'
	equal "$(find "$ROOT" -mindepth 1 -not -path '*/.cache*')" ""
}

# ---- cgroups (CVE-2023-25809) ----

@test "a cgroupsPath with .. or a newline is refused, and makes no cgroup anywhere" {
	local path all=/proc/$HOLDER/root/sys/fs/cgroup
	for path in a/../../coffer-escape ../coffer-escape /../coffer-escape "$CGPATH/../../coffer-escape/.." \
		/coffer-escape/.. $'coffer-escape\nx' ..; do
		bundle_config '.linux.cgroupsPath = $path' --arg path "$path"
		refused linux.cgroupsPath
	done
	equal "$(find "$all" -name '*coffer-escape*')" ""
}

@test "exec --cgroup stays below the container's cgroup" {
	local path
	running c
	for path in .. ../test /../test a/../../test; do
		fails 255 --cgroup coffer exec --cgroup "$path" c true
	done
}

@test "a user namespace without a cgroup namespace cannot write a cgroup of the host, nor its own limits" {
	user_namespace
	powerful
	no_namespace cgroup
	bundle_config '(.mounts[] | select(.type == "cgroup")).options = ["rw"]'
	in_container 'cd /sys/fs/cgroup; mkdir x 2>/dev/null && echo made; (echo 1 >cgroup.freeze) 2>/dev/null && echo frozen
		(echo $$ >../cgroup.procs) 2>/dev/null && echo moved; (echo $$ >../test/cgroup.procs) 2>/dev/null && echo moved
		ls -d ../test 2>/dev/null; (echo max >hugetlb.2MB.max) 2>/dev/null && echo limit; true'
	prints ""
}

@test "a root without a user namespace cannot leave by a writable cgroup mount" {
	powerful
	bundle_config '(.mounts[] | select(.type == "cgroup")).options = ["rw"]'
	in_container 'cd /sys/fs/cgroup && ls -d ../test /sys/fs/cgroup/test 2>/dev/null; (echo /evil >release_agent) 2>/dev/null &&
		echo agent; true'
	prints ""
}

# ---- what is written through /proc (CVE-2019-16884, CVE-2025-52881) ----

@test "a false /proc in the root: sysctls are set all the same, and labels and ids are not written to it" {
	local pid fake=$BUNDLE/rootfs/proc
	mkdir -p "$fake"/{self,thread-self,1}/attr/apparmor "$fake/sys/net/ipv4" "$fake/sys/kernel"
	for file in sys/net/ipv4/ip_unprivileged_port_start sys/kernel/msgmax self/attr/exec self/attr/apparmor/exec \
		thread-self/attr/exec thread-self/attr/apparmor/exec self/uid_map self/oom_score_adj self/timens_offsets; do
		echo keep >"$fake/$file"
	done
	bundle_config '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = [] |
		.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77", "kernel.msgmax": "4321"} |
		.process.oomScoreAdj = 100'
	running c
	pid=$(pid_of c)
	equal "$(nsenter --net="/proc/$pid/ns/net" cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" 77
	equal "$(nsenter --ipc="/proc/$pid/ns/ipc" cat /proc/sys/kernel/msgmax)" 4321
	equal "$(<"/proc/$pid/oom_score_adj")" 100
	equal "$(find "$fake" -type f -exec cat {} + | sort -u)" keep
	bundle_config 'del(.linux.sysctl) | .process.selinuxLabel = "a:b:c:s0" | .process.apparmorProfile = "unconfined"'
	attempt "${RUNTIME[@]}" run other
	attempt "${RUNTIME[@]}" exec --apparmor unconfined c true
	equal "$(find "$fake" -type f -exec cat {} + | sort -u)" keep
}

@test "/proc/sys and /proc/self/attr covered by mounts of the config: writes go to the kernel, not to the cover" {
	local pid
	mkdir -p "$TEST_DIR/cover/net/ipv4" "$TEST_DIR/cover/kernel"
	echo keep >"$TEST_DIR/cover/net/ipv4/ip_unprivileged_port_start"
	ln -s "$OUTSIDE/file" "$TEST_DIR/cover/kernel/msgmax"
	add_mount /proc/sys bind "$TEST_DIR/cover" bind
	add_mount /proc/1/attr tmpfs tmpfs
	bundle_config '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77", "kernel.msgmax": "4321"} |
		.linux.readonlyPaths = []'
	running c
	pid=$(pid_of c)
	equal "$(nsenter --net="/proc/$pid/ns/net" cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" 77
	equal "$(nsenter --ipc="/proc/$pid/ns/ipc" cat /proc/sys/kernel/msgmax)" 4321
	equal "$(<"$TEST_DIR/cover/net/ipv4/ip_unprivileged_port_start")" keep
	attempt "${RUNTIME[@]}" exec --apparmor unconfined c true
	unchanged
}

# ---- files of the root that the runtime reads ----

@test "/etc/passwd as FIFO, device, directory, endless or huge file, or link: HOME is / and nothing hangs" {
	local kind passwd=$BUNDLE/rootfs/etc/passwd
	script 'echo $HOME'
	for kind in fifo zero tty directory huge link loop outside none; do
		rm -rf "$passwd"
		case $kind in
		fifo) mkfifo "$passwd" ;;
		zero) ln -s /dev/zero "$passwd" ;;
		tty) mknod "$passwd" c 5 0 ;;
		directory) mkdir "$passwd" ;;
		huge) truncate -s 8G "$passwd" ;;
		link) ln -s /proc/self/fd/0 "$passwd" ;;
		loop) ln -s passwd "$passwd" ;;
		outside) echo root:x:0:0::/evil: >"$TEST_DIR/passwd" && ln -s "$TEST_DIR/passwd" "$passwd" ;;
		esac
		succeeds timeout 10 "${RUNTIME[@]}" run c
		prints /
	done
}

@test "a passwd of strange lines gives a HOME that is one absolute path" {
	printf '%s\n' ':::::' 'root:x:0' 'x:x:0:0::relative:' 'y:x:-0:0::/minus:' 'z:x:4294967296:0::/wrapped:' \
		$'r\rt:x:0:0:a:/carriage\r:' >"$BUNDLE/rootfs/etc/passwd"
	in_container 'echo "$HOME" | wc -l; case $HOME in /*) echo absolute ;; esac'
	prints $'1\nabsolute'
	not grep -q 'wrapped\|minus' <<<"$(coffer run c)"
}

@test "tmpcopyup of a hostile tree: links stay links, FIFOs and devices are no trap, nothing outside is read or written" {
	local i path=$BUNDLE/rootfs/data
	mkdir -p "$path/dir"
	ln -s "$OUTSIDE/file" "$path/out"
	ln -s "../../../../../../../../..$OUTSIDE" "$path/up"
	ln -s "$OUTSIDE/dir" "$path/dir/below"
	ln -s loop "$path/loop"
	mkfifo "$path/fifo" "$path/dir/fifo"
	mknod "$path/zero" c 1 5
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$path/socket"
	add_mount /data tmpfs tmpfs tmpcopyup size=1m
	script 'cd /data; for l in out up dir/below loop; do readlink $l; done; cat out up/file 2>/dev/null; test -c zero && echo device; ls -d dir'
	succeeds timeout 15 "${RUNTIME[@]}" run c
	prints "$OUTSIDE/file"$'\n'"../../../../../../../../..$OUTSIDE"$'\n'"$OUTSIDE/dir"$'\nloop\ndir'
	for ((i = 0; i < 100; i++)); do
		mkdir "$path/d" && path+=/d
	done
	attempt "${RUNTIME[@]}" run c
	[[ $ERR == *tmpcopyup* ]] || told "no limit of depth"
	unchanged
}

@test "a program that is a link to the outside is not found" {
	ln -s "$OUTSIDE/file" "$BUNDLE/rootfs/bin/outside"
	chmod +x "$OUTSIDE/file"
	describe_outside >"$TEST_DIR/outside.before"
	bundle_args outside
	refused_with 127 outside
}

# ---- the root cannot be left ----

@test "root of a container cannot leave by chroot, nor see the host's mounts" {
	powerful
	in_container 'mkdir -p /tmp/jail && chroot /tmp/jail /nothing 2>/dev/null; cd ../../../../..; ls -d usr home 2>/dev/null
		cut -d " " -f 4 /proc/self/mountinfo | grep -c ^/coffer-test; grep -c /dev/shm/coffer-test /proc/self/mountinfo || true'
	equal "$(tail -1 <<<"$OUT")" 0
	not grep -q 'usr\|home' <<<"$OUT"
}

@test "no abstract socket, keyring or signal reaches the runtime from inside" {
	no_namespace network
	in_container 'grep -c "@.*coffer" /proc/net/unix || true'
	prints 0
}

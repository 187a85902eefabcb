#!/usr/bin/env bats
# process.bats - the process object: runtime-spec config.md "Process", "POSIX process", "Linux Process", "User".

load helpers
load features

# process MEMBER JSON
process() {
	bundle_config '.process[$member] = $value' --arg member "$1" --argjson value "$2"
}

status_line() {
	awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' "/proc/$(pid_of c)/status"
}

# ---- args ----

@test "args are passed as they are, the empty and the strange ones too" {
	bundle_args sh -c 'for arg; do echo "<$arg>"; done' sh "" "a b" '$HOME' $'tab\t' "*"
	succeeds coffer run c
	prints $'<>\n<a b>\n<$HOME>\n<tab\t>\n<*>'
}

@test "the program is looked for in the container's PATH" {
	mkdir "$BUNDLE/rootfs/opt"
	printf '#!/bin/sh\necho mine "$@"\n' >"$BUNDLE/rootfs/opt/program"
	chmod +x "$BUNDLE/rootfs/opt/program"
	process env '["PATH=/nowhere:/opt"]'
	bundle_args program 1
	succeeds coffer run c
	prints "mine 1"
	process env '["OTHER=/opt"]'
	refused_with 127 'executable file not found in $PATH'
}

@test "a relative program is relative to cwd" {
	mkdir "$BUNDLE/rootfs/opt"
	printf '#!/bin/sh\necho mine\n' >"$BUNDLE/rootfs/opt/program"
	chmod +x "$BUNDLE/rootfs/opt/program"
	process cwd '"/opt"'
	bundle_args ./program
	succeeds coffer run c
	prints mine
}

@test "what cannot be executed has the words that engines turn into 127 and 126" {
	touch "$BUNDLE/rootfs/plain"
	bundle_args nothing-like-this
	refused_with 127 nothing-like-this 'executable file not found in $PATH'
	bundle_args /nothing/like/this
	refused_with 127 "no such file or directory"
	bundle_args /plain
	refused_with 126 "permission denied"
	bundle_args /etc
	refused_with 126 "is a directory"
	bundle_args /etc/passwd/x
	refused_with 127 "not a directory"
}

@test "no process: created, but not started; no args is refused" {
	bundle_config 'del(.process.args)'
	refused process.args
	bundle_args ""
	refused 'process.args[0]'
	bundle_config 'del(.process)'
	succeeds coffer create c
	equal "$(status_of c)" created
	fails 1 process coffer start c
}

# ---- environment ----

@test "env is all there is, besides HOME" {
	process env '["PATH=/bin", "A=1", "B=x y=z", "A_2=", "C=ü"]'
	in_container 'env | grep -v "^\(PWD\|SHLVL\|_\)=" | sort'
	prints $'A=1\nA_2=\nB=x y=z\nC=ü\nHOME=/root\nPATH=/bin'
}

@test "HOME: the config's own, the one of passwd, / for an unknown user" {
	in_container 'echo $HOME'
	prints /root
	user 1000 1000
	in_container 'echo $HOME'
	prints /tmp
	user 4242 1
	in_container 'echo $HOME'
	prints /
	process env '["PATH=/bin", "HOME=/mine"]'
	in_container 'echo $HOME'
	prints /mine
}

@test "broken variables are refused: no equals sign, no name, HOME of two lines" {
	process env '["PATH"]'
	refused 'process.env[0]'
	process env '["=x"]'
	refused 'process.env[0]'
	process env '["HOME=/a\nroot::0:0::/:/bin/sh"]'
	refused HOME newline
}

# ---- cwd ----

@test "cwd is made if it is missing" {
	bundle_config '.root.readonly = false'
	process cwd '"/new/directory"'
	in_container pwd
	prints /new/directory
	test -d "$BUNDLE/rootfs/new/directory"
}

@test "cwd: relative, a file, are refused" {
	process cwd '"tmp"'
	refused process.cwd absolute
	process cwd '"/etc/passwd"'
	refused /etc/passwd
}

@test "cwd that only the user may enter, or only root" {
	local owner
	mkdir -m 700 "$BUNDLE/rootfs/closed"
	process cwd '"/closed"'
	user 1000 1000
	for owner in 1000 0; do
		chown "$owner" "$BUNDLE/rootfs/closed"
		in_container 'readlink /proc/self/cwd'
		prints /closed
	done
}

# ---- user ----

@test "uid, gid and exactly the additional groups" {
	user 1000 1001 5 6 4294967294
	in_container 'id -u; id -g; grep ^Groups /proc/self/status'
	prints $'1000\n1001\nGroups:\t5 6 4294967294 '
}

@test "the runtime's own supplementary groups are dropped" {
	script 'grep ^Groups /proc/self/status'
	succeeds setpriv --groups 4,27,1234 nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$BUNDLE" "$COFFER" --root "$ROOT" run c
	prints $'Groups:\t '
	user 7 7 8
	script 'grep ^Groups /proc/self/status'
	succeeds setpriv --groups 4,27,1234 nsenter --mount="/proc/$HOLDER/ns/mnt" --wdns="$BUNDLE" "$COFFER" --root "$ROOT" run c
	prints $'Groups:\t8 '
}

@test "real, effective, saved and file system ids are all the user's" {
	user 1000 1001
	in_container 'grep "^[UG]id" /proc/self/status'
	prints $'Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001'
}

@test "ids that are none are refused: the last, negative, beyond 32 bit" {
	local id
	for id in 4294967295 -1 4294967296 1.5 '"0"'; do
		process user "{\"uid\": $id, \"gid\": 0}"
		refused process.user.uid
		process user "{\"uid\": 0, \"gid\": $id}"
		refused process.user.gid
		process user "{\"uid\": 0, \"gid\": 0, \"additionalGids\": [$id]}"
		refused process.user.additionalGids
	done
}

@test "umask: the given one, 0022 without" {
	in_container umask
	prints 0022
	process user '{"uid": 0, "gid": 0, "umask": 63}'
	in_container 'umask; : >/dev/shm/x; stat -c %a /dev/shm/x'
	prints $'0077\n600'
	process user '{"uid": 0, "gid": 0, "umask": 512}'
	refused process.user.umask
}

@test "the standard streams belong to the user, so that /dev/stdout can be opened" {
	user 1000 1000
	script 'echo out >/dev/stdout; echo err >/dev/stderr'
	coffer run c >"$TEST_DIR/out" 2>"$TEST_DIR/err" </dev/null
	equal "$(<"$TEST_DIR/out") $(<"$TEST_DIR/err")" "out err"
}

# ---- limits of the process ----

@test "rlimits: every kind, soft and hard, also of exec" {
	local rows='Max cpu time:CPU Max file size:FSIZE Max data size:DATA Max stack size:STACK Max core file size:CORE
		Max resident set:RSS Max processes:NPROC Max open files:NOFILE Max locked memory:MEMLOCK
		Max address space:AS Max file locks:LOCKS Max pending signals:SIGPENDING Max msgqueue size:MSGQUEUE
		Max nice priority:NICE Max realtime priority:RTPRIO Max realtime timeout:RTTIME'
	local soft=1000 name title
	for name in FSIZE DATA STACK CORE RSS NPROC NOFILE LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME CPU; do
		title=$(grep -o "Max [a-z ]*:$name\b" <<<"$rows")
		soft=1000
		case $name in DATA | STACK | FSIZE) soft=8000000 ;; MSGQUEUE | SIGPENDING) soft=10 ;; NICE | RTPRIO) soft=0 ;; esac
		case $name in NICE | RTPRIO) hard=0 ;; *) hard=$((soft + 10)) ;; esac
		process rlimits "[{\"type\": \"RLIMIT_$name\", \"soft\": $soft, \"hard\": $hard}]"
		in_container "grep '^${title%:*} ' /proc/self/limits | tr -s ' '"
		matches "${title%:*} $soft $hard"
	done
}

@test "rlimits: several at once, unlimited as the greatest number, and for exec" {
	bundle_args sleep 1000
	process rlimits '[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
		{"type": "RLIMIT_FSIZE", "soft": 1048576, "hard": "MOST"}]'
	sed -i s/\"MOST\"/18446744073709551615/ "$BUNDLE/config.json" # beyond what jq counts exactly
	coffer run --detach c </dev/null >/dev/null
	succeeds coffer exec c sh -c 'ulimit -Sn; ulimit -Hn; ulimit -Sf; ulimit -Hf'
	prints $'100\n200\n2048\nunlimited'
}

@test "rlimits: an unknown type, the same twice, soft above hard are refused" {
	process rlimits '[{"type": "RLIMIT_NOTHING", "soft": 1, "hard": 1}]'
	refused 'process.rlimits[0].type'
	process rlimits '[{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}, {"type": "RLIMIT_CORE", "soft": 1, "hard": 1}]'
	refused 'process.rlimits[1].type' twice
	process rlimits '[{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]'
	refused 'process.rlimits[0].soft'
}

@test "oomScoreAdj: the given one; the caller's without; out of range is refused" {
	process oomScoreAdj 500
	in_container 'cat /proc/self/oom_score_adj'
	prints 500
	bundle_config 'del(.process.oomScoreAdj)'
	in_container 'cat /proc/self/oom_score_adj'
	prints "$(cat /proc/self/oom_score_adj)"
	process oomScoreAdj 1001
	refused process.oomScoreAdj
}

@test "noNewPrivileges: on and off, for exec as well" {
	process noNewPrivileges true
	in_container 'grep NoNewPrivs /proc/self/status'
	prints $'NoNewPrivs:\t1'
	process noNewPrivileges false
	in_container 'grep NoNewPrivs /proc/self/status'
	prints $'NoNewPrivs:\t0'
	running c
	succeeds coffer exec --no-new-privs c grep NoNewPrivs /proc/self/status
	prints $'NoNewPrivs:\t1'
}

@test "scheduler: policies with nice, batch and idle, and the flag for children" {
	process scheduler '{"policy": "SCHED_BATCH", "nice": 5}'
	running c
	equal "$(chrt -p "$(pid_of c)" | head -1 | sed 's/.*: //')" SCHED_BATCH
	equal "$(awk '{ print $19 }' "/proc/$(pid_of c)/stat")" 5
	coffer delete --force c
	process scheduler '{"policy": "SCHED_IDLE"}'
	running c
	equal "$(chrt -p "$(pid_of c)" | head -1 | sed 's/.*: //')" SCHED_IDLE
	coffer delete --force c
	process scheduler '{"policy": "SCHED_OTHER", "nice": 7, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}'
	running c
	equal "$(chrt -p "$(pid_of c)" | head -1 | sed 's/.*: //')" "SCHED_OTHER|SCHED_RESET_ON_FORK"
}

@test "scheduler: realtime where the cgroup permits it" {
	process scheduler '{"policy": "SCHED_FIFO", "priority": 10}'
	if chrt --fifo 10 true 2>/dev/null; then
		running c
		equal "$(chrt -p "$(pid_of c)" | head -1 | sed 's/.*: //')" SCHED_FIFO
	else
		refused process.scheduler
	fi
}

@test "scheduler: what makes no sense is refused" {
	local text
	for text in '{"policy": "SCHED_MAGIC"}' '{"policy": "SCHED_FIFO"}' '{"policy": "SCHED_FIFO", "priority": 100}' \
		'{"policy": "SCHED_OTHER", "priority": 1}' '{"policy": "SCHED_OTHER", "nice": 20}' \
		'{"policy": "SCHED_DEADLINE"}' '{"policy": "SCHED_OTHER", "runtime": 5}' '{"policy": "SCHED_ISO"}' \
		'{"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_NONE"]}'; do
		process scheduler "$text"
		refused process.scheduler
	done
}

@test "ioPriority" {
	process ioPriority '{"class": "IOPRIO_CLASS_BE", "priority": 6}'
	running c
	equal "$(ionice -p "$(pid_of c)")" "best-effort: prio 6"
	coffer delete --force c
	process ioPriority '{"class": "IOPRIO_CLASS_IDLE", "priority": 0}'
	running c
	equal "$(ionice -p "$(pid_of c)")" idle
	process ioPriority '{"class": "IOPRIO_CLASS_BE", "priority": 8}'
	fails 1 process.ioPriority coffer run other
	process ioPriority '{"class": "IOPRIO_CLASS_NONE", "priority": 1}'
	fails 1 process.ioPriority coffer run other
}

@test "execCPUAffinity: final holds for what exec starts, the container's own process is left alone" {
	process execCPUAffinity '{"initial": "0-1", "final": "1"}'
	[[ $(nproc) -ge 2 ]] || skip "one processor"
	running c
	equal "$(status_line Cpus_allowed_list)" "$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)"
	succeeds coffer exec c grep Cpus_allowed_list /proc/self/status
	prints $'Cpus_allowed_list:\t1'
	process execCPUAffinity '{"final": "1-"}'
	fails 1 process.execCPUAffinity coffer run other
}

@test "personality: LINUX32 changes what uname says; flags and unknown domains are refused" {
	bundle_config '.linux.personality = {domain: "LINUX32"}'
	in_container 'uname -m'
	prints i686
	running other
	succeeds coffer exec other uname -m
	prints i686
	bundle_config '.linux.personality = {domain: "LINUX"}'
	in_container 'uname -m'
	prints "$(uname -m)"
	bundle_config '.linux.personality = {domain: "LINUX", flags: ["X"]}'
	refused linux.personality
	bundle_config '.linux.personality = {domain: "PLAN9"}'
	refused linux.personality
}

@test "AppArmor and SELinux: a clear error where the kernel has none" {
	process apparmorProfile '"some-profile"'
	if [[ -e /sys/module/apparmor/parameters/enabled && $(</sys/module/apparmor/parameters/enabled) == Y ]]; then
		refused apparmorProfile
	else
		refused process.apparmorProfile some-profile AppArmor
	fi
	bundle_config 'del(.process.apparmorProfile)'
	process selinuxLabel '"system_u:system_r:container_t:s0"'
	[[ ! -e /sys/fs/selinux/enforce ]] || skip "SELinux is on"
	refused process.selinuxLabel SELinux
}

@test "signals are at their defaults and none is blocked, whatever the caller has" {
	bundle_args grep '^Sig\(Blk\|Ign\)' /proc/self/status
	succeeds sh -c 'trap "" INT QUIT PIPE HUP USR1; exec "$@"' sh "${RUNTIME[@]}" run c
	prints $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
}

@test "the program leads a session of its own" {
	in_container 'read -r _ _ _ _ _ session _ </proc/self/stat; echo $session'
	prints 1
}

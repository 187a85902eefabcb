#!/usr/bin/env bats
# seccomp.bats - linux.seccomp: runtime-spec config-linux.md "Seccomp". Actions, errno values, comparisons, architectures,
# flags, with and without no_new_privs, for exec; and the cache of compiled filters: used, and never trusted blindly.

load helpers
load features

# profile JSON: linux.seccomp.
profile() {
	bundle_config '.linux.seccomp = $profile' --argjson profile "$1"
}

# rule ACTION NAME [MEMBERS]: everything is allowed but this one.
rule() {
	profile "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"$2\"], \"action\": \"$1\" ${3-}}]}"
}

@test "errno: EPERM without a value, else the value; the filter is in force and of one layer" {
	rule SCMP_ACT_ERRNO mkdir
	in_container 'mkdir /dev/shm/x 2>&1; grep "^Seccomp" /proc/self/status'
	says "Operation not permitted" $'Seccomp:\t2' $'Seccomp_filters:\t1'
	rule SCMP_ACT_ERRNO mkdir ', "errnoRet": 28'
	in_container 'mkdir /dev/shm/x 2>&1; true'
	says "No space left on device"
	rule SCMP_ACT_ERRNO mkdir ', "errnoRet": 0'
	in_container 'mkdir /dev/shm/x && echo claims; test -d /dev/shm/x || echo "was not made"'
	prints $'claims\nwas not made'
}

@test "the default action: errno for all but the listed, with its own value" {
	profile '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [{"names": ["execve", "brk", "mmap",
		"mprotect", "munmap", "write", "read", "open", "openat", "close", "exit", "exit_group", "arch_prctl", "fstat",
		"newfstatat", "stat", "readlink", "getuid", "geteuid", "getgid", "getegid", "getpid", "getppid", "rt_sigaction",
		"rt_sigprocmask", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "fcntl", "lseek",
		"ioctl", "dup2", "uname", "getcwd", "wait4", "clone", "fork", "vfork", "pipe", "setuid", "setgid", "sigaltstack",
		"sched_getaffinity", "access", "faccessat", "faccessat2", "statx", "getdents64", "umask", "fchmodat", "vhangup", "rt_sigreturn", "sigreturn"], "action": "SCMP_ACT_ALLOW"}]}'
	in_container 'echo works; mkdir /dev/shm/x 2>&1; true'
	says works "Function not implemented"
}

@test "kill: the thread, the process; trap: SIGSYS" {
	local action
	for action in SCMP_ACT_KILL SCMP_ACT_KILL_THREAD SCMP_ACT_KILL_PROCESS SCMP_ACT_TRAP; do
		rule $action mkdir
		in_container 'exec 2>/dev/null; (mkdir /dev/shm/x); echo $?; test -d /dev/shm/x || echo none'
		prints $'159\nnone'
	done
}

@test "log and trace: log lets it through, trace without a tracer is ENOSYS" {
	rule SCMP_ACT_LOG mkdir
	in_container 'mkdir /dev/shm/x && echo made'
	prints made
	rule SCMP_ACT_TRACE mkdir
	in_container 'mkdir /dev/shm/x 2>&1; true'
	says "Function not implemented"
}

@test "comparisons: each operator, by the signal number of kill" {
	local operator value signals # that are refused, of 1, 10, 12
	while read -r operator value signals; do
		rule SCMP_ACT_ERRNO kill ", \"args\": [{\"index\": 1, \"op\": \"SCMP_CMP_$operator\", \"value\": $value}]"
		in_container 'trap "" 1 10 12; for s in 1 10 12; do kill -$s $$ 2>/dev/null || printf "$s "; done'
		equal "$operator ${OUT% }" "$operator $signals"
	done <<-END
		EQ 10 10
		NE 10 1 12
		LT 10 1
		LE 10 1 10
		GE 10 10 12
		GT 10 12
	END
	rule SCMP_ACT_ERRNO kill ', "args": [{"index": 1, "op": "SCMP_CMP_MASKED_EQ", "value": 6, "valueTwo": 4}]'
	in_container 'trap "" 1 10 12; for s in 1 10 12; do kill -$s $$ 2>/dev/null || printf "$s "; done'
	prints "12 "
}

@test "several comparisons of different arguments have to hold together; of the same argument any is enough" {
	rule SCMP_ACT_ERRNO kill ', "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 1},
		{"index": 1, "op": "SCMP_CMP_EQ", "value": 10}]'
	in_container 'trap "" 10 12; kill -10 1 2>/dev/null || echo refused; kill -12 1 && echo allowed'
	prints $'refused\nallowed'
	rule SCMP_ACT_ERRNO kill ', "args": [{"index": 1, "op": "SCMP_CMP_EQ", "value": 12},
		{"index": 1, "op": "SCMP_CMP_EQ", "value": 10}]'
	in_container 'trap "" 1 10 12; for s in 1 10 12; do kill -$s $$ 2>/dev/null || printf "$s "; done'
	prints "10 12 "
}

@test "a name that the kernel does not know is left out, the others hold" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["not_a_call", "mkdir"], "action":
		"SCMP_ACT_ERRNO"}]}'
	in_container 'mkdir /dev/shm/x 2>&1; true'
	says "Operation not permitted"
}

@test "architectures: those of engines' profiles are taken; a call of one that is not listed kills" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
		"SCMP_ARCH_AARCH64"], "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}'
	in_container 'mkdir /dev/shm/x 2>&1; true'
	says "Operation not permitted"
}

@test "flags: each known one is taken and is seen in force" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC",
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
		"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}'
	in_container 'mkdir /dev/shm/x 2>&1; grep "^Seccomp:" /proc/self/status; grep Speculation_Store /proc/self/status'
	says "Operation not permitted" $'Seccomp:\t2'
	not grep -q 'Speculation_Store_Bypass:.*force mitigated' <<<"$OUT"
}

@test "with and without no_new_privs, for root and for another user" {
	local nnp uid
	for nnp in true false; do
		for uid in 0 1000; do
			bundle_config '.process.noNewPrivileges = $on' --argjson on $nnp
			user $uid $uid
			rule SCMP_ACT_ERRNO mkdir
			in_container 'mkdir /dev/shm/x 2>&1; grep "^Seccomp:\|^NoNewPrivs" /proc/self/status'
			says "Operation not permitted" $'Seccomp:\t2' NoNewPrivs
		done
	done
}

@test "with no_new_privs the filter may forbid what set-up needs: capset, setuid, setgroups, chdir" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["capset", "setresuid", "setresgid", "setgroups",
		"chdir", "openat2", "close_range", "mount", "pivot_root"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
	user 1000 1000 5
	in_container 'echo alive'
	prints alive
}

@test "in a user namespace" {
	user_namespace
	rule SCMP_ACT_ERRNO mkdir
	in_container 'mkdir /dev/shm/x 2>&1; true'
	says "Operation not permitted"
}

@test "exec is under the same filter" {
	rule SCMP_ACT_ERRNO mkdir
	running c
	fails 1 "Operation not permitted" coffer exec c mkdir /dev/shm/x
}

@test "refused: unknown actions, operators, architectures, flags, values out of range, notify, no names" {
	rule SCMP_ACT_MAGIC mkdir
	refused linux.seccomp SCMP_ACT_MAGIC
	rule SCMP_ACT_NOTIFY mkdir
	refused linux.seccomp SCMP_ACT_NOTIFY
	rule SCMP_ACT_ERRNO mkdir ', "errnoRet": 5000'
	refused linux.seccomp 5000
	rule SCMP_ACT_KILL mkdir ', "errnoRet": 5'
	refused linux.seccomp errno
	rule SCMP_ACT_ERRNO mkdir ', "args": [{"index": 6, "op": "SCMP_CMP_EQ", "value": 0}]'
	refused linux.seccomp index
	rule SCMP_ACT_ERRNO mkdir ', "args": [{"index": 0, "op": "SCMP_CMP_ABOUT", "value": 0}]'
	refused linux.seccomp SCMP_CMP_ABOUT
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_PDP11"]}'
	refused linux.seccomp.architectures SCMP_ARCH_PDP11
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_X"]}'
	refused linux.seccomp.flags SECCOMP_FILTER_FLAG_X
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]}'
	refused linux.seccomp names
	profile '{"syscalls": []}'
	refused linux.seccomp defaultAction
}

# ---- the cache ----

cache_file() {
	find "$ROOT/.cache/seccomp" -type f
}

@test "the second start reads the filter from the cache and compiles nothing" {
	local calls
	type -P strace >/dev/null || skip "needs strace"
	rule SCMP_ACT_ERRNO mkdir
	in_container 'mkdir /dev/shm/x 2>&1; true'
	equal "$(cache_file | wc -l)" 1
	equal "$(stat -c '%a %u' "$(cache_file)")" "600 0"
	calls=$TEST_DIR/calls
	script 'mkdir /dev/shm/x 2>&1; true'
	strace -f -qq -e trace=memfd_create,seccomp -o "$calls" "${RUNTIME[@]}" run c >"$TEST_DIR/stdout"
	grep -q "Operation not permitted" "$TEST_DIR/stdout"
	not grep -q 'memfd_create("seccomp"' "$calls"
	grep -q 'seccomp(SECCOMP_SET_MODE_FILTER' "$calls"
}

@test "another profile is another entry" {
	rule SCMP_ACT_ERRNO mkdir
	in_container 'true'
	rule SCMP_ACT_ERRNO mkdir ', "errnoRet": 2'
	in_container 'mkdir /dev/shm/x 2>&1; true'
	says "No such file"
	equal "$(cache_file | wc -l)" 2
}

@test "a poisoned cache file is not used: changed, cut, of another profile, writable by others, a link, a FIFO" {
	local file good bad
	rule SCMP_ACT_ERRNO rmdir
	in_container 'true'
	mv "$(cache_file)" "$TEST_DIR/other"
	rule SCMP_ACT_ERRNO mkdir
	in_container 'true'
	file=$(cache_file)
	good=$TEST_DIR/good
	cp -p "$file" "$good"
	for bad in changed cut empty other writable owner link fifo directory; do
		rm -rf "$file"
		case $bad in
		changed) head -c -8 "$good" >"$file" && printf '\x06\0\0\0\0\0\xff\x7f' >>"$file" ;;
		cut) head -c -8 "$good" >"$file" ;;
		empty) : >"$file" ;;
		other) cp -p "$TEST_DIR/other" "$file" ;;
		writable) cp -p "$good" "$file" && chmod 666 "$file" ;;
		owner) cp -p "$good" "$file" && chown 1000 "$file" ;;
		link) ln -s "$good" "$file" ;;
		fifo) mkfifo "$file" ;;
		directory) mkdir "$file" ;;
		esac
		in_container 'mkdir /dev/shm/x 2>&1; true'
		says "Operation not permitted"
	done
}

@test "a cache directory that cannot be is no error" {
	mkdir -p "$ROOT"
	echo in the way >"$ROOT/.cache"
	rule SCMP_ACT_ERRNO mkdir
	in_container 'mkdir /dev/shm/x 2>&1; true'
	says "Operation not permitted"
	rm "$ROOT/.cache"
}

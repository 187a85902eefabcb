/*
 * bundle_seccomp.c - the default filter of system calls, as linux.seccomp.
 *
 * Three lists, made from the kernel's system call tables: what programs use is allowed; what reaches out of a container
 * or only serves to attack the kernel answers EPERM, unless a capability that the container has been given makes it its
 * business; what is in neither list, future calls that is, answers ENOSYS, so that C libraries fall back to older ones.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bundle_parts.h"

enum { WORD_SIZE = 64, PROFILE_MAX = 4 * 1024 * 1024, PROFILE_DEPTH = 16 };

static const char *const allowed[] = {
	/* files and directories */
	"access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat "
	"faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 "
	"fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr "
	"fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd "
	"getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 "
	"inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listxattr listxattrat llistxattr "
	"_llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat newfstatat open "
	"openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead "
	"readdir readlink readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir "
	"sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64 statx symlink "
	"symlinkat sync sync_file_range sync_file_range2 syncfs tee truncate truncate64 umask unlink "
	"unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev",
	/* memory */
	"brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 "
	"mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free "
	"pkey_mprotect process_mrelease remap_file_pages",
	/* processes, threads, time, signals */
	"alarm arch_prctl arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush capget capset "
	"clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
	"clock_nanosleep_time64 execve execveat exit exit_group fork futex futex_requeue futex_time64 "
	"futex_wait futex_waitv futex_wake get_robust_list get_thread_area getcpu getegid getegid32 "
	"geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpgid getpgrp getpid getppid "
	"getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid "
	"gettid gettimeofday getuid getuid32 ioprio_get ioprio_set kill landlock_add_rule "
	"landlock_create_ruleset landlock_restrict_self modify_ldt nanosleep nice olduname pause "
	"pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq rt_sigaction rt_sigpending "
	"rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
	"rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr "
	"sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 "
	"sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp "
	"set_robust_list set_thread_area set_tid_address set_tls setfsgid setfsgid32 setfsuid setfsuid32 "
	"setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 "
	"setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setuid setuid32 "
	"sigaction sigaltstack signal sigpending sigprocmask sigreturn sigsuspend swapcontext sysinfo "
	"tgkill time times tkill ugetrlimit uname uretprobe vfork wait4 waitid waitpid",
	/* events and timers */
	"epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
	"epoll_wait_old eventfd eventfd2 io_cancel io_destroy io_getevents io_pgetevents "
	"io_pgetevents_time64 io_setup io_submit _newselect poll ppoll ppoll_time64 pselect6 "
	"pselect6_time64 select signalfd signalfd4 timer_create timer_delete timer_getoverrun "
	"timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime "
	"timerfd_gettime64 timerfd_settime timerfd_settime64",
	/* between processes */
	"ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
	"mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
	"semtimedop_time64 shmat shmctl shmdt shmget",
	/* sockets; socket(2) itself by its domain */
	"accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
	"recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair",
	/* rights within what the container has already */
	"chroot process_vm_readv process_vm_writev ptrace",
	NULL,
};

static const char *const forbidden[] = {
	"add_key afs_syscall clock_adjtime64 create_module get_kernel_syms get_mempolicy getpmsg "
	"io_uring_enter io_uring_register io_uring_setup keyctl lookup_dcookie mbind migrate_pages "
	"move_pages name_to_handle_at nfsservctl putpmsg query_module request_key security set_mempolicy "
	"set_mempolicy_home_node _sysctl sysfs tuxcall uselib userfaultfd ustat vm86 vm86old vserver",
	NULL,
};

/* Allowed with one capability, EPERM without; the same call may be in several rows. */
static const struct {
	const char *capability, *calls;
} privileged[] = {
	{ "CAP_SYS_ADMIN", "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick mount mount_setattr "
			   "move_mount open_tree perf_event_open pivot_root quotactl quotactl_fd setdomainname "
			   "sethostname setns umount umount2 unshare" },
	{ "CAP_BPF", "bpf" },
	{ "CAP_PERFMON", "perf_event_open" },
	{ "CAP_DAC_READ_SEARCH", "open_by_handle_at" },
	{ "CAP_SYS_BOOT", "reboot kexec_load kexec_file_load" },
	{ "CAP_SYS_MODULE", "delete_module finit_module init_module" },
	{ "CAP_SYS_PACCT", "acct" },
	{ "CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise" },
	{ "CAP_SYS_RAWIO", "ioperm iopl" },
	{ "CAP_SYS_TIME", "adjtimex clock_adjtime clock_settime clock_settime64 settimeofday stime" },
	{ "CAP_SYS_TTY_CONFIG", "vhangup" },
	{ "CAP_SYSLOG", "syslog" },
	{ "CAP_SYS_ADMIN", "swapon swapoff" },
};

static bool has(const struct bundle_input *in, const char *capability)
{
	for (const char *const *held = in->capabilities; *held; held++)
		if (str_eq(*held, capability))
			return true;
	return false;
}

/* Calls `each` for every word of a text; stops and is true when that is. */
static bool any_word(const char *text, bool (*each)(void *context, const char *word), void *context)
{
	char word[WORD_SIZE];

	for (;;) {
		size_t length;

		text += strspn(text, " ");
		length = strcspn(text, " ");
		if (length == 0)
			return false;
		length = length < sizeof(word) ? length : sizeof(word) - 1;
		memcpy(word, text, length);
		word[length] = '\0';
		if (each(context, word))
			return true;
		text += length;
	}
}

static bool put_word(void *context, const char *word)
{
	json_put_string(context, NULL, word);
	return false;
}

static bool is_word(void *context, const char *word)
{
	return str_eq(context, word);
}

/* lists: texts of words, ended with NULL. */
static void put_rule(struct json_writer *writer, const char *const *lists, bool allow, int errnum)
{
	json_begin_object(writer, NULL);
	json_begin_array(writer, "names");
	for (; *lists; lists++)
		(void)any_word(*lists, put_word, writer);
	json_end_array(writer);
	json_put_string(writer, "action", allow ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO");
	if (!allow)
		json_put_i64(writer, "errnoRet", errnum);
	json_end_object(writer);
}

struct argument_rule {
	const char *call;
	const char *operator;
	uint64_t value, value_two;
};

/* All namespaces that clone(2) can make but a time namespace, whose bit is one of the exit signal's. */
#define CLONE_NAMESPACES UINT64_C(0x7e020000)

/* personality(2): Linux, 32-bit Linux, each without address randomisation, and what asks. socket(2): not the host's
   side of virtual machines. */
static const struct argument_rule by_argument[] = {
	{ "personality", "SCMP_CMP_EQ", 0x0, 0 },        { "personality", "SCMP_CMP_EQ", 0x0008, 0 },
	{ "personality", "SCMP_CMP_EQ", 0x20000, 0 },    { "personality", "SCMP_CMP_EQ", 0x20008, 0 },
	{ "personality", "SCMP_CMP_EQ", 0xffffffff, 0 }, { "socket", "SCMP_CMP_NE", AF_VSOCK, 0 },
};
static const struct argument_rule no_namespaces = { "clone", "SCMP_CMP_MASKED_EQ", CLONE_NAMESPACES, 0 };

static void put_argument_rule(struct json_writer *writer, const struct argument_rule *rule)
{
	const char *const names[] = { rule->call, NULL };

	json_begin_object(writer, NULL);
	json_put_strings(writer, "names", names);
	json_put_string(writer, "action", "SCMP_ACT_ALLOW");
	json_begin_array(writer, "args");
	json_begin_object(writer, NULL);
	json_put_u64(writer, "index", 0);
	json_put_u64(writer, "value", rule->value);
	json_put_u64(writer, "valueTwo", rule->value_two);
	json_put_string(writer, "op", rule->operator);
	json_end_object(writer);
	json_end_array(writer);
	json_end_object(writer);
}

/* clone3(2) passes its flags in memory, where no filter looks: ENOSYS makes C libraries use clone(2). */
static void put_privileged(const struct bundle_input *in, struct json_writer *writer)
{
	static const char *const clone3[] = { "clone3", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(privileged); i++) {
		const char *const calls[] = { privileged[i].calls, NULL };

		if (has(in, privileged[i].capability))
			put_rule(writer, calls, true, 0);
	}
	if (has(in, "CAP_SYS_ADMIN"))
		return;
	put_argument_rule(writer, &no_namespaces);
	put_rule(writer, clone3, false, ENOSYS);
}

struct refusal {
	struct json_writer *writer;
	bool granted[ARRAY_SIZE(privileged)]; /* rows whose capability the container has */
};

/* Unless the call is among those of a capability that the container has, or has a rule of its own. */
static bool put_refused_word(void *context, const char *word)
{
	const struct refusal *refusal = context;
	bool granted = str_eq(word, "clone") || str_eq(word, "clone3");

	for (size_t i = 0; i < ARRAY_SIZE(privileged); i++)
		granted = granted ||
			  (refusal->granted[i] && any_word(privileged[i].calls, is_word, (void *)(uintptr_t)word));
	if (!granted)
		json_put_string(refusal->writer, NULL, word);
	return false;
}

static void put_refused(const struct bundle_input *in, struct json_writer *writer)
{
	struct refusal refusal = { .writer = writer };

	for (size_t i = 0; i < ARRAY_SIZE(privileged); i++)
		refusal.granted[i] = has(in, privileged[i].capability);
	put_rule(writer, forbidden, false, EPERM);
	json_begin_object(writer, NULL);
	json_begin_array(writer, "names");
	for (size_t i = 0; i < ARRAY_SIZE(privileged); i++)
		(void)any_word(privileged[i].calls, put_refused_word, &refusal);
	json_end_array(writer);
	json_put_string(writer, "action", "SCMP_ACT_ERRNO");
	json_put_i64(writer, "errnoRet", EPERM);
	json_end_object(writer);
}

/* The machine's own, and those of the 32-bit programs that it runs. */
static const char *const architectures[] = {
#if defined(__x86_64__)
	"SCMP_ARCH_X86_64",
	"SCMP_ARCH_X86",
	"SCMP_ARCH_X32",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64",
	"SCMP_ARCH_ARM",
#endif
	NULL,
};

static void put_default(const struct bundle_input *in, struct json_writer *writer)
{
	json_begin_object(writer, "seccomp");
	json_put_string(writer, "defaultAction", "SCMP_ACT_ERRNO");
	json_put_i64(writer, "defaultErrnoRet", ENOSYS);
	json_put_strings(writer, "architectures", architectures);
	json_begin_array(writer, "syscalls");
	put_rule(writer, allowed, true, 0);
	for (size_t i = 0; i < ARRAY_SIZE(by_argument); i++)
		put_argument_rule(writer, &by_argument[i]);
	put_privileged(in, writer);
	put_refused(in, writer);
	json_end_array(writer);
	json_end_object(writer);
}

/* ---- a profile of the command line's ---- */

int bundle_put_seccomp(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	static const struct json_limits limits = { .size = PROFILE_MAX, .depth = PROFILE_DEPTH };
	const char *text = in->options->seccomp_profile;
	struct json *root;
	int r;

	if (!text) {
		put_default(in, writer);
		return 0;
	}
	r = json_parse(in->arena, "seccomp profile", text, strlen(text), &limits, &root, err);
	if (r < 0)
		return r;
	if (root->type != JSON_OBJECT)
		return refuse(err, "seccomp profile: expected an object, found %s", json_type_name(root->type));
	json_put_node(writer, "seccomp", root);
	return 0;
}

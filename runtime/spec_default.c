/*
 * spec_default.c - see spec_default.h. A shell on a read-only root with what runtime-spec config-linux.md "Default
 * Filesystems" lists, its own namespaces, three capabilities, and the parts of /proc and /sys closed that leak or
 * change the host. Content is tables; the functions only write them out.
 */
#include "spec_default.h"

#include "base/cleanup.h"

enum { OPTIONS_MAX = 8, FILES_MAX = 1024 };

static const char spec_version[] = "1.3.0";

static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };

/* Not inheritable and not ambient: these would reach programs that an unprivileged user starts. */
static const char *const capability_sets[] = { "bounding", "effective", "permitted" };

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

enum rights { FOR_BOTH, FOR_ROOT, FOR_ROOTLESS };

/* A user alone has no network namespace worth having before a helper fills it, so the rootless one shares the host's:
   then sysfs cannot be mounted anew, and the host's is bound read-only. Its only gid is 0, so devpts gets no gid=5. */
static const struct {
	enum rights rights;
	const char *name;
} namespaces[] = {
	{ FOR_BOTH, "pid" },   { FOR_ROOT, "network" }, { FOR_BOTH, "ipc" },      { FOR_BOTH, "uts" },
	{ FOR_BOTH, "mount" }, { FOR_BOTH, "cgroup" },  { FOR_ROOTLESS, "user" },
};

static const struct {
	enum rights rights;
	const char *destination, *type, *source;
	const char *options[OPTIONS_MAX]; /* to the first NULL */
} mounts[] = {
	{ FOR_BOTH, "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
	{ FOR_BOTH, "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ FOR_ROOT,
	  "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ FOR_ROOTLESS,
	  "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ FOR_BOTH, "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ FOR_BOTH, "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ FOR_ROOT, "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ FOR_ROOTLESS, "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
	{ FOR_BOTH, "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

static bool is_for(enum rights rights, bool rootless)
{
	return rights == FOR_BOTH || rights == (rootless ? FOR_ROOTLESS : FOR_ROOT);
}

static void put_process(struct json_writer *writer)
{
	static const char *const args[] = { "sh", NULL };
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=xterm",
		NULL,
	};

	json_begin_object(writer, "process");
	json_put_bool(writer, "terminal", true);
	json_begin_object(writer, "user");
	json_put_u64(writer, "uid", 0);
	json_put_u64(writer, "gid", 0);
	json_end_object(writer);
	json_put_strings(writer, "args", args);
	json_put_strings(writer, "env", env);
	json_put_string(writer, "cwd", "/");
	json_begin_object(writer, "capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(capability_sets); i++)
		json_put_strings(writer, capability_sets[i], capabilities);
	json_end_object(writer);
	json_begin_array(writer, "rlimits");
	json_begin_object(writer, NULL);
	json_put_string(writer, "type", "RLIMIT_NOFILE");
	json_put_u64(writer, "hard", FILES_MAX);
	json_put_u64(writer, "soft", FILES_MAX);
	json_end_object(writer);
	json_end_array(writer);
	json_put_bool(writer, "noNewPrivileges", true);
	json_end_object(writer);
}

static void put_mounts(struct json_writer *writer, bool rootless)
{
	json_begin_array(writer, "mounts");
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (!is_for(mounts[i].rights, rootless))
			continue;
		json_begin_object(writer, NULL);
		json_put_string(writer, "destination", mounts[i].destination);
		json_put_string(writer, "type", mounts[i].type);
		json_put_string(writer, "source", mounts[i].source);
		json_put_strings(writer, "options", mounts[i].options);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void put_map(struct json_writer *writer, const char *key, uint32_t host_id)
{
	json_begin_array(writer, key);
	json_begin_object(writer, NULL);
	json_put_u64(writer, "containerID", 0);
	json_put_u64(writer, "hostID", host_id);
	json_put_u64(writer, "size", 1);
	json_end_object(writer);
	json_end_array(writer);
}

/* Devices are closed by default; those that every container has are opened by the runtime itself. */
static void put_resources(struct json_writer *writer)
{
	json_begin_object(writer, "resources");
	json_begin_array(writer, "devices");
	json_begin_object(writer, NULL);
	json_put_bool(writer, "allow", false);
	json_put_string(writer, "access", "rwm");
	json_end_object(writer);
	json_end_array(writer);
	json_end_object(writer);
}

static void put_linux(struct json_writer *writer, bool rootless, uid_t uid, gid_t gid)
{
	json_begin_object(writer, "linux");
	if (rootless) {
		put_map(writer, "uidMappings", uid);
		put_map(writer, "gidMappings", gid);
	} else {
		put_resources(writer);
	}
	json_begin_array(writer, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		if (!is_for(namespaces[i].rights, rootless))
			continue;
		json_begin_object(writer, NULL);
		json_put_string(writer, "type", namespaces[i].name);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_put_strings(writer, "maskedPaths", masked_paths);
	json_put_strings(writer, "readonlyPaths", readonly_paths);
	json_end_object(writer);
}

void spec_default_write(struct json_writer *writer, bool rootless, uid_t uid, gid_t gid)
{
	json_begin_object(writer, NULL);
	json_put_string(writer, "ociVersion", spec_version);
	put_process(writer);
	json_begin_object(writer, "root");
	json_put_string(writer, "path", "rootfs");
	json_put_bool(writer, "readonly", true);
	json_end_object(writer);
	json_put_string(writer, "hostname", "coffer");
	put_mounts(writer, rootless);
	put_linux(writer, rootless, uid, gid);
	json_end_object(writer);
}

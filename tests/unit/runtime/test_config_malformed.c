/*
 * Malformed configs: each row breaks one thing in the valid base config. Reading or validating must refuse it with one
 * line that begins with the file and names the place, whatever the config holds.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base_config.h"
#include "runtime/validate.h"

static const struct row {
	const char *find; /* of the base config; NULL: `replace` is the whole text */
	const char *replace;
	const char *error; /* part of the error text */
} rows[] = {
	/* text */
	{ NULL, "", "config.json:1:1: premature EOF" },
	{ NULL, "{", "config.json:1:2: premature EOF" },
	{ NULL, "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r", "premature EOF" },
	{ NULL, "null", "top level: expected an object, found null" },
	{ NULL, "[]", "top level: expected an object, found an array" },
	{ NULL, "{}\n{}", "config.json:2:1: " },
	{ NULL, "{\"ociVersion\": \"1.0.0\",}", "config.json:1:24: " },
	{ NULL, "\xff\xfe{\0}\0", "config.json:1:1: not valid UTF-8" },
	{ "\"sh\", \"-c\"", "\"sh\", \"\x80\"", "not valid UTF-8" },
	{ "\"sh\", \"-c\"", "\"sh\", \"a\\u0000b\"", "NUL character" },
	{ "\"sh\", \"-c\"", "\"sh\", \"\\ud83d\"", "surrogate" },
	{ "\"sh\", \"-c\"", "\"sh\", \"a\nb\"", "config.json:14:21: " },
	{ "\"cwd\": \"/\"", "\"cwd\": \"/\", \"cwd\": \"/\"", "process.cwd: the member is given twice" },
	{ "\"hostname\": \"box\",", "\"hostname\": \"box\", \"hostname\": \"\",",
	  "hostname: the member is given twice" },

	/* version and root */
	{ "\"ociVersion\": \"1.3.0\",", "", "ociVersion: required, but missing" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": 1.3", "ociVersion: expected a string, found a number" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"1.3\"", "ociVersion: \"1.3\" is no semantic version" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"01.3.0\"", "no semantic version" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"1.3.0-\"", "no semantic version" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"1.3.0\\nx\"", "no semantic version" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"2.0.0\"", "ociVersion: 2.0.0 is not supported" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"0.6.0\"", "ociVersion: 0.6.0 is not supported" },
	{ "\"root\": {\"path\": \"rootfs\", \"readonly\": true},", "", "root: required, but missing" },
	{ "\"root\": {\"path\": \"rootfs\", \"readonly\": true}", "\"root\": null", "root: required, but missing" },
	{ "\"root\": {\"path\": \"rootfs\", \"readonly\": true}", "\"root\": {}", "root.path: required, but missing" },
	{ "\"root\": {\"path\": \"rootfs\", \"readonly\": true}", "\"root\": \"r\"",
	  "root: expected an object, found a string" },
	{ "\"path\": \"rootfs\"", "\"path\": \"\"", "root.path: empty" },
	{ "\"path\": \"rootfs\"", "\"path\": [\"rootfs\"]", "root.path: expected a string, found an array" },
	{ "\"readonly\": true", "\"readonly\": 1", "root.readonly: expected true or false, found a number" },

	/* mounts */
	{ "{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"}", "{}",
	  "mounts[0].destination: required" },
	{ "{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"}", "7",
	  "mounts[0]: expected an object" },
	{ "\"destination\": \"/proc\"", "\"destination\": \"/a/../../etc\"",
	  "mounts[0].destination: \"/a/../../etc\" has \"..\"" },
	{ "\"destination\": \"/proc\"", "\"destination\": \"../etc\"",
	  "mounts[0].destination: \"/../etc\" has \"..\"" },
	{ "\"destination\": \"/proc\"", "\"destination\": \"//\"",
	  "mounts[0].destination: \"/\" would cover the root" },
	{ "\"type\": \"proc\"", "\"type\": 5", "mounts[0].type: expected a string" },
	{ "\"type\": \"proc\",", "", "mounts[0].type: missing" },
	{ "\"source\": \"vol\",", "", "mounts[2].source: missing" },
	{ "\"options\": [\"nosuid\", \"mode=755\"]", "\"options\": \"ro\"", "mounts[1].options: expected an array" },
	{ "\"options\": [\"nosuid\", \"mode=755\"]", "\"options\": [\"ro\", 1]",
	  "mounts[1].options[1]: expected a string" },
	{ "\"options\": [\"nosuid\", \"mode=755\"]", "\"options\": [\"\"]",
	  "mounts[1].options[0]: an empty mount option" },
	{ "\"options\": [\"nosuid\", \"mode=755\"]", "\"options\": [\"remount\", \"mode=755\"]",
	  "mounts[1].options: remount changes flags of the mount only; remove \"mode=755\"" },
	{ "\"options\": [\"nosuid\", \"mode=755\"]", "\"options\": [\"idmap\"]",
	  "mounts[1].options: idmap works on bind" },
	{ "\"ro\", \"ridmap\"", "\"r\\no\", \"ridmap\"", "mounts[2].options[1]: mount option \"r?o\" is not known" },
	{ "\"ro\", \"ridmap\"", "\"tmpcopyup\"",
	  "mounts[2].options: tmpcopyup works on tmpfs, and on a bind of volumes/NAME" },
	{ "\"gidMappings\": [{\"containerID\": 0, \"hostID\": 1001, \"size\": 11}]", "\"gidMappings\": []",
	  "mounts[2]: uidMappings and gidMappings go together; add gidMappings" },
	{ "\"hostID\": 1000, \"size\": 10}", "\"hostID\": 1000, \"size\": 0}", "mounts[2]: uidMappings[0]" },
	{ "\"hostID\": 1000, \"size\": 10}", "\"hostID\": 1000}", "mounts[2].uidMappings[0].size: required" },
	{ "{\"type\": \"mount\"}, ", "", "linux.namespaces: without a mount namespace root and mounts" },

	/* process */
	{ "\"cwd\": \"/\"", "\"cw\": \"/\"", "process.cwd: required, but missing" },
	{ "\"cwd\": \"/\"", "\"cwd\": \"tmp\"", "process.cwd: \"tmp\" is not absolute" },
	{ "\"cwd\": \"/\"", "\"cwd\": \"\"", "process.cwd: \"\" is not absolute" },
	{ "\"args\": [\"sh\", \"-c\"]", "\"args\": []", "process.args: empty or missing" },
	{ "\"args\": [\"sh\", \"-c\"]", "\"args\": null", "process.args: empty or missing" },
	{ "\"args\": [\"sh\", \"-c\"]", "\"args\": \"sh\"", "process.args: expected an array, found a string" },
	{ "\"args\": [\"sh\", \"-c\"]", "\"args\": [\"sh\", null]", "process.args[1]: expected a string, found null" },
	{ "\"args\": [\"sh\", \"-c\"]", "\"args\": [\"\"]", "process.args[0]: an empty program name" },
	{ "\"env\": [\"PATH=/bin\"", "\"env\": [\"PATH\"", "process.env[0]: \"PATH\" has no \"=\"" },
	{ "\"env\": [\"PATH=/bin\"", "\"env\": [\"=x\"", "process.env[0]: no name before" },
	{ "\"HOME=/root\"", "\"HOME=/root\\nroot::0:0::/:/bin/sh\"", "process.env[1]: HOME has a newline" },
	{ "\"terminal\": true", "\"terminal\": \"yes\"", "process.terminal: expected true or false" },
	{ "\"height\": 25, ", "", "process.consoleSize.height: required" },
	{ "\"width\": 80", "\"width\": 65536", "process.consoleSize.width: expected a whole number from 0 to 65535" },
	{ "\"uid\": 7", "\"uid\": 4294967295", "process.user.uid: expected a whole number from 0 to 4294967294" },
	{ "\"uid\": 7", "\"uid\": 4294967296", "process.user.uid: " },
	{ "\"uid\": 7", "\"uid\": -1", "process.user.uid: " },
	{ "\"uid\": 7", "\"uid\": 0.5", "process.user.uid: expected a whole number, found 0.5" },
	{ "\"uid\": 7", "\"uid\": \"root\"", "process.user.uid: expected a whole number, found a string" },
	{ "\"uid\": 7", "\"uid\": 70000", "process.user.uid: 70000 is not in linux.uidMappings" },
	{ "\"gid\": 8", "\"gid\": 4294967295", "process.user.gid: " },
	{ "\"gid\": 8", "\"gid\": 65536", "process.user.gid: 65536 is not in linux.gidMappings" },
	{ "\"umask\": 63", "\"umask\": 512", "process.user.umask: expected a whole number from 0 to 511" },
	{ "\"additionalGids\": [5, 6]", "\"additionalGids\": [5, -6]", "process.user.additionalGids[1]: " },
	{ "\"additionalGids\": [5, 6]", "\"additionalGids\": 5", "process.user.additionalGids: expected an array" },
	{ "\"bounding\": [\"CAP_CHOWN\", \"CAP_KILL\"]", "\"bounding\": \"ALL\"",
	  "process.capabilities.bounding: expected an array" },
	{ "\"permitted\": [\"CAP_KILL\"]", "\"permitted\": [5]",
	  "process.capabilities.permitted[0]: expected a string" },
	{ "\"capabilities\": {\"bounding\": [\"CAP_CHOWN\", \"CAP_KILL\"], \"permitted\": [\"CAP_KILL\"]}",
	  "\"capabilities\": [\"CAP_KILL\"]", "process.capabilities: expected an object of capability sets" },
	{ "RLIMIT_NOFILE", "RLIMIT_FOO", "process.rlimits[0].type: \"RLIMIT_FOO\" is not known" },
	{ "\"soft\": 1024, ", "", "process.rlimits[0].soft: required" },
	{ "18446744073709551615", "18446744073709551616",
	  "process.rlimits[0].hard: expected a whole number from 0 to" },
	{ "18446744073709551615", "1023", "process.rlimits[0].soft: 1024 is above the hard limit 1023" },
	{ "18446744073709551615}]", "2048}, {\"type\": \"RLIMIT_NOFILE\", \"soft\": 1, \"hard\": 1}]",
	  "process.rlimits[1].type: RLIMIT_NOFILE is listed twice" },
	{ "\"oomScoreAdj\": -100", "\"oomScoreAdj\": -1001",
	  "process.oomScoreAdj: expected a whole number from -1000 to 1000" },
	{ "SCHED_BATCH", "SCHED_FAST", "process.scheduler.policy: \"SCHED_FAST\" is not known; it can be SCHED_OTHER" },
	{ "SCHED_BATCH", "SCHED_ISO", "process.scheduler.policy: Linux has no SCHED_ISO" },
	{ "SCHED_BATCH", "SCHED_FIFO", "process.scheduler.priority: 0; this policy needs 1 to 99" },
	{ "SCHED_BATCH", "SCHED_DEADLINE", "process.scheduler.runtime: SCHED_DEADLINE needs" },
	{ "\"nice\": 3", "\"nice\": 20", "process.scheduler.nice: expected a whole number from -20 to 19" },
	{ "\"nice\": 3", "\"priority\": 5", "process.scheduler.priority: 5; only SCHED_FIFO" },
	{ "\"nice\": 3", "\"period\": 5", "process.scheduler.runtime: runtime, deadline and period" },
	{ "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_X", "process.scheduler.flags[0]: \"SCHED_FLAG_X\" is not known" },
	{ "IOPRIO_CLASS_IDLE", "IOPRIO_CLASS_NONE", "process.ioPriority.class: \"IOPRIO_CLASS_NONE\" is not known" },
	{ "\"priority\": 4", "\"priority\": 8", "process.ioPriority.priority: expected a whole number from 0 to 7" },
	{ "\"final\": \"0-3,7\"", "\"final\": \"0-3,\"", "process.execCPUAffinity.final: \"0-3,\" is no CPU list" },

	/* names, hooks, annotations */
	{ "\"hostname\": \"box\"", "\"hostname\": false", "hostname: expected a string" },
	{ "\"hostname\": \"box\"",
	  "\"hostname\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
	  "hostname: 65 characters; the kernel takes 64" },
	{ "{\"type\": \"uts\"}, ", "", "hostname: would change the host's; add {\"type\": \"uts\"}" },
	{ "\"path\": \"/bin/hook\"", "\"path\": \"hook\"", "hooks.createRuntime[0].path: \"hook\" is not absolute" },
	{ "\"path\": \"/bin/hook\", ", "", "hooks.createRuntime[0].path: required" },
	{ "\"timeout\": 9", "\"timeout\": 0", "hooks.createRuntime[0].timeout: expected a whole number from 1" },
	{ "\"timeout\": 9", "\"timeout\": -1", "hooks.createRuntime[0].timeout: " },
	{ "\"org.example.key\": \"value\"", "\"org.example.key\": 1",
	  "annotations[\"org.example.key\"]: expected a string" },
	{ "\"org.example.key\": \"value\"", "\"a\\nb\": 1", "annotations[\"a?b\"]: expected a string" },
	{ "\"org.example.key\": \"value\"", "\"\": \"x\"", "annotations[\"\"]: an empty key" },

	/* linux */
	{ "{\"type\": \"pid\"}", "{\"type\": \"pidd\"}", "linux.namespaces[0].type: \"pidd\" is not known" },
	{ "{\"type\": \"pid\"}", "{}", "linux.namespaces[0].type: required" },
	{ "{\"type\": \"pid\"}", "\"pid\"", "linux.namespaces[0]: expected an object" },
	{ "{\"type\": \"ipc\"}", "{\"type\": \"pid\"}", "linux.namespaces[3].type: \"pid\" is listed twice" },
	{ "\"/run/netns/a\"", "\"netns/a\"", "linux.namespaces: the path \"netns/a\" of network is not absolute" },
	{ ", {\"type\": \"user\"}", "", "linux.uidMappings: no user namespace to map" },
	{ ", {\"type\": \"time\"}", "", "linux.timeOffsets: needs a new time namespace" },
	{ "{\"type\": \"time\"}", "{\"type\": \"time\", \"path\": \"/x\"}",
	  "linux.timeOffsets: needs a new time namespace" },
	{ "\"uidMappings\": [{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]", "\"uidMappings\": []",
	  "linux.uidMappings: missing; a new user namespace needs" },
	{ "\"hostID\": 100000", "\"hostID\": 4294967295", "linux.uidMappings[0]: the range goes beyond" },
	{ "\"hostID\": 100000", "\"hostID\": 4294967296", "linux.uidMappings[0].hostID: expected a whole number" },
	{ "\"hostID\": 200000, \"size\": 65536}",
	  "\"hostID\": 2, \"size\": 65536}, {\"containerID\": 9, \"hostID\": 0, \"size\": 1}",
	  "linux.gidMappings[1]: container ids overlap" },
	{ "\"nanosecs\": 6", "\"nanosecs\": 1000000000", "linux.timeOffsets.monotonic.nanosecs: " },
	{ "\"type\": \"c\", \"path\": \"/dev/fuse\"", "\"type\": \"x\", \"path\": \"/dev/fuse\"",
	  "linux.devices[0].type: \"x\" is not known; it can be c, u, b, p" },
	{ "\"path\": \"/dev/fuse\"", "\"path\": \"fuse\"", "linux.devices[0].path: \"fuse\" is not absolute" },
	{ "\"path\": \"/dev/fuse\"", "\"path\": \"/dev/../../x\"",
	  "linux.devices[0].path: \"/dev/../../x\" has \"..\"" },
	{ "\"/dev/fuse\", \"major\": 10,", "\"/dev/fuse\",", "linux.devices[0]: major is missing" },
	{ "\"/dev/fuse\", \"major\": 10,", "\"/dev/fuse\", \"major\": 4096,", "linux.devices[0].major: " },
	{ "\"fileMode\": 420", "\"fileMode\": 65536", "linux.devices[0].fileMode: " },
	{ "\"cgroupsPath\": \"/a/b\"", "\"cgroupsPath\": \"a/../../x\"",
	  "linux.cgroupsPath: \"a/../../x\" has \"..\"" },
	{ "\"cgroupsPath\": \"/a/b\"", "\"cgroupsPath\": \"..\"", "linux.cgroupsPath: \"..\" has \"..\"" },
	{ "\"cgroupsPath\": \"/a/b\"", "\"cgroupsPath\": \"a\\nb\"", "linux.cgroupsPath: has a newline" },
	{ "\"cgroupsPath\": \"/a/b\"", "\"cgroupsPath\": {}", "linux.cgroupsPath: expected a string" },
	{ "\"rslave\",\n", "\"sideways\",\n", "linux.rootfsPropagation: \"sideways\" is not known" },
	{ "\"/proc/kcore\"", "\"proc/kcore\"", "linux.maskedPaths[0]: \"proc/kcore\" is not absolute" },
	{ "\"/proc/bus\"", "\"/proc/../bus\"", "linux.readonlyPaths[1]: \"/proc/../bus\" has \"..\"" },
	{ "\"mountLabel\": \"label\"", "\"mountLabel\": 1", "linux.mountLabel: expected a string" },
	{ "\"LINUX32\"", "\"BSD\"", "linux.personality.domain: \"BSD\" is not known" },
	{ "\"domain\": \"LINUX32\"", "\"domain\": \"LINUX\", \"flags\": [\"X\"]",
	  "linux.personality.flags: the runtime-spec has no flags" },
	{ "\"net.ipv4.ip_forward\": \"1\"", "\"kernel.panic\": \"1\"", "linux.sysctl: sysctl kernel.panic: " },
	{ "\"net.ipv4.ip_forward\": \"1\"", "\"net/../kernel/core_pattern\": \"|x\"", "linux.sysctl: " },
	{ "\"net.ipv4.ip_forward\": \"1\"", "\"net.ipv4.ip_forward\": \"1\\n2\"", "linux.sysctl: " },
	{ "\"net.ipv4.ip_forward\": \"1\"", "\"net.ipv4.ip_forward\": 1",
	  "linux.sysctl[\"net.ipv4.ip_forward\"]: expected a string" },
	{ "\"net.ipv4.ip_forward\": \"1\"", "\"kernel.hostname\": \"x\"", "linux.sysctl: sysctl kernel.hostname: " },
	{ "\"net.ipv4.ip_forward\": \"1\"", "\"a\\nb\": \"x\"", "linux.sysctl: sysctl a?b" },
	{ "\"mountLabel\": \"label\"", "\"intelRdt\": {}", "linux.intelRdt: not supported yet" },
	{ "\"mountLabel\": \"label\"", "\"memoryPolicy\": {}", "linux.memoryPolicy: not supported yet" },
	{ "\"mountLabel\": \"label\"", "\"netDevices\": []", "linux.netDevices: expected an object" },
	{ "\"mountLabel\": \"label\"", "\"netDevices\": {\"eth0\": 1}", "linux.netDevices.eth0: expected an object" },
	{ "\"mountLabel\": \"label\"", "\"netDevices\": {\"eth0\": {\"name\": 1}}",
	  "linux.netDevices.eth0.name: expected a string" },
	{ "\"mountLabel\": \"label\"", "\"netDevices\": {\"a/b\": {}}",
	  "linux.netDevices: \"a/b\" is not a name of an interface" },
	{ "\"mountLabel\": \"label\"", "\"netDevices\": {\"eth0\": {\"name\": \"%d\"}}",
	  "linux.netDevices.eth0.name: \"%d\" is not a name for an interface" },

	/* resources */
	{ "\"limit\": 1048576", "\"limit\": \"1M\"",
	  "linux.resources.memory.limit: expected a whole number, found a string" },
	{ "\"limit\": 1048576", "\"limit\": 9223372036854775808", "linux.resources.memory.limit: " },
	{ "\"limit\": 1048576", "\"limit\": -2", "linux.resources.memory.limit: expected a whole number from -1" },
	{ "\"shares\": 512", "\"shares\": -512", "linux.resources.cpu.shares: " },
	{ "\"cpus\": \"0-1\"", "\"cpus\": 0", "linux.resources.cpu.cpus: expected a string" },
	{ "\"pids\": {\"limit\": 100}", "\"pids\": 100", "linux.resources.pids: expected an object" },
	{ "\"weight\": 50", "\"weight\": 65536",
	  "linux.resources.blockIO.weight: expected a whole number from 0 to 65535" },
	{ "\"minor\": 0, \"weight\": 60", "\"minor\": 0",
	  "linux.resources.blockIO.weightDevice[0]: weight or leafWeight is missing" },
	{ "\"minor\": 0, \"rate\": 600", "\"minor\": 0",
	  "linux.resources.blockIO.throttleReadBpsDevice[0].rate: required" },
	{ "\"major\": 8, \"minor\": 16,", "\"major\": -8, \"minor\": 16,", "throttleWriteIOPSDevice[0].major: " },
	{ "\"pageSize\": \"2MB\", ", "", "linux.resources.hugepageLimits[0].pageSize: required" },
	{ "\"hcaHandles\": 3", "\"x\": 3", "linux.resources.rdma.mlx5_1: hcaHandles or hcaObjects is missing" },
	{ "\"memory.high\": \"1000000\"", "\"memory.high\": 1000000",
	  "linux.resources.unified[\"memory.high\"]: expected a string" },
	{ "\"unified\": {", "\"network\": {\"classID\": 1}, \"unified\": {",
	  "linux.resources.network: net_cls and net_prio" },
	{ "{\"allow\": false}", "{}", "linux.resources.devices[0].allow: required" },
	{ "\"access\": \"rw\"", "\"access\": \"rx\"", "linux.resources.devices[1].access: \"rx\": expected letters" },
	{ "\"allow\": true, \"type\": \"c\"", "\"allow\": true, \"type\": \"char\"",
	  "linux.resources.devices[1].type: \"char\" is not known" },

	/* seccomp */
	{ "\"defaultAction\": \"SCMP_ACT_ERRNO\", ", "", "linux.seccomp.defaultAction: required" },
	{ "\"SCMP_ACT_ERRNO\"", "\"SCMP_ACT_NO\"", "linux.seccomp.defaultAction: " },
	{ "\"SCMP_ACT_ERRNO\"", "\"SCMP_ACT_KILL\"", "linux.seccomp.defaultAction: " },
	{ "\"defaultErrnoRet\": 38", "\"defaultErrnoRet\": 4096", "linux.seccomp.defaultAction: " },
	{ "\"defaultErrnoRet\": 38", "\"defaultErrnoRet\": -1", "linux.seccomp.defaultErrnoRet: " },
	{ "SCMP_ARCH_X86_64", "SCMP_ARCH_VAX", "linux.seccomp.architectures[0]: \"SCMP_ARCH_VAX\" is not known" },
	{ "SECCOMP_FILTER_FLAG_LOG", "FLAG", "linux.seccomp.flags[0]: \"FLAG\" is not known" },
	{ "\"write\"], \"action\": \"SCMP_ACT_ALLOW\"", "\"write\"], \"action\": \"SCMP_ACT_NOTIFY\"",
	  "linux.seccomp.syscalls[0].action: " },
	{ "\"write\"], \"action\": \"SCMP_ACT_ALLOW\"", "\"write\"], \"action\": \"SCMP_ACT_ALLOW\", \"errnoRet\": 1",
	  "linux.seccomp.syscalls[0].action: " },
	{ "\"write\"], \"action\": \"SCMP_ACT_ALLOW\"", "\"write\"]", "linux.seccomp.syscalls[0].action: required" },
	{ "\"names\": [\"clone\"]", "\"names\": []", "linux.seccomp.syscalls[1].names: empty" },
	{ "\"names\": [\"clone\"]", "\"name\": \"clone\"", "linux.seccomp.syscalls[1].names: required" },
	{ "\"index\": 0", "\"index\": 6",
	  "linux.seccomp.syscalls[1].args[0].index: expected a whole number from 0 to 5" },
	{ "SCMP_CMP_MASKED_EQ", "SCMP_CMP_ALMOST",
	  "linux.seccomp.syscalls[1].args[0].op: \"SCMP_CMP_ALMOST\" is not known" },
	{ "\"value\": 2114060288,", "", "linux.seccomp.syscalls[1].args[0].value: required" },
};

static int check_text(const char *text, struct error *err)
{
	auto_config struct config *config = NULL;
	int r = config_parse("/b", "config.json", text, strlen(text), &config, err);

	return r < 0 ? r : config_validate(config, err);
}

static void base_is_valid(void)
{
	struct error err;

	if (check_text(base_config, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
}

static void check_one_line(size_t row, const struct error *err, const char *part)
{
	if (err->code <= 0 || strncmp(err->text, "config.json:", strlen("config.json:")) != 0)
		test_stop(TEST_FAILED, "row %zu: code %d, \"%s\"", row, err->code, err->text);
	for (const char *c = err->text; *c; c++)
		if ((unsigned char)*c < ' ')
			test_stop(TEST_FAILED, "row %zu: control character in \"%s\"", row, err->text);
	if (!strstr(err->text, part))
		test_stop(TEST_FAILED, "row %zu: \"%s\", expected \"%s\"", row, err->text, part);
}

static void every_row(void)
{
	CHECK(ARRAY_SIZE(rows) >= 80);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		auto_free char *text = rows[i].find ? vary(rows[i].find, rows[i].replace) : strdup(rows[i].replace);

		if (check_text(text, &err) >= 0)
			test_stop(TEST_FAILED, "row %zu was taken; expected \"%s\"", i, rows[i].error);
		check_one_line(i, &err, rows[i].error);
	}
}

/* Whatever byte the file ends at, it is an error of one line and no crash. */
static void truncated_anywhere(void)
{
	size_t end = strlen(base_config) - strlen("}\n");

	for (size_t length = 0; length <= end; length += 7) {
		auto_config struct config *config = NULL;
		struct error err = { 0 };

		if (config_parse("/b", "config.json", base_config, length, &config, &err) >= 0)
			test_stop(TEST_FAILED, "cut at %zu was taken", length);
		check_one_line(length, &err, "config.json:");
	}
}

static void too_deep(void)
{
	auto_free char *text = xcalloc(1, 200001);
	struct error err = { 0 };
	auto_config struct config *config = NULL;

	memset(text, '[', 200000);
	text[200000] = '\0';
	CHECK(config_parse("/b", "config.json", text, 200000, &config, &err) < 0);
	check_one_line(0, &err, "config.json:1:65: arrays and objects are nested too deeply");
}

static void too_large(void)
{
	size_t size = (size_t)CONFIG_SIZE_MAX + 1;
	auto_free char *text = xcalloc(1, size);
	struct error err = { 0 };
	auto_config struct config *config = NULL;

	memset(text, ' ', size);
	CHECK(config_parse("/b", "config.json", text, size, &config, &err) < 0);
	check_one_line(0, &err, "16777217 bytes; at most 16777216");
}

/* A long value may not push the path or the line's end out of the text. */
static void long_values(void)
{
	auto_free char *path = xcalloc(1, 100001);
	auto_free char *member = xcalloc(1, 100100);
	auto_free char *text = NULL;
	struct error err = { 0 };

	memset(path, 'x', 100000);
	path[100000] = '\0';
	sprintf(member, "\"cwd\": \"%s\"", path);
	text = vary("\"cwd\": \"/\"", member);
	CHECK(check_text(text, &err) < 0);
	check_one_line(0, &err, "process.cwd: \"xxx");
	check_one_line(0, &err, "is not absolute");
}

/* A cut in the middle of a character must not leave half of it: the log line would be no JSON. */
static void cut_characters(void)
{
	auto_free char *text =
		vary("\"cwd\": \"/\"",
		     "\"cwd\": \"x\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		     "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		     "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		     "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		     "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\"");
	struct error err = { 0 };

	CHECK(check_text(text, &err) < 0);
	check_one_line(0, &err, "\xc3\xbc?\" is not absolute");
}

static const struct test tests[] = {
	TEST(base_is_valid), TEST(every_row),   TEST(truncated_anywhere), TEST(too_deep),
	TEST(too_large),     TEST(long_values), TEST(cut_characters),
};
TEST_MAIN(tests)

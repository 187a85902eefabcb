/*
 * base_config.h - the valid config that the tests of runtime/ vary: every member of the runtime-spec that struct config
 * has, once. vary() replaces one piece of its text.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "../test.h"

static const char base_config[] =
	"{\n"
	"  \"ociVersion\": \"1.3.0\",\n"
	"  \"root\": {\"path\": \"rootfs\", \"readonly\": true},\n"
	"  \"mounts\": [\n"
	"    {\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},\n"
	"    {\"destination\": \"/tmp\", \"type\": \"tmpfs\", \"source\": \"t\", \"options\": [\"nosuid\", "
	"\"mode=755\"]},\n"
	"    {\"destination\": \"/data\", \"source\": \"vol\", \"options\": [\"rbind\", \"ro\", \"ridmap\", "
	"\"rslave\"],\n"
	"     \"uidMappings\": [{\"containerID\": 0, \"hostID\": 1000, \"size\": 10}],\n"
	"     \"gidMappings\": [{\"containerID\": 0, \"hostID\": 1001, \"size\": 11}]}\n"
	"  ],\n"
	"  \"process\": {\n"
	"    \"terminal\": true, \"consoleSize\": {\"height\": 25, \"width\": 80},\n"
	"    \"user\": {\"uid\": 7, \"gid\": 8, \"umask\": 63, \"additionalGids\": [5, 6]},\n"
	"    \"args\": [\"sh\", \"-c\"], \"env\": [\"PATH=/bin\", \"HOME=/root\"], \"cwd\": \"/\",\n"
	"    \"capabilities\": {\"bounding\": [\"CAP_CHOWN\", \"CAP_KILL\"], \"permitted\": [\"CAP_KILL\"]},\n"
	"    \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": 1024, \"hard\": 18446744073709551615}],\n"
	"    \"noNewPrivileges\": true, \"oomScoreAdj\": -100, \"apparmorProfile\": \"aa\", \"selinuxLabel\": \"se\",\n"
	"    \"scheduler\": {\"policy\": \"SCHED_BATCH\", \"nice\": 3, \"flags\": [\"SCHED_FLAG_RESET_ON_FORK\"]},\n"
	"    \"ioPriority\": {\"class\": \"IOPRIO_CLASS_IDLE\", \"priority\": 4},\n"
	"    \"execCPUAffinity\": {\"initial\": \"7\", \"final\": \"0-3,7\"}\n"
	"  },\n"
	"  \"hostname\": \"box\", \"domainname\": \"example\",\n"
	"  \"hooks\": {\"createRuntime\": [{\"path\": \"/bin/hook\", \"args\": [\"hook\"], \"env\": [\"A=b\"],"
	" \"timeout\": 9}]},\n"
	"  \"annotations\": {\"org.example.key\": \"value\"},\n"
	"  \"linux\": {\n"
	"    \"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"mount\"}, {\"type\": \"uts\"}, {\"type\": \"ipc\"},\n"
	"      {\"type\": \"network\", \"path\": \"/run/netns/a\"}, {\"type\": \"time\"}, {\"type\": \"user\"}],\n"
	"    \"uidMappings\": [{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}],\n"
	"    \"gidMappings\": [{\"containerID\": 0, \"hostID\": 200000, \"size\": 65536}],\n"
	"    \"timeOffsets\": {\"monotonic\": {\"secs\": -5, \"nanosecs\": 6}, \"boottime\": {\"secs\": 7}},\n"
	"    \"devices\": [{\"type\": \"c\", \"path\": \"/dev/fuse\", \"major\": 10, \"minor\": 229, \"fileMode\": 420,"
	" \"uid\": 1, \"gid\": 2},\n"
	"      {\"type\": \"p\", \"path\": \"/run/pipe\"}],\n"
	"    \"cgroupsPath\": \"/a/b\",\n"
	"    \"resources\": {\n"
	"      \"memory\": {\"limit\": 1048576, \"swap\": -1, \"checkBeforeUpdate\": true},\n"
	"      \"cpu\": {\"shares\": 512, \"quota\": 50000, \"period\": 100000, \"cpus\": \"0-1\"},\n"
	"      \"pids\": {\"limit\": 100},\n"
	"      \"blockIO\": {\"weight\": 50, \"weightDevice\": [{\"major\": 8, \"minor\": 0, \"weight\": 60}],\n"
	"        \"throttleReadBpsDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 600}],\n"
	"        \"throttleWriteIOPSDevice\": [{\"major\": 8, \"minor\": 16, \"rate\": 300}]},\n"
	"      \"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 4194304}],\n"
	"      \"rdma\": {\"mlx5_1\": {\"hcaHandles\": 3}},\n"
	"      \"unified\": {\"memory.high\": \"1000000\"},\n"
	"      \"devices\": [{\"allow\": false}, {\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 229,"
	" \"access\": \"rw\"}]\n"
	"    },\n"
	"    \"rootfsPropagation\": \"rslave\",\n"
	"    \"seccomp\": {\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38,\n"
	"      \"architectures\": [\"SCMP_ARCH_X86_64\"], \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"],\n"
	"      \"syscalls\": [{\"names\": [\"read\", \"write\"], \"action\": \"SCMP_ACT_ALLOW\"},\n"
	"        {\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 0, \"value\": "
	"2114060288,"
	" \"valueTwo\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\"}]}]},\n"
	"    \"sysctl\": {\"net.ipv4.ip_forward\": \"1\"},\n"
	"    \"maskedPaths\": [\"/proc/kcore\"], \"readonlyPaths\": [\"/proc/sys\", \"/proc/bus\"],\n"
	"    \"mountLabel\": \"label\",\n"
	"    \"personality\": {\"domain\": \"LINUX32\"}\n"
	"  }\n"
	"}\n";

/* The base with its only `find` replaced; the caller frees. A `find` that is not there, or twice, fails the test. */
static inline char *vary(const char *find, const char *replace)
{
	const char *at = strstr(base_config, find);
	size_t size = sizeof(base_config) + strlen(replace);
	char *text;

	if (!at || strstr(at + 1, find))
		test_stop(TEST_FAILED, "\"%s\" is not in the base config exactly once", find);
	text = xcalloc(1, size);
	snprintf(text, size, "%.*s%s%s", (int)(at - base_config), base_config, replace, at + strlen(find));
	return text;
}

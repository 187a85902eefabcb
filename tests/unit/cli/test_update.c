/* test_update.c - `coffer update`: options, a resources object, and one over the other. */
#include "fake_runtime.h"

static void every_option(void)
{
	check_call(CALL("update") " id=c memory=67108864 reservation=32768 swap=-1 kernel=1 kernel-tcp=2 shares=512 "
				  "quota=-1 period=100000 burst=7 rt-runtime=8 rt-period=9 idle=1 cpus=0-3 mems=0 "
				  "pids=-1 io-weight=500\n",
		   RUN("update", "--memory", "64m", "--memory-reservation=32K", "--memory-swap", "-1",
		       "--kernel-memory", "1", "--kernel-memory-tcp", "2", "--cpu-shares", "512", "--cpu-quota", "-1",
		       "--cpu-period", "100000", "--cpu-burst", "7", "--cpu-rt-runtime", "8", "--cpu-rt-period", "9",
		       "--cpu-idle", "1", "--cpuset-cpus", "0-3", "--cpuset-mems", "0", "--pids-limit=-1",
		       "--blkio-weight", "500", "c"));
	check_call(CALL("update") " id=c shares=2\n", RUN("update", "--cpu-share", "2", "c"));
	check_call(CALL("update") " id=c\n", RUN("update", "c"));
	check_call(CALL("update") " id=c memory=0 pids=0\n", RUN("update", "c", "--memory=0", "--pids-limit", "0"));
}

static void resources_from_stdin(void)
{
	static const char json[] = "{\"memory\":{\"limit\":1000000},\"cpu\":{\"quota\":5000,\"cpus\":\"1\"}}";

	check_call(CALL("update") " id=c memory=1000000 quota=5000 cpus=1\n", RUN_IN(json, "update", "-r", "-", "c"));
	check_call(CALL("update") " id=c memory=1000000 quota=5000 cpus=1\n",
		   RUN_IN(json, "update", "--resources=-", "c"));
}

static void options_win(void)
{
	static const char json[] = "{\"memory\":{\"limit\":1000000},\"cpu\":{\"quota\":5000,\"cpus\":\"1\"}}";

	check_call(CALL("update") " id=c memory=2097152 quota=5000 cpus=0\n",
		   RUN_IN(json, "update", "-r", "-", "--memory", "2m", "--cpuset-cpus", "0", "c"));
}

static void files_by_name(void)
{
	check_call(CALL("update") " id=c memory.high=64m cpu.uclamp.min=20=x\n",
		   RUN("update", "--limit", "memory.high=64m", "--limit=cpu.uclamp.min=20=x", "c"));
	check_call(CALL("update") " id=c memory=4096 force\n", RUN("update", "--force", "--memory", "4096", "c"));
	CHECK_CONTAINS("--limit: expected FILE=VALUE", RUN("update", "--limit", "memory.high", "c").err);
	CHECK_CONTAINS("--limit: expected FILE=VALUE", RUN("update", "--limit", "=1", "c").err);
}

static void wrong_input(void)
{
	struct outcome outcome = RUN_IN("{\"memory\":[]}", "update", "-r", "-", "c");

	CHECK_INT(1, outcome.exit);
	CHECK_STR("", outcome.calls);
	CHECK_CONTAINS("memory", outcome.err);
	CHECK_CONTAINS("No such file or directory", RUN("update", "-r", "/no/such/file", "c").err);
	check_usage("--memory: expected a size like 1048576, 512k, 64m or 1g, or -1 for no limit, found \"1 g\" "
		    "(see: coffer update --help)",
		    RUN("update", "--memory", "1 g", "c"));
	check_usage("--l3-cache-schema: not supported: no Intel RDT in coffer (see: coffer update --help)",
		    RUN("update", "--l3-cache-schema", "L3:0=f", "c"));
	check_usage("--mem-bw-schema: not supported: no Intel RDT in coffer (see: coffer update --help)",
		    RUN("update", "--mem-bw-schema=MB:0=20", "c"));
}

/* Device rules are set at create and stay; that the object has some is no error. */
static void device_rules_are_left(void)
{
	check_call(CALL("update") " id=c pids=9\n",
		   RUN_IN("{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],\"pids\":{\"limit\":9}}", "update", "-r",
			  "-", "c"));
}

static const struct test tests[] = {
	TEST(every_option),  TEST(resources_from_stdin), TEST(options_win),
	TEST(files_by_name), TEST(wrong_input),          TEST(device_rules_are_left),
};

TEST_MAIN(tests)

/* test_affinity.c - process.execCPUAffinity: the list format, and which CPUs a process has after both lists. */
#include "runtime/affinity.h"

#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"
#include "base/cleanup.h"

static void lists(void)
{
	static const char *const bad[] = { "",    ",", "1,",  ",1",     "1-",   "-1",
					   "3-1", "a", "1 2", "0-3,7x", "1024", "99999999999" };
	struct error err;
	cpu_set_t set;

	CHECK_INT(0, affinity_parse("0-3,7", &set, &err));
	CHECK_INT(5, CPU_COUNT(&set));
	CHECK(CPU_ISSET(3, &set) && CPU_ISSET(7, &set) && !CPU_ISSET(4, &set));
	CHECK_INT(0, affinity_parse("1023, 5", &set, &err));
	CHECK(CPU_ISSET(5, &set) && CPU_ISSET(1023, &set));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (affinity_parse(bad[i], &set, &err) != -22)
			test_stop(TEST_FAILED, "\"%s\" was taken", bad[i]);
}

static int cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? -1 : CPU_COUNT(&set);
}

/* How many CPUs a process has after these lists, of which "0" is the first; 100 if one was refused. */
static int after(const char *initial, const char *final)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct error err;

		if (affinity_apply(initial, "initial", &err) < 0 || affinity_apply_final(initial, final, &err) < 0)
			_exit(100);
		_exit(cpus());
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void without_a_final_list_the_cgroup_decides(void)
{
	const int all = cpus();

	if (all < 2 || all >= 100)
		TEST_SKIP("needs 2 to 99 CPUs, there are %d", all);
	CHECK_INT(all, after(NULL, NULL));
	CHECK_INT(all, after("", ""));
	CHECK_INT(1, after("0-1", "0"));
	CHECK_INT(1, after(NULL, "0"));
	CHECK_INT(all, after("0", NULL));
	CHECK_INT(all, after("0", ""));
	CHECK_INT(100, after("0", "x"));
}

static const struct test tests[] = { TEST(lists), TEST(without_a_final_list_the_cgroup_decides) };
TEST_MAIN(tests)

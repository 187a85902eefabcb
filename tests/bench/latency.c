/*
 * latency.c - how long the verbs of several runtimes take, side by side.
 *
 *	latency WORK WARMUP RUNS NAME=PROGRAM...
 *
 * WORK holds the bundles plain, plain-idle, seccomp and seccomp-idle; state roots are made beside them, one a runtime.
 * A program named "floor" is floor.c and is called as it wants. For each profile and verb, in order:
 *   1. (exec) one container a runtime is started that idles
 *   2. WARMUP + RUNS rounds; in a round each runtime goes once, so that drift hits all alike, in an order in which each
 *      follows each other equally often: the kernel still cleans up after one when the next begins
 *   3. median, 95th percentile and peak memory of the RUNS go out as one line of JSON
 * Timed is posix_spawn to waitpid, with no shell between. create, start and delete are three programs: their times are
 * added, and the container's own end is waited for in between, untimed; it is our child since we are the subreaper.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNTIMES_MAX = 8, ARGS_MAX = 12, PATH_SIZE = 512, P95 = 95 };

struct runtime {
	const char *name, *program; /* the name is the container's id too: cgroups are named by it */
	char root[PATH_SIZE];
	double *ms; /* one a counted round */
	long max_rss_kib;
};

struct bench {
	const char *work, *profile;
	char bundle[PATH_SIZE], idle_bundle[PATH_SIZE], rootfs[PATH_SIZE];
	char pid_file[PATH_SIZE];
	char pid[32]; /* of the idling container, for floor's exec */
	size_t rounds, warmup, n_runtimes;
	struct runtime runtimes[RUNTIMES_MAX];
};

struct sample {
	double ms;
	long rss_kib;
};

struct verb {
	const char *name;
	void (*before)(struct bench *bench, struct runtime *runtime);
	struct sample (*measure)(struct bench *bench, struct runtime *runtime);
	void (*after)(struct bench *bench, struct runtime *runtime);
};

__attribute__((noreturn)) static void die(const char *what, const char *whose)
{
	(void)fprintf(stderr, "latency: %s: %s\n", whose, what);
	exit(EXIT_FAILURE);
}

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static pid_t spawn(const char *const *args)
{
	char *const envp[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
	char *argv[ARGS_MAX + 1] = { NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r;

	argv[0] = (char *)args[0];
	for (size_t i = 1; args[i]; i++)
		argv[i] = (char *)args[i];
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, envp);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		die(strerror(r), args[0]);
	return pid;
}

/* Runs a program to its end, which must be success, and times it. */
static struct sample timed(const char *const *args)
{
	double began = now_ms();
	pid_t pid = spawn(args);
	struct rusage usage;
	struct sample sample;
	int status;

	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			die(strerror(errno), "wait4");
	sample = (struct sample){ .ms = now_ms() - began, .rss_kib = usage.ru_maxrss };
	if (status != 0)
		die("failed", args[0]);
	return sample;
}

static void reap_orphans(void)
{
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

static int is_floor(const struct runtime *runtime)
{
	return strcmp(runtime->name, "floor") == 0;
}

static struct sample measure_run(struct bench *bench, struct runtime *runtime)
{
	if (is_floor(runtime))
		return timed((const char *[]){ runtime->program, "run", bench->rootfs, NULL });
	return timed((const char *[]){ runtime->program, "--root", runtime->root, "run", "--bundle", bench->bundle,
				       runtime->name, NULL });
}

/* The sum of three programs' times; the container's own end is waited for before the third. */
static struct sample measure_parts(const char *const *create, const char *const *start, const char *const *delete)
{
	struct sample parts[3];

	parts[0] = timed(create);
	parts[1] = timed(start);
	reap_orphans();
	parts[2] = timed(delete);
	for (size_t i = 1; i < sizeof(parts) / sizeof(parts[0]); i++) {
		parts[0].ms += parts[i].ms;
		parts[0].rss_kib = parts[i].rss_kib > parts[0].rss_kib ? parts[i].rss_kib : parts[0].rss_kib;
	}
	return parts[0];
}

static struct sample measure_floor_lifecycle(struct bench *bench, struct runtime *runtime)
{
	return measure_parts((const char *[]){ runtime->program, "create", bench->rootfs, runtime->root, NULL },
			     (const char *[]){ runtime->program, "start", runtime->root, NULL },
			     (const char *[]){ runtime->program, "delete", runtime->root, NULL });
}

static struct sample measure_lifecycle(struct bench *bench, struct runtime *runtime)
{
	const char *const create[] = { runtime->program, "--root",      runtime->root, "create",
				       "--bundle",       bench->bundle, runtime->name, NULL };
	const char *const start[] = { runtime->program, "--root", runtime->root, "start", runtime->name, NULL };
	const char *const delete[] = { runtime->program, "--root", runtime->root, "delete", runtime->name, NULL };

	if (is_floor(runtime))
		return measure_floor_lifecycle(bench, runtime);
	return measure_parts(create, start, delete);
}

static void read_pid(struct bench *bench)
{
	FILE *file = fopen(bench->pid_file, "re");

	if (!file || !fgets(bench->pid, sizeof(bench->pid), file))
		die("no pid file", bench->pid_file);
	(void)fclose(file);
}

static void before_exec(struct bench *bench, struct runtime *runtime)
{
	if (is_floor(runtime))
		return;
	(void)timed((const char *[]){ runtime->program, "--root", runtime->root, "run", "--detach", "--pid-file",
				      bench->pid_file, "--bundle", bench->idle_bundle, runtime->name, NULL });
	read_pid(bench);
}

static struct sample measure_exec(struct bench *bench, struct runtime *runtime)
{
	if (is_floor(runtime))
		return timed((const char *[]){ runtime->program, "exec", bench->pid, NULL });
	return timed((const char *[]){ runtime->program, "--root", runtime->root, "exec", runtime->name, "/bin/true",
				       NULL });
}

static void after_exec(struct bench *bench, struct runtime *runtime)
{
	(void)bench;
	if (is_floor(runtime))
		return;
	(void)timed((const char *[]){ runtime->program, "--root", runtime->root, "delete", "--force", runtime->name,
				      NULL });
}

static const struct verb verbs[] = {
	{ "run", NULL, measure_run, NULL },
	{ "create+start+delete", NULL, measure_lifecycle, NULL },
	{ "exec", before_exec, measure_exec, after_exec },
};

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

static void print(const struct bench *bench, const struct verb *verb, struct runtime *runtime)
{
	qsort(runtime->ms, bench->rounds, sizeof(runtime->ms[0]), compare);
	printf("{\"profile\":\"%s\",\"verb\":\"%s\",\"runtime\":\"%s\",\"runs\":%zu,\"median_ms\":%.3f,\"p95_ms\":%.3f,"
	       "\"max_rss_kib\":%ld}\n",
	       bench->profile, verb->name, runtime->name, bench->rounds, runtime->ms[bench->rounds / 2],
	       runtime->ms[bench->rounds * P95 / 100], runtime->max_rss_kib);
	(void)fflush(stdout);
}

/* Who is at a place of a round: 0 1 n-1 2 n-2 ..., shifted by one each round (a Williams design, for an even n). */
static size_t turn(size_t place, size_t number, size_t n)
{
	size_t offset = place % 2 ? place / 2 + 1 : n - place / 2;

	return (offset + number) % n;
}

static void round_of(struct bench *bench, const struct verb *verb, size_t number)
{
	for (size_t i = 0; i < bench->n_runtimes; i++) {
		struct runtime *runtime = &bench->runtimes[turn(i, number, bench->n_runtimes)];
		struct sample sample = verb->measure(bench, runtime);

		if (number < bench->warmup)
			continue;
		runtime->ms[number - bench->warmup] = sample.ms;
		if (sample.rss_kib > runtime->max_rss_kib)
			runtime->max_rss_kib = sample.rss_kib;
	}
}

static void run_verb(struct bench *bench, const struct verb *verb)
{
	for (size_t i = 0; i < bench->n_runtimes; i++) {
		bench->runtimes[i].max_rss_kib = 0;
		if (verb->before)
			verb->before(bench, &bench->runtimes[i]);
	}
	for (size_t number = 0; number < bench->warmup + bench->rounds; number++)
		round_of(bench, verb, number);
	for (size_t i = 0; i < bench->n_runtimes; i++) {
		if (verb->after)
			verb->after(bench, &bench->runtimes[i]);
		print(bench, verb, &bench->runtimes[i]);
	}
	reap_orphans();
}

static void run_profile(struct bench *bench, const char *profile)
{
	bench->profile = profile;
	(void)snprintf(bench->bundle, sizeof(bench->bundle), "%s/%s", bench->work, profile);
	(void)snprintf(bench->idle_bundle, sizeof(bench->idle_bundle), "%s/%s-idle", bench->work, profile);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		run_verb(bench, &verbs[i]);
}

static void add_runtime(struct bench *bench, char *text)
{
	struct runtime *runtime = &bench->runtimes[bench->n_runtimes++];
	char *equals = strchr(text, '=');

	if (!equals)
		die("not NAME=PROGRAM", text);
	*equals = '\0';
	runtime->name = text;
	runtime->program = equals + 1;
	(void)snprintf(runtime->root, sizeof(runtime->root), "%s/state-%s", bench->work, text);
	runtime->ms = calloc(bench->rounds, sizeof(runtime->ms[0]));
	if (!runtime->ms)
		die("out of memory", text);
}

int main(int argc, char **argv)
{
	struct bench bench = { 0 };

	if (argc < 5 || argc - 4 > RUNTIMES_MAX)
		die("usage: latency WORK WARMUP RUNS NAME=PROGRAM...", argv[0]);
	bench.work = argv[1];
	bench.warmup = strtoul(argv[2], NULL, 10);
	bench.rounds = strtoul(argv[3], NULL, 10);
	if (bench.rounds == 0)
		die("RUNS is at least 1", argv[0]);
	for (int i = 4; i < argc; i++)
		add_runtime(&bench, argv[i]);
	(void)snprintf(bench.rootfs, sizeof(bench.rootfs), "%s/plain/rootfs", bench.work);
	(void)snprintf(bench.pid_file, sizeof(bench.pid_file), "%s/pid", bench.work);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die(strerror(errno), "prctl");
	run_profile(&bench, "plain");
	run_profile(&bench, "seccomp");
	for (size_t i = 0; i < bench.n_runtimes; i++)
		free(bench.runtimes[i].ms);
	return EXIT_SUCCESS;
}

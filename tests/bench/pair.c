/*
 * pair.c - two commands beside each other: how long each takes, and the difference.
 *
 *	pair WARMUP RUNS COMMAND... -- COMMAND...
 *
 * They take turns, and which goes first changes every round. Timed is posix_spawn to waitpid. Out comes one line of
 * JSON: medians, the ratio of the medians, and the median of the differences of a round, in milliseconds.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__attribute__((noreturn)) static void die(const char *what)
{
	(void)fprintf(stderr, "pair: %s\n", what);
	exit(EXIT_FAILURE);
}

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double timed(char *const *argv)
{
	double start = now_ms();
	int status = 0;
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		die("cannot start a command");
	if (waitpid(pid, &status, 0) != pid || status != 0)
		die("a command failed");
	return now_ms() - start;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int main(int argc, char **argv)
{
	size_t warmup = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t runs = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	char **second = argv + 3;
	double *times[3];
	double result[3];

	while (argc > 4 && *second && strcmp(*second, "--") != 0)
		second++;
	if (runs == 0 || argc < 6 || !*second || second == argv + 3)
		die("usage: pair WARMUP RUNS COMMAND... -- COMMAND...");
	*second++ = NULL;
	for (size_t i = 0; i < 3; i++)
		times[i] = calloc(runs, sizeof(double));
	for (size_t i = 0; i < warmup + runs; i++) {
		char *const *commands[] = { argv + 3, second };
		size_t first = i % 2;
		double ms[2];

		ms[first] = timed(commands[first]);
		ms[!first] = timed(commands[!first]);
		if (i < warmup)
			continue;
		times[0][i - warmup] = ms[0];
		times[1][i - warmup] = ms[1];
		times[2][i - warmup] = ms[1] - ms[0];
	}
	for (size_t i = 0; i < 3; i++) {
		result[i] = median(times[i], runs);
		free(times[i]);
	}
	printf("{\"first_ms\":%.3f,\"second_ms\":%.3f,\"ratio\":%.3f,\"difference_ms\":%.3f}\n", result[0], result[1],
	       result[1] / result[0], result[2]);
	return EXIT_SUCCESS;
}

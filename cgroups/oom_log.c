/*
 * oom_log.c - see oom_log.h. A record of /dev/kmsg is "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT\n", with bytes
 * that are not printable as \xNN. The line that counts is printed in pieces, and is several records if it is long or
 * something else was printed meanwhile; those behind the first have the flag 'c':
 *
 *	oom-kill:constraint=C,nodemask=N,cpuset=NAME,mems_allowed=N,oom_memcg=PATH,task_memcg=PATH,task=NAME,pid=N,uid=N
 *	oom-kill:constraint=C,nodemask=N,cpuset=NAME,mems_allowed=N,global_oom,task_memcg=PATH,task=NAME,pid=N,uid=N
 */
#include "oom_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

#define LINE_BEGIN  "oom-kill:constraint="
#define TASK_MEMCG  ",task_memcg="
#define HOST_MEMORY ",global_oom" TASK_MEMCG
#define TASK_NAME   ",task="

enum {
	RECORD_SIZE = 8192,       /* the least that the kernel's documentation calls enough */
	LINE_SIZE = 16 * 1024,    /* three paths */
	RECORDS_MAX = 512 * 1024, /* somebody may write faster than this reads */
	NAME_BYTES = 15,          /* TASK_COMM_LEN less the end */
	PRIORITY_KERNEL = 8,      /* below: facility 0, which no process can write */
	DECIMAL = 10,
	HEX = 16,
};

struct reader {
	const char *path;
	uint64_t since_us;
	size_t max, found;
	struct arena *arena;
	struct oom_victim latest[OOM_VICTIMS_MAX]; /* found % max is the next to be replaced */
	char line[LINE_SIZE];                      /* without escapes; ended when used */
	size_t used;                               /* 0: no line */
	uint64_t sequence;                         /* of its last record */
};

/* ---- one line ---- */

struct text {
	const char *start;
	size_t length;
};

static struct text text_of(const char *start)
{
	return (struct text){ start, strlen(start) };
}

/* Is `inner` the cgroup `outer`, or below it? */
static bool holds(struct text outer, struct text inner)
{
	if (outer.length == 1)
		return true;
	return inner.length >= outer.length && memcmp(inner.start, outer.start, outer.length) == 0 &&
	       (inner.length == outer.length || inner.start[outer.length] == '/');
}

/* "KEY" and a number at the end of text, which are cut off. */
static bool cut_number(char *text, const char *key, uint64_t max, uint64_t *ret)
{
	char *at = text + strlen(text);

	while (at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	if (str_to_u64(at, max, ret) < 0 || (size_t)(at - text) < strlen(key) ||
	    memcmp(at - strlen(key), key, strlen(key)) != 0)
		return false;
	at[-(ssize_t)strlen(key)] = '\0';
	return true;
}

static bool cut_name(char *text, const char **ret)
{
	const size_t length = strlen(text);

	for (size_t back = strlen(TASK_NAME); back <= strlen(TASK_NAME) + NAME_BYTES && back <= length; back++) {
		char *at = text + length - back;

		if (!str_starts(at, TASK_NAME))
			continue;
		*at = '\0';
		*ret = at + strlen(TASK_NAME);
		return true;
	}
	return false;
}

/* Where the paths begin: with the first slash, since what is before them has none but the name of the root. */
static char *find_paths(char *line)
{
	static const char root[] = ",cpuset=";
	char *slash = strchr(line, '/');

	if (slash && (size_t)(slash - line) >= strlen(root) && memcmp(slash - strlen(root), root, strlen(root)) == 0)
		slash = strchr(slash + 1, '/');
	return slash;
}

static bool stands_before(const char *line, const char *at, const char *text)
{
	const size_t length = strlen(text);

	return (size_t)(at - line) >= length && memcmp(at - length, text, length) == 0;
}

/* "LIMIT,task_memcg=CGROUP". Both may contain what is between them; but the one is within the other, and the container
   is within the limit or the limit in it. What another container is called by, at whatever depth, cannot look so: the
   text begins with a path that has led there. */
static bool split_paths(char *paths, struct text own, struct oom_victim *victim)
{
	for (char *at = paths; (at = strstr(at, TASK_MEMCG)); at++) {
		const struct text limit = { paths, (size_t)(at - paths) };
		const struct text cgroup = text_of(at + strlen(TASK_MEMCG));

		if (limit.length == 0 || !holds(limit, cgroup) || !holds(own, cgroup) ||
		    (!holds(own, limit) && !holds(limit, own)))
			continue;
		*at = '\0';
		victim->limit = limit.start;
		victim->cgroup = cgroup.start;
		return true;
	}
	return false;
}

static bool parse_line(char *line, struct text own, struct oom_victim *ret)
{
	uint64_t pid, uid;
	char *paths;

	if (!cut_number(line, ",uid=", UINT32_MAX, &uid) || !cut_number(line, ",pid=", INT32_MAX, &pid) || pid == 0 ||
	    !cut_name(line, &ret->name))
		return false;
	ret->pid = (pid_t)pid;
	ret->uid = (uint32_t)uid;
	paths = find_paths(line);
	if (!paths)
		return false;
	if (stands_before(line, paths, ",oom_memcg="))
		return split_paths(paths, own, ret);
	ret->limit = NULL;
	ret->cgroup = paths;
	return stands_before(line, paths, HOST_MEMORY) && holds(own, text_of(paths));
}

/* ---- records ---- */

static void end_line(struct reader *reader)
{
	struct oom_victim *victim = &reader->latest[reader->found % reader->max];
	struct oom_victim found = { 0 };

	if (reader->used == 0)
		return;
	reader->line[reader->used] = '\0';
	reader->used = 0;
	if (!parse_line(reader->line, text_of(reader->path), &found))
		return;
	*victim = found;
	victim->name = arena_strdup(reader->arena, found.name);
	victim->cgroup = arena_strdup(reader->arena, found.cgroup);
	victim->limit = found.limit ? arena_strdup(reader->arena, found.limit) : NULL;
	reader->found++;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Text up to the end of the record's first line; a line that gets too long is none. */
static void add_text(struct reader *reader, const char *text)
{
	for (; *text && *text != '\n'; text++) {
		char c = *text;

		if (reader->used + 1 >= sizeof(reader->line)) {
			reader->used = 0;
			return;
		}
		if (c == '\\' && text[1] == 'x' && hex_digit(text[2]) >= 0 && hex_digit(text[3]) >= 0) {
			c = (char)(hex_digit(text[2]) * HEX + hex_digit(text[3]));
			text += 3;
		}
		if (c == '\0')
			c = '?';
		reader->line[reader->used++] = c;
	}
}

static bool take_number(const char **at, uint64_t *ret)
{
	const size_t length = strspn(*at, "0123456789");
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++)
		if (__builtin_mul_overflow(value, DECIMAL, &value) ||
		    __builtin_add_overflow(value, (uint64_t)((*at)[i] - '0'), &value))
			return false;
	if (length == 0 || (*at)[length] != ',')
		return false;
	*at += length + 1;
	*ret = value;
	return true;
}

static void take_record(struct reader *reader, const char *record)
{
	uint64_t priority, sequence, us;
	const char *text = strchr(record, ';');
	bool continues;

	if (!text || !take_number(&record, &priority) || !take_number(&record, &sequence) || !take_number(&record, &us))
		return;
	continues = *record == 'c' && reader->used && sequence == reader->sequence + 1;
	if (!continues)
		end_line(reader);
	if (priority >= PRIORITY_KERNEL || us < reader->since_us || (!continues && !str_starts(text + 1, LINE_BEGIN)))
		return;
	reader->sequence = sequence;
	add_text(reader, text + 1);
}

int oom_log_read(int log, const char *path, uint64_t since_us, size_t max, struct arena *arena,
		 struct oom_victims *ret_victims, struct error *err)
{
	auto_free struct reader *reader = xcalloc(1, sizeof(*reader));
	char record[RECORD_SIZE];
	ssize_t got = 0;

	reader->path = path;
	reader->since_us = since_us;
	reader->max = max == 0 || max > OOM_VICTIMS_MAX ? OOM_VICTIMS_MAX : max;
	reader->arena = arena;
	for (int i = 0; i < RECORDS_MAX; i++) {
		got = read(log, record, sizeof(record) - 1);
		if (got < 0 && (errno == EPIPE || errno == EINTR)) /* EPIPE: lines were lost before this one was read */
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		take_record(reader, record);
	}
	if (got < 0 && errno != EAGAIN)
		return fail(err, errno, "read the kernel's log");
	end_line(reader);
	ret_victims->count = reader->found < reader->max ? reader->found : reader->max;
	for (size_t i = 0; i < ret_victims->count; i++)
		ret_victims->list[i] = reader->latest[(reader->found - ret_victims->count + i) % reader->max];
	return 0;
}

/* ---- the log of this machine ---- */

enum { US_PER_S = 1000000, NS_PER_US = 1000, DRIFT_SHARE = 1000, DRIFT_US = 2 * US_PER_S };

static uint64_t now_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / NS_PER_US;
}

/* The log's clock neither counts the time asleep, as start_time does, nor is it kept right: not later than this. */
static uint64_t log_time(uint64_t start_time)
{
	const long ticks = sysconf(_SC_CLK_TCK);
	const uint64_t now = now_us(CLOCK_BOOTTIME);
	const uint64_t start = start_time / (ticks > 0 ? (uint64_t)ticks : 100) * US_PER_S;
	const uint64_t early = now - now_us(CLOCK_MONOTONIC) + now / DRIFT_SHARE + DRIFT_US;

	return start > early ? start - early : 0;
}

void oom_log_victims(const char *path, uint64_t start_time, uint64_t kills, struct arena *arena,
		     struct oom_victims *ret_victims)
{
	const size_t max = kills < OOM_VICTIMS_MAX ? (size_t)kills : OOM_VICTIMS_MAX;
	const char *why = "the kernel's log has no line of them";
	struct error err;
	auto_fd int log = -1;

	*ret_victims = (struct oom_victims){ 0 };
	if (kills == 0)
		return;
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log < 0)
		why = arena_printf(arena, "/dev/kmsg: %s", strerror(errno));
	else if (oom_log_read(log, path, log_time(start_time), max, arena, ret_victims, &err) < 0)
		why = arena_strdup(arena, err.text);
	if (ret_victims->count == OOM_VICTIMS_MAX)
		why = "they were before these";
	if (ret_victims->count < kills)
		ret_victims->unnamed =
			arena_printf(arena, "%" PRIu64 " of %" PRIu64 ": %s", kills - ret_victims->count, kills, why);
}

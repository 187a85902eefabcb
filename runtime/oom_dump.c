/*
 * oom_dump.c - see oom_dump.h. Everything is read below one fd of /proc/PID, which stays that process's and no later
 * one's. The texts are the container's: names and paths can be anything, and are only ever printed.
 * smaps takes the process's mmap lock, which a task in a long system call may hold: so this is the work of whoever
 * asks, not of the watcher.
 */
#include "oom_dump.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

enum { NAME_SIZE = 64, FILE_SIZE = 16 * 1024, COMMAND_SIZE = 64 * 1024, ITEMS_MAX = 65536, KIB = 1024 };

static FILE *open_text(int dir, const char *name)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (file)
		(void)take_fd(&fd);
	return file;
}

static void put_link(struct json_writer *writer, const char *key, int dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(dir, name, target, sizeof(target) - 1);

	if (length < 0)
		return;
	target[length] = '\0';
	json_put_string(writer, key, target);
}

/* ---- the process ---- */

/* Lines of /proc/PID/status, whose values are kept as they are. */
static const char *const status_keys[] = {
	"Name",     "State",  "PPid",  "NSpid", "Uid",    "Gid",          "Threads",
	"VmPeak",   "VmSize", "VmLck", "VmHWM", "VmRSS",  "RssAnon",      "RssFile",
	"RssShmem", "VmData", "VmStk", "VmPTE", "VmSwap", "HugetlbPages", "Seccomp"
};

static void put_status(struct json_writer *writer, int dir)
{
	auto_file FILE *file = open_text(dir, "status");
	auto_free char *line = NULL;
	size_t size = 0;

	json_begin_object(writer, "status");
	while (file && getline(&line, &size, file) > 0) {
		const size_t key = strcspn(line, ":");
		char *value = line + key + (line[key] == ':');

		value += strspn(value, " \t");
		value[strcspn(value, "\n")] = '\0';
		line[key] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(status_keys); i++)
			if (str_eq(status_keys[i], line))
				json_put_string(writer, line, value);
	}
	json_end_object(writer);
}

static void put_command(struct json_writer *writer, int dir)
{
	auto_free char *text = xcalloc(COMMAND_SIZE + 1, 1);
	auto_fd int fd = openat(dir, "cmdline", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t length = fd < 0 ? 0 : read(fd, text, COMMAND_SIZE);

	json_begin_array(writer, "commandLine");
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(text + at) + 1)
		json_put_string(writer, NULL, text + at);
	json_end_array(writer);
}

/* ---- its memory ---- */

static const struct {
	const char *key, *name;
} sizes[] = {
	{ "Size", "size" },
	{ "Rss", "resident" },
	{ "Pss", "share" },
	{ "Anonymous", "anonymous" },
	{ "Private_Dirty", "privateDirty" },
	{ "Swap", "swap" },
	{ "Locked", "locked" },
};

/* "7f00-7f10 rw-p 00000000 00:01 2048   /path" */
static void begin_mapping(struct json_writer *writer, const char *line)
{
	char range[NAME_SIZE], permissions[NAME_SIZE], offset[NAME_SIZE];
	int path = 0;

	json_begin_object(writer, NULL);
	if (sscanf(line, "%63s %63s %63s %*s %*s %n", range, permissions, offset, &path) <
	    3) // NOLINT(cert-err34-c): words
		return;
	json_put_string(writer, "range", range);
	json_put_string(writer, "permissions", permissions);
	json_put_string(writer, "offset", offset);
	if (path && line[path])
		json_put_string(writer, "path", line + path);
}

static void put_size(struct json_writer *writer, const char *line)
{
	const size_t key = strcspn(line, ":");

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		if (strlen(sizes[i].key) == key && strncmp(sizes[i].key, line, key) == 0)
			json_put_u64(writer, sizes[i].name, strtoull(line + key + 1, NULL, 10) * KIB);
}

/* A line that begins with a small letter or a digit is a mapping, with a capital letter one of its numbers. */
static void put_mappings(struct json_writer *writer, int dir)
{
	auto_file FILE *file = open_text(dir, "smaps");
	auto_free char *line = NULL;
	size_t count = 0;
	size_t size = 0;

	json_begin_array(writer, "mappings");
	while (file && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (isupper((unsigned char)line[0])) {
			if (count)
				put_size(writer, line);
			continue;
		}
		if (count == ITEMS_MAX)
			break;
		if (count++)
			json_end_object(writer);
		begin_mapping(writer, line);
	}
	if (count)
		json_end_object(writer);
	json_end_array(writer);
}

/* ---- its threads and files ---- */

static void put_file_text(struct json_writer *writer, const char *key, int dir, const char *name)
{
	auto_free char *text = xcalloc(FILE_SIZE, 1);

	if (fd_read_small(dir, name, text, FILE_SIZE) > 0)
		json_put_string(writer, key, text);
}

static void put_thread(struct json_writer *writer, int tasks, const char *tid)
{
	auto_fd int dir = openat(tasks, tid, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	auto_file FILE *stack = NULL;
	auto_free char *line = NULL;
	size_t size = 0;

	if (dir < 0)
		return;
	json_begin_object(writer, NULL);
	json_put_string(writer, "tid", tid);
	put_file_text(writer, "name", dir, "comm");
	put_file_text(writer, "waitsIn", dir, "wchan");
	put_file_text(writer, "systemCall", dir, "syscall");
	json_begin_array(writer, "kernelStack");
	stack = open_text(dir, "stack");
	while (stack && getline(&line, &size, stack) > 0) {
		line[strcspn(line, "\n")] = '\0';
		json_put_string(writer, NULL, line);
	}
	json_end_array(writer);
	json_end_object(writer);
}

static void put_fd(struct json_writer *writer, int fds, const char *number)
{
	json_begin_object(writer, NULL);
	json_put_string(writer, "fd", number);
	put_link(writer, "target", fds, number);
	json_end_object(writer);
}

static void put_each(struct json_writer *writer, const char *key, int process, const char *name,
		     void (*put)(struct json_writer *writer, int dir, const char *entry))
{
	int fd = openat(process, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t count = 0;

	json_begin_array(writer, key);
	for (struct dirent *entry; dir && count < ITEMS_MAX && (entry = readdir(dir));)
		if (isdigit((unsigned char)entry->d_name[0])) {
			put(writer, fd, entry->d_name);
			count++;
		}
	json_end_array(writer);
}

/* ---- */

static int check_inside(const struct runtime *runtime, const char *id, pid_t pid, struct error *err)
{
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	int r = container_pids(runtime, id, &pids, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (pids[i] == pid)
			return 0;
	return r < 0 ? r : refuse_as(err, ESRCH, "process %d is not in container `%s`", pid, id);
}

/* The directory comes first: what is in the container after it was opened is the process it stands for. */
int oom_dump(const struct runtime *runtime, const char *id, pid_t pid, struct json_writer *writer, struct error *err)
{
	char path[NAME_SIZE];
	auto_fd int dir = -1;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = check_inside(runtime, id, pid, err);
	if (r == 0 && dir < 0)
		r = refuse_as(err, ESRCH, "process %d of container `%s` is gone", pid, id);
	if (r < 0)
		return r;
	json_begin_object(writer, NULL);
	json_put_string(writer, "id", id);
	json_put_i64(writer, "pid", pid);
	put_status(writer, dir);
	put_command(writer, dir);
	put_link(writer, "executable", dir, "exe");
	put_link(writer, "directory", dir, "cwd");
	put_mappings(writer, dir);
	put_each(writer, "threads", dir, "task", put_thread);
	put_each(writer, "files", dir, "fd", put_fd);
	json_end_object(writer);
	return 0;
}

/* hit_fixture.h - one container of a watcher, on plain files that stand for those of its cgroup. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroups/tree.h"
#include "runtime/oom_watcher.h"
#include "tests/unit/test.h"

enum { LIMIT = 67108864, GAP = 8388608 };

static const char *const names[] = { "memory.events.local", "cgroup.events",  "memory.max",    "memory.high",
				     "memory.current",      "memory.stat",    "cgroup.freeze", "cgroup.procs",
				     "cgroup.kill",         "cgroup.threads", "cgroup.stat" };

static char path[40];
static char id[] = "c";
static int dir = -1;
static struct watched container;
static struct watcher watcher = { .processors = 2, .epoll = -1 };
static struct error err;

static void put(const char *name, const char *text)
{
	int fd = openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

/* Two forms of one load: memory that nothing can take, and page cache. */
static void use(unsigned long long bytes, bool fixed)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "%llu\n", bytes);
	put("memory.current", text);
	(void)snprintf(text, sizeof(text), "anon %llu\ninactive_file %llu\nactive_file 0\n", fixed ? bytes : 0,
		       fixed ? 0 : bytes);
	put("memory.stat", text);
}

static void touch(void)
{
	static int count;
	char text[64];

	(void)snprintf(text, sizeof(text), "low 0\nhigh %d\nmax 0\noom 0\n", ++count);
	put("memory.events.local", text);
	hit_touched(&container);
}

static void start(void)
{
	strcpy(path, "/tmp/coffer-oom-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put("memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\n");
	put("cgroup.events", "populated 1\nfrozen 0\n");
	put("memory.max", "67108864\n");
	put("memory.high", "58720256\n");
	put("cgroup.freeze", "0\n");
	put("cgroup.procs", "");
	put("cgroup.kill", "0\n");
	use(10000000, true);
	container = (struct watched){
		.id = id,
		.root = "/nonexistent",
		.cgroup = tree_new(dup(dir), "/fake"),
		.policy = { .mode = OOM_FREEZE, .limit = LIMIT, .gap = GAP, .fallback = OOM_STAY },
	};
	CHECK_INT(0, tripwire_open(dir, LIMIT, GAP, &container.wire, &err));
}

static void stop(void)
{
	tripwire_close(&container.wire);
	cgroup_close(container.cgroup);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(dir, names[i], 0);
	(void)close(dir);
	CHECK_INT(0, rmdir(path));
}

static void hit(void)
{
	use(60000000, true);
	touch();
	CHECK_INT(HIT_FREEZING, container.state);
	put("cgroup.events", "populated 1\nfrozen 1\n");
	hit_freezer(&watcher, &container);
	CHECK_INT(HIT_DECIDE, container.state);
}

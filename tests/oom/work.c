/*
 * work.c - the programs that reach a memory limit: work KIND MIB SEED. Each takes MIB of memory in its own way, fills
 * it with numbers that follow from SEED, reads all of it back and prints "work: right". Exit status: 0, 1 if a byte
 * was lost, 2 if a call failed. One static program; tests/oom/soak runs it in containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1024 * 1024, PAGE = 4096, WORDS = PAGE / 8, THREADS_MAX = 96, CHILDS = 48, LOST = 1, FAILED = 2 };
enum {
	PIPE_SIZE = MIB,
	SOCKET_SIZE = 192 * 1024,
	CACHE_PASSES = 6,
	CHUNK = 65536,
	RING_ENTRIES = 16,
	HUGE_PAGE = 2 * MIB,
	HUGE_PAGES = 4
};

struct load {
	size_t bytes;
	uint64_t seed;
};

static void fail(const char *what)
{
	perror(what);
	_exit(FAILED);
}

static uint64_t word(uint64_t seed, size_t page)
{
	uint64_t x = seed + page * 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	return x ^ (x >> 27);
}

/* First and last word of each page: enough to tell a lost or foreign page, and as fast as a fault. */
static void fill(void *memory, size_t bytes, uint64_t seed)
{
	uint64_t *words = memory;

	for (size_t page = 0; page < bytes / PAGE; page++) {
		words[page * WORDS] = word(seed, page);
		words[page * WORDS + WORDS - 1] = ~word(seed, page);
	}
}

static int check(const void *memory, size_t bytes, uint64_t seed)
{
	const uint64_t *words = memory;

	for (size_t page = 0; page < bytes / PAGE; page++)
		if (words[page * WORDS] != word(seed, page) || words[page * WORDS + WORDS - 1] != ~word(seed, page))
			return LOST;
	return 0;
}

static void *map(size_t bytes, int flags)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

static int work_touch(const struct load *load)
{
	void *memory = map(load->bytes, 0);

	fill(memory, load->bytes, load->seed);
	return check(memory, load->bytes, load->seed);
}

static int work_populate(const struct load *load)
{
	void *memory = map(load->bytes, MAP_POPULATE);

	fill(memory, load->bytes, load->seed);
	return check(memory, load->bytes, load->seed);
}

static int work_mlock(const struct load *load)
{
	void *memory = map(load->bytes, 0);

	if (mlock(memory, load->bytes) < 0)
		fail("mlock");
	fill(memory, load->bytes, load->seed);
	return check(memory, load->bytes, load->seed);
}

static int work_huge(const struct load *load)
{
	void *memory = map(load->bytes, 0);

	(void)madvise(memory, load->bytes, MADV_HUGEPAGE);
	fill(memory, load->bytes, load->seed);
	return check(memory, load->bytes, load->seed);
}

static void *thread_main(void *data)
{
	return (void *)(intptr_t)work_touch(data);
}

static int work_threads(const struct load *load)
{
	const size_t count = 1 + load->seed % THREADS_MAX;
	static struct load loads[THREADS_MAX];
	static pthread_t threads[THREADS_MAX];
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		pthread_attr_t attr;

		loads[i] = (struct load){ load->bytes / count / PAGE * PAGE, load->seed + i };
		(void)pthread_attr_init(&attr);
		(void)pthread_attr_setstacksize(&attr, CHUNK);
		errno = pthread_create(&threads[i], &attr, thread_main, &loads[i]);
		if (errno)
			fail("pthread_create");
	}
	for (size_t i = 0; i < count; i++) {
		void *got = NULL;

		(void)pthread_join(threads[i], &got);
		result |= (int)(intptr_t)got;
	}
	return result;
}

/* One write(2) of everything into a file on a tmpfs, then read back through a map. */
static int work_tmpfs(const struct load *load)
{
	int fd = memfd_create("work", MFD_CLOEXEC);
	size_t half = load->bytes / 2 / PAGE * PAGE;
	void *memory = map(half, 0);
	void *shared;

	if (fd < 0)
		fail("memfd_create");
	fill(memory, half, load->seed);
	if (write(fd, memory, half) != (ssize_t)half)
		fail("write");
	shared = mmap(NULL, half, PROT_READ, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		fail("mmap of a memfd");
	return check(memory, half, load->seed) | check(shared, half, load->seed);
}

struct ring {
	int fd;
	unsigned *tail, *mask, *array, *done_head;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *done;
	unsigned *done_tail, *done_mask;
};

static struct ring ring_new(void)
{
	struct io_uring_params params = { 0 };
	struct ring ring = { .fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &params) };
	char *at;

	if (ring.fd < 0)
		fail("io_uring_setup");
	at = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(*ring.done), PROT_READ | PROT_WRITE, MAP_SHARED,
		  ring.fd, IORING_OFF_SQ_RING);
	ring.entries = mmap(NULL, params.sq_entries * sizeof(*ring.entries), PROT_READ | PROT_WRITE, MAP_SHARED,
			    ring.fd, IORING_OFF_SQES);
	if (at == MAP_FAILED || ring.entries == MAP_FAILED)
		fail("mmap of an io_uring");
	ring.tail = (unsigned *)(void *)(at + params.sq_off.tail);
	ring.mask = (unsigned *)(void *)(at + params.sq_off.ring_mask);
	ring.array = (unsigned *)(void *)(at + params.sq_off.array);
	ring.done_head = (unsigned *)(void *)(at + params.cq_off.head);
	ring.done_tail = (unsigned *)(void *)(at + params.cq_off.tail);
	ring.done_mask = (unsigned *)(void *)(at + params.cq_off.ring_mask);
	ring.done = (struct io_uring_cqe *)(void *)(at + params.cq_off.cqes);
	return ring;
}

static void ring_write(const struct ring *ring, int fd, const char *data, size_t at)
{
	unsigned index = *ring->tail & *ring->mask;

	ring->entries[index] = (struct io_uring_sqe){
		.opcode = IORING_OP_WRITE,
		.flags = IOSQE_ASYNC, /* by a worker of the kernel, not by this task */
		.fd = fd,
		.addr = (uintptr_t)(data + at),
		.len = MIB,
		.off = at,
	};
	ring->array[index] = index;
	__atomic_store_n(ring->tail, *ring->tail + 1, __ATOMIC_RELEASE);
}

/* All that was submitted, whole. */
static void ring_wait(const struct ring *ring, unsigned count)
{
	for (unsigned seen = 0; seen < count;) {
		unsigned tail;

		if (syscall(SYS_io_uring_enter, ring->fd, seen ? 0 : count, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0 &&
		    errno != EINTR)
			fail("io_uring_enter");
		tail = __atomic_load_n(ring->done_tail, __ATOMIC_ACQUIRE);
		for (; *ring->done_head != tail; seen++) {
			int result = ring->done[*ring->done_head & *ring->done_mask].res;

			if (result != MIB) {
				errno = result < 0 ? -result : EIO;
				fail("write by io_uring");
			}
			__atomic_store_n(ring->done_head, *ring->done_head + 1, __ATOMIC_RELEASE);
		}
	}
}

/* A tmpfs is filled by io_uring's workers, some MiB at a time. */
static int work_uring(const struct load *load)
{
	const size_t half = load->bytes / 2 / MIB * MIB;
	const struct ring ring = ring_new();
	int fd = memfd_create("work", MFD_CLOEXEC);
	char *memory = map(half, 0);
	void *shared;

	if (fd < 0 || ftruncate(fd, (off_t)half) < 0)
		fail("memfd_create");
	fill(memory, half, load->seed);
	for (size_t at = 0; at < half;) {
		unsigned count = 0;

		for (; count < RING_ENTRIES && at < half; count++, at += MIB)
			ring_write(&ring, fd, memory, at);
		ring_wait(&ring, count);
	}
	shared = mmap(NULL, half, PROT_READ, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		fail("mmap of a memfd");
	return check(memory, half, load->seed) | check(shared, half, load->seed);
}

/* Some pages of hugetlbfs, which the limit does not count, beside memory that it does. */
static int work_hugetlb(const struct load *load)
{
	const size_t bytes = (size_t)HUGE_PAGE * HUGE_PAGES;
	void *pages = map(bytes, MAP_HUGETLB);

	fill(pages, bytes, ~load->seed);
	return work_touch(load) | check(pages, bytes, ~load->seed);
}

/* Each holds its part until all have been started: until the pipe has no writer. */
static int work_child(const struct load *part, const int *gate)
{
	void *memory = map(part->bytes, 0);
	char byte;

	(void)close(gate[1]);
	fill(memory, part->bytes, part->seed);
	if (read(gate[0], &byte, 1) != 0)
		fail("read from a pipe");
	return check(memory, part->bytes, part->seed);
}

static int work_fork(const struct load *load)
{
	int gate[2];
	int result = 0;

	if (pipe(gate) < 0)
		fail("pipe");
	for (int i = 0; i < CHILDS; i++) {
		const struct load part = { load->bytes / CHILDS / PAGE * PAGE, load->seed + (uint64_t)i };
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid == 0)
			_exit(work_child(&part, gate));
	}
	(void)close(gate[1]);
	for (int i = 0; i < CHILDS; i++) {
		int status = 0;

		if (wait(&status) < 0)
			fail("wait");
		result |= WIFEXITED(status) ? WEXITSTATUS(status) : LOST;
	}
	return result;
}

/* Two files for each buffer are more than a process may open by default. */
static void open_many(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		fail("getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		fail("setrlimit");
}

static void read_whole(int fd, char *data, size_t bytes)
{
	for (size_t used = 0; used < bytes;) {
		ssize_t got = read(fd, data + used, bytes - used);

		if (got <= 0)
			fail("read from a buffer of the kernel");
		used += (size_t)got;
	}
}

/* Buffers that the kernel keeps: pipes of 1 MiB, full. */
static int work_pipes(const struct load *load)
{
	const size_t count = load->bytes / PIPE_SIZE;
	int(*pipes)[2] = calloc(count, sizeof(*pipes));
	static char data[PIPE_SIZE];
	int result = 0;

	open_many();
	for (size_t i = 0; i < count; i++) {
		if (pipe(pipes[i]) < 0 || fcntl(pipes[i][1], F_SETPIPE_SZ, PIPE_SIZE) < 0)
			fail("pipe");
		fill(data, PIPE_SIZE, load->seed + i);
		if (write(pipes[i][1], data, PIPE_SIZE) != PIPE_SIZE)
			fail("write to a pipe");
	}
	for (size_t i = 0; i < count; i++) {
		read_whole(pipes[i][0], data, PIPE_SIZE);
		result |= check(data, PIPE_SIZE, load->seed + i);
	}
	return result;
}

/* The same with pairs of sockets, full both ways: of its own memory a process has nearly none. */
static int work_sockets(const struct load *load)
{
	const size_t count = load->bytes / SOCKET_SIZE;
	int *ends = calloc(count + 1, sizeof(*ends));
	static char data[SOCKET_SIZE];
	const int space = SOCKET_SIZE;
	int result = 0;

	open_many();
	for (size_t i = 0; i < count; i++) {
		if (i % 2 == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, &ends[i]) < 0)
			fail("socketpair");
		if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &space, sizeof(space)) < 0)
			fail("SO_SNDBUF");
		fill(data, SOCKET_SIZE, load->seed + i);
		if (send(ends[i], data, SOCKET_SIZE, MSG_DONTWAIT) != SOCKET_SIZE)
			fail("send");
	}
	for (size_t i = 0; i < count / 2 * 2; i++) {
		read_whole(ends[i ^ 1], data, SOCKET_SIZE);
		result |= check(data, SOCKET_SIZE, load->seed + i);
	}
	return result;
}

/* A file of MIB, written once and then read over and over: page cache, which the kernel can take back. */
static int work_cache(const struct load *load)
{
	static char data[CHUNK];
	char name[64];
	int fd;
	int result = 0;

	(void)snprintf(name, sizeof(name), "/disk/cache-%d-%llu", getpid(), (unsigned long long)load->seed);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		fail(name);
	(void)unlink(name);
	fill(data, CHUNK, load->seed);
	for (size_t at = 0; at < load->bytes; at += CHUNK)
		if (pwrite(fd, data, CHUNK, (off_t)at) != CHUNK)
			fail("pwrite");
	for (int pass = 0; pass < CACHE_PASSES; pass++)
		for (size_t at = 0; at < load->bytes; at += CHUNK) {
			if (pread(fd, data, CHUNK, (off_t)at) != CHUNK)
				fail("pread");
			result |= check(data, CHUNK, load->seed);
		}
	return result;
}

/* Nothing but time, for a look at what a container costs that does nothing. */
static int work_sleep(const struct load *load)
{
	(void)load;
	(void)sleep(3600);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct load *load);
} kinds[] = {
	{ "touch", work_touch },     { "populate", work_populate }, { "mlock", work_mlock },
	{ "huge", work_huge },       { "threads", work_threads },   { "tmpfs", work_tmpfs },
	{ "fork", work_fork },       { "pipes", work_pipes },       { "cache", work_cache },
	{ "sleep", work_sleep },     { "uring", work_uring },       { "hugetlb", work_hugetlb },
	{ "sockets", work_sockets },
};

int main(int argc, char **argv)
{
	struct load load;

	if (argc != 4)
		return FAILED;
	load = (struct load){ strtoull(argv[2], NULL, 10) * MIB, strtoull(argv[3], NULL, 10) };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int result;

		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		result = kinds[i].run(&load);
		(void)printf("work: %s\n", result == 0 ? "right" : "WRONG");
		(void)fflush(stdout);
		return result;
	}
	return FAILED;
}

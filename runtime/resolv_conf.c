/* resolv_conf.c - see resolv_conf.h. */
#include "resolv_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "net/dns_reply.h"

enum { TEXT_MAX = 64 * 1024 };

/* Nothing that could be a link or a device, though nobody but the owner of the store can have put it there. -1: none */
static int open_file(const char *bundle, int how, struct stat *ret_st)
{
	auto_fd int dir = open(bundle, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int fd = dir < 0 ? -1 : openat(dir, RESOLV_CONF, how | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 || fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode) ? -1 : take_fd(&fd);
}

const char *resolv_conf_read(struct arena *arena, const char *bundle)
{
	struct stat st;
	auto_fd int fd = open_file(bundle, O_RDONLY, &st);
	char *text;
	ssize_t got;

	if (fd < 0 || st.st_size > TEXT_MAX)
		return NULL;
	text = arena_alloc(arena, (size_t)st.st_size + 1);
	got = pread(fd, text, (size_t)st.st_size, 0);
	if (got < 0 || memchr(text, '\0', (size_t)got))
		return NULL;
	text[got] = '\0';
	return text;
}

bool resolv_conf_is_empty(const char *bundle)
{
	struct stat st;
	auto_fd int fd = open_file(bundle, O_RDONLY, &st);

	return fd >= 0 && st.st_size == 0;
}

int resolv_conf_fill(const char *bundle, const char *lines, struct error *err)
{
	struct stat st;
	auto_fd int fd = open_file(bundle, O_WRONLY, &st);
	int r = fd < 0 || st.st_size > 0 ? 0 : fd_write_all(fd, lines, strlen(lines));

	return r < 0 ? fail(err, -r, "write %s/" RESOLV_CONF, bundle) : 0;
}

const char *resolv_conf_of_host(struct arena *arena, const char *text)
{
	char *rest = arena_printf(arena, "%s", text);
	const char *lines = "";
	const char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		struct ip_address server;
		char address[IP_TEXT_SIZE];

		if (!dns_server_in_line(line, &server))
			lines = *line ? arena_printf(arena, "%s%s\n", lines, line) : lines;
		else if (ip_is_set(&server) && !ip_is_loopback(&server) && !ip_is_link_local(&server))
			lines = arena_printf(arena, "%snameserver %s\n", lines, ip_text(&server, address));
	}
	return lines;
}

/*
 * manager.h - a service manager to test with: a process that listens on a socket, lets the caller in and answers its
 * calls one after the other with what the test has written down.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups/dbus_message.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

/* What is sent: a message, or nothing (and the connection is closed) for type 0. */
struct manager_message {
	enum dbus_type type;
	const char *name;      /* of the error or signal */
	const char *signature; /* 's', 'o' and 'u' one after the other, or 'v', which is a string in one */
	const char *texts[4];  /* of them; a number for u */
	size_t filler;         /* bytes behind it, so that it is long */
	bool more;             /* the next one is sent at once, without waiting for a call */
};

struct manager_bytes {
	size_t length;
	uint8_t bytes[64 * 1024];
};

/* ---- messages, written independently of what reads them ---- */

__attribute__((unused)) static void manager_put(struct manager_bytes *to, const void *bytes, size_t size, size_t align)
{
	while (to->length % align)
		to->bytes[to->length++] = 0;
	memcpy(to->bytes + to->length, bytes, size);
	to->length += size;
}

__attribute__((unused)) static void manager_put_u32(struct manager_bytes *to, uint32_t value)
{
	manager_put(to, &value, sizeof(value), sizeof(value));
}

__attribute__((unused)) static void manager_put_text(struct manager_bytes *to, const char *text)
{
	manager_put_u32(to, (uint32_t)strlen(text));
	manager_put(to, text, strlen(text) + 1, 1);
}

/* A field that is a text; of type g if it is the signature. */
__attribute__((unused)) static void manager_put_field(struct manager_bytes *to, uint8_t code, const char *text)
{
	const uint8_t head[] = { code, 1, code == 8 ? 'g' : 's', 0 };
	uint8_t length = (uint8_t)strlen(text);

	manager_put(to, head, sizeof(head), 8);
	if (code != 8) {
		manager_put_text(to, text);
		return;
	}
	manager_put(to, &length, 1, 1);
	manager_put(to, text, strlen(text) + 1, 1);
}

__attribute__((unused)) static void manager_put_body(struct manager_bytes *to, const struct manager_message *message)
{
	static const uint8_t string_in_variant[] = { 1, 's', 0 };

	for (size_t i = 0; message->signature[i]; i++) {
		if (message->signature[i] == 'v')
			manager_put(to, string_in_variant, sizeof(string_in_variant), 1);
		if (message->signature[i] == 'u')
			manager_put_u32(to, (uint32_t)atoi(message->texts[i]));
		else
			manager_put_text(to, message->texts[i]);
	}
	for (size_t i = 0; i < message->filler; i++)
		manager_put(to, "x", 1, 1);
}

__attribute__((unused)) static void manager_write(struct manager_bytes *to, const struct manager_message *message,
						  uint32_t reply_to)
{
	const uint16_t one = 1;
	uint8_t fixed[] = { *(const uint8_t *)&one ? 'l' : 'B', (uint8_t)message->type, 0, 1 };
	const uint8_t reply[] = { 5, 1, 'u', 0 };
	uint32_t length;
	size_t body;

	to->length = 0;
	manager_put(to, fixed, sizeof(fixed), 1);
	manager_put_u32(to, 0);
	manager_put_u32(to, 99); /* its own serial */
	manager_put_u32(to, 0);
	if (message->name)
		manager_put_field(to, message->type == DBUS_ERROR ? 4 : 3, message->name);
	if (message->type != DBUS_SIGNAL) {
		manager_put(to, reply, sizeof(reply), 8);
		manager_put_u32(to, reply_to);
	}
	manager_put_field(to, 8, message->signature);
	length = (uint32_t)to->length - 16;
	memcpy(to->bytes + 12, &length, sizeof(length));
	manager_put(to, "", 0, 8);
	body = to->length;
	manager_put_body(to, message);
	length = (uint32_t)(to->length - body);
	memcpy(to->bytes + 4, &length, sizeof(length));
}

/* ---- the process ---- */

__attribute__((unused)) static void manager_read(int fd, void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, (uint8_t *)bytes + done, size - done);

		if (n <= 0)
			_exit(0);
		done += (size_t)n;
	}
}

/* A file with all the calls of all managers, and the length of those that have been asked about. */
static int manager_calls = -1;
static off_t manager_seen;

/* Returns the call's serial. */
__attribute__((unused)) static uint32_t manager_take_call(int fd)
{
	uint8_t bytes[DBUS_WRITE_MAX];
	uint32_t words[4];
	size_t size;

	manager_read(fd, words, sizeof(words));
	size = ((words[3] + 7) & ~7u) + words[1];
	manager_read(fd, bytes, size);
	(void)!write(manager_calls, bytes, size);
	return words[2];
}

/* Has a text been in the calls since manager_forget()? */
__attribute__((unused)) static bool manager_heard(const char *text)
{
	static char calls[64 * 1024];
	ssize_t length = pread(manager_calls, calls, sizeof(calls), manager_seen);

	return length > 0 && memmem(calls, (size_t)length, text, strlen(text));
}

__attribute__((unused)) static void manager_forget(void)
{
	manager_seen = manager_calls < 0 ? 0 : lseek(manager_calls, 0, SEEK_END);
}

__attribute__((unused)) static void manager_serve(int listener, const char *welcome,
						  const struct manager_message *messages, size_t count)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	static struct manager_bytes out;
	char text[sizeof(hello) - 1];
	uint32_t serial = 0;
	int fd = accept(listener, NULL, NULL);

	manager_read(fd, text, sizeof(text));
	if (memcmp(text, hello, sizeof(text)) != 0)
		welcome = "ERROR\r\n";
	(void)!write(fd, welcome, strlen(welcome));
	for (size_t i = 0; i < count && messages[i].type; i++) {
		if (i == 0 || !messages[i - 1].more)
			serial = manager_take_call(fd);
		manager_write(&out, &messages[i], serial);
		(void)!write(fd, out.bytes, out.length);
	}
	if (count == 0 || messages[count - 1].type) /* stays, and says no more */
		pause();
	_exit(0);
}

#define MANAGER_WELCOME "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n"

static pid_t manager_pid;

__attribute__((unused)) static void manager_stop(void)
{
	if (manager_pid > 0 && kill(manager_pid, SIGKILL) == 0)
		(void)waitpid(manager_pid, NULL, 0);
	manager_pid = 0;
}

/* Starts one in place of the last. The path of its socket is valid until the next call. */
__attribute__((unused)) static const char *manager_start(const char *welcome, const struct manager_message *messages,
							 size_t count)
{
	static char path[108];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(path, sizeof(path), "%s/private", temporary_directory());
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	CHECK(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 1) == 0);
	manager_stop();
	if (manager_calls < 0)
		manager_calls = memfd_create("calls", MFD_CLOEXEC);
	manager_pid = fork();
	if (manager_pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		manager_serve(listener, welcome, messages, count);
	}
	(void)close(listener);
	return path;
}

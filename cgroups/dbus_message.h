/*
 * dbus_message.h - inside cgroups/: the few kinds of D-Bus messages that starting and stopping a unit of systemd takes
 * (D-Bus Specification, "Type System" and "Message Protocol"), in this machine's byte order. What is read has been
 * sent by a service manager, but every length in it is checked all the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DBUS_PREFIX_SIZE = 16, DBUS_WRITE_MAX = 4096, DBUS_READ_MAX = 16 * 1024 };

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };

/* ---- written: a method call; what does not fit any more is left out and makes dbus_end() fail ---- */

struct dbus_writer {
	size_t length;
	bool full;
	uint8_t bytes[DBUS_WRITE_MAX];
};

struct dbus_method {
	const char *path, *interface, *member, *signature;
};

void dbus_begin(struct dbus_writer *writer, uint32_t serial, const struct dbus_method *method);
int dbus_end(struct dbus_writer *writer); /* 0 or -E2BIG */

void dbus_put_u32(struct dbus_writer *writer, uint32_t value);
void dbus_put_u64(struct dbus_writer *writer, uint64_t value);
void dbus_put_bool(struct dbus_writer *writer, bool value);
void dbus_put_string(struct dbus_writer *writer, const char *text);    /* an object path, too */
void dbus_put_signature(struct dbus_writer *writer, const char *text); /* of a variant: what its value is */

/* An array whose elements are aligned to 1, 2, 4 or 8 bytes; structs and dictionary entries to 8. */
size_t dbus_begin_array(struct dbus_writer *writer, size_t alignment);
void dbus_end_array(struct dbus_writer *writer, size_t begin, size_t alignment);
void dbus_begin_struct(struct dbus_writer *writer);

/* ---- read ---- */

/* The texts point into what was parsed, and are "" if they are not there. */
struct dbus_message {
	enum dbus_type type;
	uint32_t reply_to; /* serial of the call that this answers; 0: none */
	const char *member, *error_name, *signature;
	const uint8_t *bytes; /* all of it */
	size_t length, at;    /* at: what is read next; the body's begin at first */
};

/* How long the message is that begins with these DBUS_PREFIX_SIZE bytes; 0: it is no message. */
size_t dbus_length(const uint8_t *prefix);

/* One whole message: 0 or -EBADMSG. */
int dbus_parse(const uint8_t *bytes, size_t length, struct dbus_message *ret_message);

/* The next value of the body, whose signature the caller has looked at: 0 or -EBADMSG. */
int dbus_get_u32(struct dbus_message *message, uint32_t *ret);
int dbus_get_string(struct dbus_message *message, const char **ret); /* an object path, too */
int dbus_get_signature(struct dbus_message *message, const char **ret);

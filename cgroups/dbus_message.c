/* dbus_message.c - see dbus_message.h. Writing first, then reading; in each: numbers, texts, containers, the header. */
#include "dbus_message.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* The specification's greatest message, so that no sum of lengths wraps. */
enum { MESSAGE_MAX = 1 << 27 };
enum { PROTOCOL_VERSION = 1, U32 = 4, U64 = 8, STRUCT_ALIGNMENT = 8 };

/* Where in the fixed part of the header. */
enum { AT_TYPE = 1, AT_VERSION = 3, AT_BODY_LENGTH = 4, AT_FIELDS_LENGTH = 12 };

enum header_field {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR_NAME,
	FIELD_REPLY_SERIAL,
	FIELD_SIGNATURE = 8,
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint8_t byte_order = 'l';
#else
static const uint8_t byte_order = 'B';
#endif

static size_t align(size_t at, size_t alignment)
{
	return (at + alignment - 1) / alignment * alignment;
}

/* ---- write ---- */

static void put(struct dbus_writer *writer, const void *bytes, size_t size, size_t alignment)
{
	size_t at = align(writer->length, alignment);

	if (writer->full || at > DBUS_WRITE_MAX || size > DBUS_WRITE_MAX - at) {
		writer->full = true;
		return;
	}
	memset(writer->bytes + writer->length, 0, at - writer->length);
	memcpy(writer->bytes + at, bytes, size);
	writer->length = at + size;
}

void dbus_put_u32(struct dbus_writer *writer, uint32_t value)
{
	put(writer, &value, sizeof(value), U32);
}

void dbus_put_u64(struct dbus_writer *writer, uint64_t value)
{
	put(writer, &value, sizeof(value), U64);
}

void dbus_put_bool(struct dbus_writer *writer, bool value)
{
	dbus_put_u32(writer, value);
}

void dbus_put_string(struct dbus_writer *writer, const char *text)
{
	size_t length = strlen(text);

	dbus_put_u32(writer, (uint32_t)length);
	put(writer, text, length + 1, 1);
}

void dbus_put_signature(struct dbus_writer *writer, const char *text)
{
	uint8_t length = (uint8_t)strlen(text);

	put(writer, &length, 1, 1);
	put(writer, text, (size_t)length + 1, 1);
}

void dbus_begin_struct(struct dbus_writer *writer)
{
	put(writer, "", 0, STRUCT_ALIGNMENT);
}

/* Its length comes first, and does not count what aligns the first element. */
size_t dbus_begin_array(struct dbus_writer *writer, size_t alignment)
{
	size_t begin;

	dbus_put_u32(writer, 0);
	begin = writer->length;
	put(writer, "", 0, alignment);
	return begin;
}

void dbus_end_array(struct dbus_writer *writer, size_t begin, size_t alignment)
{
	uint32_t length = (uint32_t)(writer->length - align(begin, alignment));

	if (!writer->full)
		memcpy(writer->bytes + begin - sizeof(length), &length, sizeof(length));
}

static void put_field(struct dbus_writer *writer, enum header_field field, const char *signature, const char *text)
{
	const uint8_t code = (uint8_t)field;

	dbus_begin_struct(writer);
	put(writer, &code, 1, 1);
	dbus_put_signature(writer, signature);
	if (field == FIELD_SIGNATURE)
		dbus_put_signature(writer, text);
	else
		dbus_put_string(writer, text);
}

void dbus_begin(struct dbus_writer *writer, uint32_t serial, const struct dbus_method *method)
{
	const uint8_t fixed[] = { byte_order, DBUS_CALL, 0, PROTOCOL_VERSION };
	size_t fields;

	writer->length = 0;
	writer->full = false;
	put(writer, fixed, sizeof(fixed), 1);
	dbus_put_u32(writer, 0); /* of the body, known by dbus_end() */
	dbus_put_u32(writer, serial);
	fields = dbus_begin_array(writer, STRUCT_ALIGNMENT);
	put_field(writer, FIELD_PATH, "o", method->path);
	put_field(writer, FIELD_INTERFACE, "s", method->interface);
	put_field(writer, FIELD_MEMBER, "s", method->member);
	put_field(writer, FIELD_SIGNATURE, "g", method->signature);
	dbus_end_array(writer, fields, STRUCT_ALIGNMENT);
	dbus_begin_struct(writer); /* the body is aligned as one */
}

static uint32_t load_u32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static size_t header_length(const uint8_t *prefix)
{
	return align(DBUS_PREFIX_SIZE + (size_t)load_u32(prefix + AT_FIELDS_LENGTH), STRUCT_ALIGNMENT);
}

int dbus_end(struct dbus_writer *writer)
{
	uint32_t length;

	if (writer->full)
		return -E2BIG;
	length = (uint32_t)(writer->length - header_length(writer->bytes));
	memcpy(writer->bytes + AT_BODY_LENGTH, &length, sizeof(length));
	return 0;
}

/* ---- read ---- */

static const uint8_t *get(struct dbus_message *message, size_t size, size_t alignment)
{
	size_t at = align(message->at, alignment);

	if (at > message->length || size > message->length - at)
		return NULL;
	message->at = at + size;
	return message->bytes + at;
}

int dbus_get_u32(struct dbus_message *message, uint32_t *ret)
{
	const uint8_t *bytes = get(message, U32, U32);

	if (!bytes)
		return -EBADMSG;
	*ret = load_u32(bytes);
	return 0;
}

/* `length` bytes that are none of them 0, and a 0. */
static int get_text(struct dbus_message *message, size_t length, const char **ret)
{
	const uint8_t *bytes = length < message->length ? get(message, length + 1, 1) : NULL;

	if (!bytes || memchr(bytes, '\0', length + 1) != bytes + length)
		return -EBADMSG;
	*ret = (const char *)bytes;
	return 0;
}

int dbus_get_string(struct dbus_message *message, const char **ret)
{
	uint32_t length;
	int r = dbus_get_u32(message, &length);

	return r < 0 ? r : get_text(message, length, ret);
}

int dbus_get_signature(struct dbus_message *message, const char **ret)
{
	const uint8_t *length = get(message, 1, 1);

	return length ? get_text(message, *length, ret) : -EBADMSG;
}

static void take_text_field(struct dbus_message *message, enum header_field field, const char *text)
{
	if (field == FIELD_MEMBER)
		message->member = text;
	else if (field == FIELD_ERROR_NAME)
		message->error_name = text;
	else if (field == FIELD_SIGNATURE)
		message->signature = text;
}

/* A field is a struct of a byte, what it is, and a variant. Those that the specification names have four types. */
static int get_field(struct dbus_message *message)
{
	const uint8_t *code = get(message, 1, STRUCT_ALIGNMENT);
	const char *type, *text;
	uint32_t number;

	if (!code || dbus_get_signature(message, &type) < 0)
		return -EBADMSG;
	if (str_eq(type, "u")) {
		if (dbus_get_u32(message, &number) < 0)
			return -EBADMSG;
		message->reply_to = *code == FIELD_REPLY_SERIAL ? number : message->reply_to;
		return 0;
	}
	if (str_eq(type, "g") ? dbus_get_signature(message, &text) < 0
			      : (!str_eq(type, "s") && !str_eq(type, "o")) || dbus_get_string(message, &text) < 0)
		return -EBADMSG;
	take_text_field(message, (enum header_field) * code, text);
	return 0;
}

size_t dbus_length(const uint8_t *prefix)
{
	uint64_t fields = load_u32(prefix + AT_FIELDS_LENGTH);
	uint64_t body = load_u32(prefix + AT_BODY_LENGTH);

	if (prefix[0] != byte_order || prefix[AT_VERSION] != PROTOCOL_VERSION || fields + body > MESSAGE_MAX)
		return 0;
	return header_length(prefix) + (size_t)body;
}

int dbus_parse(const uint8_t *bytes, size_t length, struct dbus_message *ret_message)
{
	struct dbus_message message = { .member = "", .error_name = "", .signature = "", .bytes = bytes };
	size_t body;

	if (length < DBUS_PREFIX_SIZE || dbus_length(bytes) != length)
		return -EBADMSG;
	message.type = (enum dbus_type)bytes[AT_TYPE];
	message.at = DBUS_PREFIX_SIZE;
	message.length = DBUS_PREFIX_SIZE + (size_t)load_u32(bytes + AT_FIELDS_LENGTH);
	body = header_length(bytes);
	while (message.at < message.length)
		if (get_field(&message) < 0)
			return -EBADMSG;
	message.at = body;
	message.length = length;
	*ret_message = message;
	return 0;
}

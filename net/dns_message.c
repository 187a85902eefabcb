/* dns_message.c - see dns_message.h. */
#include "dns_message.h"

#include <ctype.h>
#include <string.h>

enum { ID = 0, FLAGS = 2, QUESTIONS = 4, ANSWERS = 6, AUTHORITIES = 8, ADDITIONAL = 10 };
enum { RECORD_TYPE = 2, RECORD_CLASS = 4, RECORD_TTL = 6, RECORD_LENGTH = 10 };
enum { LABEL_MAX = 63, BYTE_BITS = 8, RECORD_SIZE = 12, NAME_POINTER = 0xc000 | DNS_HEADER_SIZE, TTL = 5 };

enum {
	FLAG_ANSWER = 0x8000,
	FLAG_OPERATION = 0x7800,
	FLAG_AUTHORITY = 0x0400,
	FLAG_TRUNCATED = 0x0200,
	FLAG_RECURSION = 0x0100,
	FLAG_CAN_RECURSE = 0x0080
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << BYTE_BITS | at[1];
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> BYTE_BITS);
	at[1] = (uint8_t)value;
}

/* The bytes of the name at `at`, or 0 if it has no end within `size`. */
static size_t read_name(const uint8_t *at, size_t size, char *ret_name)
{
	bool ordinary = true;
	size_t used = 0;
	size_t length = 0;

	while (used < size && at[used] != 0) {
		const size_t label = at[used++];

		if (label > LABEL_MAX || label >= size - used || length + label + 1 >= DNS_NAME_SIZE)
			return 0;
		for (size_t i = 0; i < label; i++) {
			const uint8_t byte = at[used + i];

			ordinary = ordinary && (isalnum(byte) || byte == '-' || byte == '_' || byte == '+');
			ret_name[length++] = (char)tolower(byte);
		}
		ret_name[length++] = '.';
		used += label;
	}
	if (used >= size)
		return 0;
	ret_name[ordinary && length > 0 ? length - 1 : 0] = '\0';
	return used + 1;
}

int dns_question_read(const void *data, size_t size, struct dns_question *ret_question)
{
	struct dns_question question = { 0 };
	const uint8_t *bytes = data;
	size_t length;
	unsigned flags;

	*ret_question = question;
	if (size < DNS_HEADER_SIZE || (get16(bytes + FLAGS) & FLAG_ANSWER))
		return -1;
	flags = get16(bytes + FLAGS);
	question.id = (uint16_t)get16(bytes + ID);
	question.wants_recursion = flags & FLAG_RECURSION;
	*ret_question = question;
	if (flags & FLAG_OPERATION)
		return DNS_NOT_IMPLEMENTED;
	if (get16(bytes + QUESTIONS) != 1 || get16(bytes + ANSWERS) != 0 || get16(bytes + AUTHORITIES) != 0 ||
	    size > DNS_QUERY_MAX)
		return DNS_MALFORMED;
	length = read_name(bytes + DNS_HEADER_SIZE, size - DNS_HEADER_SIZE, question.name);
	if (length == 0 || size - DNS_HEADER_SIZE - length < 2 * sizeof(uint16_t))
		return DNS_MALFORMED;
	question.end = DNS_HEADER_SIZE + length;
	question.type = (uint16_t)get16(bytes + question.end);
	question.class = (uint16_t)get16(bytes + question.end + 2);
	question.end += 2 * sizeof(uint16_t);
	*ret_question = question;
	return DNS_OK;
}

bool dns_answers(const void *answer, size_t size, const void *query, const struct dns_question *question)
{
	const uint8_t *bytes = answer;

	return size >= question->end && (get16(bytes + FLAGS) & FLAG_ANSWER) && get16(bytes + QUESTIONS) == 1 &&
	       memcmp(bytes + ID, query, sizeof(uint16_t)) == 0 &&
	       memcmp(bytes + DNS_HEADER_SIZE, (const uint8_t *)query + DNS_HEADER_SIZE,
		      question->end - DNS_HEADER_SIZE) == 0;
}

/* The name is that of the question. */
static size_t put_address(uint8_t *at, uint16_t type, const struct ip_address *address)
{
	const size_t size = ip_size(address->family);

	put16(at, NAME_POINTER);
	put16(at + RECORD_TYPE, type);
	put16(at + RECORD_CLASS, DNS_CLASS_IN);
	put16(at + RECORD_TTL, 0);
	put16(at + RECORD_TTL + 2, TTL);
	put16(at + RECORD_LENGTH, (unsigned)size);
	memcpy(at + RECORD_SIZE, address->bytes, size);
	return RECORD_SIZE + size;
}

size_t dns_answer_write(uint8_t *out, size_t size, const struct dns_question *question, enum dns_code code,
			const struct ip_address *addresses, size_t n_addresses)
{
	const int family = question->type == DNS_TYPE_A ? AF_INET : AF_INET6;
	size_t used = question->end > 0 ? question->end : DNS_HEADER_SIZE;
	unsigned flags = FLAG_ANSWER | FLAG_AUTHORITY | FLAG_CAN_RECURSE | (unsigned)code;
	unsigned count = 0;

	for (size_t i = 0; i < n_addresses; i++) {
		if (addresses[i].family != family || (question->type != DNS_TYPE_A && question->type != DNS_TYPE_AAAA))
			continue;
		if (size - used < RECORD_SIZE + ip_size(family)) {
			flags |= FLAG_TRUNCATED;
			break;
		}
		used += put_address(out + used, question->type, &addresses[i]);
		count++;
	}
	if (question->wants_recursion)
		flags |= FLAG_RECURSION;
	put16(out + ID, question->id);
	put16(out + FLAGS, flags);
	put16(out + QUESTIONS, question->end > 0);
	put16(out + ANSWERS, count);
	put16(out + AUTHORITIES, 0);
	put16(out + ADDITIONAL, 0);
	return used;
}

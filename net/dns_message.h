/*
 * dns_message.h - what a name server reads and writes of RFC 1035: one question, answers that are addresses. Bytes are
 * a container's own, or come from outside: nothing is followed (a question has no need of compressed names), and all
 * lengths are checked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip.h"

enum { DNS_HEADER_SIZE = 12, DNS_NAME_SIZE = 256, DNS_QUERY_MAX = 1024, DNS_MESSAGE_MAX = 65535, DNS_UDP_MIN = 512 };

enum { DNS_TYPE_A = 1, DNS_TYPE_PTR = 12, DNS_TYPE_AAAA = 28, DNS_CLASS_IN = 1 };

enum dns_code {
	DNS_OK = 0,
	DNS_MALFORMED = 1,
	DNS_SERVER_FAILURE = 2,
	DNS_NO_SUCH_NAME = 3,
	DNS_NOT_IMPLEMENTED = 4,
	DNS_REFUSED = 5
};

struct dns_question {
	uint16_t id, type, class;
	bool wants_recursion;
	char name[DNS_NAME_SIZE]; /* in small letters, without the last dot; "" for one that no container can have */
	size_t end;               /* of header and question, bytes */
};

/* 0: a question. A dns_code: answer that. -1: no query at all, say nothing; ret_question then has no end. */
int dns_question_read(const void *data, size_t size, struct dns_question *ret_question);

/* Does this answer come from who was asked this: same id and same question? `query` is what was sent. */
bool dns_answers(const void *answer, size_t size, const void *query, const struct dns_question *question);

/* To `out`, whose first `question->end` bytes are the query's (0: header only): how many bytes it is. Addresses of
   another family than the type's are left out; what has no room within `size` too, and then it says so. */
size_t dns_answer_write(uint8_t *out, size_t size, const struct dns_question *question, enum dns_code code,
			const struct ip_address *addresses, size_t n_addresses);

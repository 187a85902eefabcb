/* fuzz_dns.c - any bytes as a container's question, as the answer of another server to one, and as what was asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/dns_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Header with id 0x1234 and RD, one question: "web", type A, class IN; the same as an answer. */
static const uint8_t asked[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\1";
static const uint8_t answered[] = "\x12\x34\x81\x80\0\1\0\0\0\0\0\0\3web\0\0\1\0\1";
enum { ASKED_SIZE = sizeof(asked) - 1, ANSWERED_SIZE = sizeof(answered) - 1, MANY = 40, FIRST = 2 };

static const struct ip_address asker = { .family = AF_INET, .bytes = { 10, 0, 0, FIRST } };
static const struct ip_address stranger = { .family = AF_INET, .bytes = { 10, 0, 0, 1 } };

/* "a", "b" and so on, all of them "web": more than fit into an answer by UDP. */
static struct dns_names make_names(void)
{
	struct dns_names names = { .entries = NULL };

	for (unsigned i = 0; i < MANY; i++) {
		struct endpoint endpoint = {
			.network = "n", .aliases = "web www.example", .v4 = asker, .v6.family = AF_INET6
		};

		(void)snprintf(endpoint.owner, sizeof(endpoint.owner), "%c%s", (int)('a' + i % 26), i < 26 ? "" : "+2");
		endpoint.v4.bytes[3] = (uint8_t)(FIRST + i);
		endpoint.v6.bytes[0] = 0xfd;
		endpoint.v6.bytes[IP_BYTES - 1] = (uint8_t)(FIRST + i);
		dns_names_add(&names, &endpoint);
	}
	return names;
}

static void ask(const struct dns_names *names, const struct ip_address *source, bool internal, const uint8_t *data,
		size_t size)
{
	const struct dns_network network = { .name = "n", .internal = internal };
	struct dns_question question;
	uint8_t out[DNS_QUERY_MAX];
	size_t used = 0;

	switch (dns_reply(names, &network, source, data, size, &question, out, DNS_UDP_MIN, &used)) {
	case DNS_REPLY:
		if (used < DNS_HEADER_SIZE || used > DNS_UDP_MIN)
			abort();
		return;
	case DNS_FORWARD:
		if (internal || source == &stranger || question.end > size || question.end > DNS_QUERY_MAX)
			abort();
		if (dns_reply_failure(data, &question, out, sizeof(out)) != question.end)
			abort();
		return;
	case DNS_DROP:
		return;
	}
}

/* The bytes as the answer, and as the question that a good answer is compared with. */
static void compare(const uint8_t *data, size_t size)
{
	struct dns_question question;

	if (dns_question_read(asked, ASKED_SIZE, &question) != DNS_OK || question.end != ASKED_SIZE ||
	    !dns_answers(answered, ANSWERED_SIZE, asked, &question))
		abort();
	if (dns_answers(data, size, asked, &question) &&
	    (size < ASKED_SIZE || memcmp(data, asked, 2) != 0 ||
	     memcmp(data + DNS_HEADER_SIZE, asked + DNS_HEADER_SIZE, ASKED_SIZE - DNS_HEADER_SIZE) != 0))
		abort();
	if (dns_question_read(data, size, &question) != DNS_OK)
		return;
	if (question.end > size || question.end > DNS_QUERY_MAX)
		abort();
	(void)dns_answers(answered, ANSWERED_SIZE, data, &question);
}

static void write_addresses(const uint8_t *data, size_t size)
{
	const struct ip_address found[] = { asker, asker, asker, asker };
	struct dns_question question;
	uint8_t out[DNS_QUERY_MAX];

	if (dns_question_read(data, size, &question) == DNS_OK && question.end <= DNS_UDP_MIN &&
	    dns_answer_write(out, DNS_UDP_MIN, &question, DNS_OK, found, 4) > DNS_UDP_MIN)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_names names;

	if (names.count == 0)
		names = make_names();
	ask(&names, &asker, false, data, size);
	ask(&names, &asker, true, data, size);
	ask(&names, &stranger, false, data, size);
	compare(data, size);
	write_addresses(data, size);
	return 0;
}

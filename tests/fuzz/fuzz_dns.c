/* fuzz_dns.c - any bytes as a container's question, and as the answer of another server to one. */
#include <stdlib.h>

#include "net/dns_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dns_network network = { .name = "n", .internal = size % 2 };
	const struct ip_address source = { .family = AF_INET, .bytes = { 10, 0, 0, 2 } };
	const struct dns_names nobody = { .entries = NULL };
	struct ip_address found[4];
	struct dns_question question;
	uint8_t out[DNS_QUERY_MAX];
	size_t used = 0;

	if (dns_reply(&nobody, &network, &source, data, size, &question, out, DNS_UDP_MIN, &used) == DNS_REPLY &&
	    used > DNS_UDP_MIN)
		abort();
	for (size_t i = 0; i < 4; i++)
		found[i] = source;
	if (dns_question_read(data, size, &question) != DNS_OK)
		return 0;
	if (question.end > size || question.end > DNS_QUERY_MAX)
		abort();
	if (dns_reply_failure(data, &question, out, sizeof(out)) != question.end)
		abort();
	(void)dns_answers(data, size, out, &question);
	if (question.end <= DNS_UDP_MIN &&
	    dns_answer_write(out, DNS_UDP_MIN, &question, DNS_OK, found, 4) > DNS_UDP_MIN)
		abort();
	return 0;
}

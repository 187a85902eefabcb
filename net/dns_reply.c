/* dns_reply.c - see dns_reply.h. */
#include "dns_reply.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { ADDRESSES_MAX = 256 };

enum dns_reply dns_reply(const struct dns_names *names, const struct dns_network *network,
			 const struct ip_address *source, const void *query, size_t size,
			 struct dns_question *ret_question, uint8_t *out, size_t room, size_t *ret_size)
{
	struct ip_address addresses[ADDRESSES_MAX];
	int code = dns_question_read(query, size, ret_question);
	enum dns_found found = DNS_FOUND_NOTHING;
	size_t count = 0;

	if (code < 0)
		return DNS_DROP;
	if (code == DNS_OK)
		found = dns_names_find(names, network->name, source, ret_question->name, addresses, ADDRESSES_MAX,
				       &count);
	if (found == DNS_FOUND_STRANGER)
		code = DNS_REFUSED;
	else if (code == DNS_OK && (found == DNS_FOUND_NOTHING || ret_question->class != DNS_CLASS_IN)) {
		if (!network->internal)
			return DNS_FORWARD;
		code = DNS_NO_SUCH_NAME;
		count = 0;
	}
	if (ret_question->end > 0)
		memcpy(out, query, ret_question->end);
	*ret_size = dns_answer_write(out, room, ret_question, (enum dns_code)code, addresses, count);
	return DNS_REPLY;
}

size_t dns_reply_failure(const void *query, const struct dns_question *question, uint8_t *out, size_t room)
{
	memcpy(out, query, question->end);
	return dns_answer_write(out, room, question, DNS_SERVER_FAILURE, NULL, 0);
}

bool dns_server_in_line(const char *line, struct ip_address *ret)
{
	static const char word[] = "nameserver";
	const char *value;
	char text[IP_TEXT_SIZE];
	struct error ignored;

	if (!str_starts(line, word))
		return false;
	value = line + strlen(word);
	if (*value != ' ' && *value != '\t')
		return false;
	value += strspn(value, " \t");
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(value, " \t\r%"), value);
	if (ip_parse(text, ret, &ignored) < 0)
		*ret = (struct ip_address){ .family = 0 };
	return true;
}

size_t dns_servers(const char *resolv_conf, struct ip_address *ret_servers, size_t room)
{
	auto_free char *copy = xstrdup(resolv_conf);
	char *rest = copy;
	const char *line;
	size_t count = 0;

	while (count < room && (line = strsep(&rest, "\n")) != NULL)
		if (dns_server_in_line(line, &ret_servers[count]) && ip_is_set(&ret_servers[count]))
			count++;
	return count;
}

/* dns_names.c - see dns_names.h. */
#include "dns_names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

struct dns_name {
	char *owner, *network, *aliases; /* aliases: words */
	struct ip_address v4, v6;
};

void dns_names_done(struct dns_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->entries[i].owner);
		free(names->entries[i].network);
		free(names->entries[i].aliases);
	}
	free(names->entries);
	*names = (struct dns_names){ .entries = NULL };
}

void dns_names_add(struct dns_names *names, const struct endpoint *endpoint)
{
	if (names->count == names->room) {
		names->room = names->room ? 2 * names->room : 16;
		names->entries = xreallocarray(names->entries, names->room, sizeof(*names->entries));
	}
	names->entries[names->count++] = (struct dns_name){
		.owner = xstrdup(endpoint->owner),
		.network = xstrdup(endpoint->network),
		.aliases = xstrdup(endpoint->aliases),
		.v4 = endpoint->v4,
		.v6 = endpoint->v6,
	};
}

static int take(const struct endpoint *endpoint, void *context, struct error *err)
{
	(void)err;
	dns_names_add(context, endpoint);
	return 0;
}

int dns_names_load(const struct net_store *store, struct dns_names *names, struct error *err)
{
	struct dns_names fresh = { .entries = NULL };
	int r = net_store_each_endpoint(store, take, &fresh, err);

	if (r < 0) {
		dns_names_done(&fresh);
		return r;
	}
	dns_names_done(names);
	*names = fresh;
	return 0;
}

bool dns_names_on(const struct dns_names *names, const char *network)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_eq(names->entries[i].network, network))
			return true;
	return false;
}

static const char *owner_at(const struct dns_names *names, const char *network, const struct ip_address *address)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct dns_name *entry = &names->entries[i];

		if (str_eq(entry->network, network) && (ip_equal(&entry->v4, address) || ip_equal(&entry->v6, address)))
			return entry->owner;
	}
	return NULL;
}

bool dns_names_has(const struct dns_names *names, const char *network, const struct ip_address *address)
{
	return owner_at(names, network, address) != NULL;
}

static bool has_word(const char *words, const char *word)
{
	const size_t length = strlen(word);

	while (*words) {
		const size_t end = strcspn(words, " ");

		if (end == length && strncasecmp(words, word, length) == 0)
			return true;
		words += end;
		words += *words == ' ';
	}
	return false;
}

static bool is_on(const struct dns_names *names, const char *owner, const char *network)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_eq(names->entries[i].owner, owner) && str_eq(names->entries[i].network, network))
			return true;
	return false;
}

enum dns_found dns_names_find(const struct dns_names *names, const char *network, const struct ip_address *source,
			      const char *name, struct ip_address *ret_addresses, size_t size, size_t *ret_count)
{
	const char *asker = owner_at(names, network, source);
	enum dns_found found = DNS_FOUND_NOTHING;
	size_t count = 0;

	*ret_count = 0;
	if (!asker)
		return DNS_FOUND_STRANGER;
	for (size_t i = 0; *name && i < names->count; i++) {
		const struct dns_name *entry = &names->entries[i];

		if ((strcasecmp(entry->owner, name) != 0 && !has_word(entry->aliases, name)) ||
		    !is_on(names, asker, entry->network))
			continue;
		found = DNS_FOUND;
		if (ip_is_set(&entry->v4) && count < size)
			ret_addresses[count++] = entry->v4;
		if (ip_is_set(&entry->v6) && count < size)
			ret_addresses[count++] = entry->v6;
	}
	*ret_count = count;
	return found;
}

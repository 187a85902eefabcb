/* ref.c - see ref.h. One pass from the left for paths; for names from the right: digest, tag, domain, repository. */
#include "ref.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/utf8.h"

enum { NAME_MAX_BYTES = 255, TAG_MAX = 128, PORT_DIGITS = 5, ALIAS_MAX = 512, SHOWN_MAX = 160 };

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct {
	const char *prefix;
	enum ref_transport transport;
} path_transports[] = {
	{ "oci:", REF_OCI },
	{ "oci-archive:", REF_OCI_ARCHIVE },
	{ "docker-archive:", REF_DOCKER_ARCHIVE },
};

#define PATH_INSTEAD "a path is written oci:DIR, oci-archive:FILE or docker-archive:FILE"

/* What people type and means something elsewhere. */
static const struct {
	const char *prefix, *instead;
} foreign_transports[] = {
	{ "http://", "write HOST[:PORT]/NAME[:TAG]; --tls-verify=false takes plain HTTP" },
	{ "https://", "write HOST[:PORT]/NAME[:TAG]" },
	{ "docker-daemon:", "use `docker save NAME | coffer image load -`" },
	{ "/", PATH_INSTEAD },
	{ "./", PATH_INSTEAD },
	{ "../", PATH_INSTEAD },
	{ "containers-storage:", "use `podman save NAME | coffer image load -`" },
};

/* The text in an error: one line, and cut where that is needed. */
static int refuse_ref(const char *text, struct error *err, const char *why)
{
	char shown[SHOWN_MAX];

	(void)snprintf(shown, sizeof(shown), "%s", text);
	utf8_one_line(shown);
	return refuse(err, "image name \"%s\": %s", shown, why);
}

static int parse_path(struct arena *arena, const char *text, const char *rest, struct image_ref *ret, struct error *err)
{
	size_t length = strcspn(rest, ":");
	const char *tag = rest[length] ? rest + length + 1 : NULL;

	if (length == 0)
		return refuse_ref(text, err, "a path is missing after the colon");
	if (length >= PATH_MAX)
		return refuse_ref(text, err, "the path is too long");
	if (tag && (*tag == '\0' || strlen(tag) > ALIAS_MAX))
		return refuse_ref(text, err, "the tag is empty or too long");
	for (const char *c = tag; c && *c; c++)
		if (*c <= ' ' || *c > '~')
			return refuse_ref(text, err, "the tag has characters that are no part of a name");
	ret->path = arena_strndup(arena, rest, length);
	ret->tag = tag ? arena_strdup(arena, tag) : NULL;
	return 0;
}

/* ALNUM or ALNUM [ALNUM -]* ALNUM */
static bool is_host_label(const char *text, size_t length)
{
	if (length == 0 || strspn(text, LOWER UPPER DIGITS "-") < length)
		return false;
	return text[0] != '-' && text[length - 1] != '-';
}

static bool is_port(const char *text)
{
	uint64_t port;

	return strlen(text) <= PORT_DIGITS && str_to_u64(text, UINT16_MAX, &port) == 0 && port > 0;
}

/* The length of "[" IPv6 address "]", or 0. */
static size_t ip6_length(const char *text)
{
	size_t length = strspn(text + 1, DIGITS "abcdefABCDEF:.");
	char address[INET6_ADDRSTRLEN] = "";
	struct in6_addr parsed;

	if (length >= sizeof(address) || text[length + 1] != ']')
		return 0;
	memcpy(address, text + 1, length);
	return inet_pton(AF_INET6, address, &parsed) == 1 ? length + 2 : 0;
}

static bool is_domain(const char *domain)
{
	size_t at = 0;

	if (domain[0] == '[') {
		at = ip6_length(domain);
		return at > 0 && (domain[at] == '\0' || (domain[at] == ':' && is_port(domain + at + 1)));
	}
	for (;;) {
		size_t length = strcspn(domain + at, ".:");

		if (!is_host_label(domain + at, length))
			return false;
		at += length;
		if (domain[at] != '.')
			break;
		at++;
	}
	return domain[at] == '\0' || is_port(domain + at + 1);
}

/* Between letters and digits: ".", "_", "__" or any number of "-". */
static size_t separator_length(const char *text)
{
	size_t dashes = strspn(text, "-");

	if (dashes > 0)
		return dashes;
	if (text[0] == '_')
		return text[1] == '_' ? 2 : 1;
	return text[0] == '.';
}

static bool is_repository(const char *text)
{
	for (;;) {
		size_t length = strspn(text, LOWER DIGITS);

		if (length == 0)
			return false;
		text += length;
		if (*text == '\0')
			return true;
		length = *text == '/' ? 1 : separator_length(text);
		if (length == 0)
			return false;
		text += length;
	}
}

static bool is_tag(const char *tag)
{
	size_t length = strlen(tag);

	return length > 0 && length <= TAG_MAX && *tag != '.' && *tag != '-' &&
	       strspn(tag, LOWER UPPER DIGITS "_.-") == length;
}

static bool first_is_domain(const char *first, size_t length)
{
	if (length == strlen("localhost") && strncmp(first, "localhost", length) == 0)
		return true;
	for (size_t i = 0; i < length; i++)
		if (first[i] == '.' || first[i] == ':' || isupper((unsigned char)first[i]))
			return true;
	return false;
}

/* Splits "[DOMAIN/]REPOSITORY" and puts in what is implied. */
static void split_domain(struct arena *arena, char *name, struct image_ref *ret)
{
	char *slash = strchr(name, '/');

	ret->domain = "docker.io";
	ret->repository = name;
	if (slash && first_is_domain(name, (size_t)(slash - name))) {
		*slash = '\0';
		ret->domain = str_eq(name, "index.docker.io") ? "docker.io" : name;
		ret->repository = slash + 1;
	}
	if (str_eq(ret->domain, "docker.io") && !strchr(ret->repository, '/'))
		ret->repository = arena_printf(arena, "library/%s", ret->repository);
}

static int check_name(const char *text, const struct image_ref *ref, struct error *err)
{
	if (!is_domain(ref->domain))
		return refuse_ref(text, err,
				  "the part in front of the first slash is no host name with or without a port");
	if (!is_repository(ref->repository))
		return refuse_ref(
			text, err,
			"expected lower-case letters and digits, joined by \"/\", \".\", \"_\", \"__\" or \"-\"");
	if (strlen(ref->domain) + 1 + strlen(ref->repository) > NAME_MAX_BYTES)
		return refuse_ref(text, err, "longer than 255 bytes");
	if (ref->tag && !is_tag(ref->tag))
		return refuse_ref(
			text, err,
			"expected a tag of at most 128 letters, digits, \"_\", \".\" and \"-\" after the colon");
	return 0;
}

static int parse_name(struct arena *arena, const char *text, const char *rest, struct image_ref *ret, struct error *err)
{
	char *name = arena_strdup(arena, rest);
	char *at = strchr(name, '@');
	char *slash, *colon;
	char digest[DIGEST_TEXT_MAX] = "";
	int r = at ? digest_parse(at + 1, &ret->digest, err) : 0;

	if (r < 0)
		return r;
	if (at)
		*at = '\0';
	slash = strrchr(name, '/');
	colon = strchr(slash ? slash : name, ':');
	if (colon) {
		*colon = '\0';
		ret->tag = colon + 1;
	} else if (!at) {
		ret->tag = "latest";
	}
	split_domain(arena, name, ret);
	r = check_name(text, ret, err);
	if (r < 0)
		return r;
	ret->name = arena_printf(arena, "%s/%s%s%s%s%s", ret->domain, ret->repository, ret->tag ? ":" : "",
				 ret->tag ? ret->tag : "", at ? "@" : "", at ? digest_text(&ret->digest, digest) : "");
	return 0;
}

int ref_parse(struct arena *arena, const char *text, struct image_ref *ret, struct error *err)
{
	struct image_ref ref = { .transport = REF_NAME };
	const char *rest = text;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(foreign_transports); i++)
		if (str_starts(text, foreign_transports[i].prefix))
			return refuse_ref(text, err, foreign_transports[i].instead);
	for (size_t i = 0; i < ARRAY_SIZE(path_transports); i++)
		if (str_starts(text, path_transports[i].prefix)) {
			ref.transport = path_transports[i].transport;
			rest = text + strlen(path_transports[i].prefix);
		}
	if (str_starts(text, "docker://")) {
		ref.transport = REF_REGISTRY;
		rest = text + strlen("docker://");
	}
	if (ref.transport == REF_NAME || ref.transport == REF_REGISTRY)
		r = parse_name(arena, text, rest, &ref, err);
	else
		r = parse_path(arena, text, rest, &ref, err);
	if (r == 0)
		*ret = ref;
	else
		utf8_one_line(err->text); /* the digest's error quotes the text as it is */
	return r;
}

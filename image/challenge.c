/*
 * challenge.c - see challenge.h.
 *
 * A comma stands between challenges and between the parameters of one, so it takes a look ahead: a name with "=" behind
 * it is a parameter of the challenge before; any other name begins a challenge.
 */
#include "challenge.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/utf8.h"

enum { HEADER_MAX = 16 * 1024, SCHEMES_MAX = 16, NAMES_MAX = 100 };

#define ALNUM   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define TOKEN   ALNUM "!#$%&'*+-.^_`|~"
#define TOKEN68 ALNUM "-._~+/"

static const char *const scheme_names[] = { [CHALLENGE_BASIC] = "Basic", [CHALLENGE_BEARER] = "Bearer" };

struct reader {
	struct arena *arena;
	const char *at;
	struct challenge found[ARRAY_SIZE(scheme_names)];
	bool have[ARRAY_SIZE(scheme_names)];
	struct challenge *current; /* whose parameters are read; NULL: of a scheme that is passed over */
	bool any;                  /* a challenge has begun */
	unsigned schemes;
	char others[NAMES_MAX]; /* the schemes that are not known */
};

static void skip_space(struct reader *r)
{
	r->at += strspn(r->at, " \t");
}

static int malformed(struct error *err, const char *why)
{
	return refuse_as(err, EPROTO, "WWW-Authenticate: %s", why);
}

/* A scheme may have one value without a name behind it: base64, then nothing or a comma. */
static void skip_token68(struct reader *r)
{
	const char *end = r->at + strspn(r->at, TOKEN68);

	if (end == r->at)
		return;
	end += strspn(end, "=");
	end += strspn(end, " \t");
	if (*end == '\0' || *end == ',')
		r->at = end;
}

static int begin_challenge(struct reader *r, const char *name, size_t length, struct error *err)
{
	size_t used = strlen(r->others);

	if (++r->schemes > SCHEMES_MAX)
		return malformed(err, "too many challenges");
	r->any = true;
	r->current = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(scheme_names); i++) {
		if (strlen(scheme_names[i]) != length || strncasecmp(scheme_names[i], name, length) != 0)
			continue;
		if (!r->have[i])
			r->current = &r->found[i];
		r->have[i] = true;
		return 0;
	}
	if (used + length + sizeof(", ") <= sizeof(r->others)) {
		strcpy(r->others + used, used ? ", " : ""); /* NOLINT: there is room, see above */
		(void)strncat(r->others, name, length);
	}
	return 0;
}

/* The text of a quoted string, in the arena; r->at is behind its opening quote. */
static int read_quoted(struct reader *r, const char **ret, struct error *err)
{
	char *text = arena_alloc(r->arena, strlen(r->at) + 1);
	size_t used = 0;

	for (; *r->at != '"'; r->at++) {
		if (*r->at == '\\')
			r->at++;
		if (*r->at == '\0')
			return malformed(err, "a quoted text does not end");
		text[used++] = *r->at;
	}
	r->at++;
	*ret = text;
	return 0;
}

static int read_value(struct reader *r, const char **ret, struct error *err)
{
	size_t length;

	skip_space(r);
	if (*r->at == '"') {
		r->at++;
		return read_quoted(r, ret, err);
	}
	length = strspn(r->at, TOKEN);
	if (length == 0)
		return malformed(err, "a parameter has no value");
	*ret = arena_strndup(r->arena, r->at, length);
	r->at += length;
	return 0;
}

static int keep_parameter(struct reader *r, const char *name, size_t length, const char *value, struct error *err)
{
	const struct {
		const char *name;
		const char **slot;
	} rows[] = {
		{ "realm", &r->current->realm },
		{ "service", &r->current->service },
		{ "scope", &r->current->scope },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strlen(rows[i].name) != length || strncasecmp(rows[i].name, name, length) != 0)
			continue;
		if (*rows[i].slot)
			return malformed(err, "a parameter is given twice");
		*rows[i].slot = value;
	}
	return 0;
}

/* One name, and what belongs to it. */
static int read_part(struct reader *r, struct error *err)
{
	const char *name = r->at;
	size_t length = strspn(name, TOKEN);
	const char *value = NULL;
	int result;

	if (length == 0)
		return malformed(err, "a name was expected");
	r->at += length;
	skip_space(r);
	if (*r->at != '=') {
		if (r->at == name + length && *r->at != '\0' && *r->at != ',')
			return malformed(err, "a name was expected");
		result = begin_challenge(r, name, length, err);
		if (result == 0)
			skip_token68(r);
		return result;
	}
	if (!r->any)
		return malformed(err, "it begins with a parameter");
	r->at++;
	result = read_value(r, &value, err);
	if (result == 0 && r->current)
		result = keep_parameter(r, name, length, value, err);
	skip_space(r);
	if (result == 0 && *r->at != '\0' && *r->at != ',')
		return malformed(err, "a comma was expected behind a parameter");
	return result;
}

static int choose(const struct reader *r, struct challenge *ret, struct error *err)
{
	if (r->have[CHALLENGE_BEARER] && r->found[CHALLENGE_BEARER].realm) {
		*ret = r->found[CHALLENGE_BEARER];
		ret->scheme = CHALLENGE_BEARER;
		return 0;
	}
	if (r->have[CHALLENGE_BASIC]) {
		*ret = r->found[CHALLENGE_BASIC];
		ret->scheme = CHALLENGE_BASIC;
		return 0;
	}
	if (r->have[CHALLENGE_BEARER])
		return malformed(err, "a bearer without a realm");
	if (r->others[0])
		return refuse_as(err, EPROTO, "the server wants %s; Bearer and Basic are known", r->others);
	return malformed(err, "it is empty");
}

int challenge_parse(struct arena *arena, const char *header, struct challenge *ret, struct error *err)
{
	struct reader r = { .arena = arena, .at = header };

	if (strlen(header) > HEADER_MAX)
		return malformed(err, "it is too long");
	for (const char *c = header; *c; c++)
		if (iscntrl((unsigned char)*c) && *c != '\t')
			return malformed(err, "it has a control character");
	for (;;) {
		r.at += strspn(r.at, " \t,");
		if (*r.at == '\0')
			return choose(&r, ret, err);
		if (read_part(&r, err) < 0)
			return -err->code;
	}
}

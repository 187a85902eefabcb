/*
 * registry_token.c - bearer tokens, as distribution's token authentication has it: asked for with what there is (basic
 * credentials, a refresh token, or nothing), kept until they expire. The address of the token server comes
 * from the registry, as for every client; over plain HTTP only if the registry itself is taken over plain HTTP.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/str.h"
#include "base64.h"
#include "registry_endpoint.h"

enum {
	ANSWER_MAX = 1024 * 1024,
	ANSWER_DEPTH = 8,
	TOKEN_MAX = 64 * 1024,
	EXPIRES_DEFAULT_S = 60,
	EXPIRES_MAX_S = 24 * 3600,
	EXPIRES_EARLY_S = 10, /* a token that ends now is not sent any more */
};

struct token {
	const char *token, *access_token;
	int64_t expires_in;
};

static const struct json_field token_fields[] = {
	{ "token", JSON_AS_STRING, offsetof(struct token, token) },
	{ "access_token", JSON_AS_STRING, offsetof(struct token, access_token) },
	{ "expires_in", JSON_AS_I64, offsetof(struct token, expires_in) },
	{ 0 },
};

/* It becomes part of a header. */
static bool is_token(const char *text)
{
	size_t length = 0;

	for (; text[length]; length++)
		if (text[length] <= ' ' || text[length] > '~' || length > TOKEN_MAX)
			return false;
	return length > 0;
}

static int keep_token(struct endpoint *endpoint, const struct http_response *response, struct error *err)
{
	static const struct json_limits limits = { .size = ANSWER_MAX, .depth = ANSWER_DEPTH };
	auto_arena struct arena *arena = arena_new();
	struct token token = { 0 };
	struct timespec now = { 0 };
	struct json *root;
	int r = json_parse(arena, "answer", response->text, response->length, &limits, &root, err);

	if (r == 0)
		r = json_decode(arena, root, token_fields, &token, err);
	if (r < 0)
		return r;
	if (!token.token || !*token.token)
		token.token = token.access_token;
	if (!token.token || !is_token(token.token))
		return refuse_as(err, EPROTO, "the answer has no token that fits into a header");
	if (token.expires_in <= 0)
		token.expires_in = EXPIRES_DEFAULT_S;
	if (token.expires_in > EXPIRES_MAX_S)
		token.expires_in = EXPIRES_MAX_S;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	free(endpoint->authorization);
	endpoint->authorization = xasprintf("Bearer %s", token.token);
	endpoint->expires = now.tv_sec + (time_t)token.expires_in - EXPIRES_EARLY_S;
	return 0;
}

/* What we ask for; the registry's own words too where they are others. */
static const char *const *make_scopes(const struct endpoint *endpoint, struct arena *arena)
{
	const char **scopes = arena_array(arena, 3, sizeof(*scopes));
	const char *theirs = endpoint->challenge.scope;

	scopes[0] = arena_printf(arena, "repository:%s:%s", endpoint->repository, endpoint->actions);
	scopes[1] = theirs && *theirs && !str_eq(theirs, scopes[0]) ? theirs : NULL;
	return scopes;
}

static int add_parameter(char **url, const char *name, const char *value, struct error *err)
{
	char *longer = value ? http_url_add(*url, name, value) : xstrdup(*url);

	if (!longer)
		return refuse_as(err, EPROTO, "the registry asks for a token with more than fits into an address");
	free(*url);
	*url = longer;
	return 0;
}

/* GET realm?service=...&scope=..., with basic credentials where there are some. */
static int ask_with_password(struct endpoint *endpoint, const char *realm, const char *const *scopes,
			     struct http_request request, struct http_response *ret, struct error *err)
{
	const struct credentials *c = &endpoint->credentials;
	auto_free char *url = xstrdup(realm);
	auto_free char *pair = c->user ? xasprintf("%s:%s", c->user, c->password) : NULL;
	auto_free char *encoded = pair ? base64_encode(pair, strlen(pair)) : NULL;
	auto_free char *authorization = encoded ? xasprintf("Basic %s", encoded) : NULL;
	int r = add_parameter(&url, "service", endpoint->challenge.service, err);

	for (size_t i = 0; r == 0 && scopes[i]; i++)
		r = add_parameter(&url, "scope", scopes[i], err);
	if (r == 0)
		r = add_parameter(&url, "account", c->user, err);
	if (r < 0)
		return r;
	request.method = "GET";
	request.url = url;
	request.authorization = authorization;
	return http_send(endpoint->http, &request, ret, err);
}

/* POST realm with a form, for a refresh token. */
static int ask_with_refresh_token(struct endpoint *endpoint, const char *realm, const char *const *scopes,
				  struct http_request request, struct http_response *ret, struct error *err)
{
	static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
	const char *service_text = endpoint->challenge.service ? endpoint->challenge.service : "";
	auto_free char *both = xasprintf("%s%s%s", scopes[0], scopes[1] ? " " : "", scopes[1] ? scopes[1] : "");
	auto_free char *scope = http_form_encode(both);
	auto_free char *service = http_form_encode(service_text);
	auto_free char *token = http_form_encode(endpoint->credentials.identity_token);
	auto_free char *form =
		xasprintf("grant_type=refresh_token&client_id=coffer&service=%s&scope=%s&refresh_token=%s", service,
			  scope, token);
	const struct http_body body = { .text = form, .size = strlen(form) };

	request.method = "POST";
	request.url = realm;
	request.headers = headers;
	request.body = &body;
	return http_send(endpoint->http, &request, ret, err);
}

static int ask(struct endpoint *endpoint, const char *realm, struct http_response *ret, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	const char *const *scopes = make_scopes(endpoint, arena);
	struct http_tls tls = endpoint->tls;
	struct http_request request = { .tls = &tls, .plain = endpoint->plain, .max = ANSWER_MAX };

	if (!http_url_same_origin(realm, endpoint->origin)) {
		tls.certificate = NULL;
		tls.key = NULL;
	}
	return endpoint->credentials.identity_token ? ask_with_refresh_token(endpoint, realm, scopes, request, ret, err)
						    : ask_with_password(endpoint, realm, scopes, request, ret, err);
}

/* Again after failures that pass. */
static int ask_until(struct endpoint *endpoint, const char *realm, struct http_response *ret, struct error *err)
{
	struct retry retry = endpoint_retry(endpoint);

	for (;;) {
		auto_http_response struct http_response response = { 0 };
		int r = ask(endpoint, realm, &response, err);

		if (!retry_helps(r, response.status, false)) {
			*ret = response;
			response = (struct http_response){ 0 };
			return r;
		}
		if (r == 0)
			(void)refuse_as(err, EIO, "status %d", response.status);
		if (retry_wait(&retry, response.retry_after, NULL, 0, err) < 0)
			return -err->code;
	}
}

int endpoint_fetch_token(struct endpoint *endpoint, struct error *err)
{
	auto_free char *realm = http_url_join(endpoint->origin, endpoint->challenge.realm);
	auto_http_response struct http_response response = { 0 };
	int r;

	if (!realm || (http_url_is_plain(realm) && !endpoint->plain))
		return refuse_as(err, EPROTO, "the registry sends us for a token to what is no https address");
	r = ask_until(endpoint, realm, &response, err);
	if (r == 0 && response.status != 200) /* NOLINT(readability-magic-numbers): OK */
		r = refuse_as(err, response.status == 401 || response.status == 403 ? EACCES : EIO, /* NOLINT */
			      "status %d%s", response.status,
			      endpoint->credentials.user || endpoint->credentials.identity_token
				      ? "; are the credentials right?"
				      : "; there are no credentials for this registry");
	if (r == 0)
		r = keep_token(endpoint, &response, err);
	return r < 0 ? context(err, "token for %s", endpoint->host) : 0;
}

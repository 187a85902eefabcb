/*
 * registry_request.c - requests to a registry, with credentials; see registry_endpoint.h.
 *
 * Nothing is sent unasked: the first answer of a registry that wants credentials is 401 with a challenge. One thread
 * then gets the authorization while the others wait for the lock; its generation tells a thread whose request was
 * refused whether somebody has got a new one since.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base64.h"
#include "registry_endpoint.h"

enum {
	UNAUTHORIZED = 401,
	FORBIDDEN = 403,
	NOT_FOUND = 404,
	ERROR_SIZE = 64 * 1024,
	ERROR_DEPTH = 8,
	ERROR_TEXT_MAX = 200
};

static bool has_expired(const struct endpoint *endpoint)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return endpoint->expires != 0 && now.tv_sec >= endpoint->expires;
}

/* What is sent now, or NULL; the caller frees. */
static int take_authorization(struct endpoint *endpoint, char **ret, unsigned *ret_generation, struct error *err)
{
	int r = 0;

	(void)pthread_mutex_lock(&endpoint->lock);
	if (endpoint->authorization && has_expired(endpoint)) {
		r = endpoint_fetch_token(endpoint, err);
		endpoint->generation++;
	}
	if (r == 0 && endpoint->authorization)
		*ret = xstrdup(endpoint->authorization);
	*ret_generation = endpoint->generation;
	(void)pthread_mutex_unlock(&endpoint->lock);
	return r;
}

static int use_basic(struct endpoint *endpoint, struct error *err)
{
	const struct credentials *c = &endpoint->credentials;
	auto_free char *pair = NULL;
	auto_free char *encoded = NULL;

	if (!c->user)
		return refuse_as(err, EACCES, "%s wants a user and a password, and there are none for it",
				 endpoint->host);
	pair = xasprintf("%s:%s", c->user, c->password);
	encoded = base64_encode(pair, strlen(pair));
	free(endpoint->authorization);
	endpoint->authorization = xasprintf("Basic %s", encoded);
	endpoint->expires = 0;
	return 0;
}

static int answer_challenge(struct endpoint *endpoint, const char *header, struct error *err)
{
	int r;

	if (!header)
		return refuse_as(err, EACCES, "%s refuses us and does not say what it wants", endpoint->host);
	if (!endpoint->credentials_known) {
		r = credentials_find(endpoint->user, endpoint->auth_file, endpoint->host, endpoint->repository,
				     &endpoint->credentials, err);
		if (r < 0)
			return context(err, "credentials for %s", endpoint->host);
		endpoint->credentials_known = true;
	}
	arena_free(endpoint->arena);
	endpoint->arena = arena_new();
	endpoint->challenge = (struct challenge){ 0 };
	r = challenge_parse(endpoint->arena, header, &endpoint->challenge, err);
	if (r < 0)
		return context(err, "%s", endpoint->host);
	if (endpoint->challenge.scheme == CHALLENGE_BASIC)
		return use_basic(endpoint, err);
	if (!endpoint->credentials.registry_token)
		return endpoint_fetch_token(endpoint, err);
	free(endpoint->authorization);
	endpoint->authorization = xasprintf("Bearer %s", endpoint->credentials.registry_token);
	endpoint->expires = 0;
	return 0;
}

/* generation: of what was refused. */
static int authorize(struct endpoint *endpoint, const struct http_response *response, unsigned generation,
		     struct error *err)
{
	int r = 0;

	(void)pthread_mutex_lock(&endpoint->lock);
	if (endpoint->generation == generation) {
		r = answer_challenge(endpoint, response->headers[HTTP_AUTHENTICATE], err);
		endpoint->generation++;
	}
	(void)pthread_mutex_unlock(&endpoint->lock);
	return r;
}

/* One request with the authorization that there is now; to an address elsewhere, such as one that an upload is sent to,
   without. */
static int send_once(struct endpoint *endpoint, const struct http_request *request, unsigned *ret_generation,
		     struct http_response *ret, struct error *err)
{
	struct http_request filled = *request;
	struct http_tls tls = endpoint->tls;
	auto_free char *authorization = NULL;
	int r = 0;

	filled.tls = &tls;
	filled.plain = endpoint->plain;
	if (http_url_same_origin(request->url, endpoint->origin)) {
		r = take_authorization(endpoint, &authorization, ret_generation, err);
		filled.authorization = authorization;
	} else {
		tls.certificate = NULL;
		tls.key = NULL;
	}
	if (r == 0)
		r = http_send(endpoint->http, &filled, ret, err);
	if (r == 0)
		atomic_store(&endpoint->reached, true);
	return r;
}

int endpoint_try(struct endpoint *endpoint, const struct http_request *request, struct http_response *ret,
		 struct error *err)
{
	unsigned generation = 0;
	bool ours = http_url_same_origin(request->url, endpoint->origin);
	int r = send_once(endpoint, request, &generation, ret, err);

	if (r < 0 || ret->status != UNAUTHORIZED || ret->elsewhere || !ours)
		return r;
	r = authorize(endpoint, ret, generation, err);
	http_response_free(ret);
	return r < 0 ? r : send_once(endpoint, request, &generation, ret, err);
}

int endpoint_request(struct endpoint *endpoint, const struct http_request *request,
		     const struct fetch_progress *progress, struct http_response *ret, struct error *err)
{
	struct retry retry = endpoint_retry(endpoint);

	for (;;) {
		int r = endpoint_try(endpoint, request, ret, err);
		uint64_t retry_after = r == 0 ? ret->retry_after : 0;

		if (!retry_helps(r, r == 0 ? ret->status : 0, atomic_load(&endpoint->reached)))
			return r;
		if (r == 0)
			(void)endpoint_refuse(request, ret, err);
		http_response_free(ret);
		if (retry_wait(&retry, retry_after, progress, 0, err) < 0)
			return -err->code;
	}
}

/* The first error of {"errors": [{"code", "message"}]} in one line, or nothing. */
static void find_words(const struct http_response *response, char *words)
{
	static const struct json_limits limits = { .size = ERROR_SIZE, .depth = ERROR_DEPTH };
	auto_arena struct arena *arena = arena_new();
	const struct json *errors, *message, *code;
	struct json *root;
	struct error ignored;

	words[0] = '\0';
	if (json_parse(arena, "answer", response->text, response->length, &limits, &root, &ignored) < 0)
		return;
	errors = json_get(root, "errors");
	if (!errors || errors->type != JSON_ARRAY)
		return;
	code = json_get(errors->first, "code");
	message = json_get(errors->first, "message");
	(void)snprintf(words, ERROR_TEXT_MAX, ": %s%s%s", code && code->type == JSON_STRING ? code->text : "",
		       message && message->type == JSON_STRING ? ": " : "",
		       message && message->type == JSON_STRING ? message->text : "");
	utf8_one_line(words);
}

int endpoint_refuse(const struct http_request *request, const struct http_response *response, struct error *err)
{
	char words[ERROR_TEXT_MAX];
	size_t length = strcspn(request->url, "?");
	int errnum = EIO;

	if (response->status == UNAUTHORIZED || response->status == FORBIDDEN)
		errnum = EACCES;
	else if (response->status == NOT_FOUND)
		errnum = ENOENT;
	find_words(response, words);
	return refuse_as(err, errnum, "%s %.*s: status %d%s", request->method,
			 length < ERROR_TEXT_MAX ? (int)length : 0, request->url, response->status, words);
}

/*
 * registry_push.c - blobs and manifests to a registry.
 *
 * A blob: HEAD, is it there? -> POST, an upload begins -> PUT with all of it, or PATCH a piece and PUT to end it. After
 * a cut: HEAD again; GET of the upload says how far it came, and PATCH goes on from there; if the server has forgotten
 * it, POST again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "hash.h"
#include "registry_endpoint.h"

enum {
	ANSWER_MAX = 64 * 1024,
	OK = 200,
	CREATED = 201,
	ACCEPTED = 202,
	NO_CONTENT = 204,
	NOT_FOUND = 404,
	OUT_OF_ORDER = 416
};

struct registry {
	struct endpoint *endpoint;
};

struct upload {
	struct endpoint *endpoint;
	const struct descriptor *descriptor;
	const struct fetch_progress *progress;
	int fd;
	char *location; /* NULL: none has begun */
	uint64_t at;    /* bytes that the server has */
	uint64_t chunk; /* 0: in one piece */
};

static void cleanup_upload(const struct upload *upload)
{
	free(upload->location);
}

static int report(const struct upload *u, struct error *err)
{
	if (u->progress && u->progress->report(u->progress->context, u->at) != 0)
		return refuse_as(err, ECANCELED, "cancelled");
	return 0;
}

/* One request of an upload, where only `wanted` is a success. */
static int exchange(const struct upload *u, const struct http_request *request, int wanted, struct http_response *ret,
		    int *ret_status, struct error *err)
{
	int r = endpoint_try(u->endpoint, request, ret, err);

	*ret_status = r == 0 ? ret->status : 0;
	if (r == 0 && ret->status != wanted)
		r = endpoint_refuse(request, ret, err);
	return r;
}

/* Where the server wants the next request of this upload. */
static int keep_location(struct upload *u, const struct http_response *response, struct error *err)
{
	const char *location = response->headers[HTTP_LOCATION];
	char *next = location ? http_url_join(response->url, location) : NULL;

	if (!next || (http_url_is_plain(next) && !u->endpoint->plain)) {
		free(next);
		return refuse_as(err, EPROTO, "the registry names no https address to upload to");
	}
	free(u->location);
	u->location = next;
	return 0;
}

static int begin(struct upload *u, int *ret_status, struct error *err)
{
	static const struct http_body nothing = { .text = "" };
	auto_free char *url = endpoint_url(u->endpoint, "blobs", "uploads/");
	const struct http_request request = { .method = "POST", .url = url, .body = &nothing, .max = ANSWER_MAX };
	auto_http_response struct http_response response = { 0 };
	uint64_t least;
	int r = exchange(u, &request, ACCEPTED, &response, ret_status, err);

	if (r < 0)
		return r;
	u->at = 0;
	u->chunk = u->endpoint->chunk;
	if (u->chunk && response.headers[HTTP_CHUNK_MIN] &&
	    str_to_u64(response.headers[HTTP_CHUNK_MIN], UINT64_MAX, &least) == 0 && least > u->chunk)
		u->chunk = least;
	return keep_location(u, &response, err);
}

static int send_chunk(struct upload *u, int *ret_status, struct error *err)
{
	uint64_t left = u->descriptor->size - u->at;
	uint64_t size = left < u->chunk ? left : u->chunk;
	auto_free char *range = xasprintf("Content-Range: %llu-%llu", (unsigned long long)u->at,
					  (unsigned long long)(u->at + size - 1));
	const char *const headers[] = { "Content-Type: application/octet-stream", range, NULL };
	const struct http_body body = {
		.fd = u->fd,
		.offset = u->at,
		.size = size,
		.done = u->at,
		.progress = u->progress,
	};
	const struct http_request request = {
		.method = "PATCH",
		.url = u->location,
		.headers = headers,
		.body = &body,
		.max = ANSWER_MAX,
	};
	auto_http_response struct http_response response = { 0 };
	int r = exchange(u, &request, ACCEPTED, &response, ret_status, err);

	if (r == 0)
		r = keep_location(u, &response, err);
	if (r == 0)
		u->at += size;
	return r;
}

/* With the whole blob, or with nothing after its chunks. */
static int finish(struct upload *u, int *ret_status, struct error *err)
{
	static const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
	char text[DIGEST_TEXT_MAX];
	auto_free char *url = http_url_add(u->location, "digest", digest_text(&u->descriptor->digest, text));
	const struct http_body body = {
		.fd = u->fd,
		.offset = u->at,
		.size = u->descriptor->size - u->at,
		.done = u->at,
		.progress = u->progress,
	};
	const struct http_request request = {
		.method = "PUT",
		.url = url,
		.headers = headers,
		.body = &body,
		.max = ANSWER_MAX,
	};
	auto_http_response struct http_response response = { 0 };

	if (!url)
		return refuse_as(err, EPROTO, "the registry names an upload address that is too long");
	return exchange(u, &request, CREATED, &response, ret_status, err);
}

/* How far an upload came that was cut; forgets it if the server has. */
static int ask_how_far(struct upload *u, struct error *err)
{
	const struct http_request request = { .method = "GET", .url = u->location, .max = ANSWER_MAX };
	auto_http_response struct http_response response = { 0 };
	int r = endpoint_try(u->endpoint, &request, &response, err);
	const char *range = r == 0 ? response.headers[HTTP_RANGE] : NULL;
	unsigned long long last = 0;

	if (r < 0)
		return r;
	if ((response.status != NO_CONTENT && response.status != ACCEPTED) || !range ||
	    (sscanf(range, "0-%llu", &last) != 1 && sscanf(range, "bytes=0-%llu", &last) != 1) ||
	    last >= u->descriptor->size) {
		free(u->location);
		u->location = NULL;
		return 0;
	}
	u->at = last > 0 ? last + 1 : 0; /* "0-0" is how servers say nothing */
	if (u->chunk == 0)
		u->chunk = u->descriptor->size;
	return response.headers[HTTP_LOCATION] ? keep_location(u, &response, err) : 0;
}

static int upload_once(struct upload *u, int *ret_status, struct error *err)
{
	int r = u->location ? ask_how_far(u, err) : 0;

	*ret_status = 0;
	if (r == 0 && !u->location)
		r = begin(u, ret_status, err);
	while (r == 0 && u->chunk && u->at < u->descriptor->size)
		r = send_chunk(u, ret_status, err);
	return r < 0 ? r : finish(u, ret_status, err);
}

static int is_there(struct endpoint *endpoint, const struct descriptor *descriptor,
		    const struct fetch_progress *progress, bool *ret, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	auto_free char *url = endpoint_url(endpoint, "blobs", digest_text(&descriptor->digest, text));
	const struct http_request request = { .method = "HEAD", .url = url };
	auto_http_response struct http_response response = { 0 };
	int r = endpoint_request(endpoint, &request, progress, &response, err);

	if (r == 0 && response.status != OK && response.status != NOT_FOUND)
		r = endpoint_refuse(&request, &response, err);
	*ret = r == 0 && response.status == OK;
	return r;
}

/* An upload that the server has forgotten begins anew, and one that it has other bytes of goes on from those. */
static bool may_go_on(const struct upload *u, int r, int status)
{
	if (u->location && (status == NOT_FOUND || status == OUT_OF_ORDER))
		return true;
	return retry_helps(status ? 0 : r, status, atomic_load(&u->endpoint->reached));
}

/* Until it is there, or a failure that does not pass. */
static int upload(struct upload *u, struct error *err)
{
	struct retry retry = endpoint_retry(u->endpoint);

	for (;;) {
		bool there = false;
		uint64_t before = u->at;
		int status = 0;
		int r = is_there(u->endpoint, u->descriptor, u->progress, &there, err);

		if (r == 0 && there) {
			u->at = u->descriptor->size;
			return report(u, err);
		}
		if (r == 0)
			r = upload_once(u, &status, err);
		if (r == 0)
			return 0;
		if (!may_go_on(u, r, status))
			return r;
		if (u->at > before)
			retry = endpoint_retry(u->endpoint);
		if (retry_wait(&retry, 0, u->progress, u->at, err) < 0)
			return -err->code;
	}
}

int registry_put_blob(struct registry *registry, const struct descriptor *descriptor, int fd,
		      const struct fetch_progress *progress, struct error *err)
{
	auto_cleanup(cleanup_upload) struct upload u = {
		.endpoint = registry->endpoint,
		.descriptor = descriptor,
		.progress = progress,
		.fd = fd,
	};
	char text[DIGEST_TEXT_MAX];
	int r = upload(&u, err);

	return r < 0 ? context(err, "blob %s", digest_text(&descriptor->digest, text)) : 0;
}

/* What becomes part of an address or a header. */
static bool is_plain_text(const char *text, const char *refused)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *text && !text[strcspn(text, refused)];
}

int registry_put_manifest(struct registry *registry, const struct document *document, const char *tag,
			  struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct digest digest;
	auto_free char *url = NULL;
	auto_free char *type = NULL;
	auto_http_response struct http_response response = { 0 };
	int r;

	if (!document->media_type || !is_plain_text(document->media_type, "") || (tag && !is_plain_text(tag, "/?#%:")))
		return refuse(err, "a manifest without a media type, or a tag that is none");
	hash_bytes(document->text, document->length, DIGEST_SHA256, &digest);
	url = endpoint_url(registry->endpoint, "manifests", tag ? tag : digest_text(&digest, text));
	type = xasprintf("Content-Type: %s", document->media_type);
	const char *const headers[] = { type, NULL };
	const struct http_body body = { .text = document->text, .size = document->length };
	const struct http_request request = {
		.method = "PUT",
		.url = url,
		.headers = headers,
		.body = &body,
		.max = ANSWER_MAX,
	};

	r = endpoint_request(registry->endpoint, &request, NULL, &response, err);
	if (r == 0 && response.status != CREATED)
		r = endpoint_refuse(&request, &response, err);
	return r;
}

int registry_open(const struct image_ref *ref, const struct registry_options *options, struct registry **ret,
		  struct error *err)
{
	struct endpoint *endpoint;
	int r = endpoint_open(ref->domain, ref->repository, "pull,push", options, &endpoint, err);

	if (r < 0)
		return r;
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->endpoint = endpoint;
	return 0;
}

void registry_close(struct registry *registry)
{
	if (!registry)
		return;
	endpoint_free(registry->endpoint);
	free(registry);
}

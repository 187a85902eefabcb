/*
 * registry_pull.c - a registry as a source: manifests by tag or digest, blobs that go on where they were cut.
 *
 * The endpoints are asked in order, mirrors first. What a mirror gives by digest is checked here, so that a bad one
 * costs time and nothing else; a tag means what the first that knows it says. What the registry itself gives is
 * checked by the caller, as with every source, and here where a document has a digest. Docker-Content-Digest, a
 * server's word for it, is not looked at.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "hash.h"
#include "registry_endpoint.h"

enum { DOCUMENT_MAX = 4 * 1024 * 1024, MEDIA_TYPE_MAX = 255, OK = 200, PARTIAL = 206, RANGE_REFUSED = 416 };

struct registry_source {
	struct source base;
	struct endpoint **endpoints; /* mirrors, then the registry; NULL-terminated */
	size_t count;
	char *name, *tag;
	struct digest digest; /* hex empty: none */
};

static const char *const accept_headers[] = {
	"Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
	"application/vnd.docker.distribution.manifest.list.v2+json, "
	"application/vnd.docker.distribution.manifest.v2+json",
	NULL,
};

/* The media type without its parameters; NULL if the server names none that could be one. */
static const char *media_type_of(const struct http_response *response, struct arena *arena)
{
	const char *text = response->headers[HTTP_CONTENT_TYPE];
	size_t length = text ? strcspn(text, "; \t") : 0;

	if (length == 0 || length > MEDIA_TYPE_MAX)
		return NULL;
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return NULL;
	return arena_strndup(arena, text, length);
}

static int check_document(const struct http_response *response, const struct descriptor *wanted,
			  const struct digest *digest, struct error *err)
{
	char wanted_text[DIGEST_TEXT_MAX], text[DIGEST_TEXT_MAX];
	struct digest found;

	if (wanted && wanted->size != response->length)
		return refuse_as(err, EBADMSG, "manifest of %zu bytes, %llu expected", response->length,
				 (unsigned long long)wanted->size);
	if (!digest->hex[0])
		return 0;
	hash_bytes(response->text, response->length, digest->algorithm, &found);
	if (!digest_eq(&found, digest))
		return refuse_as(err, EBADMSG, "manifest with the digest %s, %s expected", digest_text(&found, text),
				 digest_text(digest, wanted_text));
	return 0;
}

static int document_from(struct endpoint *endpoint, const struct registry_source *source, struct arena *arena,
			 const struct descriptor *wanted, struct document *ret, struct error *err)
{
	const struct digest *digest = wanted ? &wanted->digest : &source->digest;
	char text[DIGEST_TEXT_MAX];
	auto_free char *url =
		endpoint_url(endpoint, "manifests", digest->hex[0] ? digest_text(digest, text) : source->tag);
	const struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = accept_headers,
		.max = DOCUMENT_MAX,
	};
	auto_http_response struct http_response response = { 0 };
	int r = endpoint_request(endpoint, &request, NULL, &response, err);

	if (r == 0 && response.status != OK) {
		r = endpoint_refuse(&request, &response, err);
		if (r == -ENOENT)
			r = context(err, "%s has no image of this name and tag", endpoint->host);
	}
	if (r == 0)
		r = check_document(&response, wanted, digest, err);
	if (r < 0)
		return r;
	*ret = (struct document){
		.text = arena_strndup(arena, response.text, response.length),
		.length = response.length,
		.media_type = media_type_of(&response, arena),
	};
	return 0;
}

static int get_document(struct source *base, struct arena *arena, const struct descriptor *wanted, struct document *ret,
			struct error *err)
{
	const struct registry_source *source = (const struct registry_source *)base;
	int r = -ENOENT;

	for (size_t i = 0; i < source->count && r < 0; i++)
		r = document_from(source->endpoints[i], source, arena, wanted, ret, err);
	return r;
}

/* What an exchange that brought something means for the blob. 0: it is whole. */
static int judge(const struct http_request *request, const struct http_response *response, struct error *err)
{
	const struct http_sink *sink = request->sink;

	if (response->status != OK && response->status != PARTIAL)
		return endpoint_refuse(request, response, err);
	if (sink->have == sink->size)
		return 0;
	return refuse_as(err, response->whole ? EBADMSG : ECONNRESET, "the server has %llu of the blob's %llu bytes",
			 (unsigned long long)sink->have, (unsigned long long)sink->size);
}

/* Until the sink is full, with retries that are counted anew whenever something came. */
static int blob_from_url(struct endpoint *endpoint, const char *url, struct http_sink *sink, struct error *err)
{
	const struct http_request request = { .method = "GET", .url = url, .sink = sink };
	struct retry retry = endpoint_retry(endpoint);

	while (sink->have < sink->size) {
		auto_http_response struct http_response response = { 0 };
		uint64_t before = sink->have;
		int r = endpoint_try(endpoint, &request, &response, err);
		int status = r == 0 ? response.status : 0;

		if (status == RANGE_REFUSED && before > 0 && !sink->no_range) {
			sink->no_range = true;
			continue;
		}
		if (r == 0)
			r = judge(&request, &response, err);
		if (r == 0)
			return 0;
		if (!retry_helps(status == OK || status == PARTIAL || status == 0 ? r : 0, status,
				 atomic_load(&endpoint->reached)))
			return r;
		if (sink->have > before)
			retry = endpoint_retry(endpoint);
		if (retry_wait(&retry, response.retry_after, sink->progress, sink->have, err) < 0)
			return -err->code;
	}
	return 0;
}

/* Does the file have the bytes that it should? True also when it cannot be read: then the caller finds out. */
static bool is_blob(int fd, const struct descriptor *wanted)
{
	struct digest found;
	struct error ignored;

	return hash_file(fd, wanted->digest.algorithm, &found, &ignored) < 0 || digest_eq(&found, &wanted->digest);
}

/* The addresses in the descriptor of a layer that is not distributed by registries: asked without credentials. */
static int blob_from_elsewhere(struct endpoint *endpoint, const struct descriptor *wanted, struct http_sink *sink,
			       struct error *err)
{
	int r = -ENOENT;

	for (const char *const *url = wanted->urls; r < 0 && r != -ECANCELED && *url; url++) {
		auto_free char *checked = http_url_join(*url, *url);

		if (!checked || http_url_same_origin(checked, endpoint->origin))
			r = refuse_as(err, ENOENT, "the layer's urls are of no use");
		else
			r = blob_from_url(endpoint, checked, sink, err);
	}
	return r;
}

static bool is_local_failure(int r)
{
	return r == -ECANCELED || r == -ENOSPC || r == -EDQUOT;
}

static int get_blob(struct source *base, const struct descriptor *wanted, int out_fd, uint64_t have,
		    const struct fetch_progress *progress, struct error *err)
{
	const struct registry_source *source = (const struct registry_source *)base;
	struct http_sink sink = { .fd = out_fd, .have = have, .size = wanted->size, .progress = progress };
	char text[DIGEST_TEXT_MAX];
	int r = -ENOENT;

	if (have > wanted->size)
		return refuse(err, "%llu bytes are there of a blob of %llu", (unsigned long long)have,
			      (unsigned long long)wanted->size);
	for (size_t i = 0; i < source->count && r < 0 && !is_local_failure(r); i++) {
		auto_free char *url = endpoint_url(source->endpoints[i], "blobs", digest_text(&wanted->digest, text));

		r = blob_from_url(source->endpoints[i], url, &sink, err);
		if (r == 0 && i + 1 < source->count && !is_blob(out_fd, wanted)) {
			sink.have = 0;
			r = -EBADMSG; /* of a mirror: the next one, from the start */
		}
		sink.no_range = false;
	}
	if (r == -ENOENT && wanted->foreign && wanted->urls && wanted->urls[0])
		r = blob_from_elsewhere(source->endpoints[source->count - 1], wanted, &sink, err);
	return r < 0 ? context(err, "blob %s", digest_text(&wanted->digest, text)) : 0;
}

static void close_source(struct source *base)
{
	struct registry_source *source = (struct registry_source *)base;

	for (size_t i = 0; i < source->count; i++)
		endpoint_free(source->endpoints[i]);
	free(source->endpoints);
	free(source->name);
	free(source->tag);
	free(source);
}

/* --mirror HOST[/PREFIX]: the repository is below PREFIX there. */
static int open_mirror(const char *mirror, const struct image_ref *ref, const struct registry_options *options,
		       struct endpoint **ret, struct error *err)
{
	struct registry_options impatient = *options;
	auto_arena struct arena *arena = arena_new();
	size_t host = strcspn(mirror, "/");
	struct image_ref there;
	int r = ref_parse(arena, arena_printf(arena, "docker://%s/%s", mirror, ref->repository), &there, err);

	impatient.retries = 0;
	impatient.user = NULL; /* those of the registry */
	if (r == 0 && (strlen(there.domain) != host || strncmp(there.domain, mirror, host) != 0))
		r = refuse(err, "expected HOST[/PREFIX], where HOST has a dot or a port");
	if (r == 0)
		r = endpoint_open(there.domain, there.repository, "pull", &impatient, ret, err);
	return r < 0 ? context(err, "mirror %s", mirror) : 0;
}

static int open_endpoints(struct registry_source *source, const struct image_ref *ref,
			  const struct registry_options *options, struct error *err)
{
	int r = 0;

	source->endpoints = xcalloc(str_list_length(options->mirrors) + 1, sizeof(struct endpoint *));
	for (const char *const *mirror = options->mirrors; r == 0 && mirror && *mirror; mirror++) {
		r = open_mirror(*mirror, ref, options, &source->endpoints[source->count], err);
		source->count += r == 0;
	}
	if (r == 0)
		r = endpoint_open(ref->domain, ref->repository, "pull", options, &source->endpoints[source->count],
				  err);
	source->count += r == 0;
	return r;
}

int registry_source_open(const struct image_ref *ref, const struct registry_options *options, struct source **ret,
			 struct error *err)
{
	static const struct source_ops ops = { .document = get_document, .blob = get_blob, .close = close_source };
	struct registry_source *source = xcalloc(1, sizeof(*source));
	auto_source struct source *base = &source->base;
	int r;

	source->base.ops = &ops;
	source->base.remote = true;
	source->name = xstrdup(ref->name);
	source->base.name = source->name;
	source->tag = ref->tag ? xstrdup(ref->tag) : NULL;
	source->digest = ref->digest;
	r = open_endpoints(source, ref, options, err);
	if (r == 0)
		*ret = take_ptr(base);
	return r;
}

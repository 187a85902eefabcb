/*
 * http_transfer.c - one exchange; see http_transfer.h. libcurl calls back for each line of the header, each piece of
 * the body, each piece that is to be sent, and about once a second; whoever of them has to stop the transfer leaves
 * error and code in struct transfer.
 */
#include "http_transfer.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/str.h"
#include "base/utf8.h"

enum {
	HEADERS_MAX = 256 * 1024, /* all that come with one answer */
	HEADER_MAX = 16 * 1024,   /* one that is kept */
	ERROR_BODY_MAX = 64 * 1024,
	CONNECT_TIMEOUT_S = 30,
	DOCUMENT_TIMEOUT_S = 300,
	UPLOAD_PATIENCE = 10,
};

struct transfer {
	CURL *curl;
	const struct http_request *request;
	struct http_response *response;
	struct error *err;
	int result; /* of a callback that stopped it; 0: none did */
	size_t header_bytes;
	size_t capacity; /* of response->text */
	uint64_t skip;   /* bytes to drop from a server that ignores Range */
	bool begun;      /* the first piece of a body for the sink was looked at */
	uint64_t sent;   /* of the request's body */
};

static const char *const header_names[] = {
	[HTTP_CONTENT_TYPE] = "Content-Type",   [HTTP_LOCATION] = "Location", [HTTP_AUTHENTICATE] = "WWW-Authenticate",
	[HTTP_CONTENT_RANGE] = "Content-Range", [HTTP_RANGE] = "Range",       [HTTP_CHUNK_MIN] = "OCI-Chunk-Min-Length",
};
_Static_assert(ARRAY_SIZE(header_names) == HTTP_HEADER_MAX, "a name a header");

static void forget_headers(struct http_response *response)
{
	for (size_t i = 0; i < HTTP_HEADER_MAX; i++) {
		free(response->headers[i]);
		response->headers[i] = NULL;
	}
}

static int keep_header(struct transfer *t, enum http_header which, const char *value, size_t length)
{
	char **slot = &t->response->headers[which];
	char *joined;

	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)value[i]) && value[i] != '\t')
			return refuse_as(t->err, EPROTO, "header %s has a control character in it",
					 header_names[which]);
	if (length + (*slot ? strlen(*slot) : 0) > HEADER_MAX)
		return refuse_as(t->err, EFBIG, "header %s is longer than %d bytes", header_names[which], HEADER_MAX);
	if (*slot && which != HTTP_AUTHENTICATE) {
		free(*slot);
		*slot = NULL;
	}
	joined = xasprintf("%s%s%.*s", *slot ? *slot : "", *slot ? ", " : "", (int)length, value);
	free(*slot);
	*slot = joined;
	return 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *context_)
{
	struct transfer *t = context_;
	size_t length = size * count;
	const char *colon = memchr(line, ':', length);
	const char *value = colon ? colon + 1 : NULL;
	const char *end = line + length;

	t->header_bytes += length;
	if (t->header_bytes > HEADERS_MAX)
		t->result = refuse_as(t->err, EFBIG, "more than %d bytes of headers", HEADERS_MAX);
	else if (length > 5 && strncasecmp(line, "HTTP/", 5) == 0) /* NOLINT(readability-magic-numbers): its length */
		forget_headers(t->response);                       /* those of an interim answer */
	for (size_t i = 0; t->result == 0 && colon && i < HTTP_HEADER_MAX; i++) {
		if ((size_t)(colon - line) != strlen(header_names[i]) ||
		    strncasecmp(line, header_names[i], strlen(header_names[i])) != 0)
			continue;
		while (value < end && (*value == ' ' || *value == '\t'))
			value++;
		while (end > value && isspace((unsigned char)end[-1]))
			end--;
		t->result = keep_header(t, (enum http_header)i, value, (size_t)(end - value));
	}
	return t->result == 0 ? length : 0;
}

static long status_of(const struct transfer *t)
{
	long status = 0;

	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static int keep_text(struct transfer *t, const char *data, size_t size, bool cut)
{
	struct http_response *response = t->response;
	size_t max = cut ? ERROR_BODY_MAX : t->request->max;

	if (size > max - response->length) {
		if (!cut)
			return refuse_as(t->err, EFBIG, "the answer has more than %zu bytes", max);
		size = max - response->length;
	}
	if (response->length + size + 1 > t->capacity) {
		t->capacity = 2 * (response->length + size + 1);
		response->text = xreallocarray(response->text, t->capacity, 1);
	}
	memcpy(response->text + response->length, data, size);
	response->length += size;
	response->text[response->length] = '\0';
	return 0;
}

/* What comes first decides where it belongs: 206 continues where it was asked to, 200 begins anew. */
static int begin_sink(struct transfer *t, long status)
{
	const struct http_sink *sink = t->request->sink;
	const char *range = t->response->headers[HTTP_CONTENT_RANGE];
	unsigned long long start;

	t->begun = true;
	if (status != 206) { /* NOLINT(readability-magic-numbers): Partial Content */
		t->skip = sink->have;
		return 0;
	}
	if (!range || sscanf(range, "bytes %llu-", &start) != 1 || start != sink->have)
		return refuse_as(t->err, EPROTO, "asked for the bytes from %llu on, the server sends \"%.60s\"",
				 (unsigned long long)sink->have, range ? range : "no Content-Range");
	return 0;
}

static int report(const struct fetch_progress *progress, uint64_t bytes, struct error *err)
{
	if (progress && progress->report(progress->context, bytes) != 0)
		return refuse_as(err, ECANCELED, "cancelled");
	return 0;
}

static int keep_in_sink(struct transfer *t, const char *data, size_t size)
{
	struct http_sink *sink = t->request->sink;
	size_t drop = size < t->skip ? size : (size_t)t->skip;

	t->skip -= drop;
	data += drop;
	size -= drop;
	if (size > sink->size - sink->have)
		return refuse_as(t->err, EFBIG, "the server sends more than the %llu bytes that the blob has",
				 (unsigned long long)sink->size);
	while (size > 0) {
		ssize_t done = pwrite(sink->fd, data, size, (off_t)sink->have);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(t->err, errno, "write the blob");
		data += done;
		size -= (size_t)done;
		sink->have += (uint64_t)done;
	}
	return report(sink->progress, sink->have, t->err);
}

static size_t on_body(char *data, size_t size, size_t count, void *context_)
{
	struct transfer *t = context_;
	long status = status_of(t);
	bool good = status >= 200 && status < 300; /* NOLINT(readability-magic-numbers): 2xx */

	size *= count;
	if (!good || !t->request->sink)
		t->result = keep_text(t, data, size, !good);
	else if (!t->begun)
		t->result = begin_sink(t, status);
	if (t->result == 0 && good && t->request->sink)
		t->result = keep_in_sink(t, data, size);
	return t->result == 0 ? size : 0;
}

static size_t on_read(char *buffer, size_t size, size_t count, void *context_)
{
	struct transfer *t = context_;
	const struct http_body *body = t->request->body;
	uint64_t left = body->size - t->sent;
	size_t room = size * count < left ? size * count : (size_t)left;
	ssize_t got = (ssize_t)room;

	if (body->text)
		memcpy(buffer, body->text + t->sent, room);
	else
		do
			got = pread(body->fd, buffer, room, (off_t)(body->offset + t->sent));
		while (got < 0 && errno == EINTR);
	if (got < 0)
		t->result = fail(t->err, errno, "read the blob");
	else if (got == 0 && room > 0)
		t->result = refuse_as(t->err, EIO, "the blob ends after %llu of %llu bytes",
				      (unsigned long long)(body->offset + t->sent),
				      (unsigned long long)(body->offset + body->size));
	else
		t->sent += (uint64_t)got;
	return t->result == 0 ? (size_t)got : CURL_READFUNC_ABORT;
}

/* A connection that was kept turns out to be closed: libcurl sends the body again. */
static int on_seek(void *context_, curl_off_t offset, int origin)
{
	struct transfer *t = context_;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->request->body->size)
		return CURL_SEEKFUNC_CANTSEEK;
	t->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int on_tick(void *context_, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	struct transfer *t = context_;
	const struct http_sink *sink = t->request->sink;
	const struct http_body *body = t->request->body;

	(void)down_total, (void)down, (void)up_total, (void)up;
	if (t->result == 0 && sink)
		t->result = report(sink->progress, sink->have, t->err);
	if (t->result == 0 && body)
		t->result = report(body->progress, body->done + t->sent, t->err);
	return t->result != 0;
}

/* The file of the system's authorities if there is none, as on a machine without ca-certificates; else NULL. */
static const char *missing_authorities(const struct http_tls *tls)
{
	const char *path = curl_version_info(CURLVERSION_NOW)->cainfo;

	return path && !tls->authorities && !tls->insecure && access(path, R_OK) < 0 ? path : NULL;
}

static void set_tls(CURL *curl, const struct http_tls *tls)
{
	struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

	if (tls->insecure) {
		(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (tls->authorities) { /* instead of the system's file; its directory is still looked into */
		blob.data = (void *)(uintptr_t)tls->authorities;
		blob.len = strlen(tls->authorities);
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
	}
	/* libcurl would fail before a word is spoken, with a host that speaks no TLS too. */
	if (missing_authorities(tls))
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	if (tls->certificate) {
		(void)curl_easy_setopt(curl, CURLOPT_SSLCERT, tls->certificate);
		(void)curl_easy_setopt(curl, CURLOPT_SSLKEY, tls->key);
	}
}

/* As programs of the container world do: $HTTP_PROXY in capitals too, and never for a loopback address. */
static void set_proxy(CURL *curl, const char *url)
{
	const char *proxy = getenv("HTTP_PROXY");

	if (http_url_is_loopback(url))
		(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	else if (http_url_is_plain(url) && proxy && *proxy && !getenv("http_proxy"))
		(void)curl_easy_setopt(curl, CURLOPT_PROXY, proxy);
}

static void set_body(CURL *curl, struct transfer *t)
{
	const struct http_request *request = t->request;

	if (request->body) {
		(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body->size);
		(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
		(void)curl_easy_setopt(curl, CURLOPT_READDATA, t);
		(void)curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
		(void)curl_easy_setopt(curl, CURLOPT_SEEKDATA, t);
	}
	if (str_eq(request->method, "HEAD"))
		(void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else
		(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	/* A blob may take as long as bytes come; a document may not trickle in for ever. */
	if (!request->sink && !(request->body && !request->body->text))
		(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)DOCUMENT_TIMEOUT_S);
}

/* A registry may need minutes for a large blob between its last byte and the answer. */
static long stall_time(const struct http_request *request, unsigned stall_s)
{
	return request->body && !request->body->text ? (long)UPLOAD_PATIENCE * stall_s : (long)stall_s;
}

static void set_up(CURL *curl, struct transfer *t, unsigned stall_s)
{
	const struct http_request *request = t->request;

	curl_easy_reset(curl);
	(void)curl_easy_setopt(curl, CURLOPT_URL, request->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, request->plain ? "http,https" : "https");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "coffer/" COFFER_VERSION);
	(void)curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall_time(request, stall_s));
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_tick);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	set_tls(curl, request->tls);
	set_proxy(curl, request->url);
	set_body(curl, t);
}

static const struct {
	CURLcode code;
	int errnum;
} curl_errors[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH },
	{ CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH },
	{ CURLE_COULDNT_CONNECT, ECONNREFUSED },
	{ CURLE_OPERATION_TIMEDOUT, ETIMEDOUT },
	{ CURLE_PARTIAL_FILE, ECONNRESET },
	{ CURLE_RECV_ERROR, ECONNRESET },
	{ CURLE_SEND_ERROR, ECONNRESET },
	{ CURLE_GOT_NOTHING, ECONNRESET },
	{ CURLE_HTTP2, ECONNRESET },
	{ CURLE_HTTP2_STREAM, ECONNRESET },
	{ CURLE_PEER_FAILED_VERIFICATION, EKEYREJECTED },
	{ CURLE_SSL_CERTPROBLEM, EKEYREJECTED },
	{ CURLE_SSL_CACERT_BADFILE, EKEYREJECTED },
	{ CURLE_OUT_OF_MEMORY, ENOMEM },
};

static int fail_curl(CURLcode code, const char *detail, const struct http_tls *tls, struct error *err)
{
	const char *missing = code == CURLE_PEER_FAILED_VERIFICATION ? missing_authorities(tls) : NULL;
	char text[CURL_ERROR_SIZE];
	int errnum = EPROTO;

	for (size_t i = 0; i < ARRAY_SIZE(curl_errors); i++)
		if (curl_errors[i].code == code)
			errnum = curl_errors[i].errnum;
	(void)snprintf(text, sizeof(text), "%s", *detail ? detail : curl_easy_strerror(code));
	utf8_one_line(text);
	if (missing)
		return refuse_as(
			err, errnum,
			"%s; this machine trusts nobody, since %s is missing: install ca-certificates, or name "
			"a directory with the authority's certificate by --cert-dir",
			text, missing);
	if (code == CURLE_SSL_CONNECT_ERROR && strstr(text, "wrong version number"))
		return refuse_as(err, errnum, "%s; if the registry speaks plain HTTP, --tls-verify=false takes it",
				 text);
	return refuse_as(err, errnum, "%s", text);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(list, text);

	if (!longer)
		abort();
	return longer;
}

static struct curl_slist *request_headers(const struct http_request *request)
{
	struct curl_slist *list = NULL;
	auto_free char *range = NULL;
	auto_free char *authorization = NULL;

	for (const char *const *header = request->headers; header && *header; header++)
		list = add_header(list, *header);
	if (request->authorization) {
		authorization = xasprintf("Authorization: %s", request->authorization);
		list = add_header(list, authorization);
	}
	if (request->sink && request->sink->have > 0 && !request->sink->no_range) {
		range = xasprintf("Range: bytes=%llu-", (unsigned long long)request->sink->have);
		list = add_header(list, range);
	}
	return list;
}

int http_transfer(void *curl, const struct http_request *request, unsigned stall_s, struct http_response *ret,
		  struct error *err)
{
	struct transfer t = { .curl = curl, .request = request, .response = ret, .err = err };
	struct curl_slist *headers = request_headers(request);
	char detail[CURL_ERROR_SIZE] = "";
	curl_off_t wait = 0;
	curl_off_t length = -1;
	CURLcode code;

	ret->text = xstrdup("");
	t.capacity = 1;
	set_up(curl, &t, stall_s);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(curl);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(headers);
	ret->status = (int)status_of(&t);
	if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
		ret->retry_after = (uint64_t)wait;
	if (curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK)
		ret->whole = code == CURLE_OK && length >= 0;
	if (t.result < 0)
		return t.result;
	return code == CURLE_OK ? 0 : fail_curl(code, detail, request->tls, err);
}

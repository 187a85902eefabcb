/*
 * http.h - one HTTP exchange. http*.c are the only users of libcurl, which does the protocol, TLS and proxies; what is
 * decided here: a server is hostile, so all that it sends is bounded, redirects are followed by us, and credentials go
 * to the host that they are for.
 *
 * Proxies are those of $HTTPS_PROXY, $HTTP_PROXY, $ALL_PROXY and $NO_PROXY, in lower case too; loopback addresses are
 * never asked through one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "source.h"

/* Connections that are kept for the next exchange. Any number of threads may use one at the same time. */
struct http;

/* The program ignores SIGPIPE from here on: TLS may write to a connection that is gone. stall_s: seconds without a
   byte, after which a connection counts as cut; 0: 60. */
struct http *http_new(unsigned stall_s);
void http_free(struct http *http); /* NULL-safe */

DEFINE_AUTO(http, struct http, http_free)
#define auto_http auto_cleanup(cleanup_http)

struct http_tls {
	bool insecure;                 /* certificates are not checked */
	const char *authorities;       /* PEM certificates that are trusted beside the system's, or NULL */
	const char *certificate, *key; /* paths of the client's, or NULL; only for the host of the request's address */
};

/* Where a blob goes: to fd, a file, from its byte `have` on, by pwrite(2). */
struct http_sink {
	int fd;
	uint64_t have; /* bytes of the blob that fd holds: counted up while it comes, also when it is cut */
	uint64_t size; /* of the whole blob; more than that is an error */
	const struct fetch_progress *progress; /* may be NULL */
	bool no_range;                         /* ask for all of it, and drop what is there */
};

/* What is sent: text, or when that is NULL `size` bytes of fd from `offset`, read with pread(2). */
struct http_body {
	const char *text;
	int fd;
	uint64_t offset, size;
	uint64_t done; /* reported is done + what is sent */
	const struct fetch_progress *progress;
};

struct http_request {
	const char *method, *url;
	const char *authorization;  /* value of that header, or NULL; to the host of url only */
	const char *const *headers; /* "Name: value"; NULL-terminated, or NULL */
	const struct http_tls *tls;
	bool plain;                   /* plain HTTP is taken */
	size_t max;                   /* bytes of the answer that is kept in memory; more is an error */
	const struct http_body *body; /* NULL: none is sent */
	struct http_sink *sink;       /* where the body of a 2xx goes; NULL: to memory */
};

enum http_header {
	HTTP_CONTENT_TYPE,
	HTTP_LOCATION,
	HTTP_AUTHENTICATE, /* several are joined with ", " */
	HTTP_CONTENT_RANGE,
	HTTP_RANGE,
	HTTP_CHUNK_MIN,
	HTTP_HEADER_MAX
};

struct http_response {
	int status;
	char *headers[HTTP_HEADER_MAX]; /* NULL: not sent */
	char *text;                     /* the body, NUL-terminated; never NULL */
	size_t length;
	uint64_t retry_after; /* seconds that the server asks to wait; 0: it does not */
	bool whole;           /* the server said how long the body is, and so long it was */
	char *url;            /* where the answer came from in the end */
	bool elsewhere;       /* that is another origin than the request's: its 401 is not for us */
};

void http_response_free(struct http_response *response); /* leaves it empty */
#define auto_http_response auto_cleanup(http_response_free)

/*
 * One exchange, redirects included (GET and HEAD: all; others: 307 and 308; a text that is sent stays at its host). Any
 * status is a success of this call. With a sink that has bytes already, the rest is asked for with Range; of a server
 * that sends all the same, the first bytes are dropped. -ECONNRESET, -ETIMEDOUT: the network; -ECONNREFUSED,
 * -EHOSTUNREACH: there is nobody; -EPROTO: TLS or HTTP is not spoken there; -EKEYREJECTED: a certificate; -EFBIG: too
 * much; -ECANCELED: progress said so; others: what is local.
 */
int http_send(struct http *http, const struct http_request *request, struct http_response *ret, struct error *err);

/* Addresses, absolute, http or https, without user and password. NULL: it is none. The caller frees. */
char *http_url_join(const char *base, const char *reference);
char *http_url_add(const char *url, const char *name, const char *value); /* appends to the query, encoded */
bool http_url_same_origin(const char *a, const char *b);                  /* scheme, host and port */
bool http_url_is_plain(const char *url);                                  /* http: */
bool http_url_is_loopback(const char *url); /* localhost, 127.0.0.0/8, ::1: no name that somebody else answers for */
char *http_form_encode(const char *value);  /* for application/x-www-form-urlencoded */

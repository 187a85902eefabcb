/*
 * registry_endpoint.h - private to registry*.c: one host with one repository on it, and what we may do there. All
 * functions may be called from several threads at once.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "certs.h"
#include "challenge.h"
#include "credentials.h"
#include "http.h"
#include "registry.h"
#include "retry.h"

struct endpoint {
	struct http *http;   /* its own */
	char *host;          /* "docker.io": what credentials and certificates are filed under */
	char *origin;        /* "https://registry-1.docker.io" */
	char *repository;    /* with the prefix of a mirror */
	const char *actions; /* "pull" or "pull,push" */
	struct certs certs;
	struct http_tls tls; /* points into certs */
	bool plain;          /* plain HTTP is taken */
	unsigned retries, pause_ms;
	uint64_t chunk;
	char *user, *auth_file;
	atomic_bool reached; /* it has answered once */

	pthread_mutex_t lock; /* for what follows */
	struct credentials credentials;
	bool credentials_known;
	struct arena *arena;        /* of challenge */
	struct challenge challenge; /* realm NULL: none was seen, or it is basic */
	char *authorization;        /* the value of the header, or NULL */
	time_t expires;             /* of a token, CLOCK_MONOTONIC; 0: not said */
	unsigned generation;        /* of authorization */
};

int endpoint_open(const char *host, const char *repository, const char *actions, const struct registry_options *options,
		  struct endpoint **ret, struct error *err);
void endpoint_free(struct endpoint *endpoint); /* NULL-safe */

DEFINE_AUTO(endpoint, struct endpoint, endpoint_free)
#define auto_endpoint auto_cleanup(cleanup_endpoint)

/* "<origin>/v2/<repository>/<what>/<which>"; the caller frees. */
char *endpoint_url(const struct endpoint *endpoint, const char *what, const char *which);

/* One exchange: fills in tls, plain and, for an address of this host, authorization; answers one 401. ret is empty
   before and, on failure, after. */
int endpoint_try(struct endpoint *endpoint, const struct http_request *request, struct http_response *ret,
		 struct error *err);

/* The same as often as it helps. progress: asked while it waits. */
int endpoint_request(struct endpoint *endpoint, const struct http_request *request,
		     const struct fetch_progress *progress, struct http_response *ret, struct error *err);

/* The error for a status that is not what was wanted, in the registry's own words: -EACCES for 401 and 403, -ENOENT
   for 404, else -EIO. */
int endpoint_refuse(const struct http_request *request, const struct http_response *response, struct error *err);

struct retry endpoint_retry(const struct endpoint *endpoint);

/* A new token for endpoint->challenge, into endpoint->authorization; called with the lock held. */
int endpoint_fetch_token(struct endpoint *endpoint, struct error *err);

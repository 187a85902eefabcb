/*
 * registry.h - a registry by distribution-spec 1.1 (specs/distribution-spec.md), over libcurl. A server and all that it
 * sends are hostile: bounded sizes, digests checked, redirects without credentials to other hosts.
 *
 *	registry_request.c   one request with credentials, and again after failures that pass
 *	registry_endpoint.c  one host: its address, certificates, credentials
 *	registry_token.c     bearer tokens
 *	registry_pull.c      the source of pull
 *	registry_push.c      push
 *
 * Addresses are https. Plain HTTP is tried as well, when the host does not speak TLS, for loopback addresses unless
 * `tls_only` is set, and where `insecure` is; a certificate that is not trusted is never answered by plain HTTP.
 * docker.io is registry-1.docker.io.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ref.h"
#include "source.h"

enum { REGISTRY_RETRIES = 5, REGISTRY_PAUSE_MS = 500 };

struct registry_options {
	const char *auth_file; /* --authfile; NULL: $REGISTRY_AUTH_FILE, containers' auth.json, docker's config.json */
	const char *user;      /* --creds USER[:PASSWORD], or NULL */
	const char *ca_dir; /* --cert-dir: *.crt, *.cert + *.key; NULL: /etc/containers/certs.d, /etc/docker/certs.d */
	bool insecure;      /* --tls-verify=false: plain HTTP and unknown certificates are taken */
	bool tls_only;      /* --tls-verify=true: no plain HTTP for loopback addresses either */
	const char *const *mirrors; /* --mirror HOST[/PREFIX]: asked first, in order; NULL-terminated, or NULL */
	unsigned retries;  /* of a request, or of a blob that was cut and got no further; REGISTRY_RETRIES is usual */
	unsigned pause_ms; /* before the first retry, doubling from there; 0: REGISTRY_PAUSE_MS */
	unsigned stall_s;  /* without a byte for so long a connection counts as cut, ten times that in a push; 0: 60 */
	uint64_t chunk;    /* push: blobs go in pieces of so many bytes; 0: in one piece */
};

/* The source of pull: see source.h. Mirrors first, then the registry itself; at a mirror nothing is retried. ref and
   options need not outlive the call. */
int registry_source_open(const struct image_ref *ref, const struct registry_options *options, struct source **ret,
			 struct error *err);

/* Push: what is there already is not sent again; blobs may be sent from several threads. Mirrors are not asked. */
struct registry;

int registry_open(const struct image_ref *ref, const struct registry_options *options, struct registry **ret,
		  struct error *err);
void registry_close(struct registry *registry); /* NULL-safe */

/* descriptor->size bytes of fd from its start, read with pread(2). */
int registry_put_blob(struct registry *registry, const struct descriptor *descriptor, int fd,
		      const struct fetch_progress *progress, struct error *err);

/* tag NULL: by digest. */
int registry_put_manifest(struct registry *registry, const struct document *document, const char *tag,
			  struct error *err);

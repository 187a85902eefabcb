/*
 * registry.h - a registry by distribution-spec 1.1, over libcurl. A server and all that it sends are hostile: bounded
 * sizes, digests checked, redirects without credentials to other hosts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ref.h"
#include "source.h"

struct registry_options {
	const char *auth_file; /* --authfile; NULL: $REGISTRY_AUTH_FILE, containers' auth.json, docker's config.json */
	const char *user;      /* --creds USER[:PASSWORD], or NULL */
	const char *ca_dir; /* --cert-dir: *.crt, *.cert + *.key; NULL: /etc/containers/certs.d, /etc/docker/certs.d */
	bool insecure;      /* --tls-verify=false: plain HTTP and unknown certificates are taken */
	const char *const *mirrors; /* --mirror HOST[/PREFIX]: asked first, in order; NULL-terminated, or NULL */
	unsigned retries;           /* a request or an interrupted blob, with doubling pauses; default 5 */
};

/* The source of pull: see source.h. */
int registry_source_open(const struct image_ref *ref, const struct registry_options *options, struct source **ret,
			 struct error *err);

/* Push: what is there already is not sent again; blobs may be sent from several threads. */
struct registry;

int registry_open(const struct image_ref *ref, const struct registry_options *options, bool push, struct registry **ret,
		  struct error *err);
void registry_close(struct registry *registry);
int registry_put_blob(struct registry *registry, const struct descriptor *descriptor, int fd,
		      const struct fetch_progress *progress, struct error *err);
/* tag NULL: by digest. */
int registry_put_manifest(struct registry *registry, const struct document *document, const char *tag,
			  struct error *err);

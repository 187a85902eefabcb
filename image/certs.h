/*
 * certs.h - certificates for one registry, in the directories that Podman and Docker use:
 *
 *	*.crt             authorities to trust beside the system's
 *	NAME.cert         the client's own certificate, with NAME.key; the first pair by name counts
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"

struct certs {
	char *authorities;       /* all *.crt, PEM; NULL: none */
	char *certificate, *key; /* paths; NULL: none */
};

void certs_free(struct certs *certs); /* leaves it empty */
#define auto_certs auto_cleanup(certs_free)

/* dir: --cert-dir; it must exist. NULL: HOST in $HOME/.config/containers/certs.d, /etc/containers/certs.d,
   /etc/docker/certs.d, the first that is there; none is no error. A certificate without its key is one, and the
   reverse. */
int certs_load(const char *dir, const char *host, struct certs *ret, struct error *err);

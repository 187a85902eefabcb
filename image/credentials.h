/*
 * credentials.h - who we are for a registry, as `podman login` and `docker login` left it: the containers auth.json and
 * docker's config.json (their format is the same), and docker-credential-NAME helpers. These files are the user's own:
 * trusted, but bounded.
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"

struct credentials {
	char *user, *password; /* both, or both NULL */
	char *identity_token;  /* a refresh token of the token server, instead of a password; or NULL */
	char *registry_token;  /* sent as a bearer as it is; or NULL */
};

void credentials_free(struct credentials *credentials); /* leaves it empty */
#define auto_credentials auto_cleanup(credentials_free)

/*
 * user: --creds USER[:PASSWORD], or NULL. auth_file: --authfile, or NULL. Then, in this order: $REGISTRY_AUTH_FILE,
 * which like auth_file must exist and is the only one then; $XDG_RUNTIME_DIR/containers/auth.json
 * (/run/containers/UID/...), $XDG_CONFIG_HOME/containers/auth.json (~/.config/...), $DOCKER_CONFIG/config.json
 * (~/.docker/...). In a file: credHelpers of the host; auths of HOST/REPOSITORY, of its parents, of HOST; credsStore.
 * Nothing found is 0 and empty.
 */
int credentials_find(const char *user, const char *auth_file, const char *host, const char *repository,
		     struct credentials *ret, struct error *err);

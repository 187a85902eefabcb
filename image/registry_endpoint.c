/* registry_endpoint.c - one host: address, certificates, credentials; see registry_endpoint.h. */
#include "registry_endpoint.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

enum { PROBE_MAX = 64 * 1024 };

void endpoint_free(struct endpoint *endpoint)
{
	if (!endpoint)
		return;
	http_free(endpoint->http);
	free(endpoint->host);
	free(endpoint->origin);
	free(endpoint->repository);
	certs_free(&endpoint->certs);
	free(endpoint->user);
	free(endpoint->auth_file);
	credentials_free(&endpoint->credentials);
	arena_free(endpoint->arena);
	free(endpoint->authorization);
	(void)pthread_mutex_destroy(&endpoint->lock);
	free(endpoint);
}

char *endpoint_url(const struct endpoint *endpoint, const char *what, const char *which)
{
	return xasprintf("%s/v2/%s/%s/%s", endpoint->origin, endpoint->repository, what, which);
}

struct retry endpoint_retry(const struct endpoint *endpoint)
{
	return (struct retry){ .left = endpoint->retries, .pause_ms = endpoint->pause_ms };
}

/* Failures of a host that does not speak TLS, or that only the proxy for plain HTTP knows; a certificate that is not
   trusted is none. */
static bool speaks_no_tls(int r)
{
	return r == -EPROTO || r == -ECONNREFUSED || r == -ECONNRESET || r == -EHOSTUNREACH;
}

/* Where both may be: https if the host speaks it. */
static void probe(struct endpoint *endpoint)
{
	auto_free char *url = xasprintf("%s/v2/", endpoint->origin);
	auto_http_response struct http_response response = { 0 };
	const struct http_request request = { .method = "GET", .url = url, .tls = &endpoint->tls, .max = PROBE_MAX };
	struct error ignored;

	if (!speaks_no_tls(http_send(endpoint->http, &request, &response, &ignored)))
		return;
	memmove(endpoint->origin + strlen("http"), endpoint->origin + strlen("https"),
		strlen(endpoint->origin) - strlen("https") + 1);
	endpoint->plain = true;
}

int endpoint_open(const char *host, const char *repository, const char *actions, const struct registry_options *options,
		  struct endpoint **ret, struct error *err)
{
	auto_endpoint struct endpoint *endpoint = xcalloc(1, sizeof(*endpoint));
	int r;

	if (pthread_mutex_init(&endpoint->lock, NULL) != 0)
		abort();
	endpoint->http = http_new(options->stall_s);
	endpoint->host = xstrdup(host);
	endpoint->origin = xasprintf("https://%s", str_eq(host, "docker.io") ? "registry-1.docker.io" : host);
	endpoint->repository = xstrdup(repository);
	endpoint->actions = actions;
	endpoint->plain = options->insecure;
	endpoint->retries = options->retries;
	endpoint->pause_ms = options->pause_ms ? options->pause_ms : REGISTRY_PAUSE_MS;
	endpoint->chunk = options->chunk;
	endpoint->user = options->user ? xstrdup(options->user) : NULL;
	endpoint->auth_file = options->auth_file ? xstrdup(options->auth_file) : NULL;
	r = certs_load(options->ca_dir, host, &endpoint->certs, err);
	if (r < 0)
		return context(err, "certificates of %s", host);
	endpoint->tls = (struct http_tls){
		.insecure = options->insecure,
		.authorities = endpoint->certs.authorities,
		.certificate = endpoint->certs.certificate,
		.key = endpoint->certs.key,
	};
	if (options->insecure || (!options->tls_only && http_url_is_loopback(endpoint->origin)))
		probe(endpoint);
	*ret = take_ptr(endpoint);
	return 0;
}

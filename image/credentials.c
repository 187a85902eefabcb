/* credentials.c - see credentials.h. */
#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "base64.h"
#include "credentials_helper.h"

enum { FILE_MAX = 1024 * 1024, DEPTH_MAX = 16 };

/* What docker has always written for its own registry. */
#define DOCKER_SERVER "https://index.docker.io/v1/"

void credentials_free(struct credentials *credentials)
{
	free(credentials->user);
	free(credentials->password);
	free(credentials->identity_token);
	free(credentials->registry_token);
	*credentials = (struct credentials){ 0 };
}

static bool is_empty(const struct credentials *c)
{
	return !c->user && !c->identity_token && !c->registry_token;
}

/* USER:PASSWORD; no colon: an empty password. */
static void split_pair(const char *text, struct credentials *ret)
{
	size_t length = strcspn(text, ":");

	ret->user = xasprintf("%.*s", (int)length, text);
	ret->password = xstrdup(text[length] ? text + length + 1 : "");
}

/* A string member, or NULL when it is missing or empty. */
static int optional(const struct json *object, const char *key, const char **ret, struct error *err)
{
	const struct json *node = json_get(object, key);
	int r;

	*ret = NULL;
	if (!node || node->type == JSON_NULL)
		return 0;
	r = json_string(node, ret, err);
	if (r == 0 && **ret == '\0')
		*ret = NULL;
	return r;
}

static int decode_auth(const struct json *entry, const char *auth, struct credentials *ret, struct error *err)
{
	size_t size;
	auto_free char *pair = base64_decode(auth, strlen(auth), &size);

	if (!pair || strlen(pair) != size || !strchr(pair, ':'))
		return json_refuse(entry, err, "\"auth\" is no base64 of USER:PASSWORD");
	split_pair(pair, ret);
	return 0;
}

static int decode_entry(const struct json *entry, struct credentials *ret, struct error *err)
{
	const char *auth, *user, *password, *identity, *token;
	auto_credentials struct credentials c = { 0 };
	int r;

	if (optional(entry, "auth", &auth, err) < 0 || optional(entry, "username", &user, err) < 0 ||
	    optional(entry, "password", &password, err) < 0 || optional(entry, "identitytoken", &identity, err) < 0 ||
	    optional(entry, "registrytoken", &token, err) < 0)
		return -err->code;
	r = auth ? decode_auth(entry, auth, &c, err) : 0;
	if (r < 0)
		return r;
	if (!c.user && user && password) {
		c.user = xstrdup(user);
		c.password = xstrdup(password);
	}
	c.identity_token = identity ? xstrdup(identity) : NULL;
	c.registry_token = token ? xstrdup(token) : NULL;
	*ret = c;
	c = (struct credentials){ 0 };
	return 0;
}

/* "https://host/v1/" is how old clients filed "host"; docker.io has several such names. */
static bool is_legacy_key(const char *key, const char *host)
{
	static const char *const docker_names[] = { "docker.io", "index.docker.io", "registry-1.docker.io" };
	const char *start = strstr(key, "://");
	size_t length;

	start = start ? start + strlen("://") : key;
	length = strcspn(start, "/");
	if (!str_eq(start + length, "") && !str_eq(start + length, "/") && !str_eq(start + length, "/v1/") &&
	    !str_eq(start + length, "/v2/") && !str_eq(start + length, "/v1") && !str_eq(start + length, "/v2"))
		return false;
	for (size_t i = 0; str_eq(host, "docker.io") && i < ARRAY_SIZE(docker_names); i++)
		if (strlen(docker_names[i]) == length && strncmp(docker_names[i], start, length) == 0)
			return true;
	return strlen(host) == length && strncmp(host, start, length) == 0;
}

static const struct json *member_of_host(const struct json *object, const char *host)
{
	const struct json *node = json_get(object, host);

	for (const struct json *child = object && !node ? object->first : NULL; child; child = child->next)
		if (child->key && is_legacy_key(child->key, host))
			return child;
	return node;
}

/* The entry of HOST/A/B, else of HOST/A, else of HOST. */
static const struct json *find_entry(const struct json *auths, const char *host, const char *repository)
{
	auto_free char *key = xasprintf("%s/%s", host, repository);

	for (char *slash = strrchr(key, '/'); slash; slash = strrchr(key, '/')) {
		const struct json *node = json_get(auths, key);

		if (node)
			return node;
		*slash = '\0';
	}
	return member_of_host(auths, host);
}

static int ask(const struct json *name, const char *host, struct credentials *ret, struct error *err)
{
	const char *helper;
	int r = json_string(name, &helper, err);

	if (r == 0)
		r = credentials_ask_helper(helper, str_eq(host, "docker.io") ? DOCKER_SERVER : host, ret, err);
	return r;
}

static int find_in(const struct json *root, const char *host, const char *repository, struct credentials *ret,
		   struct error *err)
{
	const struct json *helper = member_of_host(json_get(root, "credHelpers"), host);
	const struct json *entry = find_entry(json_get(root, "auths"), host, repository);
	const struct json *store = json_get(root, "credsStore");
	int r;

	if (helper)
		return ask(helper, host, ret, err);
	r = entry ? decode_entry(entry, ret, err) : 0;
	if (r == 0 && is_empty(ret) && store && store->type != JSON_NULL)
		r = ask(store, host, ret, err);
	return r;
}

static int find_in_file(const char *path, bool must_exist, const char *host, const char *repository,
			struct credentials *ret, struct error *err)
{
	static const struct json_limits limits = { .size = FILE_MAX, .depth = DEPTH_MAX };
	auto_arena struct arena *arena = arena_new();
	auto_free char *text = NULL;
	size_t length = 0;
	struct json *root = NULL;
	int r = fd_read_file(AT_FDCWD, path, FILE_MAX, &text, &length, err);

	if ((r == -ENOENT || r == -ENOTDIR || r == -EACCES) && !must_exist)
		return 0;
	if (r < 0)
		return r;
	if (length == 0)
		return 0;
	r = json_parse(arena, path, text, length, &limits, &root, err);
	if (r < 0)
		return r;
	r = find_in(root, host, repository, ret, err);
	return r < 0 ? context(err, "%s", path) : 0;
}

/* VARIABLE/rest, or else_format with HOME; NULL when neither is set. */
static char *user_path(const char *variable, const char *below_variable, const char *below_home)
{
	const char *dir = getenv(variable);
	const char *home = getenv("HOME");

	if (dir && *dir == '/')
		return xasprintf("%s/%s", dir, below_variable);
	return home && *home == '/' ? xasprintf("%s/%s", home, below_home) : NULL;
}

static int find_in_defaults(const char *host, const char *repository, struct credentials *ret, struct error *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	auto_free char *first = runtime && *runtime == '/' ? xasprintf("%s/containers/auth.json", runtime)
							   : xasprintf("/run/containers/%u/auth.json", getuid());
	auto_free char *second = user_path("XDG_CONFIG_HOME", "containers/auth.json", ".config/containers/auth.json");
	auto_free char *third = user_path("DOCKER_CONFIG", "config.json", ".docker/config.json");
	const char *const paths[] = { first, second, third };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int r = paths[i] ? find_in_file(paths[i], false, host, repository, ret, err) : 0;

		if (r < 0 || !is_empty(ret))
			return r;
	}
	return 0;
}

int credentials_find(const char *user, const char *auth_file, const char *host, const char *repository,
		     struct credentials *ret, struct error *err)
{
	const char *variable = getenv("REGISTRY_AUTH_FILE");
	auto_credentials struct credentials found = { 0 };
	int r = 0;

	if (!auth_file && variable && *variable)
		auth_file = variable;
	if (user)
		split_pair(user, &found);
	else if (auth_file)
		r = find_in_file(auth_file, true, host, repository, &found, err);
	else
		r = find_in_defaults(host, repository, &found, err);
	if (r < 0)
		return r;
	*ret = found;
	found = (struct credentials){ 0 };
	return 0;
}

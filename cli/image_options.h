/* image_options.h - the options that several verbs of coffer-image share: rows of their tables, and what is made of
   them. */
#pragma once

#include "image/layer.h"
#include "image/pull.h"
#include "image/ref.h"
#include "image/registry.h"
#include "image/source.h"
#include "options.h"
#include "runtime/container.h"
#include "verb.h"

/* Of registries. */
struct image_registry_options {
	const char *auth_file, *creds, *cert_dir;
	enum tristate tls_verify;
	const char *const *mirrors;
};

/* For a struct with a member `registry`. */
#define REGISTRY_ROWS(type)                                                                                            \
	TEXT_ROW(type, registry.auth_file, "authfile", 0, "FILE", "credentials (default: as Podman and Docker)"),      \
		TEXT_ROW(type, registry.creds, "creds", 0, "USER[:PASS]", "credentials themselves"),                   \
		TEXT_ROW(type, registry.cert_dir, "cert-dir", 0, "DIR", "certificates of the registry"),               \
		TRISTATE_ROW(type, registry.tls_verify, "tls-verify", 0, "auto|true|false",                            \
			     "false: plain HTTP, any certificate")

/* Of what becomes an image in the store. */
struct image_pull_options {
	const char *platform, *name;
	const char *const *limits;
	struct opt_u64 jobs;
	unsigned layers; /* enum layer_form, by image_layer_forms */
	bool quiet;
};

extern const char *const image_layer_forms[];

/* For a struct with a member `pull`. */
#define PULL_ROWS(type)                                                                                                \
	TEXT_ROW(type, pull.platform, "platform", 0, "OS/ARCH[/VAR]", "another than this machine's"),                  \
		TEXT_ROW(type, pull.name, "name", 0, "NAME", "the name that the image gets"),                          \
		NUMBER_ROW(type, pull.jobs, "jobs", 'j', "NUMBER", "layers at a time"),                                \
		CHOICE_ROW(type, pull.layers, image_layer_forms, "layers", 0, "directory|erofs",                       \
			   "how layers are kept: as files, or as one file"),                                           \
		LIST_ROW(type, pull.limits, "limit", 0, "NAME=NUMBER", "bytes, entries, ratio, path, depth ..."),      \
		FLAG_ROW(type, pull.quiet, "quiet", 'q', "no progress")

/* -errno with text if the file of --authfile cannot be read: that need not show before a registry wants a login. */
int image_registry_options(const struct image_registry_options *options, struct registry_options *ret,
			   struct error *err);

int image_check_jobs(const struct opt_u64 *jobs, struct error *err);

/* Pulls from the source, shows the progress, and prints the id. name: what the image is called if --name does not say;
   NULL: as at its source. expected: see pull.h. */
int image_pull_from(const struct invocation *in, const struct image_pull_options *options, struct source *source,
		    const char *name, const struct digest *expected, struct error *err);

/* True if mknod is not permitted: this is root of a user namespace. */
bool image_no_devices(const struct store *store);

/*
 * manifest.h - indexes, manifests and descriptors, of OCI and Docker types (image-spec image-index.md, manifest.md,
 * descriptor.md). They come from registries and archives: hostile. Media type in document and descriptor must
 * agree (CVE-2021-41190); digests, sizes and counts are checked here, so that nobody after this does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "digest.h"
#include "layer.h"

enum media_kind { MEDIA_INDEX, MEDIA_MANIFEST, MEDIA_CONFIG, MEDIA_LAYER, MEDIA_OTHER };

/* Bytes of an index or manifest (distribution-spec: registries take 4 MiB), entries of an index, layers of an image. */
enum { MANIFEST_MAX = 4 * 1024 * 1024, INDEX_MANIFESTS_MAX = 4096, MANIFEST_LAYERS_MAX = 500 };

#define MEDIA_TYPE_OCI_INDEX       "application/vnd.oci.image.index.v1+json"
#define MEDIA_TYPE_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_TYPE_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define MEDIA_TYPE_OCI_LAYER       "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_TYPE_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_TYPE_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"

struct platform {
	const char *os, *architecture, *variant, *os_version; /* NULL: not said */
};

struct descriptor {
	const char *media_type;
	enum media_kind kind;
	struct digest digest;
	uint64_t size;
	enum compression compression; /* layers */
	bool foreign;                 /* a non-distributable layer: may have to come from `urls` */
	const char *const *urls;      /* NULL-terminated, or NULL */
	struct platform platform;     /* in an index */
	const struct key_value *annotations;
	size_t n_annotations;
	const char *data; /* embedded content, decoded and checked; NULL: none */
	size_t data_size;
};

struct index {
	struct descriptor *manifests;
	size_t n_manifests;
};

struct manifest {
	struct descriptor config;
	struct descriptor *layers;
	size_t n_layers;
};

/* media_type: of the descriptor or the HTTP header; the document's own must be the same where it has one, and it must
   not have what makes it the other kind of document. An artifact (config of another type, or artifactType set) is
   refused in words. Of an index, entries of any type are read: index_choose() takes images only. */
int index_decode(struct arena *arena, const char *text, size_t length, const char *media_type, struct index *ret,
		 struct error *err);
int manifest_decode(struct arena *arena, const char *text, size_t length, const char *media_type, struct manifest *ret,
		    struct error *err);

struct media_type {
	const char *name;
	enum media_kind kind;
	enum compression compression; /* layers */
	bool foreign;
};

const struct media_type *media_type_find(const char *name); /* NULL: not known */
enum media_kind media_kind(const char *media_type);         /* NULL: MEDIA_OTHER */

/* "linux/arm64/v8" -> platform, with the names that Go has for architectures; NULL: this machine's. */
int platform_parse(struct arena *arena, const char *text, struct platform *ret, struct error *err);

/* The best manifest for the platform: same os and architecture, best variant not above the wanted one.
   -ENOENT lists what there is. */
int index_choose(const struct index *index, const struct platform *wanted, const struct descriptor **ret,
		 struct error *err);

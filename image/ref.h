/*
 * ref.h - how people name an image:
 *
 *	oci:DIR[:TAG]  oci-archive:FILE[:TAG]  docker-archive:FILE[:TAG]  docker://NAME  dir-free plain names
 *
 * A NAME is normalised as Docker and Podman do: "busybox" is docker.io/library/busybox:latest; a first component with a
 * dot or colon, or "localhost", is a registry. distribution-spec names: lower case, at most 255 bytes, tag at most 128.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "digest.h"

enum ref_transport { REF_NAME, REF_OCI, REF_OCI_ARCHIVE, REF_DOCKER_ARCHIVE, REF_REGISTRY };

struct image_ref {
	enum ref_transport transport; /* REF_NAME: no transport was typed: stored name, id, or else a registry's */
	const char *path;             /* archives and layouts */
	const char *domain;           /* names: "docker.io", "localhost:5000" */
	const char *repository;       /* "library/busybox" */
	const char *tag;              /* NULL: none typed and a digest is there, or a layout's only image */
	struct digest digest;         /* hex empty: none */
	const char *name; /* the whole normalised name, "docker.io/library/busybox:latest"; NULL for paths */
};

int ref_parse(struct arena *arena, const char *text, struct image_ref *ret, struct error *err);

/*
 * ref.h - how people name an image:
 *
 *	oci:DIR[:TAG]  oci-archive:FILE[:TAG]  docker-archive:FILE[:TAG]  docker://NAME  NAME
 *
 * DIR and FILE end at the first colon; TAG there is what the archive calls the image, which may be a whole name.
 * NAME is [DOMAIN/]REPOSITORY[:TAG][@DIGEST], normalised as Docker and Podman do: "busybox" is
 * docker.io/library/busybox:latest. The first component is a domain if it has a dot, a colon or a capital letter, or is
 * "localhost". distribution-spec names: lower case, at most 255 bytes with the domain; a tag at most 128.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "digest.h"

enum ref_transport { REF_NAME, REF_OCI, REF_OCI_ARCHIVE, REF_DOCKER_ARCHIVE, REF_REGISTRY };

struct image_ref {
	enum ref_transport transport; /* REF_NAME: no transport was typed: stored name, id, or else a registry's */
	const char *path;             /* archives and layouts */
	const char *domain;           /* names: "docker.io", "localhost:5000"; fit for an address and for a file name */
	const char *repository;       /* "library/busybox" */
	const char *tag;              /* NULL: none typed and a digest is there, or a layout's only image */
	struct digest digest;         /* hex empty: none; else it counts, and the tag is only a name */
	const char *name; /* the whole normalised name, "docker.io/library/busybox:latest"; NULL for paths */
};

/* -EINVAL names the text and what is wrong with it. What is in *ret belongs to the arena. */
int ref_parse(struct arena *arena, const char *text, struct image_ref *ret, struct error *err);

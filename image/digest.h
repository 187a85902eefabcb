/*
 * digest.h - a content digest as image-spec descriptor.md writes it: "sha256:" and 64 lower-case hexadecimal digits, or
 * "sha512:" and 128. Checked once, when it is parsed: a digest is part of paths and addresses afterwards.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512, DIGEST_ALGORITHM_MAX };

enum { DIGEST_HEX_MAX = 128, DIGEST_TEXT_MAX = sizeof("sha512:") + DIGEST_HEX_MAX };

struct digest {
	enum digest_algorithm algorithm;
	char hex[DIGEST_HEX_MAX + 1]; /* empty: no digest */
};

/* Text to digest; -EINVAL names the text (cut) and the reason. Other registered algorithms are refused by name. */
int digest_parse(const char *text, struct digest *ret, struct error *err);

/* "sha256:..." written to buffer[DIGEST_TEXT_MAX]; returns buffer. */
const char *digest_text(const struct digest *digest, char *buffer);

/* "sha256" or "sha512": the directory of a layout's blobs. */
const char *digest_algorithm_name(enum digest_algorithm algorithm);

bool digest_eq(const struct digest *a, const struct digest *b);

/* json_decode_fn of a member that is a digest: target is a struct digest. */
int digest_decode(struct arena *arena, const struct json *node, void *target, struct error *err);

/* oom_request.h - requests to the watcher, as the verbs make them: specs/oom.md has the protocol. */
#pragma once

#include "base/json.h"
#include "verb.h"

/* A request without its end: more members may follow. The caller frees. */
struct json_writer *oom_begin(const char *op, const char *id);

/* Ends it, sends it, and gives the answer, in the invocation's arena. Where no watcher runs there is no container with
   the policy: with an id that is an error, without one success and no answer. */
int oom_send(const struct invocation *in, struct json_writer *writer, const char *id, struct json **ret_answer,
	     struct error *err);

/* One without more members. */
int oom_ask(const struct invocation *in, const char *op, const char *id, struct json **ret_answer, struct error *err);

/* A member of an answer as text, "-" if it is not there; and bytes as MiB with one decimal, rounded down. */
const char *oom_text(struct arena *arena, const struct json *object, const char *key);
const char *oom_mib(struct arena *arena, const struct json *object, const char *key);

/* "128m" -> bytes, more than 0. */
int oom_size(const char *text, uint64_t *ret, struct error *err);

/* oom_request.c - see oom_request.h. */
#include "oom_request.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/str.h"
#include "runtime/oom.h"

struct json_writer *oom_begin(const char *op, const char *id)
{
	struct json_writer *writer = json_writer_new(false);

	json_begin_object(writer, NULL);
	json_put_string(writer, "op", op);
	if (id)
		json_put_string(writer, "id", id);
	return writer;
}

/* Without a watcher there is no container with the policy. */
static int no_watcher(const char *id, struct error *err)
{
	return id ? refuse_as(err, ENOENT, "container `%s` has no freezing oom policy, or does not exist", id) : 0;
}

int oom_send(const struct invocation *in, struct json_writer *writer, const char *id, struct json **ret_answer,
	     struct error *err)
{
	auto_fd int fd = oom_connect_if_needed(in->runtime->root, err);

	json_end_object(writer);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return no_watcher(id, err);
	return fd < 0 ? fd : oom_request(fd, in->arena, json_writer_text(writer, NULL), ret_answer, err);
}

int oom_ask(const struct invocation *in, const char *op, const char *id, struct json **ret_answer, struct error *err)
{
	auto_json_writer struct json_writer *writer = oom_begin(op, id);

	return oom_send(in, writer, id, ret_answer, err);
}

/* ---- answers and arguments ---- */

const char *oom_text(struct arena *arena, const struct json *object, const char *key)
{
	const struct json *member = json_get(object, key);

	if (!member || !member->text)
		return "-";
	return member->type == JSON_NUMBER ? arena_strdup(arena, member->text) : member->text;
}

const char *oom_mib(struct arena *arena, const struct json *object, const char *key)
{
	enum { MIB = 1024 * 1024 };
	const struct json *member = json_get(object, key);
	uint64_t bytes;

	if (!member || member->type != JSON_NUMBER || str_to_u64(member->text, UINT64_MAX, &bytes) < 0)
		return "-";
	return arena_printf(arena, "%llu.%lluM", (unsigned long long)(bytes / MIB),
			    (unsigned long long)(bytes % MIB * 10 / MIB));
}

int oom_size(const char *text, uint64_t *ret, struct error *err)
{
	int64_t bytes;

	if (size_parse(text, &bytes) < 0 || bytes <= 0)
		return refuse(err, "oom: expected a size like 128m, found \"%.64s\"", text);
	*ret = (uint64_t)bytes;
	return 0;
}

/* fuzz_users.c - a user's name, passwd and group of an image: what is found is within bounds, whatever they hold. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* name NUL passwd NUL group */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena *arena = arena_new();
	char *text;
	const uint8_t *name_end = memchr(data, 0, size);
	const uint8_t *passwd_end;
	struct users_files files = { 0 };
	struct bundle_user user;
	struct error err;

	if (!name_end)
		return 0;
	text = arena_strndup(arena, (const char *)data, (size_t)(name_end - data));
	files.passwd = (const char *)name_end + 1;
	passwd_end = memchr(name_end + 1, 0, (size_t)(data + size - name_end - 1));
	files.passwd_length = (size_t)((passwd_end ? passwd_end : data + size) - name_end - 1);
	if (passwd_end) {
		files.group = (const char *)passwd_end + 1;
		files.group_length = (size_t)(data + size - passwd_end - 1);
	}
	if (users_resolve(arena, text, &files, &user, &err) == 0 && (user.uid > INT32_MAX || user.gid > INT32_MAX))
		abort();
	return 0;
}

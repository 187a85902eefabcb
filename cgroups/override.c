/* override.c - see override.h. */
#include "override.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/fd.h"

enum { NAME_SIZE = 64 };

static const char *note(const struct override *override, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "trusted.coffer.%s", override->file);
	return name;
}

static bool begins_with(const char *text, const char *word)
{
	const size_t length = strcspn(text, " ");

	return length == strlen(word) && memcmp(text, word, length) == 0;
}

void override_adopt(int cgroup_fd, struct override *override)
{
	char name[NAME_SIZE];
	ssize_t length = fgetxattr(cgroup_fd, note(override, name), override->before, sizeof(override->before) - 1);

	override->before[length < 0 ? 0 : length] = '\0';
}

void override_begin(int cgroup_fd, struct override *override)
{
	char text[OVERRIDE_SIZE];
	char name[NAME_SIZE];

	if (override->before[0] || fd_read_small(cgroup_fd, override->file, text, sizeof(text)) <= 0 ||
	    begins_with(text, override->fine) || fsetxattr(cgroup_fd, note(override, name), text, strlen(text), 0) < 0)
		return;
	memcpy(override->before, text, sizeof(text));
	(void)fd_write_existing(cgroup_fd, override->file, override->meanwhile);
}

void override_end(int cgroup_fd, struct override *override)
{
	char text[OVERRIDE_SIZE];
	char name[NAME_SIZE];

	if (!override->before[0])
		return;
	if (fd_read_small(cgroup_fd, override->file, text, sizeof(text)) > 0 &&
	    begins_with(text, override->meanwhile) &&
	    fd_write_existing(cgroup_fd, override->file, override->before) < 0)
		return;
	(void)fremovexattr(cgroup_fd, note(override, name));
	override->before[0] = '\0';
}

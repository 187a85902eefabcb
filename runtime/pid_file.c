/* pid_file.c - see pid_file.h. */
#include "pid_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

int pid_file_write(const char *path, pid_t pid, struct error *err)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", pid);
	return fd_write_atomic(AT_FDCWD, path, text, strlen(text), 0644, err) < 0 ? context(err, "pid file") : 0;
}

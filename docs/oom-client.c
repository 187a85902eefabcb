/* oom-client.c - every container that stops at its memory limit gets half as much again: the protocol of specs/oom.md.
   cc -o oom-client oom-client.c && ./oom-client /run/coffer/.oom/socket */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un server = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *events = fdopen(fd, "r");
	char event[256 * 1024]; /* a line with its processes is shorter */

	(void)snprintf(server.sun_path, sizeof(server.sun_path), "%s", argc > 1 ? argv[1] : "/run/coffer/.oom/socket");
	if (!events || connect(fd, (struct sockaddr *)&server, sizeof(server)) < 0)
		err(EXIT_FAILURE, "%s", server.sun_path);
	(void)dprintf(fd, "{\"op\":\"subscribe\"}\n");
	while (fgets(event, sizeof(event), events)) {
		const char *id = strstr(event, "\"id\":"); /* goes back as it is; no id has a comma in it */
		const char *limit = strstr(event, "\"limit\":");

		if (id && limit && (strstr(event, "\"event\":\"hit\"") || strstr(event, "\"event\":\"pending\"")))
			(void)dprintf(fd, "{\"op\":\"raise\",%.*s,\"bytes\":%llu}\n", (int)strcspn(id, ","), id,
				      strtoull(strchr(limit, ':') + 1, NULL, 10) * 3 / 2);
	}
	return fclose(events);
}

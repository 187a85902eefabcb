/* oom-client.c - every container that stops at its memory limit gets half as much again: the protocol of specs/oom.md.
   cc -o oom-client oom-client.c && ./oom-client /run/coffer/.oom/socket */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/coffer/.oom/socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *events = fdopen(fd, "r");
	char *event = NULL;
	size_t size = 0;

	if (argc > 1)
		(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	if (!events || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return EXIT_FAILURE;
	(void)dprintf(fd, "{\"op\":\"subscribe\"}\n");
	while (getline(&event, &size, events) > 0) {
		const char *id = strstr(event, "\"id\":"); /* goes back as it is; no id has a comma in it */
		const char *limit = strstr(event, "\"limit\":");

		if (id && limit && (strstr(event, "\"event\":\"hit\"") || strstr(event, "\"event\":\"pending\"")))
			(void)dprintf(fd, "{\"op\":\"raise\",%.*s,\"bytes\":%llu}\n", (int)strcspn(id, ","), id,
				      strtoull(strchr(limit, ':') + 1, NULL, 10) * 3 / 2);
	}
}

/* oom-client.c - every container that stops at its memory limit gets half as much again: the protocol of specs/oom.md.
   cc -o oom-client oom-client.c && ./oom-client /run/coffer/.oom/socket */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* One event, a line of JSON; an id is made of letters, digits and _+-. only, so there is nothing to unescape. */
static void decide(const char *event, FILE *out)
{
	const char *id = strstr(event, "\"id\":\"");
	const char *limit = strstr(event, "\"limit\":");

	if (!id || !limit || (!strstr(event, "\"event\":\"hit\"") && !strstr(event, "\"event\":\"pending\"")))
		return;
	id += strlen("\"id\":\"");
	(void)fprintf(out, "{\"op\":\"raise\",\"id\":\"%.*s\",\"bytes\":%llu}\n", (int)strcspn(id, "\""), id,
		      strtoull(limit + strlen("\"limit\":"), NULL, 10) * 3 / 2);
	(void)fflush(out);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *in = fdopen(fd, "r");
	FILE *out = fdopen(fd, "w");
	char *line = NULL;
	size_t size = 0;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		       argc > 1 ? argv[1] : "/run/coffer/.oom/socket");
	if (!in || !out || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return EXIT_FAILURE;
	(void)fputs("{\"op\":\"subscribe\"}\n", out);
	(void)fflush(out);
	while (getline(&line, &size, in) > 0)
		decide(line, out);
	return EXIT_SUCCESS;
}

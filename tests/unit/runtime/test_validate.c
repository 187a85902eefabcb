/* Tests of runtime/validate*.c: what must be taken, the process alone, and container ids. Refusals of whole configs are
   rows of test_config_malformed.c. */
#include "runtime/validate.h"

#include "base/cleanup.h"
#include "base_config.h"

static const struct {
	const char *find, *replace;
} good[] = {
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"1.0.2-dev\"" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"1.0.0-rc.5+build.7\"" },
	{ "\"ociVersion\": \"1.3.0\"", "\"ociVersion\": \"1.99.0\"" },
	{ "\"destination\": \"/proc\"", "\"destination\": \"proc\"" },
	{ "\"destination\": \"/proc\"", "\"destination\": \"/a..b/...\"" },
	{ "\"env\": [\"PATH=/bin\"", "\"env\": [\"PATH=\", \"X=a=b\\nc\"" },
	{ "\"terminal\": true", "\"terminal\": false" },
	{ "\"process\": {", "\"process\": null, \"ignored\": {" },
	/* CRI-O and containerd send a path and maps. */
	{ "{\"type\": \"user\"}", "{\"type\": \"user\", \"path\": \"/proc/1/ns/user\"}" },
	/* In a pod, a container joins the UTS namespace of the sandbox and names the host again. */
	{ "{\"type\": \"uts\"}", "{\"type\": \"uts\", \"path\": \"/proc/1/ns/uts\"}" },
	{ "{\"type\": \"pid\"}", "{\"type\": \"pid\", \"path\": \"\"}" },
	{ "\"cgroupsPath\": \"/a/b\"", "\"cgroupsPath\": \"rel/..x/c\"" },
	{ "\"cgroupsPath\": \"/a/b\"", "\"cgroupsPath\": \"system.slice:coffer:id\"" },
	{ "\"policy\": \"SCHED_BATCH\", \"nice\": 3", "\"policy\": \"SCHED_FIFO\", \"priority\": 99" },
	{ "\"policy\": \"SCHED_BATCH\", \"nice\": 3",
	  "\"policy\": \"SCHED_DEADLINE\", \"runtime\": 5, \"deadline\": 7, \"period\": 9" },
	{ "\"policy\": \"SCHED_BATCH\", \"nice\": 3",
	  "\"policy\": \"SCHED_DEADLINE\", \"runtime\": 5, \"deadline\": 5" },
	{ "\"final\": \"0-3,7\"", "\"final\": \"\"" },
	{ "\"final\": \"0-3,7\"", "\"final\": \"0-3, 7\"" },
	{ "\"mountLabel\": \"label\"", "\"netDevices\": {}" },
	{ "\"mountLabel\": \"label\"", "\"netDevices\": {\"eth1\": {}, \"eth2\": {\"name\": \"net%d\"}}" },
	{ "\"uid\": 7", "\"uid\": 65535" },
	/* Ignored unless an action is SCMP_ACT_NOTIFY. */
	{ "\"defaultErrnoRet\": 38,", "\"listenerPath\": \"/run/s\"," },
	{ "\"readonly\": true", "\"readonly\": null" },
};

static void takes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_free char *text = vary(good[i].find, good[i].replace);
		auto_config struct config *config = NULL;
		struct error err;

		if (config_parse("/b", "f", text, strlen(text), &config, &err) < 0 || config_validate(config, &err) < 0)
			test_stop(TEST_FAILED, "%s: %s", good[i].replace, err.text);
	}
}

/* The order of the document decides, not that of the checks' code. */
static void first_error(void)
{
	auto_free char *text = vary("\"cwd\": \"/\"", "\"cwd\": \"x\"");
	auto_config struct config *config = NULL;
	struct error err;
	char *device = strstr(text, "/dev/fuse");

	*device = '_';
	CHECK_INT(0, config_parse("/b", "f", text, strlen(text), &config, &err));
	CHECK_INT(-22, config_validate(config, &err));
	CHECK_STR("f: process.cwd: \"x\" is not absolute; write it from \"/\" on", err.text);
}

static void process_alone(void)
{
	const char *args[] = { "sh", NULL };
	const char *env[] = { "A=b", NULL };
	const char *bad_env[] = { "A=b", "C\n", NULL };
	struct config_process process = { .args = args, .env = env, .cwd = "/" };
	struct error err;

	CHECK_INT(0, config_validate_process(&process, &err));
	process.env = bad_env;
	CHECK_INT(-22, config_validate_process(&process, &err));
	CHECK_STR("env[1]: \"C?\" has no \"=\"; write KEY=VALUE", err.text);
	process.env = env;
	process.cwd = "proc/self/fd/7";
	CHECK_INT(-22, config_validate_process(&process, &err));
	CHECK_CONTAINS("cwd: ", err.text);
	process.cwd = "/";
	process.args = NULL;
	CHECK_INT(-22, config_validate_process(&process, &err));
	CHECK_STR("args: empty or missing; name the program to run", err.text);
}

static const char *const good_ids[] = { "a", "0", "A-b_c.d+e", "a..", "-x", "a." };

static const char *const bad_ids[] = {
	"",     ".",   "..",   "../x", "a/b",  "/",     "/a",
	"a b",  " a",  "a\n",  "\n",   "a\tb", "a\x7f", "gr\xc3\xbc\xc3\x9f",
	"a:b",  "a@b", "a\\b", "a*",   "...",  "..a",   ".a",
	"\xff", "~",   "a%00",
};

static void ids(void)
{
	char id[4097];
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(good_ids); i++)
		if (container_id_validate(good_ids[i], &err) < 0)
			test_stop(TEST_FAILED, "\"%s\": %s", good_ids[i], err.text);
	for (size_t i = 0; i < ARRAY_SIZE(bad_ids); i++) {
		if (container_id_validate(bad_ids[i], &err) != -22)
			test_stop(TEST_FAILED, "\"%s\" was taken", bad_ids[i]);
		if (strncmp(err.text, "container id: ", strlen("container id: ")) != 0 || strchr(err.text, '\n'))
			test_stop(TEST_FAILED, "\"%s\": %s", bad_ids[i], err.text);
	}
	memset(id, 'a', sizeof(id));
	id[4096] = '\0';
	CHECK_INT(-22, container_id_validate(id, &err));
	CHECK_STR("container id: 4096 characters; at most 255 are allowed", err.text);
	id[256] = '\0';
	CHECK_INT(-22, container_id_validate(id, &err));
	id[255] = '\0';
	CHECK_INT(0, container_id_validate(id, &err));
}

static const struct test tests[] = { TEST(takes), TEST(first_error), TEST(process_alone), TEST(ids) };
TEST_MAIN(tests)

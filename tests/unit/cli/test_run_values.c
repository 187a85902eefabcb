/* test_run_values.c - the words of `run --image`: mounts, limits, devices, environment, rights as people type them. */
#include "cli/run_values.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/test.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* "destination type source option,option" of the one mount, or the error. */
static const char *mounted(const struct image_options *options)
{
	static char text[512];
	auto_arena struct arena *arena = arena_new();
	struct bundle_options bundle = { 0 };
	struct error err = { 0 };

	if (run_mounts(arena, options, &bundle, &err) < 0) {
		(void)snprintf(text, sizeof(text), "error: %s", err.text);
		return text;
	}
	CHECK_INT(1, bundle.n_mounts);
	(void)snprintf(text, sizeof(text), "%s %s %s ", bundle.mounts[0].destination, bundle.mounts[0].type,
		       bundle.mounts[0].source);
	for (const char *const *option = bundle.mounts[0].options; *option; option++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			       option == bundle.mounts[0].options ? "" : ",", *option);
	return text;
}

static const char *volume(const char *text)
{
	const struct image_options options = { .volume = LIST(text) };

	return mounted(&options);
}

static const char *mount_words(const char *text)
{
	const struct image_options options = { .mount = LIST(text) };

	return mounted(&options);
}

static const char *tmpfs(const char *text)
{
	const struct image_options options = { .tmpfs = LIST(text) };

	return mounted(&options);
}

static void volumes(void)
{
	CHECK_STR("/b bind /a rbind,rprivate,nosuid,nodev", volume("/a:/b"));
	CHECK_STR("/b bind /a rbind,rprivate,nosuid,nodev,ro,noexec", volume("/a:/b:ro,z,noexec"));
	CHECK_CONTAINS("/./x rbind", volume("./x:/b"));
	CHECK_CONTAINS("expected SOURCE:DESTINATION", volume("/a"));
	CHECK_CONTAINS("expected SOURCE:DESTINATION", volume("/a:/b:ro:x"));
	CHECK_CONTAINS("is no path", volume("name:/b"));
	CHECK_CONTAINS("is no path", volume(":/b"));
	CHECK_CONTAINS("absolute path", volume("/a:b"));
	CHECK_CONTAINS("absolute path", volume("/a:"));
	CHECK_CONTAINS("absolute path", volume("/a:/b/../c"));
	CHECK_CONTAINS("\"U\" is not supported", volume("/a:/b:U"));
	CHECK_CONTAINS("\"O\" is not supported", volume("/a:/b:ro,O"));
}

static void mounts_in_words(void)
{
	CHECK_STR("/b bind /a rbind,rprivate,nosuid,nodev,ro", mount_words("type=bind,src=/a,dst=/b,readonly"));
	CHECK_STR("/b bind /a rbind,rprivate,nosuid,nodev",
		  mount_words("target=/b,source=/a,readonly=false,type=bind"));
	CHECK_STR("/b bind /a rbind,rprivate,nosuid,nodev,rshared,exec",
		  mount_words("type=bind,src=/a,dst=/b,bind-propagation=rshared,exec"));
	CHECK_STR("/t tmpfs tmpfs nosuid,nodev,noexec,size=1m,mode=700",
		  mount_words("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700"));
	CHECK_CONTAINS("type=bind or type=tmpfs is missing", mount_words("src=/a,dst=/b"));
	CHECK_CONTAINS("type \"volume\" is not supported", mount_words("type=volume,dst=/b"));
	CHECK_CONTAINS("source=PATH is missing", mount_words("type=bind,dst=/b"));
	CHECK_CONTAINS("\"strange=1\" is not known", mount_words("type=bind,src=/a,dst=/b,strange=1"));
	CHECK_CONTAINS("absolute path", mount_words("type=bind,src=/a"));
}

static void tmpfs_words(void)
{
	CHECK_STR("/t tmpfs tmpfs nosuid,nodev,noexec,tmpcopyup", tmpfs("/t"));
	CHECK_STR("/t tmpfs tmpfs nosuid,nodev,noexec,tmpcopyup,size=64k,exec", tmpfs("/t:rw,size=64k,exec"));
	CHECK_STR("/t tmpfs tmpfs nosuid,nodev,noexec,mode=700", tmpfs("/t:notmpcopyup,mode=700"));
	CHECK_CONTAINS("absolute path", tmpfs("t"));
}

/* "" or the error; what was made is in *bundle. */
static const char *values(struct arena *arena, const struct image_options *options, struct bundle_options *bundle)
{
	static struct error err;

	err.text[0] = '\0';
	*bundle = (struct bundle_options){ 0 };
	return run_values(arena, options, bundle, &err) < 0 ? err.text : "";
}

static const struct {
	const char *text;
	uint64_t quota; /* 0: refused */
} cpus[] = {
	{ "1", 100000 },     { "1.5", 150000 }, { "0.01", 1000 },
	{ ".5", 50000 },     { "2.", 200000 },  { "0.333333", 33333 },
	{ "128", 12800000 }, { "0", 0 },        { "0.001", 0 },
	{ "", 0 },           { ".", 0 },        { "-1", 0 },
	{ "1.5x", 0 },       { "1e3", 0 },      { "99999999", 0 },
	{ "0.1234567", 0 },
};

static void processors(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
		auto_arena struct arena *arena = arena_new();
		const struct image_options options = { .cpus = cpus[i].text };
		struct bundle_options bundle;
		const char *error = values(arena, &options, &bundle);

		if (cpus[i].quota ? *error != '\0' : !strstr(error, "--cpus: expected a number of processors"))
			test_stop(TEST_FAILED, "\"%s\": %s", cpus[i].text, error);
		if (cpus[i].quota)
			CHECK_INT(cpus[i].quota, bundle.limits.cpu_quota_us.value);
	}
}

static void ulimits(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *const bad[] = { "nofile", "nofile=", "nofile=x", "nofile=2:1", "nothing=1", "=1", "nofile=1:2:x" };
	struct image_options options = { .ulimit = LIST("nofile=1024", "CORE=0:-1", "nproc=unlimited") };
	struct bundle_options bundle;

	CHECK_STR("", values(arena, &options, &bundle));
	CHECK_INT(3, bundle.n_rlimits);
	CHECK_STR("RLIMIT_NOFILE", bundle.rlimits[0].type);
	CHECK(bundle.rlimits[0].soft == 1024 && bundle.rlimits[0].hard == 1024);
	CHECK_STR("RLIMIT_CORE", bundle.rlimits[1].type);
	CHECK(bundle.rlimits[1].soft == 0 && bundle.rlimits[1].hard == UINT64_MAX);
	CHECK(bundle.rlimits[2].soft == UINT64_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		options.ulimit = LIST(bad[i]);
		CHECK_CONTAINS("--ulimit: expected NAME=SOFT[:HARD]", values(arena, &options, &bundle));
	}
}

static void devices(void)
{
	auto_arena struct arena *arena = arena_new();
	struct image_options options = { .device = LIST("/dev/null", "/dev/zero:/dev/z", "/dev/full:r",
							"/dev/null:/x:rw") };
	struct bundle_options bundle;

	CHECK_STR("", values(arena, &options, &bundle));
	CHECK_INT(4, bundle.n_devices);
	CHECK_STR("/dev/null", bundle.devices[0].path);
	CHECK_STR("rwm", bundle.devices[0].access);
	CHECK(bundle.devices[0].major == 1 && bundle.devices[0].minor == 3);
	CHECK_STR("/dev/z", bundle.devices[1].path);
	CHECK_STR("/dev/full", bundle.devices[2].path);
	CHECK_STR("r", bundle.devices[2].access);
	CHECK_STR("/x", bundle.devices[3].path);
	CHECK_STR("rw", bundle.devices[3].access);
	options.device = LIST("/dev/null:/a:/b");
	CHECK_CONTAINS("expected HOST[:CONTAINER][:rwm]", values(arena, &options, &bundle));
	options.device = LIST("/dev/null:x");
	CHECK_CONTAINS("expected HOST[:CONTAINER][:rwm]", values(arena, &options, &bundle));
	options.device = LIST("/etc/passwd");
	CHECK_CONTAINS("/etc/passwd is no device", values(arena, &options, &bundle));
	options.device = LIST("/dev/there-is-none");
	CHECK_CONTAINS("--device: /dev/there-is-none", values(arena, &options, &bundle));
}

static void environment(void)
{
	auto_arena struct arena *arena = arena_new();
	struct image_options options = { .env = LIST("A=1", "COFFER_TEST_ONE", "COFFER_TEST_NONE", "COFFER_TEST_T*") };
	struct bundle_options bundle;

	CHECK_INT(0, setenv("COFFER_TEST_ONE", "1", 1));
	CHECK_INT(0, setenv("COFFER_TEST_TWO", "2", 1));
	CHECK_STR("", values(arena, &options, &bundle));
	CHECK_INT(3, str_list_length(bundle.env));
	CHECK_STR("A=1", bundle.env[0]);
	CHECK_STR("COFFER_TEST_ONE=1", bundle.env[1]);
	CHECK_STR("COFFER_TEST_TWO=2", bundle.env[2]);
	options.env = LIST("=x");
	CHECK_CONTAINS("has no name", values(arena, &options, &bundle));
	options.env = NULL;
	options.env_file = LIST("/there/is/none");
	CHECK_CONTAINS("--env-file", values(arena, &options, &bundle));
}

static void rights(void)
{
	auto_arena struct arena *arena = arena_new();
	struct image_options options = { .security_opt = LIST("seccomp=unconfined", "no-new-privileges", "unmask=ALL",
							      "apparmor:profile", "label=disable") };
	struct bundle_options bundle;

	CHECK_STR("", values(arena, &options, &bundle));
	CHECK(bundle.no_seccomp && bundle.no_new_privileges && bundle.unmask);
	CHECK_STR("profile", bundle.apparmor);
	options.security_opt = LIST("no-new-privileges=false", "apparmor=unconfined", "systempaths=unconfined");
	CHECK_STR("", values(arena, &options, &bundle));
	CHECK(!bundle.no_new_privileges && !bundle.apparmor && bundle.unmask);
	options.security_opt = LIST("label=type:x");
	CHECK_CONTAINS("only \"disable\"", values(arena, &options, &bundle));
	options.security_opt = LIST("unmask=/proc/x");
	CHECK_CONTAINS("only ALL", values(arena, &options, &bundle));
	options.security_opt = LIST("seccomp=/there/is/none");
	CHECK_CONTAINS("--security-opt seccomp", values(arena, &options, &bundle));
	options.security_opt = LIST("seccom=x");
	CHECK_CONTAINS("\"seccom=x\" is not known", values(arena, &options, &bundle));
}

static void pairs_and_entry_points(void)
{
	auto_arena struct arena *arena = arena_new();
	struct image_options options = {
		.label = LIST("a=b=c", "alone"), .annotation = LIST("x=y"), .sysctl = LIST("net.a=1"), .entrypoint = ""
	};
	struct bundle_options bundle;

	CHECK_STR("", values(arena, &options, &bundle));
	CHECK_INT(3, bundle.n_annotations);
	CHECK_STR("b=c", bundle.annotations[0].value);
	CHECK_STR("", bundle.annotations[1].value);
	CHECK_STR("net.a", bundle.sysctls[0].key);
	CHECK(bundle.entrypoint && !bundle.entrypoint[0]);
	options.entrypoint = "[\"/a\", \"b c\"]";
	CHECK_STR("", values(arena, &options, &bundle));
	CHECK_STR("b c", bundle.entrypoint[1]);
	options.entrypoint = "[1]";
	CHECK_CONTAINS("expected a string", values(arena, &options, &bundle));
	options.entrypoint = NULL;
	options.sysctl = LIST("net.a");
	CHECK_CONTAINS("--sysctl: expected KEY=VALUE", values(arena, &options, &bundle));
	options.sysctl = NULL;
	options.annotation = LIST("=x");
	CHECK_CONTAINS("--annotation: expected KEY=VALUE", values(arena, &options, &bundle));
	options = (struct image_options){ .stop_signal = "SIGQUIT" };
	CHECK_STR("", values(arena, &options, &bundle));
	options.stop_signal = "QUITE";
	CHECK_CONTAINS("--stop-signal: ", values(arena, &options, &bundle));
}

static const struct test tests[] = {
	TEST(volumes),     TEST(mounts_in_words), TEST(tmpfs_words),
	TEST(processors),  TEST(ulimits),         TEST(devices),
	TEST(environment), TEST(rights),          TEST(pairs_and_entry_points),
};

TEST_MAIN(tests)

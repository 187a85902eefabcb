/* Tests of runtime/spec_default.c: what `coffer spec` writes is a config that coffer takes. */
#include "runtime/spec_default.h"

#include <linux/capability.h>
#include <sys/resource.h>

#include "base/str.h"
#include "runtime/validate.h"

#include "../test.h"

static struct error err;

static struct config *load(bool rootless)
{
	auto_json_writer struct json_writer *writer = json_writer_new(true);
	struct config *config;
	const char *text;
	size_t length;

	spec_default_write(writer, rootless, 1000, 1001);
	text = json_writer_text(writer, &length);
	if (config_parse("/b", "config.json", text, length, &config, &err) < 0 || config_validate(config, &err) < 0)
		test_stop(TEST_FAILED, "%s in %s", err.text, text);
	return config;
}

static const struct mount *find_mount(const struct config *config, const char *destination)
{
	for (size_t i = 0; i < config->rootfs.n_mounts; i++)
		if (str_eq(config->rootfs.mounts[i].destination, destination))
			return &config->rootfs.mounts[i];
	test_stop(TEST_FAILED, "no mount on %s", destination);
}

static void for_root(void)
{
	uint64_t caps = (uint64_t)1 << CAP_AUDIT_WRITE | (uint64_t)1 << CAP_KILL | (uint64_t)1 << CAP_NET_BIND_SERVICE;
	auto_config struct config *c = load(false);

	CHECK_STR("1.3.0", c->oci_version);
	CHECK_STR("/b/rootfs", c->rootfs.path);
	CHECK(c->rootfs.read_only && c->process->terminal && c->process->no_new_privileges);
	CHECK(str_eq(c->process->args[0], "sh") && c->process->args[1] == NULL);
	CHECK(c->process->capabilities.bounding == caps && c->process->capabilities.effective == caps &&
	      c->process->capabilities.permitted == caps);
	CHECK(c->process->capabilities.inheritable == 0 && c->process->capabilities.ambient == 0);
	CHECK(c->process->n_rlimits == 1 && c->process->rlimits[0].resource == RLIMIT_NOFILE &&
	      c->process->rlimits[0].value.rlim_max == 1024);
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		CHECK_INT(type != NS_USER && type != NS_TIME, c->namespaces[type].present);
	CHECK(c->n_device_rules == 1 && !c->device_rules[0].allow);
	CHECK(c->rootfs.n_masked_paths >= 10 && c->rootfs.n_readonly_paths == 5);
	CHECK_STR("sysfs", find_mount(c, "/sys")->type);
	CHECK_STR("cgroup", find_mount(c, "/sys/fs/cgroup")->type);
	CHECK_INT(4, find_mount(c, "/dev/pts")->n_data);
}

static void for_a_user(void)
{
	auto_config struct config *c = load(true);

	CHECK(c->namespaces[NS_USER].present && !c->namespaces[NS_NETWORK].present);
	CHECK(c->id_maps.n_uids == 1 && c->id_maps.uids[0].host_id == 1000 && c->id_maps.uids[0].size == 1);
	CHECK(c->id_maps.n_gids == 1 && c->id_maps.gids[0].host_id == 1001);
	CHECK(find_mount(c, "/sys")->recursive_bind && find_mount(c, "/sys")->super_read_only);
	CHECK_INT(3, find_mount(c, "/dev/pts")->n_data);
	CHECK_INT(0, c->n_device_rules);
}

static const struct test tests[] = { TEST(for_root), TEST(for_a_user) };
TEST_MAIN(tests)

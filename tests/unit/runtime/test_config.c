/* Tests of runtime/config*.c: every member of the base config arrives in its field, defaults, and files. */
#include "runtime/config.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "base_config.h"

static struct error err;

static struct config *parse(const char *text)
{
	struct config *config;

	if (config_parse("/b", "config.json", text, strlen(text), &config, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return config;
}

static void top(void)
{
	auto_config struct config *c = parse(base_config);

	CHECK_STR("1.3.0", c->oci_version);
	CHECK_STR("/b", c->bundle);
	CHECK_STR("config.json", c->name);
	CHECK_STR("/b/rootfs", c->rootfs.path);
	CHECK(c->rootfs.read_only);
	CHECK_STR("box", c->hostname);
	CHECK_STR("example", c->domainname);
	CHECK_STR("value", config_annotation(c, "org.example.key"));
	CHECK(config_annotation(c, "org.example") == NULL);
}

static void mounts(void)
{
	auto_config struct config *c = parse(base_config);
	const struct mount *m = c->rootfs.mounts;

	CHECK_INT(3, c->rootfs.n_mounts);
	CHECK_STR("proc", m[0].type);
	CHECK(!m[0].bind && m[0].n_data == 0);
	CHECK(m[1].attr_set == MOUNT_ATTR_NOSUID && m[1].n_data == 1);
	CHECK_STR("mode=755", m[1].data[0]);
	CHECK(m[2].bind && m[2].recursive_bind && m[2].type == NULL && m[2].idmap == MOUNT_IDMAP_RECURSIVE);
	CHECK_STR("vol", m[2].source);
	CHECK_INT(MS_SLAVE | MS_REC, m[2].propagation);
	CHECK(m[2].id_maps.n_uids == 1 && m[2].id_maps.uids[0].host_id == 1000 && m[2].id_maps.uids[0].size == 10);
	CHECK(m[2].id_maps.n_gids == 1 && m[2].id_maps.gids[0].host_id == 1001);
}

static void mount_forms(void)
{
	auto_free char *text =
		vary("\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"",
		     "\"destination\": \"rel/x\", \"type\": \"bind\", \"source\": \"/s\", \"options\": [\"rw\"]");
	auto_config struct config *c = parse(text);
	auto_free char *late = vary("\"options\": [\"rbind\", \"ro\", \"ridmap\", \"rslave\"]",
				    "\"type\": \"none\", \"options\": [\"ro\", \"bind\"]");
	auto_config struct config *d = parse(late);

	CHECK_STR("/rel/x", c->rootfs.mounts[0].destination);
	CHECK(c->rootfs.mounts[0].bind && !c->rootfs.mounts[0].recursive_bind && !c->rootfs.mounts[0].type);
	CHECK(d->rootfs.mounts[2].bind && !d->rootfs.mounts[2].type);
	CHECK_INT(MOUNT_IDMAP_PLAIN, d->rootfs.mounts[2].idmap); /* maps alone mean idmap */
}

static void process(void)
{
	auto_config struct config *c = parse(base_config);
	const struct config_process *p = c->process;

	CHECK(p != NULL && p->terminal && p->no_new_privileges);
	CHECK(p->console_height.set && p->console_height.value == 25 && p->console_width.value == 80);
	CHECK(p->user.uid == 7 && p->user.gid == 8 && p->user.umask.set && p->user.umask.value == 077);
	CHECK(p->user.n_additional_gids == 2 && p->user.additional_gids[1] == 6);
	CHECK(str_list_length(p->args) == 2 && str_eq(p->args[1], "-c"));
	CHECK(str_list_length(p->env) == 2 && str_eq(p->env[1], "HOME=/root"));
	CHECK_STR("/", p->cwd);
	CHECK(p->n_rlimits == 1 && p->rlimits[0].resource == RLIMIT_NOFILE);
	CHECK(p->rlimits[0].value.rlim_cur == 1024 && p->rlimits[0].value.rlim_max == UINT64_MAX);
	CHECK(p->oom_score_adj.set && p->oom_score_adj.value == -100);
	CHECK(str_eq(p->apparmor_profile, "aa") && str_eq(p->selinux_label, "se"));
	CHECK(p->scheduler.set && p->scheduler.policy == SCHED_BATCH && p->scheduler.nice == 3);
	CHECK_INT(1, p->scheduler.flags);
	CHECK(p->io_priority.set);
	CHECK_INT(IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 4), p->io_priority.value);
	CHECK(str_eq(p->cpu_affinity_initial, "7") && str_eq(p->cpu_affinity_final, "0-3,7"));
}

static void capabilities(void)
{
	auto_free char *text =
		vary("\"bounding\": [\"CAP_CHOWN\", \"CAP_KILL\"], \"permitted\": [\"CAP_KILL\"]",
		     "\"bounding\": [\"CAP_NEW\", \"CAP_KILL\", \"CAP_OTHER\"], \"ambient\": [\"CAP_NEW\"],"
		     " \"effective\": null");
	auto_config struct config *c = parse(base_config);
	auto_config struct config *d = parse(text);

	CHECK(c->process->has_capabilities && c->process->unknown_capabilities == NULL);
	CHECK_INT((1 << CAP_CHOWN) | (1 << CAP_KILL), c->process->capabilities.bounding);
	CHECK_INT(1 << CAP_KILL, c->process->capabilities.permitted);
	CHECK_INT(0, c->process->capabilities.effective);
	CHECK_INT(1 << CAP_KILL, d->process->capabilities.bounding);
	CHECK_INT(2, str_list_length(d->process->unknown_capabilities));
	CHECK_STR("CAP_NEW", d->process->unknown_capabilities[0]);
	CHECK_STR("CAP_OTHER", d->process->unknown_capabilities[1]);
}

static void hooks(void)
{
	auto_free char *text = vary("\"args\": [\"hook\"], \"env\": [\"A=b\"], \"timeout\": 9", "\"args\": []");
	auto_config struct config *c = parse(base_config);
	auto_config struct config *d = parse(text);
	const struct hook_list *list = &c->hooks[HOOK_CREATE_RUNTIME];

	CHECK(list->count == 1 && c->hooks[HOOK_PRESTART].count == 0 && c->hooks[HOOK_POSTSTOP].count == 0);
	CHECK_STR("/bin/hook", list->items[0].path);
	CHECK_STR("A=b", list->items[0].env[0]);
	CHECK_INT(9, list->items[0].timeout_s);
	CHECK(d->hooks[HOOK_CREATE_RUNTIME].items[0].args == NULL);
	CHECK_INT(0, d->hooks[HOOK_CREATE_RUNTIME].items[0].timeout_s);
}

static void namespaces_and_ids(void)
{
	auto_config struct config *c = parse(base_config);

	CHECK(c->namespaces[NS_PID].present && c->namespaces[NS_PID].path == NULL);
	CHECK_STR("/run/netns/a", c->namespaces[NS_NETWORK].path);
	CHECK(!c->namespaces[NS_CGROUP].present);
	CHECK(c->id_maps.n_uids == 1 && c->id_maps.uids[0].host_id == 100000 && c->id_maps.gids[0].host_id == 200000);
	CHECK(c->monotonic.set && c->monotonic.seconds == -5 && c->monotonic.nanoseconds == 6);
	CHECK(c->boottime.set && c->boottime.seconds == 7);
}

static void linux_members(void)
{
	auto_config struct config *c = parse(base_config);
	const struct device_node *d = c->rootfs.devices;

	CHECK_INT(2, c->rootfs.n_devices);
	CHECK(d[0].type == S_IFCHR && d[0].major == 10 && d[0].minor == 229 && d[0].mode == 0644 && d[0].uid == 1 &&
	      d[0].gid == 2);
	CHECK(d[1].type == S_IFIFO && d[1].mode == 0666 && d[1].uid == 0);
	CHECK_STR("/a/b", c->cgroups_path);
	CHECK_INT(MS_SLAVE | MS_REC, c->rootfs.propagation);
	CHECK(c->n_sysctls == 1 && str_eq(c->sysctls[0].name, "net.ipv4.ip_forward") &&
	      str_eq(c->sysctls[0].value, "1"));
	CHECK(c->rootfs.n_masked_paths == 1 && c->rootfs.n_readonly_paths == 2);
	CHECK_STR("/proc/bus", c->rootfs.readonly_paths[1]);
	CHECK_STR("label", c->rootfs.mount_label);
	CHECK(c->personality.set && c->personality.value == PER_LINUX32);
	CHECK(!c->has_intel_rdt && !c->has_memory_policy && c->n_net_devices == 0);
}

static void resources(void)
{
	auto_config struct config *c = parse(base_config);
	const struct cgroup_limits *l = &c->limits;

	CHECK(l->memory_limit.value == 1048576 && l->memory_swap.value == -1 && !l->memory_reservation.set);
	CHECK(l->memory_check_before_update);
	CHECK(l->cpu_shares.value == 512 && l->cpu_quota.value == 50000 && l->cpu_period.value == 100000);
	CHECK_STR("0-1", l->cpus);
	CHECK(l->pids_limit.set && l->pids_limit.value == 100);
	CHECK_INT(50, l->io_weight.value);
	CHECK_INT(2, l->n_io_devices);
	for (size_t i = 0; i < 2; i++) {
		const struct limit_io_device *d = &l->io_devices[i];

		CHECK(d->major == 8 && (d->minor == 0 || d->minor == 16));
		CHECK(d->minor == 16 ? d->wiops.value == 300 && !d->weight.set && !d->rbps.set
				     : d->rbps.value == 600 && d->weight.value == 60 && !d->wiops.set);
	}
	CHECK(l->n_hugepages == 1 && str_eq(l->hugepages[0].page_size, "2MB") && l->hugepages[0].limit == 4194304);
	CHECK(l->n_rdma == 1 && str_eq(l->rdma[0].device, "mlx5_1") && l->rdma[0].hca_handles.value == 3);
	CHECK(!l->rdma[0].hca_objects.set);
	CHECK(l->n_unified == 1 && str_eq(l->unified[0].file, "memory.high"));
	CHECK_INT(2, c->n_device_rules);
	CHECK(!c->device_rules[0].allow && c->device_rules[0].type == 'a' && c->device_rules[0].major == -1);
	CHECK_INT(7, c->device_rules[0].access);
	CHECK(c->device_rules[1].allow && c->device_rules[1].type == 'c' && c->device_rules[1].minor == 229);
	CHECK_INT(6, c->device_rules[1].access);
}

static void seccomp(void)
{
	auto_config struct config *c = parse(base_config);
	const struct seccomp_profile *s = &c->seccomp;

	CHECK(c->has_seccomp);
	CHECK_INT(SCMP_ACT_ERRNO(38), s->default_action);
	CHECK(s->n_architectures == 1 && s->architectures[0] == SCMP_ARCH_X86_64);
	CHECK(s->flags != 0 && s->n_rules == 2);
	CHECK(s->rules[0].n_names == 2 && str_eq(s->rules[0].names[1], "write"));
	CHECK_INT(SCMP_ACT_ALLOW, s->rules[0].action);
	CHECK(s->rules[1].n_args == 1 && s->rules[1].args[0].value == 2114060288 &&
	      s->rules[1].args[0].op == SCMP_CMP_MASKED_EQ);
}

static void smallest(void)
{
	auto_config struct config *c =
		parse("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"/r\"}, \"unknown\": [1],"
		      " \"process\": {\"cwd\": \"/\", \"args\": [\"a\"], \"user\": null}}");
	auto_config struct config *d = parse("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}}");

	/* As Go writes what it has not set; without a UTS namespace a hostname of "" would be the host's. */
	auto_config struct config *e = parse(
		"{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}, \"hostname\": \"\", \"domainname\": \"\","
		" \"process\": {\"cwd\": \"/\", \"apparmorProfile\": \"\", \"selinuxLabel\": \"\"},"
		" \"linux\": {\"mountLabel\": \"\"}}");

	CHECK_STR("/r", c->rootfs.path);
	CHECK(!e->hostname && !e->domainname && !e->process->apparmor_profile && !e->process->selinux_label);
	CHECK(!e->rootfs.mount_label);
	CHECK(c->process->env != NULL && c->process->env[0] == NULL);
	CHECK(!c->process->has_capabilities && !c->process->user.umask.set && !c->process->io_priority.set);
	CHECK(!c->has_seccomp && !c->limits.memory_limit.set && c->rootfs.propagation == 0);
	CHECK(d->process == NULL);
}

static void write_file(const char *path, const char *text)
{
	auto_file FILE *file = fopen(path, "we");

	CHECK(file != NULL && fputs(text, file) >= 0);
}

static void files(void)
{
	char directory[] = "/tmp/test_config.XXXXXX";
	auto_arena struct arena *arena = arena_new();
	auto_config struct config *c = NULL;
	struct config_process *process;
	struct cgroup_limits limits;
	struct device_rule *rules;
	char path[64];
	size_t n_rules;

	CHECK(mkdtemp(directory) != NULL);
	snprintf(path, sizeof(path), "%s/config.json", directory);
	write_file(path, base_config);
	CHECK_INT(0, config_load(directory, NULL, &c, &err));
	CHECK_STR(directory, c->bundle);
	CHECK(str_starts(c->rootfs.path, directory) && str_ends(c->rootfs.path, "/rootfs"));
	write_file(path, "{\"args\": [\"x\"], \"cwd\": \"/\"}");
	CHECK_INT(0, config_load_process(arena, path, &process, &err));
	CHECK(str_eq(process->args[0], "x") && process->env[0] == NULL);
	CHECK(config_load_resources(arena, path, &limits, &rules, &n_rules, &err) == 0 && n_rules == 0);
	write_file(path, "{\"memory\": {\"limit\": 5}, \"devices\": [{\"allow\": true}]}");
	CHECK_INT(0, config_load_resources(arena, path, &limits, &rules, &n_rules, &err));
	CHECK(limits.memory_limit.value == 5 && n_rules == 1 && rules[0].allow);
	CHECK(config_load_process(arena, path, &process, &err) < 0);
	CHECK_CONTAINS("config.json: cwd: required, but missing", err.text);
	write_file(path, "{\"cpu\": {\"shares\": \"a\"}}");
	CHECK(config_load_resources(arena, path, &limits, &rules, &n_rules, &err) < 0);
	CHECK_CONTAINS("config.json: cpu.shares: expected a whole number", err.text);
	CHECK_INT(0, truncate(path, CONFIG_SIZE_MAX + 1));
	{
		struct config *big;

		CHECK_INT(-27, config_load(directory, NULL, &big, &err)); /* EFBIG */
		CHECK_CONTAINS("config.json", err.text);
	}
	CHECK(unlink(path) == 0 && rmdir(directory) == 0);
}

static void missing_files(void)
{
	struct config *c;

	CHECK_INT(-2, config_load("/nonexistent-bundle", NULL, &c, &err));
	CHECK_CONTAINS("bundle /nonexistent-bundle: No such file or directory", err.text);
	CHECK_INT(-2, config_load("/", "/nonexistent.json", &c, &err));
	CHECK_CONTAINS("/nonexistent.json", err.text);
}

static void resources_from_stdin(void)
{
	auto_arena struct arena *arena = arena_new();
	struct cgroup_limits limits;
	struct device_rule *rules;
	int saved = dup(0);
	size_t n_rules;
	int ends[2];

	CHECK(saved >= 0 && pipe(ends) == 0);
	CHECK_INT(25, write(ends[1], "{\"memory\": {\"limit\": 77}}", 25));
	close(ends[1]);
	CHECK_INT(0, dup2(ends[0], 0));
	CHECK_INT(0, config_load_resources(arena, "-", &limits, &rules, &n_rules, &err));
	CHECK_INT(77, limits.memory_limit.value);
	CHECK_INT(0, dup2(saved, 0));
	close(saved);
	close(ends[0]);
}

static const struct test tests[] = {
	TEST(top),           TEST(mounts),
	TEST(mount_forms),   TEST(process),
	TEST(capabilities),  TEST(hooks),
	TEST(resources),     TEST(namespaces_and_ids),
	TEST(linux_members), TEST(seccomp),
	TEST(smallest),      TEST(files),
	TEST(missing_files), TEST(resources_from_stdin),
};
TEST_MAIN(tests)

/*
 * features.c - see features.h. Every list of names comes from the table that also reads that name in a config, so the
 * document cannot promise more than the runtime takes. Docker asks it for "rro" before it sends recursive read-only.
 */
#include "features.h"

#include "base/str.h"
#include "config.h"
#include "config_parts.h"

static void put_switch(struct json_writer *writer, const char *key, bool enabled)
{
	json_begin_object(writer, key);
	json_put_bool(writer, "enabled", enabled);
	json_end_object(writer);
}

static void put_hooks(struct json_writer *writer)
{
	json_begin_array(writer, "hooks");
	for (const struct json_field *stage = config_hooks_fields; stage->key; stage++)
		json_put_string(writer, NULL, stage->key);
	json_end_array(writer);
}

static void put_namespaces(struct json_writer *writer)
{
	json_begin_array(writer, "namespaces");
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		json_put_string(writer, NULL, ns_info(type)->name);
	json_end_array(writer);
}

static void put_capabilities(struct json_writer *writer)
{
	json_begin_array(writer, "capabilities");
	for (unsigned number = 0; cap_name(number); number++)
		json_put_string(writer, NULL, cap_name(number));
	json_end_array(writer);
}

static void put_cgroup(struct json_writer *writer)
{
	json_begin_object(writer, "cgroup");
	json_put_bool(writer, "v1", false);
	json_put_bool(writer, "v2", true);
	json_put_bool(writer, "systemd", true);
	json_put_bool(writer, "systemdUser", true);
	json_put_bool(writer, "rdma", true);
	json_end_object(writer);
}

/* SCMP_ARCH_NATIVE is a word of libseccomp, not one of the spec, whose schema would refuse it here. */
static void put_archs(struct json_writer *writer)
{
	json_begin_array(writer, "archs");
	for (const char *const *name = seccomp_arch_names(); *name; name++)
		if (!str_eq(*name, "SCMP_ARCH_NATIVE"))
			json_put_string(writer, NULL, *name);
	json_end_array(writer);
}

static void put_seccomp(struct json_writer *writer)
{
	json_begin_object(writer, "seccomp");
	json_put_bool(writer, "enabled", true);
	json_put_strings(writer, "actions", seccomp_action_names());
	json_put_strings(writer, "operators", seccomp_operator_names());
	put_archs(writer);
	json_put_strings(writer, "knownFlags", seccomp_flag_names());
	json_put_strings(writer, "supportedFlags", seccomp_flag_names());
	json_end_object(writer);
}

static void put_linux(struct json_writer *writer)
{
	json_begin_object(writer, "linux");
	put_namespaces(writer);
	put_capabilities(writer);
	put_cgroup(writer);
	put_seccomp(writer);
	put_switch(writer, "apparmor", true);
	put_switch(writer, "selinux", true);
	put_switch(writer, "intelRdt", false);
	json_begin_object(writer, "mountExtensions");
	put_switch(writer, "idmap", true);
	json_end_object(writer);
	put_switch(writer, "netDevices", true);
	json_end_object(writer);
}

void features_write(struct json_writer *writer)
{
	json_begin_object(writer, NULL);
	json_put_string(writer, "ociVersionMin", "1.0.0");
	json_put_string(writer, "ociVersionMax", "1.3.0");
	put_hooks(writer);
	json_put_strings(writer, "mountOptions", mount_option_names());
	put_linux(writer);
	json_begin_object(writer, "annotations");
	json_put_string(writer, "org.coffer.version", COFFER_VERSION);
	json_end_object(writer);
	json_begin_array(writer, "potentiallyUnsafeConfigAnnotations");
	json_put_string(writer, NULL, "run.coffer.");
	json_end_array(writer);
	json_end_object(writer);
}

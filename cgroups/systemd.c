/*
 * systemd.c - see systemd.h. What is said to systemd goes by systemd_call.h. In the order of the file: names, the
 * holder, start, change, stop.
 */
#include "systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "events.h"
#include "host.h"
#include "scope_name.h"
#include "systemd_call.h"
#include "tree.h"

enum { CGROUP_MODE = 0755, IDLE_SINCE_VERSION = 252, STOP_TRIES = 3 };
/* How long a process that was killed may still be there; how long systemd may take to see that a scope is empty. */
enum { KILLED_MS = 1000, EMPTY_MS = 2000 };

static const char container_name[] = "/container";
static const char holder_name[] = "/holder";

/* ---- names ---- */

static char *parent_of(const char *path)
{
	return xasprintf("%.*s", (int)(strrchr(path, '/') - path), path);
}

static const char *last_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

int systemd_container_path(const char *manager, const char *name, const char *id, const char *default_slice,
			   char **ret_path, struct error *err)
{
	auto_free char *scope = NULL;
	struct scope_name parsed;
	int r = scope_name_parse(name, id, default_slice, &parsed, err);

	if (r < 0)
		return r;
	scope = scope_name_path(&parsed, manager);
	*ret_path = xasprintf("%s%s", scope, container_name);
	return 0;
}

char *systemd_scope_path(const char *container_path)
{
	return parent_of(container_path);
}

/* ---- the holder ---- */

static pid_t start_holder(struct systemd *systemd, struct error *err)
{
	pid_t parent = getpid();
	pid_t pid = proc_clone(0, -1, NULL);

	if (pid < 0)
		return fail(err, -pid, "fork the process that holds the scope");
	if (pid > 0)
		return pid;
	dbus_close(&systemd->dbus); /* systemd would keep what it has to tell for who does not read it */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		(void)pause();
	_exit(EXIT_SUCCESS);
}

/* Out of the scope's own cgroup, which gives its controllers to children and so may not have processes. */
static int move_holder(const struct cgroup_host *host, const char *scope, pid_t holder, struct error *err)
{
	auto_free char *path = xasprintf("%s%s", scope, holder_name);
	auto_cgroup struct cgroup *cgroup = NULL;
	int r;

	if (mkdirat(host->root_fd, tree_relative(path), CGROUP_MODE) < 0 && errno != EEXIST)
		return fail(err, errno, "make cgroup %.200s", path);
	r = cgroup_open(host, path, &cgroup, err);
	return r < 0 ? r : cgroup_attach(cgroup, holder, err);
}

/* Where systemd has put it, for which "/a-b.slice" is only known from its documentation. */
static int check_place(const char *scope, pid_t holder, struct error *err)
{
	char file[sizeof("/proc/2147483647/cgroup")];
	char text[CGROUP_PATH_SIZE], path[CGROUP_PATH_SIZE];

	(void)snprintf(file, sizeof(file), "/proc/%d/cgroup", holder);
	if (fd_read_small(AT_FDCWD, file, text, sizeof(text)) < 0 || host_own_path(text, path, sizeof(path)) < 0)
		return refuse_as(err, ENOTSUP, "systemd has no cgroup v2 on this host: use --cgroup-manager cgroupfs");
	return str_eq(path, scope)
		       ? 0
		       : refuse_as(err, ENOTSUP, "systemd made the cgroup %.200s in place of %.200s", path, scope);
}

void systemd_let_go(const struct cgroup_host *host, const char *container_path, pid_t *holder)
{
	auto_free char *scope = NULL;
	auto_free char *path = NULL;
	struct error ignored;

	if (*holder <= 0)
		return;
	(void)kill(*holder, SIGKILL);
	(void)proc_wait(*holder);
	*holder = 0;
	scope = systemd_scope_path(container_path);
	path = xasprintf("%s%s", scope, holder_name);
	(void)cgroup_remove(host, path, &ignored); /* else it goes with the scope */
}

/* ---- start ---- */

static void begin_property(struct dbus_writer *writer, const char *name, const char *type)
{
	dbus_begin_struct(writer);
	dbus_put_string(writer, name);
	dbus_put_signature(writer, type);
}

static void put_string(struct dbus_writer *writer, const char *name, const char *value)
{
	begin_property(writer, name, "s");
	dbus_put_string(writer, value);
}

static void put_bool(struct dbus_writer *writer, const char *name, bool value)
{
	begin_property(writer, name, "b");
	dbus_put_bool(writer, value);
}

static void put_u64(struct dbus_writer *writer, const char *name, uint64_t value)
{
	begin_property(writer, name, "t");
	dbus_put_u64(writer, value);
}

static void put_weights(struct dbus_writer *writer, const struct scope_weights *weights)
{
	for (enum scope_weight i = 0; i < SCOPE_WEIGHT_MAX; i++)
		if (weights->values[i].set)
			put_u64(writer, scope_weight_property(i), weights->values[i].value);
}

/* systemd has had idle cpus since version 252; before, the least weight comes next to it. */
static int make_known(struct systemd *systemd, struct scope_weights *weights, struct error *err)
{
	struct opt_u64 *cpu = &weights->values[SCOPE_CPU_WEIGHT];
	const char *version;
	int r;

	if (!cpu->set || cpu->value > 0)
		return 0;
	r = systemd_read_text(systemd, systemd_path, systemd_interface, "Version", &version, err);
	if (r < 0)
		return r;
	if (strtoul(version + (*version == 'v'), NULL, 10) < IDLE_SINCE_VERSION)
		cpu->value = 1;
	return 0;
}

static void put_pids(struct dbus_writer *writer, pid_t pid)
{
	size_t pids;

	begin_property(writer, "PIDs", "au");
	pids = dbus_begin_array(writer, sizeof(uint32_t));
	dbus_put_u32(writer, (uint32_t)pid);
	dbus_end_array(writer, pids, sizeof(uint32_t));
}

/*
 * DefaultDependencies: at shutdown the engine's own unit says when containers end. CollectMode: a scope that failed is
 * not kept, its name could not be used again. TasksMax: no limit that nobody has asked for.
 */
static void put_properties(struct dbus_writer *writer, const char *slice, const char *id,
			   const struct scope_weights *weights, pid_t pid)
{
	char description[SCOPE_NAME_SIZE + sizeof("coffer container ")];
	size_t properties = dbus_begin_array(writer, sizeof(uint64_t));

	(void)snprintf(description, sizeof(description), "coffer container %.*s", SCOPE_NAME_SIZE, id);
	put_string(writer, "Description", description);
	put_string(writer, "Slice", slice);
	put_bool(writer, "Delegate", true);
	put_bool(writer, "DefaultDependencies", false);
	put_string(writer, "CollectMode", "inactive-or-failed");
	put_u64(writer, "TasksMax", UINT64_MAX);
	put_weights(writer, weights);
	put_pids(writer, pid);
	dbus_end_array(writer, properties, sizeof(uint64_t));
}

static int start_unit(struct systemd *systemd, const struct scope_name *name, const char *id,
		      const struct scope_weights *weights, pid_t holder, struct error *err)
{
	static const struct dbus_method start = { systemd_path, systemd_interface, "StartTransientUnit",
						  "ssa(sv)a(sa(sv))" };
	struct dbus_writer writer;
	size_t others;

	dbus_begin_call(&systemd->dbus, &writer, &start);
	dbus_put_string(&writer, name->unit);
	dbus_put_string(&writer, "fail"); /* rather than replace another job for this unit */
	put_properties(&writer, name->slice, id, weights, holder);
	others = dbus_begin_array(&writer, sizeof(uint64_t));
	dbus_end_array(&writer, others, sizeof(uint64_t));
	return systemd_run_job(systemd, &writer, err);
}

/* As systemd says, which may have it in another slice. */
static int check_no_process(struct systemd *systemd, const struct cgroup_host *host, const char *unit,
			    struct error *err)
{
	char object[OBJECT_PATH_SIZE];
	const char *path = "";
	auto_fd int fd = -1;
	int r = systemd_name_call(systemd, "GetUnit", unit, object, err);

	if (r == 0)
		r = systemd_read_text(systemd, object, "org.freedesktop.systemd1.Scope", "ControlGroup", &path, err);
	if (r < 0 || !*path)
		return r == -ENXIO ? 0 : r;
	fd = tree_open(host->root_fd, path, O_RDONLY);
	if (fd == -ENOENT || (fd >= 0 && events_read(fd, EVENT_POPULATED) == 0))
		return 0;
	return refuse_as(err, EBUSY, "it has processes, or may have");
}

/*
 * A unit of the name that has no process is what is left of a scope: its cgroup was removed before systemd could see
 * that it was empty, or it has failed and somebody wants that kept. A job that somebody else has for it stays.
 */
static int free_name(struct systemd *systemd, const struct cgroup_host *host, const char *unit, struct error *err)
{
	struct error ignored;
	int r = check_no_process(systemd, host, unit, err);

	if (r == 0)
		r = systemd_stop_unit(systemd, unit, "fail", err);
	if (r == 0)
		(void)systemd_name_call(systemd, "ResetFailedUnit", unit, NULL, &ignored);
	return r;
}

static int start_scope(struct systemd *systemd, const struct cgroup_host *host, const char *scope, const char *id,
		       const struct scope_weights *weights, pid_t holder, struct error *err)
{
	struct scope_weights known = *weights;
	struct scope_name name;
	struct error ignored;
	int r;

	if (scope_name_of_path(scope, systemd->cgroup, &name) < 0)
		return fail(err, ENOTSUP, "the cgroup %.200s", scope);
	r = make_known(systemd, &known, err);
	if (r == 0)
		r = start_unit(systemd, &name, id, &known, holder, err);
	if (r == -EEXIST && free_name(systemd, host, name.unit, &ignored) == 0)
		r = start_unit(systemd, &name, id, &known, holder, err);
	return r;
}

int systemd_start_scope(struct systemd *systemd, const struct cgroup_host *host, const char *container_path,
			const char *id, const struct scope_weights *weights, pid_t *ret_holder, struct error *err)
{
	auto_free char *scope = systemd_scope_path(container_path);
	pid_t holder = start_holder(systemd, err);
	int r;

	if (holder < 0)
		return (int)holder;
	r = start_scope(systemd, host, scope, id, weights, holder, err);
	if (r == 0)
		r = check_place(scope, holder, err);
	if (r == 0)
		r = move_holder(host, scope, holder, err);
	if (r < 0) {
		systemd_let_go(host, container_path, &holder);
		return context(err, "start %s", last_name(scope));
	}
	*ret_holder = holder;
	return 0;
}

/* ---- change ---- */

static int set_properties(struct systemd *systemd, const char *unit, const struct scope_weights *weights,
			  struct error *err)
{
	static const struct dbus_method set = { systemd_path, systemd_interface, "SetUnitProperties", "sba(sv)" };
	struct dbus_message answer;
	struct dbus_writer writer;
	size_t properties;

	dbus_begin_call(&systemd->dbus, &writer, &set);
	dbus_put_string(&writer, unit);
	dbus_put_bool(&writer, true); /* for this unit's life only */
	properties = dbus_begin_array(&writer, sizeof(uint64_t));
	put_weights(&writer, weights);
	dbus_end_array(&writer, properties, sizeof(uint64_t));
	return systemd_call(systemd, &writer, &answer, err);
}

int systemd_set_weights(const char *socket, const char *container_path, const struct scope_weights *weights,
			struct error *err)
{
	auto_free char *scope = systemd_scope_path(container_path);
	auto_systemd struct systemd *systemd = NULL;
	struct scope_weights known = *weights;
	struct scope_name name;
	int r = systemd_open(socket, &systemd, err);

	if (r == 0 && scope_name_of_path(scope, systemd->cgroup, &name) < 0)
		r = refuse_as(err, EPERM, "it is another systemd's than that of %s", socket);
	if (r == 0)
		r = make_known(systemd, &known, err);
	if (r == 0)
		r = set_properties(systemd, name.unit, &known, err);
	return r < 0 ? context(err, "weights of %s", last_name(scope)) : 0;
}

/* ---- stop ---- */

static int stop_own(struct systemd *systemd, const char *scope, struct error *err)
{
	struct scope_name name;

	/* Its unit of this name is another one. */
	if (scope_name_of_path(scope, systemd->cgroup, &name) < 0)
		return refuse_as(err, EPERM, "it is another systemd's");
	return systemd_stop_unit(systemd, name.unit, "replace", err);
}

static int stop_scope(const char *socket, const char *scope, struct error *err)
{
	int r = 0;

	for (int tries = 0; tries < STOP_TRIES; tries++) {
		auto_systemd struct systemd *systemd = NULL;

		r = systemd_open(socket, &systemd, err);
		if (r == 0)
			r = stop_own(systemd, scope, err);
		if (!systemd_has_hung_up(r))
			break;
	}
	return r;
}

/* The container's cgroup has been removed, and a holder is killed: whoever stays is of a later scope of this name. */
static bool is_somebody_elses(const struct cgroup_host *host, const char *scope)
{
	auto_fd int fd = tree_open(host->root_fd, scope, O_RDONLY);

	return fd >= 0 && events_wait(fd, EVENT_POPULATED, false, KILLED_MS) == -ETIMEDOUT;
}

static bool is_there(const struct cgroup_host *host, const char *scope)
{
	return faccessat(host->root_fd, tree_relative(scope), F_OK, 0) == 0;
}

bool systemd_scope_ends(const struct cgroup_host *host, const char *container_path)
{
	auto_free char *scope = systemd_scope_path(container_path);
	const int64_t deadline = clock_ms() + EMPTY_MS;

	while (is_there(host, scope)) {
		if (clock_ms() >= deadline)
			return false;
		systemd_pause();
	}
	return true;
}

int systemd_stop_scope(const char *socket, const struct cgroup_host *host, const char *container_path,
		       struct error *err)
{
	auto_free char *scope = systemd_scope_path(container_path);
	int r;

	/* As a rule systemd has seen that it is empty, and has removed it. */
	if (!is_there(host, scope) || is_somebody_elses(host, scope))
		return 0;
	r = stop_scope(socket, scope, err);
	if (r == -ENOENT) /* there is no systemd, and nobody else will */
		return cgroup_remove(host, scope, err);
	/* Never under a systemd that is there: its unit would be active for good, and the name taken. */
	if (r == 0 || systemd_scope_ends(host, container_path))
		return 0;
	return context(err, "stop %s, whose cgroup %s is left", last_name(scope), scope);
}

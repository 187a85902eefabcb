/*
 * systemd_call.c - see systemd_call.h. A unit is started and stopped in the same way: a call that answers with a job,
 * then the signal that the job is done.
 */
#include "systemd_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"

enum { TIMEOUT_MS = 30 * 1000 };
enum { REEXEC_MS = 5000, NO_SOCKET_MS = 100, PAUSE_NS = 10 * 1000 * 1000 };

const char systemd_path[] = "/org/freedesktop/systemd1";
const char systemd_interface[] = "org.freedesktop.systemd1.Manager";

/* ---- the connection ---- */

static int code_of(const char *error_name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {
		{ "org.freedesktop.systemd1.NoSuchUnit", ENXIO },
		{ "org.freedesktop.systemd1.UnitExists", EEXIST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (str_eq(codes[i].name, error_name))
			return codes[i].code;
	return EIO;
}

/* A D-Bus error as one of ours: its text, then its name, which is what can be searched for. */
static int refuse_answer(struct dbus_message *answer, struct error *err)
{
	const char *text = "";

	if (answer->signature[0] == 's')
		(void)dbus_get_string(answer, &text);
	return refuse_as(err, code_of(answer->error_name), "systemd: %.300s (%.100s)", text, answer->error_name);
}

int systemd_call(struct systemd *systemd, struct dbus_writer *writer, struct dbus_message *ret_answer,
		 struct error *err)
{
	int r = dbus_call(&systemd->dbus, writer, ret_answer, err);

	return r == 0 && ret_answer->type == DBUS_ERROR ? refuse_answer(ret_answer, err) : r;
}

int systemd_read_text(struct systemd *systemd, const char *object, const char *interface, const char *name,
		      const char **ret_text, struct error *err)
{
	const struct dbus_method get = { object, "org.freedesktop.DBus.Properties", "Get", "ss" };
	struct dbus_message answer;
	struct dbus_writer writer;
	const char *type;
	int r;

	dbus_begin_call(&systemd->dbus, &writer, &get);
	dbus_put_string(&writer, interface);
	dbus_put_string(&writer, name);
	r = systemd_call(systemd, &writer, &answer, err);
	if (r < 0)
		return r;
	if (!str_eq(answer.signature, "v") || dbus_get_signature(&answer, &type) < 0 || !str_eq(type, "s") ||
	    dbus_get_string(&answer, ret_text) < 0)
		return fail(err, EBADMSG, "systemd's %s", name);
	return 0;
}

/* The path of an object, of which the answer is the name. */
static int call_for_path(struct systemd *systemd, struct dbus_writer *writer, char path[OBJECT_PATH_SIZE],
			 struct error *err)
{
	struct dbus_message answer;
	const char *text;
	int r = systemd_call(systemd, writer, &answer, err);

	if (r < 0)
		return r;
	if (!str_eq(answer.signature, "o") || dbus_get_string(&answer, &text) < 0 || strlen(text) >= OBJECT_PATH_SIZE)
		return fail(err, EBADMSG, "the object that systemd names");
	(void)snprintf(path, OBJECT_PATH_SIZE, "%s", text);
	return 0;
}

int systemd_name_call(struct systemd *systemd, const char *method, const char *unit, char object[OBJECT_PATH_SIZE],
		      struct error *err)
{
	const struct dbus_method by_name = { systemd_path, systemd_interface, method, "s" };
	struct dbus_message answer;
	struct dbus_writer writer;

	dbus_begin_call(&systemd->dbus, &writer, &by_name);
	dbus_put_string(&writer, unit);
	return object ? call_for_path(systemd, &writer, object, err) : systemd_call(systemd, &writer, &answer, err);
}

/* PID 1's units are below the root, a user's below user@UID.service. */
static int read_cgroup(struct systemd *systemd, struct error *err)
{
	const char *path;
	int r = systemd_read_text(systemd, systemd_path, systemd_interface, "ControlGroup", &path, err);

	if (r < 0)
		return r;
	if (strlen(path) >= sizeof(systemd->cgroup))
		return fail(err, EBADMSG, "systemd's own cgroup");
	(void)snprintf(systemd->cgroup, sizeof(systemd->cgroup), "%s", str_eq(path, "/") ? "" : path);
	return 0;
}

static int open_once(const char *socket, struct systemd **ret_systemd, struct error *err)
{
	auto_systemd struct systemd *systemd = xcalloc(1, sizeof(*systemd));
	int r;

	systemd->dbus.fd = -1;
	r = dbus_connect(&systemd->dbus, socket, TIMEOUT_MS, err);
	if (r == 0)
		r = read_cgroup(systemd, err);
	if (r == 0)
		*ret_systemd = take_ptr(systemd);
	return r;
}

bool systemd_has_hung_up(int r)
{
	return r == -ECONNRESET || r == -EPIPE;
}

void systemd_pause(void)
{
	const struct timespec moment = { .tv_nsec = PAUSE_NS };

	(void)nanosleep(&moment, NULL);
}

/* While systemd executes itself anew (daemon-reexec) nobody listens; the socket's file is missing at the end of it, for
   a moment. */
int systemd_open(const char *socket, struct systemd **ret_systemd, struct error *err)
{
	const int64_t begin = clock_ms();

	for (;;) {
		int r = open_once(socket, ret_systemd, err);
		bool is_away = r == -ECONNREFUSED || systemd_has_hung_up(r);
		int patience = is_away ? REEXEC_MS : r == -ENOENT ? NO_SOCKET_MS : 0;

		if (r == 0 || clock_ms() - begin >= patience)
			return r;
		systemd_pause();
	}
}

void systemd_close(struct systemd *systemd)
{
	if (!systemd)
		return;
	dbus_close(&systemd->dbus);
	free(systemd);
}

const char *systemd_cgroup(const struct systemd *systemd)
{
	return systemd->cgroup;
}

/* ---- jobs ---- */

/* JobRemoved(u id, o job, s unit, s result) */
static int job_result(struct dbus_message *message, const char *job, const char **ret_result)
{
	const char *path, *unit;
	uint32_t id;

	if (message->type != DBUS_SIGNAL || !str_eq(message->member, "JobRemoved") ||
	    !str_eq(message->signature, "uoss") || dbus_get_u32(message, &id) < 0 ||
	    dbus_get_string(message, &path) < 0 || !str_eq(path, job) || dbus_get_string(message, &unit) < 0)
		return -ENOENT;
	return dbus_get_string(message, ret_result);
}

static int wait_for_job(struct systemd *systemd, const char *job, struct error *err)
{
	struct dbus_message message;
	const char *result;
	int r;

	do
		r = dbus_receive(&systemd->dbus, &message, err);
	while (r == 0 && job_result(&message, job, &result) < 0);
	if (r == 0 && !str_eq(result, "done"))
		return refuse_as(err, EIO, "systemd: the job ended with \"%.100s\"", result);
	return r;
}

int systemd_run_job(struct systemd *systemd, struct dbus_writer *writer, struct error *err)
{
	char job[OBJECT_PATH_SIZE];
	int r = call_for_path(systemd, writer, job, err);

	return r < 0 ? r : wait_for_job(systemd, job, err);
}

int systemd_stop_unit(struct systemd *systemd, const char *unit, const char *mode, struct error *err)
{
	static const struct dbus_method stop = { systemd_path, systemd_interface, "StopUnit", "ss" };
	struct dbus_writer writer;
	int r;

	dbus_begin_call(&systemd->dbus, &writer, &stop);
	dbus_put_string(&writer, unit);
	dbus_put_string(&writer, mode);
	r = systemd_run_job(systemd, &writer, err);
	return r == -ENXIO ? 0 : r;
}

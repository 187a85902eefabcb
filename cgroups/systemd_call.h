/*
 * systemd_call.h - inside cgroups/: calls of a service manager by their names, and the jobs that some of them begin
 * (org.freedesktop.systemd1(5)). What systemd refuses is -EEXIST for UnitExists, -ENXIO for NoSuchUnit, or -EIO.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "dbus.h"
#include "systemd.h"

enum { CGROUP_PATH_SIZE = 4096, OBJECT_PATH_SIZE = 1024 };

struct systemd {
	struct dbus dbus;
	char cgroup[CGROUP_PATH_SIZE];
};

/* The manager's object, and its interface. */
extern const char systemd_path[], systemd_interface[];

int systemd_call(struct systemd *systemd, struct dbus_writer *writer, struct dbus_message *ret_answer,
		 struct error *err);

/* A call whose one argument is a unit's name; object, if not NULL, gets the path that is the answer. */
int systemd_name_call(struct systemd *systemd, const char *method, const char *unit, char object[OBJECT_PATH_SIZE],
		      struct error *err);

/* A property that is a text, which lives until the next call. */
int systemd_read_text(struct systemd *systemd, const char *object, const char *interface, const char *name,
		      const char **ret_text, struct error *err);

/* A call that answers with a job, and the wait until it has been done. */
int systemd_run_job(struct systemd *systemd, struct dbus_writer *writer, struct error *err);

/* Stops a unit; one that is gone is success. */
int systemd_stop_unit(struct systemd *systemd, const char *unit, const char *mode, struct error *err);

/* Did a call end so because systemd has closed the connection? */
bool systemd_has_hung_up(int r);

void systemd_pause(void); /* between two looks at what systemd will do soon */

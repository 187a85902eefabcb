/*
 * dbus.h - inside cgroups/: a connection to a service manager's own socket, which speaks D-Bus without a bus between:
 * no names, no subscriptions, its signals come by themselves (D-Bus Specification, "Authentication Protocol").
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "dbus_message.h"

struct dbus {
	int fd;
	uint32_t serial; /* of the last call */
	int timeout_ms;
	int64_t deadline; /* clock_ms(), of connecting or of the last call and what follows it */
	uint8_t buffer[DBUS_READ_MAX];
};

/* Connects to the unix socket and proves by its credentials who calls. timeout_ms is for this, and for each call. */
int dbus_connect(struct dbus *dbus, const char *path, int timeout_ms, struct error *err);
void dbus_close(struct dbus *dbus);

/* Begins a call, which gets the next serial. */
void dbus_begin_call(struct dbus *dbus, struct dbus_writer *writer, const struct dbus_method *method);

/* Ends the call, sends it and waits for its answer, leaving out signals. *ret_answer's texts live until the next call
   of any function here. A D-Bus error is *ret_answer too, with .type DBUS_ERROR, and 0. */
int dbus_call(struct dbus *dbus, struct dbus_writer *writer, struct dbus_message *ret_answer, struct error *err);

/* The next message of at most DBUS_READ_MAX bytes; longer ones are left out. */
int dbus_receive(struct dbus *dbus, struct dbus_message *ret_message, struct error *err);

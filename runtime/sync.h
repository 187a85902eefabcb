/*
 * sync.h - the whole conversation between the runtime and a container's process, on one SOCK_SEQPACKET pair.
 *
 *	init                                     parent
 *	                            <-  SYNC_IDS_MAPPED    (uid_map and gid_map are written)
 *	SYNC_CONSOLE (master fd)    ->           console socket or proxy
 *	SYNC_HOOKS                  ->           prestart and createRuntime hooks (runtime namespaces)
 *	                            <-  SYNC_HOOKS_DONE
 *	SYNC_READY                  ->           rlimits; start.sock; state.json with the pid: "created" now
 *	                            <-  SYNC_RECORDED      (run, exec: go on to execve; create: wait at the gate)
 *	(over start.sock:           <-  SYNC_START         from `start`)
 *	end of file                 ->           execve succeeded (the socket is close-on-exec)
 *	SYNC_ERROR (struct error)   ->           at any time: what failed; init exits
 *
 * A step that does not apply is left out by both sides, which know the same plan. Every record has the same size, so
 * there is no length to parse; a short or unknown record is an error. An end of file before its time means that the
 * other side died. specs/init-protocol.md says the same in prose.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum sync_type {
	SYNC_IDS_MAPPED = 1,
	SYNC_HOOKS,
	SYNC_HOOKS_DONE,
	SYNC_CONSOLE,
	SYNC_READY,
	SYNC_RECORDED,
	SYNC_START,
	SYNC_ERROR,
	SYNC_END, /* end of file: never on the wire */
	SYNC_TYPE_MAX,
};

struct sync_record {
	uint32_t type;
	struct error error; /* SYNC_ERROR only, zero else */
};

_Static_assert(sizeof(struct sync_record) == 512, "one record, one size");

int sync_pair(int *ret_parent, int *ret_child, struct error *err);
int sync_send(int socket, enum sync_type type, int fd, struct error *err);

/* Sends *err as it is; failure to send is ignored: the other side sees the end of file. */
void sync_send_error(int socket, const struct error *error);

/*
 * Receives one record. SYNC_ERROR fills *err and returns its code. SYNC_END is given as a type.
 * *ret_fd (may be NULL: a passed fd is closed) is -1 if none came.
 */
int sync_receive(int socket, enum sync_type *ret_type, int *ret_fd, struct error *err);

/* Receives and insists on this type; anything else, the end of file too, is an error. */
int sync_expect(int socket, enum sync_type type, int *ret_fd, struct error *err);

/* Checks a record that came from elsewhere: length and type; for the fuzz target. */
int sync_record_check(const struct sync_record *record, long length, struct error *err);

const char *sync_type_name(enum sync_type type);

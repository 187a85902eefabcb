/*
 * labels.h - what security modules call a program: process.apparmorProfile and process.selinuxLabel, which execve takes
 * on.
 */
#pragma once

#include "base/error.h"
#include "process.h"

/*
 * While /proc is the runtime's own, in the process that will be the program: finds its attributes there, past anything
 * that is mounted over them (CVE-2025-52881). A new session keyring gets the SELinux label. Nothing without labels.
 */
int labels_open(struct process_start *start, struct error *err);

/*
 * From now on execve takes the labels on; so do hooks that are run from here, as with peers. A profile that is not
 * loaded, or a label that the policy does not know, is an error here.
 */
int labels_set(const struct process_start *start, struct error *err);

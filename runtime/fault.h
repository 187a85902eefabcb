/*
 * fault.h - named points at which a test build can be killed, to prove that nothing is lost (meson -Dfault_injection).
 */
#pragma once

/*
 * In a test build: SIGKILL to itself if $COFFER_FAULT is this name. Else nothing (fault_none.c). The names are those of
 * the steps[] of launch.c, init.c and exec_init.c, and what other files call it with; tests/cli/faults.bats takes them
 * from there.
 */
void fault_point(const char *name);

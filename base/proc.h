/*
 * proc.h - processes by pidfd: clone3(2), waitid(2), pidfd_send_signal(2), and identity over time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/*
 * clone3 with fork semantics and SIGCHLD. `flags` are CLONE_NEW*, CLONE_PARENT ...; CLONE_PIDFD is added when
 * ret_pidfd is not NULL and CLONE_INTO_CGROUP when cgroup_fd >= 0. Returns the pid, 0 in the child, or -errno.
 * The caller must be single-threaded.
 */
pid_t proc_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd);

/* Runs run(a copy of `size` bytes, at most PROC_ALONE_BYTES) in a process that nobody waits for: its end sends no
   signal, wait(2) does not see it, and behind the caller's end it is with whoever takes in orphans. It has files of its
   own but the caller's memory, which to copy would take longer than all the rest: so it makes system calls and nothing
   else, no allocation, and errno tells neither of them anything if both fail at the same moment. The memory of its
   stack is not given back. Returns the pid or -errno. */
enum { PROC_ALONE_BYTES = 256 };
pid_t proc_run_alone(int (*run)(void *context), const void *context, size_t size);

int proc_pidfd_open(pid_t pid);             /* fd or -errno */
int proc_pidfd_send(int pidfd, int signal); /* 0 or -errno */
int proc_pidfd_getfd(int pidfd, int fd);    /* fd or -errno */

/* Waits for a child and returns the shell's view of its end: exit status, or 128 + signal; or -errno. */
int proc_wait(pid_t pid);
int proc_wait_pidfd(int pidfd);

/* Reaps the children that have ended, of a subreaper orphans too, until it meets this one, whose status is wanted. */
void proc_reap_others(pid_t pid);

/* Start time of a process in clock ticks since boot (proc(5), stat field 22): with the pid, its identity.
   0 if the process does not exist or is a zombie. */
uint64_t proc_start_time(pid_t pid);

/* The umask of this process, which is not touched; all bits if the kernel does not say. */
mode_t proc_umask(void);

/* Forks, and runs path with argv and envp and the given stdin; stdout and stderr are inherited. Returns the pid or
   -errno; -ENOENT, -EACCES ... of execve are reported here too. */
pid_t proc_spawn(const char *path, char *const argv[], char *const envp[], int stdin_fd);

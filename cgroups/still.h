/*
 * still.h - whether a cgroup that has been told to freeze stands still already, before the kernel says so.
 *
 * The kernel counts a task as frozen where it takes signals, on its way back to its program. Who sleeps before that
 * place and after all that was asked of the kernel has stopped in all but name: its program runs no more before the
 * thaw. That is so in a page fault, which may wait for a page of the swap or above memory.high (up to 2 s), and at the
 * end of a system call above memory.high. It is not so in the middle of a system call, which may go on for long.
 */
#pragma once

#include <stdbool.h>

/*
 * After cgroup.freeze was written. True: each task of the cgroup and of what is below it is frozen, or sleeps as said
 * above. False also if that cannot be told: for who is not root and meets somebody asleep, for tasks of another pid
 * namespace, more than 512 of them, or more than 64 cgroups; and while somebody waits for its vfork(2) child. It reads
 * PID/stat of proc(5), and of who sleeps so that no signal wakes it PID/stack and PID/syscall, which wait for a task
 * that is inside execve(2): so the caller is somebody who has nothing else to do.
 */
bool cgroup_is_still(int cgroup_fd);

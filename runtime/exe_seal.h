/*
 * exe_seal.h - CVE-2019-5736: a container must not reach a writable host binary through /proc/PID/exe of the runtime.
 */
#pragma once

#include "base/error.h"

/*
 * Makes the program's RELRO segment read-only: tables of pointers, which only the relocation at its start writes to.
 * The C library does so in a dynamic program, but musl not in a static one. 0 or -errno; one system call. exe_seal()
 * keeps it so.
 */
int exe_protect(void);

/*
 * From here on /proc/self/exe of this process and of what it forks is the same file on a private read-only mount, so
 * opening it for writing is refused whoever asks: ETXTBSY while it runs, as ever, and EROFS when it does not any more.
 * Nothing is copied (but where the program's mount is not one of this namespace: then the file is a sealed copy in
 * memory) and nothing is executed again.
 *
 * To be called in the runtime, before clone; needs CAP_SYS_ADMIN over the mount namespace and CAP_CHECKPOINT_RESTORE or
 * CAP_SYS_ADMIN over the user namespace. -EPERM with text where these are missing: there the runtime is an ordinary
 * user, and a binary that it does not own cannot be overwritten by its containers either.
 *
 * *ret_mount_fd holds the mount together; -1 with a copy. Whoever closes it last waits for the kernel to take the mount
 * apart (an RCU grace period), so the caller keeps it until it has nothing better to do.
 */
int exe_seal(int *ret_mount_fd, struct error *err);

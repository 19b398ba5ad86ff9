/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_MAPPED_H
#define PTOOLS_PROC_MAPPED_H

#include <stdint.h>

#include "proc/proc.h"

/*
 * Ways to the files that a live process has mapped. All give a read-only descriptor of a regular file, the caller's, or a
 * negative error; never anything whose opening could wait or do something (FIFO, device). Also where the first thread has
 * exited and others live on.
 */

/*
 * The very file of the mapping [start, end), also if it is deleted or in a mount namespace of its own: proc_pid_map_files(5).
 * -EPERM without CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE (Linux 5.9), -ENOENT if nothing is mapped like that any more.
 */
int mapped_open(const struct proc *p, uint64_t start, uint64_t end)
	__attribute__((warn_unused_result));

/* The executable: proc_pid_exe(5). */
int mapped_open_exe(const struct proc *p) __attribute__((warn_unused_result));

/* A path as the process sees it, symbolic links included, in its root: proc_pid_root(5). */
int mapped_open_path(const struct proc *p, const char *path) __attribute__((warn_unused_result));

/* A path as we see it; for core files, and debugging information. */
int mapped_open_ours(const char *path) __attribute__((warn_unused_result));

#endif

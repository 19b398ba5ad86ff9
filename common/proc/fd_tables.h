/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_FD_TABLES_H
#define PTOOLS_PROC_FD_TABLES_H

#include <stdbool.h>

#include "proc/proc.h"
#include "proc/threads.h"

/*
 * A thread may have a descriptor table of its own: CLONE_FILES of clone(2) and unshare(2). /proc/PID/fd, and
 * with it fds_list(), is that of the first thread, or of the first that lives. kcmp(2) tells who shares it; that
 * needs the right to read by ptrace, and a kernel that has the call.
 */

/* Whose that is: ERR_GONE; -EAGAIN when threads come and go too fast to tell. */
int fd_table_owner(const struct proc *p, pid_t *tid) __attribute__((warn_unused_result));

/* Whether the thread is known to have the table that fds_list() lists. */
bool fd_table_is_shared(const struct proc *p, pid_t tid);

/* Whether two threads have the same: 1, 0, or -errno of kcmp(2); -ESRCH: one of the two is gone. */
int fd_table_same(pid_t a, pid_t b);

/* A pidfd from which pidfd_getfd(2) takes out of that thread's table, the caller's to close; -errno. */
int fd_table_pidfd(pid_t tid);

/*
 * Lists the threads that have another one; threads that come and go meanwhile may or may not be in it. 0, and for a
 * recording always; ERR_GONE; -ENOMEM; -ENOSYS, -EPERM: nobody knows.
 */
int fd_tables_apart(const struct proc *p, struct threads *out) __attribute__((warn_unused_result));

#endif

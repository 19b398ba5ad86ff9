/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_BORROW_H
#define PTOOLS_CTL_BORROW_H

#include <stddef.h>

#include "ctl/call.h"
#include "proc/proc.h"

/*
 * Borrowed descriptors: each one is duplicated into the tool with pidfd_getfd(2) (Linux 5.6), asked
 * there, and closed at once. Nobody is stopped. One descriptor at a time, for some microseconds;
 * that is not quite free of side effects, which last as long as the duplicate is open:
 *   - the file stays open when the target closes it meanwhile: a peer sees end of file, a flock or
 * OFD lock goes, an epoll entry disappears, an address becomes free only when the duplicate is
 * closed, and the work of the last close is then done here;
 *   - a file system with a flush operation (NFS, FUSE) is told of our close as of any other;
 *   - with version 1 control groups a socket is marked with the net_cls and net_prio ids of the
 * tool.
 */
struct borrow;

/* p stays the caller's and must outlive the borrow. ERR_PERM: no right to borrow from this process;
 * ERR_OLDKERNEL; ERR_GONE; -ENOMEM. */
int borrow_open(struct proc *p, struct borrow **out) __attribute__((warn_unused_result));

/*
 * Runs the calls in order; consecutive ones on the same descriptor share one duplicate, and so
 * speak of the same open file even if the target puts another one under that number meanwhile. Each
 * ret is the call's own result, or: -EBADF the target has no such descriptor; another -errno: this
 * one cannot be borrowed (a security module said no, the tool is at its own limit); -ENOTSUP: the
 * duplicate cannot answer (fcntl(F_GETFD), calls that take no descriptor). 0; ERR_REFUSED
 * (call_allowed), none ran; or ERR_PERM, ERR_GONE: *done says how many ran, and the borrow is only
 * good for borrow_close().
 */
int borrow_batch(struct borrow *b, struct call *calls, size_t n, size_t *done)
	__attribute__((warn_unused_result));

/* Frees; takes NULL. */
void borrow_close(struct borrow *b);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PFILES_KIND_H
#define PFILES_KIND_H

#include "facts.h"

/*
 * What a descriptor is for, where stat(2) does not say: of anonymous files and of those in file systems of
 * the kernel's own the text of the link tells, of devices the number.
 */
enum kind {
	KIND_OTHER, /* a file, a directory, an anonymous file of a sort that is not in the list */
	KIND_EPOLL,
	KIND_EVENTFD,
	KIND_SIGNALFD,
	KIND_TIMERFD,
	KIND_INOTIFY,
	KIND_FANOTIFY,
	KIND_PIDFD,
	KIND_MEMFD,
	KIND_IO_URING,
	KIND_BPF_MAP,
	KIND_BPF_PROG,
	KIND_BPF_LINK,
	KIND_USERFAULTFD,
	KIND_NAMESPACE,
	KIND_MQUEUE,
	KIND_PIPE,
	KIND_FIFO,
	KIND_PTY_MASTER,
	KIND_PTY,
	KIND_TUN,
	KIND_DEVICE,
	KIND_SOCKET,
	KIND_COUNT,
};

/*
 * By mode and device and the `len` bytes of its link's text, which may be absent (0). KIND_OTHER when stat(2)
 * had failed. A message queue looks like a file: only a call can tell (extras.c).
 */
enum kind kind_of(const struct desc *d, const char *link, size_t len);

/* "epoll", "pipe"...: the name of its line and of its object in JSON; NULL for KIND_OTHER. Static. */
const char *kind_word(enum kind k);

#endif

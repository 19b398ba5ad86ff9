/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_FDS_H
#define PTOOLS_PROC_FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/proc.h"

/* The open descriptor numbers of a process, ascending. Zero-initialise; fds_free. */
struct fds {
	int *fd;
	size_t n, cap;
};

/*
 * Lists /proc/PID/fd now (getdents64(2), no stat). Needs the owner's rights or ptrace read rights:
 * -EACCES. -EAGAIN when its threads died again and again while each was being read.
 */
int fds_list(const struct proc *p, struct fds *out) __attribute__((warn_unused_result));
void fds_free(struct fds *f);

/*
 * A window on /proc/PID/fd and /proc/PID/fdinfo, open once, for many descriptors. fd_view_close takes
 * a view that was never opened.
 */
struct fd_view {
	int fd_dir, fdinfo_dir;  /* -1: not open */
	const struct proc *proc; /* must outlive the view; NULL: never opened */
};
int fd_view_open(const struct proc *p, struct fd_view *out) __attribute__((warn_unused_result));
/* The same and fds_list() at one go; after an error the view is closed. */
int fd_view_open_list(const struct proc *p, struct fd_view *out, struct fds *list)
	__attribute__((warn_unused_result));
void fd_view_close(struct fd_view *v);

/*
 * Looks at one descriptor. All of them: -ENOENT when it is not open (any more), ERR_GONE when the whole
 * process is gone, -EACCES without ptrace read rights.
 * Appends the link text of a descriptor: a path, "socket:[123]", "anon_inode:[eventpoll]"...
 */
int fd_view_link(const struct fd_view *v, int fd, struct buf *out)
	__attribute__((warn_unused_result));

/* One "lock:" line of fdinfo: a lock held through this very open file (or, POSIX, by this process). */
enum fd_lock_kind { FD_LOCK_POSIX, FD_LOCK_FLOCK, FD_LOCK_OFD, FD_LOCK_LEASE, FD_LOCK_OTHER };
struct fd_lock {
	enum fd_lock_kind kind;
	bool mandatory, write, blocked; /* blocked: waiting for the lock, not holding it */
	char word[16];       /* the kernel's word for the type: READ, WRITE, UNLCK, ... */
	pid_t pid;           /* the holder; -1 for OFD locks */
	uint64_t start, end; /* bytes, end inclusive; UINT64_MAX: to the end of the file */
};

/*
 * What fdinfo says of any descriptor; the rest of the text stays in `text` for the kinds.
 * Zero-initialise; may be filled again and again (the text's memory is used again); fdinfo_free.
 */
struct fdinfo {
	uint64_t pos;
	uint64_t flags;         /* as open(2), O_CLOEXEC included */
	uint64_t ino;           /* 0 before Linux 5.14 */
	int64_t mnt_id;         /* -1 if absent */
	struct fd_lock lock[8]; /* the first ones */
	unsigned nlocks;        /* how many there are, which may be more than lock[] holds */
	struct buf text;        /* the whole file; fdinfo_free */
};
int fd_view_info(const struct fd_view *v, int fd, struct fdinfo *out)
	__attribute__((warn_unused_result));
/* Fills everything but `text` from such a text, whatever it holds. 0 or ERR_FORMAT (no pos or flags). */
int fdinfo_parse(const char *text, size_t len, struct fdinfo *out)
	__attribute__((warn_unused_result));
void fdinfo_free(struct fdinfo *i);

/*
 * stat(2) through /proc/PID/fd/N with AT_STATX_DONT_SYNC: never asks a dead file server. Fills a
 * statx for mask STATX_BASIC_STATS. For the way that has neither agent nor borrowed descriptor.
 * ERR_NOTSUP for a recorded process.
 */
struct statx;
int fd_view_stat(const struct fd_view *v, int fd, struct statx *out)
	__attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PFILES_FACTS_H
#define PFILES_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* What pfiles knows of a process once nobody is held any more. Gathered first, shown afterwards. */

/* A stretch of facts.paths or facts.names, as the kernel gave it, not escaped. */
struct span {
	size_t at;
	uint32_t len;
};

enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK, LOCK_LEASE, LOCK_DELEGATION, LOCK_OTHER };

/* One lock on the file of a descriptor. */
struct lock {
	enum lock_kind kind;
	bool write, mandatory;
	bool own;            /* held through this very open file (POSIX: set through it) */
	pid_t pid;           /* who set it; below 1: unknown or no process */
	uint64_t start, end; /* bytes, end inclusive; UINT64_MAX: to the end of the file */
};

/* The options of a socket, one bit each in sock.on, in the order in which they are shown. */
enum sock_option {
	OPT_DEBUG,
	OPT_REUSEADDR,
	OPT_KEEPALIVE,
	OPT_DONTROUTE,
	OPT_BROADCAST,
	OPT_OOBINLINE,
	OPT_LINGER,
	OPT_SNDBUF,
	OPT_RCVBUF,
	OPT_REUSEPORT,
	OPT_ACCEPTCONN,
	OPT_COUNT
};

struct sock {
	int type, family; /* -1: not known */
	uint32_t on;      /* bits of enum sock_option: set (flags) or known (numbers) */
	int linger, sndbuf, rcvbuf;
	struct span name, peer; /* struct sockaddr in facts.names; len 0: the kernel gave none */
	pid_t peer_pid;         /* who made the connection, 0: nobody or not known */
	int err_peer;           /* why peer_pid is not known, where it could be */
};

enum desc_state {
	DESC_OK,
	DESC_CLOSED,  /* between the listing and the look: not shown */
	DESC_CHANGED, /* another file under the same number at each look */
};

/* One descriptor. An err_ field is 0 when the fact is known (or does not exist), else says why not.
 */
struct desc {
	int fd;
	enum desc_state state;
	uint16_t mode;
	uint32_t uid, gid, dev_major, dev_minor, rdev_major, rdev_minor;
	uint64_t ino, size, pos;
	uint64_t lock_ino; /* the inode as fdinfo has it, 0: not known */
	int64_t mnt_id;    /* -1: not known (before Linux 5.8) */
	uint32_t flags;    /* as F_GETFL */
	bool cloexec, has_pos;
	bool pos_asked;   /* pos is known from a call; whether it shows is up to the path */
	bool locked;      /* fdinfo shows locks */
	bool identified;  /* the first questions were answered */
	bool other_file;  /* /proc spoke of another file than the calls did */
	struct span path; /* link text in facts.paths; len 0 for sockets */
	uint32_t lock_at, locks,
		more_locks; /* facts.lock[lock_at ...]; how many are not in there */
	uint32_t sock;      /* facts.sock[sock - 1], 0: none */
	int err_stat, err_flags, err_cloexec, err_path, err_pos, err_sock;
};

struct facts {
	struct desc *desc;
	size_t ndesc; /* complete ones, ascending */
	struct sock *sock;
	size_t nsock, cap_sock;
	struct lock *lock;
	size_t nlock, cap_lock;
	struct buf paths, names;
	struct buf command; /* raw */
	uint64_t rlimit;    /* UINT64_MAX: unlimited */
	int err_rlimit;
	int err_socks; /* why no socket's type, options and names could be asked for, 0: they were
			*/
	struct buf why_socks; /* the same in words, escaped */
};

void facts_free(struct facts *f);

/* Appends bytes to one of the two and says where they are. */
struct span facts_keep(struct buf *b, const void *bytes, size_t n);

/* Room for one more at the end; NULL when out of memory. Zeroed. */
struct sock *facts_add_sock(struct facts *f);
struct lock *facts_add_lock(struct facts *f);

#endif

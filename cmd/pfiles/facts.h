/* SPDX-License-Identifier: MIT */
#ifndef PFILES_FACTS_H
#define PFILES_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "proc/threads.h"

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

/* One of the further options, away from its default; what row means is in sock_options.c. */
struct sock_option_value {
	uint16_t row;
	int64_t number;
	struct span text; /* in facts.names */
};

/* What TCP knows of a connection (tcp(7), TCP_INFO); times in microseconds. */
struct sock_tcp {
	uint8_t retransmits, probes, backoff, snd_wscale, rcv_wscale, options;
	uint32_t rto, rtt, rttvar, min_rtt;
	uint32_t snd_mss, rcv_mss, advmss, pmtu;
	uint32_t cwnd, ssthresh, rcv_space;
	uint32_t unacked, sacked, lost, retrans, total_retrans, notsent;
	bool has_timer;         /* the next three are known */
	uint8_t timer;          /* as struct diag_inet */
	uint8_t timer_retrans;  /* how often it has fired */
	uint32_t timer_expires; /* milliseconds */
};

/* A multicast group that a socket has joined. */
#define MEMBER_SOURCES 8
struct sock_member {
	uint8_t six;  /* addresses of IPv6, else of IPv4 */
	uint8_t only; /* only what comes from the sources is let in, else all but that */
	uint8_t addr[16];
	uint32_t ifindex;
	char device[16];
	uint32_t sources; /* how many there are */
	uint8_t source[MEMBER_SOURCES][16];
};

/* Another process that has the other end of a connection open. */
struct far_end {
	pid_t pid;
	int fd;
	struct span comm; /* in facts.names, escaped */
};

/* A network namespace in which some sockets are, and not all of those that matter. */
struct sock_netns {
	uint64_t cookie; /* netns_cookie() */
	uint64_t ino;    /* of its nsfs file: net:[ino]; 0: not known */
	bool shown;      /* other than ours */
	bool elsewhere;  /* other than that of the process */
	int err;         /* why nothing could be asked there, 0: it could */
};

/* What is known of the other end of a connection. */
enum sock_far {
	FAR_NONE,   /* there is none, or it is not on this machine, or not known */
	FAR_OPEN,   /* far_ino is its inode; 0: no process has a descriptor for it */
	FAR_CLOSED, /* it is gone */
};

/* Which of the facts below are known: bits of sock.has. */
enum sock_has {
	SOCK_HAS_STATE = 1,
	SOCK_HAS_QUEUES = 2,   /* recvq, sendq */
	SOCK_HAS_BACKLOG = 4,  /* backlog, backlog_most */
	SOCK_HAS_SHUTDOWN = 8, /* shutdown */
	SOCK_HAS_CRED = 16,    /* peer_uid, peer_gid */
	SOCK_HAS_FLIGHT = 32,  /* in_flight */
	SOCK_HAS_FAR = 64,     /* it has been looked for who holds the other end */
};

struct sock {
	int type, family; /* -1: not known */
	int protocol;     /* -1: not known */
	uint8_t kind;     /* enum sock_kind */
	uint8_t state;    /* TCP_ESTABLISHED ... of <netinet/tcp.h>, whatever the family */
	uint8_t shutdown; /* 1 receiving, 2 sending */
	uint8_t has;      /* enum sock_has */
	uint32_t on;      /* bits of enum sock_option: set (flags) or known (numbers) */
	int linger, sndbuf, rcvbuf;
	struct span name, peer; /* struct sockaddr in facts.names; len 0: the kernel gave none */
	pid_t peer_pid;         /* who made the connection, 0: nobody or not known */
	int err_peer;           /* why peer_pid is not known, where it could be */
	uint32_t peer_uid, peer_gid;
	struct span peer_groups; /* uint32_t each, in facts.names */
	struct span label;       /* of the peer, as a security module calls it */
	uint64_t cookie;         /* 0: not known */
	uint32_t ifindex, queue; /* XDP: interface, 0: none, and which of its queues */
	uint32_t option_at;      /* facts.option[option_at ...] */
	uint16_t options;
	uint16_t netns;        /* facts.netns[netns - 1]; 0: not known */
	uint32_t tcp;          /* facts.tcp[tcp - 1], 0: none */
	uint32_t recvq, sendq; /* bytes */
	uint32_t backlog, backlog_most;
	uint32_t drops;
	uint32_t in_flight;               /* descriptors in messages that wait here */
	uint8_t far;                      /* enum sock_far */
	uint32_t far_ino;                 /* inode of the other end, 0: none or not known */
	uint32_t far_at, fars, more_fars; /* facts.far[far_at ...]; how many are not in there */
	struct span groups;               /* netlink: words of 32 bits, bit 0 is group 1 */
	struct span device;               /* packet: name of the interface */
	struct span congestion;           /* name of the control */
	struct span memberships;          /* packet: struct packet_diag_mclist each */
	struct span members;              /* struct sock_member each */
	int err_members;                  /* why those are not known */
	bool rx_ring, tx_ring;            /* packet */
	int err_diag;     /* why queues, timer and the other end are not known, 0: no reason */
	int err_far;      /* why it is not known who holds the other end */
	int err_options;  /* why the further options are not known */
	bool more_groups; /* too many for peer_groups */
};

/* A descriptor that a thread waits for, by the arguments of the call that it is in. */
enum wait_has { WAIT_HAS_NONE, WAIT_HAS_EVENTS, WAIT_HAS_SETS, WAIT_HAS_COMMAND };
struct wait {
	int fd;
	pid_t tid;
	const char *call; /* its name, static */
	uint8_t has;      /* enum wait_has: which of the next three it has */
	uint16_t events;  /* POLL* of <poll.h> */
	uint8_t sets;     /* 1 to be read, 2 to be written, 4 exceptional (select(2)) */
	int command;      /* of fcntl(2) */
	uint64_t ino;     /* what the thread has under the number at that time */
	unsigned dev_major, dev_minor;
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
	bool looked;      /* and all that /proc tells is known */
	bool other_file;  /* /proc spoke of another file than the calls did */
	struct span path; /* link text in facts.paths; len 0 for sockets */
	uint8_t kind;     /* enum kind */
	bool deleted;     /* the path has lost its name; the text says " (deleted)" */
	uint32_t nlink;
	uint32_t
		twin; /* index of the next descriptor with the same open file, its own if there is none */
	struct span info;  /* notes in facts.info: what fdinfo says */
	struct span asked; /* notes in facts.asked: what calls said */
	struct span notes; /* in facts.notes: all of them, ready to be shown */
	uint32_t lock_at, locks,
		more_locks; /* facts.lock[lock_at ...]; how many are not in there */
	uint32_t sock;      /* facts.sock[sock - 1], 0: none */
	int err_stat, err_flags, err_cloexec, err_path, err_pos, err_sock;
	int err_far; /* why it is not known who has the other end of a pipe, FIFO or terminal */
};

struct facts {
	struct desc *desc;
	size_t ndesc; /* complete ones, ascending */
	struct sock *sock;
	size_t nsock, cap_sock;
	struct sock_option_value *option;
	size_t noption, cap_option;
	struct sock_tcp *tcp;
	size_t ntcp, cap_tcp;
	struct far_end *far;
	size_t nfar, cap_far;
	struct sock_netns *netns;
	size_t nnetns, cap_netns;
	struct lock *lock;
	size_t nlock, cap_lock;
	struct wait *wait; /* by fd, then tid */
	size_t nwait, cap_wait;
	struct buf paths, names;
	struct buf info, asked, notes;
	struct buf command; /* raw */
	uint64_t rlimit;    /* UINT64_MAX: unlimited */
	int err_rlimit;
	int err_twins;        /* why nothing is known of shared open files */
	struct threads apart; /* those with a descriptor table of their own, */
	int err_apart;        /* and why they are not known */
	int err_socks;  /* why no socket's type, options and names could be asked for, 0: they were
			*/
	int err_extras; /* the same of what only calls tell of other kinds */
	struct buf why_socks;  /* both in words, escaped */
	bool far_searched;     /* some other end was looked for, */
	size_t far_hidden;     /* but not in so many processes, that may not be looked into, */
	size_t far_left;       /* nor in these, */
	uint64_t far_left_fds; /* which have so many descriptors */
	size_t threads;        /* how many the process has, */
	size_t waits_left;     /* and so many of them were not asked what they wait for */
	int err_waits;         /* why not known of some or all what they wait for */
	size_t few_options;    /* sockets that were only asked for the options that are set often */
};

void facts_free(struct facts *f);

/* Appends bytes to one of the two and says where they are. */
struct span facts_keep(struct buf *b, const void *bytes, size_t n);

/* Room for one more at the end; NULL when out of memory. Zeroed. */
struct sock *facts_add_sock(struct facts *f);
struct sock_option_value *facts_add_option(struct facts *f);
struct sock_tcp *facts_add_tcp(struct facts *f);
struct far_end *facts_add_far(struct facts *f);
struct sock_netns *facts_add_netns(struct facts *f);
struct lock *facts_add_lock(struct facts *f);
struct wait *facts_add_wait(struct facts *f);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_DIAG_H
#define PTOOLS_PROC_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the kernel tells of all sockets of a network namespace: sock_diag(7), a netlink protocol.
 * Needs no right over the owners of the sockets; some facts need CAP_NET_ADMIN there (the mark). A
 * family for which the kernel has no module gives -ENOENT (or -EINVAL). Nothing here belongs to a
 * process: a socket is named by its inode, which no two sockets of the machine share.
 */
struct diag;

/* nsfd: see netns_socket(). -errno. */
int diag_open(int nsfd, struct diag **out) __attribute__((warn_unused_result));
void diag_close(struct diag *d);

/* Of the namespace that is looked at: netns_cookie(). 0: not known. */
uint64_t diag_cookie(const struct diag *d);

/* Addresses as in the kernel's records: network order, IPv4 in the first four bytes. */
struct diag_end {
	uint8_t addr[16];
	uint16_t port; /* host order */
};

/* Which facts a record holds, beyond family, state and inode. */
enum diag_has {
	DIAG_QUEUES = 1,
	DIAG_MEM = 2,
	DIAG_SHUTDOWN = 4,
	DIAG_UID = 8,
	DIAG_PEER = 16,
	DIAG_VFS = 32,
	DIAG_TOS = 64,
	DIAG_TCLASS = 128,
	DIAG_V6ONLY = 256,
	DIAG_MARK = 512,
	DIAG_CGROUP = 1024,
	DIAG_SOCKOPT = 2048,
	DIAG_FANOUT = 4096,
	DIAG_PACKET_INFO = 8192,
	DIAG_CLASS_ID = 16384,
};

/* Bytes of a record: inside the message, valid as long as that is. n counts what they hold. */
struct diag_bytes {
	const void *bytes;
	size_t len;
};

struct diag_inet {
	struct diag_end local, remote;
	uint32_t ifindex; /* of the device that it is bound to, 0: none */
	uint8_t timer;    /* 0 none, 1 retransmission, 2 keepalive, 3 time wait, 4 zero window */
	uint8_t retrans;  /* so often already */
	uint8_t tos, tclass, v6only;
	uint32_t expires; /* milliseconds until the timer fires */
	uint32_t mark, class_id;
	uint64_t cgroup;        /* id in the unified hierarchy: the inode of its directory */
	uint16_t sockopt;       /* bits of struct inet_diag_sockopt, as its two bytes */
	struct diag_bytes cong; /* name of the congestion control */
	struct diag_bytes ulp;  /* name of the upper layer protocol */
	struct diag_bytes tcp_info, vegas, dctcp, bbr; /* structures of linux/tcp.h, inet_diag.h */
};

struct diag_unix {
	struct diag_bytes name;    /* sun_path; an abstract one begins with NUL */
	struct diag_bytes icons;   /* uint32_t each: inodes of those that wait for accept(2) */
	uint32_t peer;             /* inode of the other end (DIAG_PEER) */
	uint32_t vfs_ino, vfs_dev; /* of the file that it is bound to (DIAG_VFS) */
};

struct diag_netlink {
	uint32_t portid, dst_portid, dst_group;
	struct diag_bytes groups; /* unsigned long bits: group 1 is bit 0 */
	uint32_t flags;           /* NDIAG_FLAG_ */
};

struct diag_packet {
	uint16_t protocol;                                              /* ethertype */
	uint32_t ifindex, version, reserve, copy_thresh, tstamp, flags; /* DIAG_PACKET_INFO */
	uint32_t fanout;                    /* DIAG_FANOUT: id, type in the upper 16 bits */
	struct diag_bytes mclist;           /* struct packet_diag_mclist each */
	struct diag_bytes rx_ring, tx_ring; /* struct packet_diag_ring */
	struct diag_bytes filter;           /* struct sock_filter each */
};

struct diag_vsock {
	uint32_t local_cid, local_port, remote_cid, remote_port;
};

struct diag_xdp {
	uint32_t ifindex, queue, umem_id, umem_flags;
};

struct diag_sock {
	uint8_t family, type; /* type 0: the record does not say */
	uint16_t protocol;    /* of inet and netlink sockets */
	uint8_t state;        /* TCP_ESTABLISHED ... of <netinet/tcp.h>, for unix as well */
	uint8_t shutdown;     /* 1 receiving, 2 sending (DIAG_SHUTDOWN) */
	uint32_t has;         /* enum diag_has */
	uint32_t ino;         /* 0: belongs to no descriptor */
	uint32_t uid;
	uint64_t cookie;
	uint32_t rqueue, wqueue; /* bytes; of a listener how many wait and how many may */
	uint32_t mem[9];         /* SK_MEMINFO_, as many as the kernel gave, else 0 */
	struct diag_bytes raw;   /* the whole message, for diag_parse() at another time */
	union {
		struct diag_inet inet;
		struct diag_unix un;
		struct diag_netlink nl;
		struct diag_packet packet;
		struct diag_vsock vsock;
		struct diag_xdp xdp;
	};
};

/*
 * Called for each record. Other than 0 ends the dump, which returns that. The record is only valid
 * during the call.
 */
typedef int diag_each(const struct diag_sock *s, void *arg);

/*
 * All sockets of one family; protocol counts for AF_INET and AF_INET6 (IPPROTO_TCP, UDP, UDPLITE, RAW,
 * MPTCP) and AF_NETLINK (0xff: all; those with groups come twice), else 0. One dump: 1 us a socket. A
 * dump during which the kernel's table changed (NLM_F_DUMP_INTR) may have left out some, and is -EAGAIN
 * at its end.
 */
int diag_dump(struct diag *d, int family, int protocol, diag_each *each, void *arg)
	__attribute__((warn_unused_result));

/* A question for one socket, where the kernel can answer one: AF_UNIX by inode, AF_INET and AF_INET6
 * (TCP, UDP, UDPLITE) by the two ends as the socket itself sees them. */
struct diag_ask {
	uint8_t family;
	uint16_t protocol;
	uint32_t ino; /* AF_UNIX */
	struct diag_end local, remote;
	uint32_t ifindex; /* of the device that it is bound to, 0: none */
};

/* which: the number of the question. As diag_each. */
typedef int diag_answer(size_t which, const struct diag_sock *s, void *arg);

/*
 * Asks n questions, many in one go: the kernel looks each one up (TCP, UDP: in a hash; UNIX: through its
 * whole table, 50 us where that has 20,000). answer() gets those that found something, in their order;
 * whether it is the socket that was meant the inode must tell. 0, -errno if the kernel refuses the
 * family of any of them.
 */
int diag_ask(struct diag *d, const struct diag_ask *ask, size_t n, diag_answer *answer, void *arg)
	__attribute__((warn_unused_result));

/*
 * Takes one message apart: what follows the netlink header, `len` bytes. Whatever they hold, nothing
 * outside of them is read. ERR_FORMAT: shorter than its family demands, or an unknown family.
 */
int diag_parse(const void *payload, size_t len, struct diag_sock *out)
	__attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_SLOT_H
#define PFILES_SOCK_SLOT_H

#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "ctl/call.h"
#include "facts.h"
#include "sock_early.h"
#include "sock_options.h"
#include "sock_tcp.h"

/* The questions to one socket, and the memory behind their arguments. */

/* The questions that every socket gets, in this order; the flags of enum sock_option come first. */
enum {
	CALL_TYPE = OPT_COUNT, /* two of the options, the sizes, come with CALL_MEMINFO */
	CALL_PROTOCOL,
	CALL_NETNS,
	CALL_COOKIE,
	CALL_MEMINFO,
	CALL_NAME,
	CALL_PEER,
	CALLS
};

/* Those that a kind has beyond its options. */
enum { EXTRA_CRED, EXTRA_GROUPS, EXTRA_LABEL, EXTRA_TCP_INFO, EXTRA_MEMBERSHIPS, EXTRAS };

#define GROUPS_MOST 64
#define LABEL_MOST  256
/* Room for any address: that of AF_UNIX is the longest, with a NUL that the kernel may add. */
#define NAME_MAX_BYTES (sizeof(struct sockaddr_un) + 2)

union value {
	int32_t number;
	struct linger linger;
	uint64_t wide;
};

struct slot {
	int fd;
	enum sock_kind kind; /* whose calls were laid out */
	bool few;            /* only the options that are set often */
	bool listed;         /* what TCP knows comes from the kernel's tables */
	bool plain;          /* only what the original asks */
	bool told;           /* `record` tells what every socket is asked for, but the flags */
	struct diag_sock record;
	const struct sock_early *early; /* where it stands */
	struct call *base;              /* NULL: in the second batch */
	struct call *extra;             /* EXTRAS of them are not all there: see slot_extra() */
	struct call *option;
	struct call *last;

	union value value[CALL_NAME];
	uint32_t meminfo[SK_MEMINFO_VARS];
	char name[NAME_MAX_BYTES], peer[NAME_MAX_BYTES]; /* struct sockaddr */
	socklen_t len[CALLS], extra_len[EXTRAS];
	struct ucred cred;
	uint32_t groups[GROUPS_MOST];
	char label[LABEL_MOST];
	char tcp_info[SOCK_TCP_INFO_BYTES];
	struct statx inode;
	struct option_slot options[OPTIONS_MOST];
};

/*
 * Lays out the calls of s->kind on s->fd, and before them, with base, those that every socket gets; the last
 * one asks for the inode. Gives where they end.
 */
struct call *slot_lay(struct slot *s, struct call *c, bool base);

/* The most calls that one slot can have. */
#define SLOT_CALLS (CALLS + EXTRAS + OPTIONS_MOST + 1)

/* Whether a question that every socket gets is asked of this one. */
bool slot_asks(const struct slot *s, int which);

/* The call of an enum sock_option or CALL_ number that is asked; only with base. */
const struct call *slot_base(const struct slot *s, int which);

/* The call of an EXTRA_ number; NULL: the kind has no such question. */
struct call *slot_extra(const struct slot *s, int which);

/* statx(2) of a descriptor that is still to be filled in, for the inode. */
struct call slot_inode_call(struct statx *s);

#endif

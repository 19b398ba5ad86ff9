/* SPDX-License-Identifier: MIT */
#include "sock_slot.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/syscall.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static const int option_name[CALL_NAME] = {
	[OPT_DEBUG] = SO_DEBUG,
	[OPT_REUSEADDR] = SO_REUSEADDR,
	[OPT_KEEPALIVE] = SO_KEEPALIVE,
	[OPT_DONTROUTE] = SO_DONTROUTE,
	[OPT_BROADCAST] = SO_BROADCAST,
	[OPT_OOBINLINE] = SO_OOBINLINE,
	[OPT_LINGER] = SO_LINGER,
	[OPT_REUSEPORT] = SO_REUSEPORT,
	[OPT_ACCEPTCONN] = SO_ACCEPTCONN,
	[CALL_TYPE] = SO_TYPE,
	[CALL_PROTOCOL] = SO_PROTOCOL,
	[CALL_NETNS] = SO_NETNS_COOKIE,
	[CALL_COOKIE] = SO_COOKIE,
	[CALL_MEMINFO] = SO_MEMINFO,
};

static struct call option_call(int level, int name, void *bytes, size_t size, socklen_t *len)
{
	*len = (socklen_t)size;
	return (struct call){
		.nr = SYS_getsockopt,
		.arg = {ARG_VAL(0), ARG_VAL(level), ARG_VAL(name), ARG_OUT(bytes, (uint32_t)size),
			ARG_INOUT(len, sizeof(*len))},
	};
}

static struct call name_call(long nr, char *name, socklen_t *len)
{
	*len = NAME_MAX_BYTES;
	return (struct call){
		.nr = nr,
		.arg = {ARG_VAL(0), ARG_OUT(name, NAME_MAX_BYTES), ARG_INOUT(len, sizeof(*len))},
	};
}

struct call slot_inode_call(struct statx *s)
{
	return (struct call){
		.nr = SYS_statx,
		.arg = {ARG_VAL(0), ARG_IN("", 1), ARG_VAL(AT_EMPTY_PATH | AT_STATX_DONT_SYNC),
			ARG_VAL(STATX_INO), ARG_OUT(s, sizeof(*s))},
	};
}

/* Two numbers of enum sock_option have no call of their own. */
bool slot_asks(const struct slot *s, int which)
{
	if (which == OPT_SNDBUF || which == OPT_RCVBUF)
		return false;
	return !s->told || which < OPT_ACCEPTCONN;
}

/* The calls of every socket. */
static struct call *lay_base(struct slot *s, struct call *c)
{
	s->base = c;
	for (int i = 0; i < CALL_NAME; i++) {
		void *bytes = i == CALL_MEMINFO ? (void *)s->meminfo : &s->value[i];
		size_t size = i == CALL_MEMINFO ? sizeof(s->meminfo) : sizeof(s->value[i]);

		if (slot_asks(s, i))
			*c++ = option_call(SOL_SOCKET, option_name[i], bytes, size, &s->len[i]);
	}
	if (s->told)
		return c;
	*c++ = name_call(SYS_getsockname, s->name, &s->len[CALL_NAME]);
	*c++ = name_call(SYS_getpeername, s->peer, &s->len[CALL_PEER]);
	return c;
}

/* Which of the extras a kind has. */
static const struct extra {
	uint32_t kinds;
	int level, name;
	size_t offset, size;
} extras[EXTRAS] = {
	[EXTRA_CRED] = {1U << KIND_UNIX, SOL_SOCKET, SO_PEERCRED, offsetof(struct slot, cred),
		sizeof(struct ucred)},
	[EXTRA_GROUPS] = {1U << KIND_UNIX, SOL_SOCKET, SO_PEERGROUPS, offsetof(struct slot, groups),
		GROUPS_MOST * 4},
	[EXTRA_LABEL] = {1U << KIND_UNIX | 1U << KIND_TCP4 | 1U << KIND_TCP6, SOL_SOCKET,
		SO_PEERSEC, offsetof(struct slot, label), LABEL_MOST},
	[EXTRA_MEMBERSHIPS] = {1U << KIND_NETLINK, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS,
		offsetof(struct slot, groups), GROUPS_MOST * 4},
	[EXTRA_TCP_INFO] = {1U << KIND_TCP4 | 1U << KIND_TCP6 | 1U << KIND_MPTCP4 |
			1U << KIND_MPTCP6,
		IPPROTO_TCP, TCP_INFO, offsetof(struct slot, tcp_info), SOCK_TCP_INFO_BYTES},
};

/* Of very many connections the kernel's tables tell what TCP knows: they are read anyway. */
static bool has_extra(const struct slot *s, int which)
{
	if (s->plain && which != EXTRA_CRED)
		return false;
	return extras[which].kinds & 1U << s->kind && !(s->listed && which == EXTRA_TCP_INFO) &&
		!(s->few && which == EXTRA_LABEL);
}

static struct call *lay_kind(struct slot *s, struct call *c)
{
	s->extra = c;
	for (int i = 0; i < EXTRAS; i++) {
		const struct extra *e = &extras[i];

		if (has_extra(s, i))
			*c++ = option_call(e->level, e->name, (char *)s + e->offset, e->size,
				&s->extra_len[i]);
	}
	s->option = c;
	if (s->plain)
		return c;
	sock_options_lay(s->kind, s->few, s->fd, s->options, c);
	return c + sock_options_count(s->kind, s->few);
}

struct call *slot_extra(const struct slot *s, int which)
{
	struct call *c = s->extra;

	for (int i = 0; i < which; i++)
		c += has_extra(s, i);
	return has_extra(s, which) ? c : NULL;
}

/* All calls of a slot that are not of the table of options speak of its descriptor. */
struct call *slot_lay(struct slot *s, struct call *c, bool base)
{
	struct call *first = c;

	s->base = NULL;
	if (base)
		c = lay_base(s, c);
	c = lay_kind(s, c);
	s->last = c;
	*c++ = slot_inode_call(&s->inode);
	for (struct call *i = first; i < c; i++)
		i->arg[0] = ARG_VAL(s->fd);
	return c;
}

/* Where the call of a number of the enumerations stands: those of two of them do not exist. */
const struct call *slot_base(const struct slot *s, int which)
{
	return s->base + which - (which > OPT_SNDBUF) - (which > OPT_RCVBUF);
}

/* SPDX-License-Identifier: MIT */
/*
 * Each socket has a slot: its calls and the memory behind their arguments. The calls of all slots
 * are one array, laid out once; a chunk of sockets only fills in the descriptor numbers and the
 * lengths. The last call of a slot asks for the inode again: if it is still the one of the first
 * look, all answers in between are of the same socket.
 */
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/err.h"

static const int option_name[OPT_COUNT] = {
	[OPT_DEBUG] = SO_DEBUG,
	[OPT_REUSEADDR] = SO_REUSEADDR,
	[OPT_KEEPALIVE] = SO_KEEPALIVE,
	[OPT_DONTROUTE] = SO_DONTROUTE,
	[OPT_BROADCAST] = SO_BROADCAST,
	[OPT_OOBINLINE] = SO_OOBINLINE,
	[OPT_LINGER] = SO_LINGER,
	[OPT_SNDBUF] = SO_SNDBUF,
	[OPT_RCVBUF] = SO_RCVBUF,
	[OPT_REUSEPORT] = SO_REUSEPORT,
	[OPT_ACCEPTCONN] = SO_ACCEPTCONN,
};

/* The calls of a slot, in this order; the first OPT_COUNT are the options. */
enum { CALL_TYPE = OPT_COUNT, CALL_CRED, CALL_NAME, CALL_PEER, CALL_INODE, CALLS };

/* Room for any address: that of AF_UNIX is the longest, with a NUL that the kernel may add. */
#define NAME_MAX_BYTES (sizeof(struct sockaddr_un) + 2)

struct slot {
	struct linger value[CALL_CRED]; /* an int uses the first half */
	struct ucred cred;
	char name[NAME_MAX_BYTES], peer[NAME_MAX_BYTES]; /* struct sockaddr */
	socklen_t len[CALL_INODE];
	struct statx inode;
};

struct sock_asker {
	size_t most;
	struct slot *slot;
	struct call *call;
	struct call *cred; /* for a way of its own */
};

static void lay_out(struct slot *s, struct call *c)
{
	for (int i = 0; i < CALL_NAME; i++) {
		int name = i < OPT_COUNT ? option_name[i] : i == CALL_TYPE ? SO_TYPE : SO_PEERCRED;

		c[i].nr = SYS_getsockopt;
		c[i].arg[1] = ARG_VAL(SOL_SOCKET);
		c[i].arg[2] = ARG_VAL(name);
		c[i].arg[3] = i == CALL_CRED ? ARG_OUT(&s->cred, sizeof(s->cred))
					     : ARG_OUT(&s->value[i], sizeof(s->value[i]));
		c[i].arg[4] = ARG_INOUT(&s->len[i], sizeof(s->len[i]));
	}
	c[CALL_NAME].nr = SYS_getsockname;
	c[CALL_NAME].arg[1] = ARG_OUT(s->name, sizeof(s->name));
	c[CALL_NAME].arg[2] = ARG_INOUT(&s->len[CALL_NAME], sizeof(socklen_t));
	c[CALL_PEER].nr = SYS_getpeername;
	c[CALL_PEER].arg[1] = ARG_OUT(s->peer, sizeof(s->peer));
	c[CALL_PEER].arg[2] = ARG_INOUT(&s->len[CALL_PEER], sizeof(socklen_t));
	c[CALL_INODE].nr = SYS_statx;
	c[CALL_INODE].arg[1] = ARG_IN("", 1);
	c[CALL_INODE].arg[2] = ARG_VAL(AT_EMPTY_PATH | AT_STATX_DONT_SYNC);
	c[CALL_INODE].arg[3] = ARG_VAL(STATX_INO);
	c[CALL_INODE].arg[4] = ARG_OUT(&s->inode, sizeof(s->inode));
}

struct sock_asker *sock_asker_new(size_t most)
{
	struct sock_asker *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->most = most;
	a->slot = calloc(most, sizeof(*a->slot));
	a->call = calloc(most * CALLS, sizeof(*a->call));
	a->cred = calloc(most, sizeof(*a->cred));
	if (!a->slot || !a->call || !a->cred) {
		sock_asker_free(a);
		return NULL;
	}
	for (size_t i = 0; i < most; i++)
		lay_out(&a->slot[i], &a->call[i * CALLS]);
	return a;
}

void sock_asker_free(struct sock_asker *a)
{
	if (!a)
		return;
	free(a->slot);
	free(a->call);
	free(a->cred);
	free(a);
}

static void aim(struct slot *s, struct call *c, int fd)
{
	for (int i = 0; i < CALL_CRED; i++)
		s->len[i] = sizeof(s->value[i]);
	s->len[CALL_CRED] = sizeof(s->cred);
	s->len[CALL_NAME] = sizeof(s->name);
	s->len[CALL_PEER] = sizeof(s->peer);
	for (int i = 0; i < CALLS; i++)
		c[i].arg[0] = ARG_VAL(fd);
}

/* Asks for the peers by the way of their own; the answers take the place of the others. */
static void ask_peers_apart(struct sock_asker *a, struct way *cred, size_t n)
{
	int err;

	for (size_t i = 0; i < n; i++) {
		a->slot[i].len[CALL_CRED] = sizeof(a->slot[i].cred);
		a->cred[i] = a->call[i * CALLS + CALL_CRED];
	}
	err = way_batch(cred, a->cred, n);
	for (size_t i = 0; i < n; i++)
		a->call[i * CALLS + CALL_CRED].ret = err ? err : a->cred[i].ret;
}

static void take_options(struct sock *k, const struct slot *s, const struct call *c)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		if (c[i].ret == 0 && s->value[i].l_onoff)
			k->on |= 1U << i;
	}
	k->linger = s->value[OPT_LINGER].l_linger;
	k->sndbuf = s->value[OPT_SNDBUF].l_onoff;
	k->rcvbuf = s->value[OPT_RCVBUF].l_onoff;
	/* A buffer of size 0 is a fact as well. */
	if (c[OPT_SNDBUF].ret == 0)
		k->on |= 1U << OPT_SNDBUF;
	if (c[OPT_RCVBUF].ret == 0)
		k->on |= 1U << OPT_RCVBUF;
	k->type = c[CALL_TYPE].ret == 0 ? s->value[CALL_TYPE].l_onoff : -1;
}

static struct span keep_name(struct facts *f, const struct call *c, const char *addr, socklen_t len)
{
	if (c->ret != 0)
		return (struct span){0};
	return facts_keep(&f->names, addr, len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES);
}

static int family_of(const char *addr, socklen_t len)
{
	sa_family_t family;

	if (len < sizeof(family))
		return -1;
	memcpy(&family, addr, sizeof(family));
	return family;
}

/* A netlink socket that was never connected speaks with the kernel, which is not a peer of its own.
 */
static bool is_kernel(const char *addr)
{
	struct sockaddr_nl nl;

	memcpy(&nl, addr, sizeof(nl));
	return nl.nl_family == AF_NETLINK && nl.nl_pid == 0 && nl.nl_groups == 0;
}

/* SO_PEERCRED of a listener is the listener itself. */
static void take_peer(struct sock *k, const struct slot *s, const struct call *c)
{
	if (k->family != AF_UNIX || k->on & 1U << OPT_ACCEPTCONN)
		return;
	if (c->ret < 0)
		k->err_peer = (int)c->ret;
	else if (s->cred.pid > 0)
		k->peer_pid = s->cred.pid;
}

static bool same_inode(const struct desc *d, const struct slot *s)
{
	return s->inode.stx_ino == d->ino && s->inode.stx_dev_major == d->dev_major &&
		s->inode.stx_dev_minor == d->dev_minor;
}

static int take(struct facts *f, struct desc *d, const struct slot *s, const struct call *c)
{
	struct sock *k;

	if (c[CALL_INODE].ret < 0 && c[CALL_INODE].ret != -EBADF) {
		d->err_sock = (int)c[CALL_INODE].ret;
		return 0;
	}
	if (c[CALL_INODE].ret < 0 || !same_inode(d, s) || c[CALL_TYPE].ret == -ENOTSOCK) {
		d->state = DESC_CHANGED;
		return 0;
	}
	k = facts_add_sock(f);
	if (!k)
		return -ENOMEM;
	d->sock = (uint32_t)f->nsock;
	take_options(k, s, c);
	k->family = c[CALL_NAME].ret == 0 ? family_of(s->name, s->len[CALL_NAME]) : -1;
	k->name = keep_name(f, &c[CALL_NAME], s->name, s->len[CALL_NAME]);
	if (!is_kernel(s->peer))
		k->peer = keep_name(f, &c[CALL_PEER], s->peer, s->len[CALL_PEER]);
	take_peer(k, s, &c[CALL_CRED]);
	return 0;
}

/* A socket whose family has no names (AF_ALG) still says which family that is. */
static int ask_family(struct way *w, struct desc *d, struct sock *k)
{
	int family = -1;
	socklen_t len = sizeof(family);
	struct call c = {
		.nr = SYS_getsockopt,
		.arg = {ARG_VAL(d->fd), ARG_VAL(SOL_SOCKET), ARG_VAL(SO_DOMAIN),
			ARG_OUT(&family, sizeof(family)), ARG_INOUT(&len, sizeof(len))},
	};
	int err = way_batch(w, &c, 1);

	if (!err && c.ret == 0)
		k->family = family;
	return err == ERR_NOTSUP ? 0 : err;
}

static bool is_sock(const struct desc *d)
{
	return d->state == DESC_OK && !d->err_stat && S_ISSOCK(d->mode);
}

struct call *sock_calls(struct sock_asker *a, struct desc **list, size_t n, size_t *ncalls)
{
	for (size_t i = 0; i < n; i++)
		aim(&a->slot[i], &a->call[i * CALLS], list[i]->fd);
	*ncalls = n * CALLS;
	return a->call;
}

int sock_take(struct sock_asker *a, struct way *w, struct way *cred, struct facts *f,
	struct desc **list, size_t n)
{
	int err = 0;

	if (cred)
		ask_peers_apart(a, cred, n);
	for (size_t i = 0; i < n && !err; i++) {
		if (is_sock(list[i]))
			err = take(f, list[i], &a->slot[i], &a->call[i * CALLS]);
	}
	for (size_t i = 0; i < n && !err; i++) {
		struct desc *d = list[i];

		if (d->sock && f->sock[d->sock - 1].family < 0)
			err = ask_family(w, d, &f->sock[d->sock - 1]);
	}
	return err;
}

int sock_ask(struct sock_asker *a, struct way *w, struct way *cred, struct facts *f,
	struct desc **list, size_t n)
{
	size_t ncalls;
	struct call *calls = sock_calls(a, list, n, &ncalls);
	int err = way_batch(w, calls, ncalls);

	return err ? err : sock_take(a, w, cred, f, list, n);
}

/* SPDX-License-Identifier: MIT */
#include "extras.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/nsfs.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "kind.h"
#include "look.h"
#include "notes.h"
#include "special.h"

#define CALLS_MOST 4 /* of one descriptor, the last one asks for the inode again */

/* A descriptor's calls and what they write. */
struct asked {
	struct desc *d;
	struct call call[CALLS_MOST];
	size_t ncalls;
	union {
		int number;
		struct ifreq tun;
		char queue[64]; /* struct mq_attr as the kernel has it, with its reserved part */
	} out[CALLS_MOST];
	struct statx inode;
};

static struct call *add(struct asked *a, long nr, uint64_t request)
{
	struct call *c = &a->call[a->ncalls++];

	*c = (struct call){.nr = nr, .arg = {ARG_VAL(a->d->fd), ARG_VAL(request)}};
	return c;
}

/* A call that writes into its third argument. */
static void add_out(struct asked *a, long nr, uint64_t request, size_t bytes)
{
	void *out = &a->out[a->ncalls];

	add(a, nr, request)->arg[2] = ARG_OUT(out, (uint32_t)bytes);
}

static void add_inode(struct asked *a)
{
	struct call *c = add(a, SYS_statx, 0);

	c->arg[1] = ARG_IN("", 1);
	c->arg[2] = ARG_VAL(AT_EMPTY_PATH | AT_STATX_DONT_SYNC);
	c->arg[3] = ARG_VAL(STATX_INO);
	c->arg[4] = ARG_OUT(&a->inode, sizeof(a->inode));
}

/* Which calls; false if there are none. */
static bool lay_out(struct asked *a)
{
	switch (a->d->kind) {
	case KIND_PIPE:
	case KIND_FIFO:
		add(a, SYS_fcntl, F_GETPIPE_SZ);
		add_out(a, SYS_ioctl, FIONREAD, sizeof(int));
		break;
	case KIND_MEMFD: add(a, SYS_fcntl, F_GET_SEALS); break;
	case KIND_NAMESPACE: add_out(a, SYS_ioctl, NS_GET_OWNER_UID, sizeof(int)); break;
	case KIND_PTY_MASTER:
		add_out(a, SYS_ioctl, TIOCGSID, sizeof(int));
		add_out(a, SYS_ioctl, TIOCGPGRP, sizeof(int));
		break;
	case KIND_TUN: add_out(a, SYS_ioctl, TUNGETIFF, sizeof(struct ifreq)); break;
	case KIND_MQUEUE: add_out(a, SYS_mq_getsetattr, 0, sizeof(a->out[0].queue)); break;
	default: return false;
	}
	add_inode(a);
	return true;
}

static void take_number(struct buf *b, const struct asked *a, size_t i, const char *key)
{
	if (a->call[i].ret >= 0)
		note_int(b, key, a->out[i].number);
}

/* The number of a session or process group; 0: there is none. */
static void take_process(struct buf *b, const struct asked *a, size_t i, const char *key)
{
	if (a->call[i].ret >= 0 && a->out[i].number > 0)
		note_int(b, key, a->out[i].number);
}

static void take_pipe(struct buf *b, const struct asked *a)
{
	if (a->call[0].ret >= 0)
		note_int(b, "capacity", a->call[0].ret);
	take_number(b, a, 1, "unread");
}

static void take_tun(struct buf *b, const struct asked *a)
{
	if (a->call[0].ret >= 0)
		note_bits(b, "flags", "tun_flags", (uint16_t)a->out[0].tun.ifr_flags);
}

/* A file that is none says EBADF. */
static void take_queue(struct buf *b, const struct asked *a)
{
	struct mq_attr q;

	if (a->call[0].ret < 0) {
		a->d->kind = KIND_OTHER;
		return;
	}
	memcpy(&q, a->out[0].queue, sizeof(q));
	note_int(b, "messages", q.mq_curmsgs);
	note_int(b, "most", q.mq_maxmsg);
	note_int(b, "message-size", q.mq_msgsize);
}

static void take_answers(struct buf *b, const struct asked *a)
{
	switch (a->d->kind) {
	case KIND_PIPE:
	case KIND_FIFO: take_pipe(b, a); break;
	case KIND_MEMFD:
		if (a->call[0].ret >= 0)
			note_bits(b, "seals", "seals", (uint64_t)a->call[0].ret);
		break;
	case KIND_NAMESPACE: take_number(b, a, 0, "owner"); break;
	case KIND_PTY_MASTER:
		take_process(b, a, 0, "session");
		take_process(b, a, 1, "foreground");
		break;
	case KIND_TUN: take_tun(b, a); break;
	case KIND_MQUEUE: take_queue(b, a); break;
	default: break;
	}
}

static void take(struct facts *f, const struct asked *a)
{
	const struct call *last = &a->call[a->ncalls - 1];
	size_t at = f->asked.len;

	if (last->ret < 0 || !look_same_inode(a->d, &a->inode)) {
		if (last->ret >= 0 || last->ret == -EBADF)
			a->d->state = DESC_CHANGED;
		return;
	}
	take_answers(&f->asked, a);
	a->d->asked = (struct span){.at = at, .len = (uint32_t)(f->asked.len - at)};
}

/*
 * A message queue is a file in a file system without a device, like many others; a look at which one it is
 * would have to ask the server if it is a network file system. So those are asked, which the kernel answers
 * at once: only a queue knows the call.
 */
static bool may_be_queue(const struct desc *d)
{
	return S_ISREG(d->mode) && d->dev_major == 0 &&
		d->size == 80 /* FILENT_SIZE, ipc/mqueue.c */ &&
		!special_is(SPECIAL_MEMFDS, d->dev_major, d->dev_minor);
}

static bool worth_asking(struct desc *d)
{
	if (d->state != DESC_OK || d->err_stat || (!d->err_flags && d->flags & O_PATH))
		return false;
	d->kind = kind_of(d, "", 0);
	if (d->kind == KIND_OTHER && may_be_queue(d))
		d->kind = KIND_MQUEUE;
	return true;
}

/* The calls of all in one array, so that they are one batch; and back. */
static int run(struct way *w, struct asked *a, size_t n)
{
	struct call *all = malloc(n * CALLS_MOST * sizeof(*all));
	size_t k = 0;
	int err;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < n; k += a[i++].ncalls)
		memcpy(&all[k], a[i].call, a[i].ncalls * sizeof(*all));
	err = way_batch(w, all, k);
	for (size_t i = k = 0; i < n; k += a[i++].ncalls)
		memcpy(a[i].call, &all[k], a[i].ncalls * sizeof(*all));
	free(all);
	return err;
}

static int ask(struct way *w, struct facts *f, struct asked *a, size_t n)
{
	int err = n ? run(w, a, n) : 0;

	for (size_t i = 0; i < n && !err; i++)
		take(f, &a[i]);
	return err;
}

static int ask_some(struct way *w, struct facts *f, struct desc **list, size_t n)
{
	struct asked *a = calloc(n, sizeof(*a));
	size_t k = 0;
	int err;

	if (!a)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		a[k] = (struct asked){.d = list[i]};
		if (list[i]->state == DESC_OK && lay_out(&a[k]))
			k++;
	}
	err = ask(w, f, a, k);
	free(a);
	return err;
}

int extras_ask(struct way *w, struct facts *f, struct desc **list, size_t n)
{
	size_t some = 0;
	int err;

	for (size_t i = 0; i < n; i++)
		some += worth_asking(list[i]) && list[i]->kind != KIND_OTHER &&
			list[i]->kind != KIND_SOCKET;
	if (!some)
		return 0;
	err = ask_some(w, f, list, n);
	for (size_t i = 0; i < n && err; i++)
		if (list[i]->kind == KIND_MQUEUE)
			list[i]->kind = KIND_OTHER;
	return err;
}

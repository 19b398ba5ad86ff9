/* SPDX-License-Identifier: MIT */
/*
 * Each socket has a slot: the memory behind the arguments of its calls. First come the calls that every
 * socket gets, then those of its kind (which options there are, and more), at last one that asks for the
 * inode again: if it is still the one of the first look, all answers in between are of the same socket.
 * Where the kind was not known beforehand, or guessed wrongly, the calls of the kind are a second batch,
 * which ends with the inode as well.
 */
#include "sock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "sock_answers.h"
#include "sock_options.h"
#include "sock_record.h"
#include "sock_single.h"
#include "sock_slot.h"

/* Of more sockets than this in one process only the options that are set often are asked for, unless all are. */
#define ALL_OPTIONS 1024
/* Of more than this the kernel's tables are read, which tell what TCP knows. */
#define ALL_INFO 256

struct calls {
	struct call *call;
	size_t cap;
};

struct sock_asker {
	size_t most;
	bool plain, all;
	const struct sock_early *early;
	size_t asked; /* sockets so far */
	struct slot *slot;
	struct calls first, again;
	struct call *cred;   /* for a way of its own, */
	struct call **whose; /* and whose answers these are */
	struct option_defaults defaults;
};

struct sock_asker *sock_asker_new(size_t most, bool plain, bool all, const struct sock_early *early)
{
	struct sock_asker *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->most = most;
	a->plain = plain;
	a->all = all;
	a->early = early;
	a->slot = calloc(most, sizeof(*a->slot));
	a->cred = calloc(most, sizeof(*a->cred));
	a->whose = calloc(most, sizeof(*a->whose));
	if (!a->slot || !a->cred || !a->whose) {
		sock_asker_free(a);
		return NULL;
	}
	return a;
}

void sock_asker_free(struct sock_asker *a)
{
	if (!a)
		return;
	free(a->slot);
	free(a->first.call);
	free(a->again.call);
	free(a->cred);
	free(a->whose);
	free(a);
}

uint8_t sock_guess_kind(const struct fd_view *v, int fd)
{
	char path[48], name[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%d", v->fd_dir, fd);
	n = getxattr(path, "system.sockprotoname", name, sizeof(name) - 1);
	if (n <= 0)
		return KIND_UNKNOWN;
	name[n] = '\0';
	return (uint8_t)sock_kind_by_name(name);
}

/* ---- questions ---- */

static bool have_room(struct calls *c, size_t slots)
{
	size_t most = slots * SLOT_CALLS;

	if (most <= c->cap)
		return true;
	free(c->call);
	c->call = malloc(most * sizeof(*c->call));
	c->cap = c->call ? most : 0;
	return c->call;
}

struct call *sock_calls(
	struct sock_asker *a, struct desc **list, const uint8_t *kind, size_t n, size_t *ncalls)
{
	struct call *c;

	if (!have_room(&a->first, n))
		return NULL;
	c = a->first.call;
	for (size_t i = 0; i < n; i++) {
		struct slot *s = &a->slot[i];

		s->fd = list[i]->fd;
		s->early = a->early;
		s->told = sock_early_tells(a->early, list[i]->ino, &s->record);
		s->kind = s->told ? sock_record_kind(&s->record) : kind ? kind[i] : KIND_UNKNOWN;
		s->few = ++a->asked > ALL_OPTIONS && !a->all;
		s->listed = a->asked > ALL_INFO;
		s->plain = a->plain;
		c = slot_lay(s, c, true);
	}
	*ncalls = (size_t)(c - a->first.call);
	return a->first.call;
}

/* ---- the whole ---- */

static bool is_sock(const struct desc *d)
{
	return d->state == DESC_OK && !d->err_stat && S_ISSOCK(d->mode);
}

/* The calls of those whose kind was not known, or taken for another; where they end. */
static struct call *lay_again(
	struct sock_asker *a, const struct facts *f, struct desc **list, size_t n)
{
	struct call *c = a->again.call;

	for (size_t i = 0; i < n; i++) {
		struct slot *s = &a->slot[i];
		enum sock_kind kind = list[i]->sock ? f->sock[list[i]->sock - 1].kind : s->kind;

		if (s->kind == kind || (s->plain && kind != KIND_UNIX))
			continue;
		s->kind = kind;
		c = slot_lay(s, c, false);
	}
	return c;
}

/* What way_batch() says; a way that is lost by now leaves the answers unknown, which is no failure. */
static int ask_again(
	struct sock_asker *a, struct way *w, struct facts *f, struct desc **list, size_t n)
{
	size_t calls;
	int err;

	if (!have_room(&a->again, n))
		return -ENOMEM;
	calls = (size_t)(lay_again(a, f, list, n) - a->again.call);
	if (calls == 0)
		return 0;
	err = way_batch(w, a->again.call, calls);
	for (size_t i = 0; i < n; i++) {
		if (a->slot[i].base)
			continue;
		if (err == ERR_NOTSUP)
			f->sock[list[i]->sock - 1].err_options = err;
		else if (!err)
			(void)sock_answers_proved(list[i], &a->slot[i]);
	}
	return err == ERR_NOTSUP ? 0 : err;
}

/* Asks for the peers by the way of their own; the answers take the place of the others. */
static void ask_peers_apart(struct sock_asker *a, struct way *second, size_t n)
{
	size_t k = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		struct call *c = slot_extra(&a->slot[i], EXTRA_CRED);

		if (!c)
			continue;
		a->slot[i].extra_len[EXTRA_CRED] = sizeof(a->slot[i].cred);
		a->whose[k] = c;
		a->cred[k++] = *c;
	}
	err = k ? way_batch(second, a->cred, k) : 0;
	for (size_t i = 0; i < k; i++)
		a->whose[i]->ret = err ? err : a->cred[i].ret;
}

static int take_all(
	struct sock_asker *a, struct way *w, struct facts *f, struct desc **list, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct desc *d = list[i];
		struct sock *k = d->sock ? &f->sock[d->sock - 1] : NULL;

		if (!k || d->state != DESC_OK || k->err_options)
			continue;
		err = sock_answers_kind(f, k, &a->slot[i], &a->defaults);
		if (!err && k->kind == KIND_PACKET && k->name.len)
			err = sock_single_device(w, f, d);
	}
	return err;
}

int sock_take(struct sock_asker *a, struct way *w, struct way *second, struct facts *f,
	struct desc **list, size_t n)
{
	bool borrows = second && way_kind(second) == WAY_BORROW;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (is_sock(list[i]))
			err = sock_answers_base(f, list[i], &a->slot[i]);
		if (!err && list[i]->sock && f->sock[list[i]->sock - 1].family < 0)
			err = sock_single_family(w, list[i], &f->sock[list[i]->sock - 1]);
	}
	if (!err)
		err = ask_again(a, borrows ? second : w, f, list, n);
	if (!err && second && !borrows)
		ask_peers_apart(a, second, n);
	return err ? err : take_all(a, w, f, list, n);
}

int sock_ask(struct sock_asker *a, struct way *w, struct way *second, struct facts *f,
	struct desc **list, size_t n)
{
	size_t ncalls;
	struct call *calls = sock_calls(a, list, NULL, n, &ncalls);
	int err = calls ? way_batch(w, calls, ncalls) : -ENOMEM;

	return err ? err : sock_take(a, w, second, f, list, n);
}

/* SPDX-License-Identifier: MIT */
#include "sock_diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sock_netns.h"
#include "sock_pair.h"
#include "sock_search.h"

void sock_diag_free(struct sock_tables *t)
{
	diag_close(t->ours);
	memset(t, 0, sizeof(*t));
}

/* Why a socket that should have been in a table was not found there. */
static void tell_missing(struct search *s, int err)
{
	for (size_t i = 0; i < s->n; i++) {
		struct item *it = &s->item[i];
		struct sock *k = &s->f->sock[it->sock];

		if (it->found)
			continue;
		if (it->whole)
			it->d->err_sock = it->d->err_sock ? it->d->err_sock : err ? err : -ENOENT;
		else if (search_is_listed(k, it))
			k->err_diag = err ? err : -ENOENT;
	}
}

/* One that could not be asked gets facts of its own, which its record may fill. */
static int add_item(struct facts *f, struct desc *d, struct item *it)
{
	*it = (struct item){.d = d};
	if (!d->sock) {
		struct sock *k = facts_add_sock(f);

		if (!k)
			return -ENOMEM;
		*k = (struct sock){.type = -1, .family = -1, .protocol = -1};
		d->sock = (uint32_t)f->nsock;
		it->whole = true;
	}
	it->sock = d->sock - 1;
	return 0;
}

static bool is_wanted(const struct desc *d)
{
	return d->state == DESC_OK && !d->err_stat && S_ISSOCK(d->mode);
}

/* The sockets of one namespace (0: those whose namespace is not known). */
static int collect(struct facts *f, uint16_t netns, struct item *item, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < f->ndesc; i++) {
		struct desc *d = &f->desc[i];

		if (!is_wanted(d) || (d->sock ? f->sock[d->sock - 1].netns : 0) != netns)
			continue;
		if (add_item(f, d, &item[*n]) < 0)
			return -ENOMEM;
		pair_find(f, &item[(*n)++]);
	}
	return 0;
}

static struct diag *our_tables(struct sock_tables *t)
{
	if (!t->tried)
		t->err = diag_open(-1, &t->ours);
	t->tried = true;
	return t->ours;
}

struct place {
	struct diag *d;
	bool ours;
	int err;
};

/* The tables of the namespace, and what there is to tell of it. */
static struct place find_place(const struct proc *p, struct sock_tables *t, struct facts *f,
	uint16_t netns, const struct desc *d)
{
	struct sock_netns unknown = {0};
	struct sock_netns *n = netns ? &f->netns[netns - 1] : &unknown;
	struct diag *ours = our_tables(t);
	bool home = sock_netns_is_ours(p);
	struct place at = {ours, true, t->err};

	if (netns ? ours && n->cookie == diag_cookie(ours) : home) {
		n->shown = n->elsewhere = !home;
		return at;
	}
	n->shown = true;
	at.d = sock_netns_open(p, d, n);
	at.ours = false;
	at.err = n->err;
	return at;
}

static int search_one(const struct proc *p, struct sock_tables *t, const struct sock_early *early,
	struct facts *f, uint16_t netns, struct item *item)
{
	struct search s = {.f = f, .item = item};
	struct place at;
	int err = collect(f, netns, item, &s.n);

	if (err || s.n == 0)
		return err;
	at = find_place(p, t, f, netns, item[0].d);
	s.d = at.d;
	s.ours = at.ours;
	s.early = at.ours ? early : NULL;
	if (s.d)
		err = search_all(&s);
	tell_missing(&s, at.d ? 0 : at.err);
	if (at.d && !at.ours)
		diag_close(at.d);
	return err;
}

int sock_diag(const struct proc *p, struct sock_tables *t, const struct sock_early *early,
	struct facts *f)
{
	struct item *item;
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < f->ndesc; i++)
		n += is_wanted(&f->desc[i]);
	if (n == 0)
		return 0;
	item = calloc(n, sizeof(*item));
	if (!item)
		return -ENOMEM;
	for (size_t i = 0; i <= f->nnetns && !err; i++)
		err = search_one(p, t, early, f, (uint16_t)i, item);
	free(item);
	return err;
}

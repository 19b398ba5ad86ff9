/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include <stdlib.h>
#include <string.h>

void facts_free(struct facts *f)
{
	free(f->desc);
	free(f->sock);
	free(f->lock);
	buf_free(&f->paths);
	buf_free(&f->names);
	buf_free(&f->info);
	buf_free(&f->asked);
	buf_free(&f->notes);
	buf_free(&f->command);
	buf_free(&f->why_socks);
	memset(f, 0, sizeof(*f));
}

struct span facts_keep(struct buf *b, const void *bytes, size_t n)
{
	struct span s = {.at = b->len, .len = (uint32_t)n};

	buf_add(b, bytes, n);
	return s;
}

/* The array with room for one more of `size` bytes, or NULL. */
static void *more(void *array, size_t n, size_t *cap, size_t size)
{
	size_t cap_new = *cap ? *cap * 2 : 64;
	void *grown;

	if (n < *cap)
		return array;
	grown = reallocarray(array, cap_new, size);
	if (grown)
		*cap = cap_new;
	return grown;
}

struct sock *facts_add_sock(struct facts *f)
{
	struct sock *grown = more(f->sock, f->nsock, &f->cap_sock, sizeof(*grown));

	if (!grown)
		return NULL;
	f->sock = grown;
	memset(&grown[f->nsock], 0, sizeof(*grown));
	return &grown[f->nsock++];
}

struct lock *facts_add_lock(struct facts *f)
{
	struct lock *grown = more(f->lock, f->nlock, &f->cap_lock, sizeof(*grown));

	if (!grown)
		return NULL;
	f->lock = grown;
	memset(&grown[f->nlock], 0, sizeof(*grown));
	return &grown[f->nlock++];
}

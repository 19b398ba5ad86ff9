/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include <stdlib.h>
#include <string.h>

void facts_free(struct facts *f)
{
	free(f->desc);
	free(f->sock);
	free(f->option);
	free(f->tcp);
	free(f->far);
	free(f->netns);
	free(f->lock);
	free(f->wait);
	threads_free(&f->apart);
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
	return b->failed ? (struct span){0} : s;
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

/* One more at the end of the array `array` of facts, zeroed; NULL from the function when out of memory. */
#define ADD(f, array)                                                                              \
	do {                                                                                       \
		void *grown =                                                                      \
			more((f)->array, (f)->n##array, &(f)->cap_##array, sizeof(*(f)->array));   \
		if (!grown)                                                                        \
			return NULL;                                                               \
		(f)->array = grown;                                                                \
		memset(&(f)->array[(f)->n##array], 0, sizeof(*(f)->array));                        \
		return &(f)->array[(f)->n##array++];                                               \
	} while (0)

struct sock *facts_add_sock(struct facts *f)
{
	ADD(f, sock);
}

struct sock_option_value *facts_add_option(struct facts *f)
{
	ADD(f, option);
}

struct sock_tcp *facts_add_tcp(struct facts *f)
{
	ADD(f, tcp);
}

struct far_end *facts_add_far(struct facts *f)
{
	ADD(f, far);
}

struct sock_netns *facts_add_netns(struct facts *f)
{
	ADD(f, netns);
}

struct lock *facts_add_lock(struct facts *f)
{
	ADD(f, lock);
}

struct wait *facts_add_wait(struct facts *f)
{
	ADD(f, wait);
}

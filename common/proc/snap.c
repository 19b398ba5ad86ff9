/* SPDX-License-Identifier: MIT */
#include "proc/snap.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define ARENA_MOST  ((size_t)16 << 30)
#define ARENA_LEAST ((size_t)16 << 20)
#define ALIGN64(n)  (((n) + 63) & ~(size_t)63)

size_t snap_read_live(void *tid, uint64_t addr, void *to, size_t n)
{
	struct iovec here = {to, n}, there = {(void *)(uintptr_t)addr, n};
	ssize_t got = process_vm_readv(*(pid_t *)tid, &here, 1, &there, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* Where a copy is being made. */
struct copying {
	struct snap *s;
	const struct spans *maps;
	snap_reader *read;
	void *ctx;
	unsigned char *to;
	size_t room, used, most;
};

static bool has(const struct snap *s, uint64_t addr)
{
	for (unsigned i = 0; i < s->pieces; i++) {
		if (addr >= s->piece[i].addr && addr - s->piece[i].addr < s->piece[i].len)
			return true;
	}
	return false;
}

/* The stack at sp, up to the end of its mapping. */
static void copy_piece(struct copying *c, uint64_t sp)
{
	const struct span *in = spans_find(c->maps, sp);
	struct snap *s = c->s;
	struct snap_piece *piece = &s->piece[s->pieces];
	uint64_t zone = context_red_zone(&s->context), from;
	size_t room = c->room - c->used, len;

	if (!in || s->pieces == SNAP_PIECES || has(s, sp))
		return;
	from = (sp - in->start > zone ? sp - zone : in->start) & ~UINT64_C(7);
	len = in->end - from;
	if (len > c->most)
		len = c->most;
	if (len > room)
		len = room;
	*piece = (struct snap_piece){.addr = from, .at = c->used, .cut = len < in->end - from};
	piece->len = c->read(c->ctx, from, c->to + c->used, len);
	if (!piece->len)
		return;
	s->pieces++;
	c->used += ALIGN64(piece->len) < room ? ALIGN64(piece->len) : room;
}

/* The stacks of code that a handler has interrupted, if they are others. */
static void copy_interrupted(struct copying *c, unsigned i)
{
	const struct snap_piece piece = c->s->piece[i];
	bool narrow = c->s->context.narrow;
	size_t n = piece.len / (narrow ? 4 : 8);
	const unsigned char *words = c->to + piece.at;
	uint64_t sp;

	for (size_t w = 0; (w = context_next_saved(narrow, words, n, w, &sp));) {
		if (!has(c->s, sp))
			copy_piece(c, sp);
	}
}

size_t snap_copy(struct snap *s, const struct spans *maps, snap_reader *read, void *ctx, void *to,
	size_t room, size_t most)
{
	struct copying c = {.s = s,
		.maps = maps,
		.read = read,
		.ctx = ctx,
		.to = to,
		.room = room,
		.most = most};

	s->pieces = 0;
	copy_piece(&c, s->context.sp);
	for (unsigned i = 0; i < s->pieces; i++)
		copy_interrupted(&c, i);
	return c.used;
}

size_t snap_read(const struct snap *s, const unsigned char *base, uint64_t addr, void *to, size_t n)
{
	for (unsigned i = 0; i < s->pieces; i++) {
		const struct snap_piece *p = &s->piece[i];
		uint64_t skip = addr - p->addr;

		if (addr < p->addr || skip >= p->len)
			continue;
		if (n > p->len - skip)
			n = p->len - skip;
		memcpy(to, base + p->at + skip, n);
		return n;
	}
	return 0;
}

bool snap_was_cut(const struct snap *s, const struct spans *maps, uint64_t addr)
{
	for (unsigned i = 0; i < s->pieces; i++) {
		const struct snap_piece *p = &s->piece[i];
		const struct span *in = spans_find(maps, p->addr);

		if (p->cut && in && addr >= p->addr + p->len && addr < in->end)
			return true;
	}
	return false;
}

int snap_arena_open(struct snap_arena **out)
{
	for (size_t size = ARENA_MOST; size >= ARENA_LEAST; size /= 2) {
		struct snap_arena *a = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (a == MAP_FAILED)
			continue;
		a->size = size - sizeof(*a);
		*out = a;
		return 0;
	}
	return -ENOMEM;
}

void snap_arena_close(struct snap_arena *a)
{
	if (a)
		munmap(a, a->size + sizeof(*a));
}

size_t snap_arena_room(const struct snap_arena *a)
{
	return a->size - a->used;
}

unsigned char *snap_arena_end(struct snap_arena *a)
{
	return a->base + a->used;
}

size_t snap_arena_take(struct snap_arena *a, size_t n)
{
	size_t at = a->used;

	n = ALIGN64(n);
	a->used = n < a->size - at ? at + n : a->size;
	return at;
}

/* SPDX-License-Identifier: MIT */
#include "mem.h"

#include <string.h>

#include "ctl/trace.h"

#define PAGE 4096u

void mem_init(struct mem *m, pid_t tid)
{
	m->tid = tid;
	m->next = 0;
	mem_forget(m);
}

static const struct mem_piece *kept(const struct mem *m, uint64_t addr)
{
	for (int i = 0; i < MEM_PIECES; i++) {
		const struct mem_piece *p = &m->piece[i];

		if (p->n && addr >= p->addr && addr - p->addr < p->n)
			return p;
	}
	return NULL;
}

/* From addr to the end of its page at most. */
static const struct mem_piece *fetch(struct mem *m, uint64_t addr)
{
	struct mem_piece *p = &m->piece[m->next];
	size_t n = PAGE - addr % PAGE;

	m->next = (m->next + 1) % MEM_PIECES;
	p->addr = addr;
	p->n = trace_read(m->tid, addr, p->bytes, n < MEM_PIECE ? n : MEM_PIECE);
	return p->n ? p : NULL;
}

size_t mem_read(void *ctx, uint64_t addr, void *to, size_t n)
{
	struct mem *m = ctx;
	size_t done = 0;

	while (done < n) {
		const struct mem_piece *p = kept(m, addr + done);
		size_t some, skip;

		if (!p && n - done > MEM_PIECE)
			return done + trace_read(m->tid, addr + done, (char *)to + done, n - done);
		if (!p)
			p = fetch(m, addr + done);
		if (!p)
			break;
		skip = (size_t)(addr + done - p->addr);
		some = p->n - skip < n - done ? p->n - skip : n - done;
		memcpy((char *)to + done, p->bytes + skip, some);
		done += some;
	}
	return done;
}

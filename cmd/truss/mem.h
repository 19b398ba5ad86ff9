/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_MEM_H
#define PTOOLS_TRUSS_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A thread's memory during one stop: what is read comes in pieces of some hundred bytes that are kept, since a
 * call's arguments lie close together and a look costs as much for one byte as for a page.
 */
enum { MEM_PIECE = 1024, MEM_PIECES = 2 };
struct mem {
	pid_t tid;
	unsigned next; /* the piece that goes first */
	struct mem_piece {
		uint64_t addr;
		size_t n; /* 0: nothing */
		unsigned char bytes[MEM_PIECE];
	} piece[MEM_PIECES];
};

void mem_init(struct mem *m, pid_t tid);
/* At each stop: what was kept may have changed. */
static inline void mem_forget(struct mem *m)
{
	for (int i = 0; i < MEM_PIECES; i++)
		m->piece[i].n = 0;
}
/* struct memory's read (sys/memory.h); ctx is a struct mem. */
size_t mem_read(void *ctx, uint64_t addr, void *to, size_t n);

#endif

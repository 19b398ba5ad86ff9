/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_SNAP_H
#define PTOOLS_PROC_SNAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/context.h"
#include "proc/spans.h"

/*
 * A thread as it was at one instant: registers and a copy of its stack, from sp to the end of the mapping
 * that sp is in. Where a signal handler runs on a stack of its own, the interrupted code's stack is a
 * further piece: it is found by the context that the kernel has saved (context_next_saved).
 */
enum snap_how {
	SNAP_NONE,   /* nothing; err says why */
	SNAP_ASLEEP, /* read while it slept: sp and pc only */
	SNAP_STOPPED,
	SNAP_CORE,
};

enum { SNAP_PIECES = 4, SNAP_MOST = 256 * 1024 };

struct snap_piece {
	uint64_t addr;
	size_t len, at; /* at: where the bytes are, from the base given to snap_read() */
	bool cut;       /* the mapping goes on */
};

struct snap {
	pid_t tid;
	enum snap_how how;
	int err;
	struct context context;
	long nr; /* of the system call it is in, or has come out of; -1: none */
	uint64_t arg[6];
	unsigned pieces;
	struct snap_piece piece[SNAP_PIECES];
	uint64_t
		ran; /* SNAP_NONE after a look at a running one: how often it had been put on a CPU */
	uint64_t held_ns; /* SNAP_STOPPED: at most so long */
};

/* Copies up to n bytes from addr on; returns how many came before the first that could not be read. */
typedef size_t snap_reader(void *ctx, uint64_t addr, void *to, size_t n);
size_t snap_read_live(
	void *tid, uint64_t addr, void *to, size_t n); /* tid: pid_t *; process_vm_readv(2) */

/*
 * Fills in the pieces for s->context, into `room` bytes at `to`, no piece with more than `most` bytes. Returns
 * how many bytes were used. Allocates nothing. What is gone or unreadable is simply not in the copy.
 */
size_t snap_copy(struct snap *s, const struct spans *maps, snap_reader *read, void *ctx, void *to,
	size_t room, size_t most);

/* Up to n bytes of the copy; returns how many there are from addr on, 0 if none. */
size_t snap_read(
	const struct snap *s, const unsigned char *base, uint64_t addr, void *to, size_t n);

/* Whether a copy with larger pieces would have the byte at addr. */
bool snap_was_cut(const struct snap *s, const struct spans *maps, uint64_t addr);

/*
 * Memory for copies, shared with the children made after it: it only grows, nothing is given back before
 * snap_arena_close(). Reserved generously, used as far as needed.
 */
struct snap_arena {
	size_t used, size; /* bytes, behind this head */
	unsigned char base[] __attribute__((aligned(64)));
};
int snap_arena_open(struct snap_arena **out) __attribute__((warn_unused_result));
void snap_arena_close(struct snap_arena *a);

/* Where the next copy goes and how much fits; snap_arena_take() keeps n bytes of it. Returns their offset. */
size_t snap_arena_room(const struct snap_arena *a);
unsigned char *snap_arena_end(struct snap_arena *a);
size_t snap_arena_take(struct snap_arena *a, size_t n);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_PICTURE_H
#define PSTACK_PICTURE_H

#include "base/buf.h"
#include "ctl/victim.h"
#include "names.h"
#include "proc/operand.h"
#include "proc/snap.h"
#include "sym/source.h"
#include "sym/unwind.h"

/* What is known of one process or core file, first copied, then understood. */
struct thread {
	struct snap snap;
	char name[32]; /* raw */
	char state;    /* as in stat, '?': not asked */
	bool zombie; /* has exited, and is still listed: the first thread of a process that goes on */
	struct victim victim; /* how it may be stopped, by take_look() */
	int may_not;          /* error code: why it may not; 0 */
	int why;              /* error code: why there is no stack, or not all of it; 0 */

	/* in picture.frames */
	size_t first, frames;
	struct unwind_result end;
	bool lacks, cut; /* after the first try: something; more of its stack */

	struct buf kernel; /* -k: the kernel's frames, its own text */
	int why_no_kernel;
};

struct picture {
	struct proc *p;
	bool core, narrow;
	struct buf command;
	pid_t tracer; /* 0: none */

	struct thread *thread; /* ascending by tid */
	size_t n, cap;

	struct spans maps;
	struct snap_arena *arena;
	struct space *space;
	struct unwind *unwind;
	struct frames frames;
	struct names names;

	/* What was found last of the instruction before a pc (calls.c): threads often stand at the same. */
	uint64_t insn_pc;
	unsigned char insn[2];
	bool insn_known;

	const struct thread *now; /* whose stack picture_read() reads; NULL: nobody's */
	bool cut;                 /* it was asked for more than the copy has */

	/* for -s, and for messages */
	size_t asleep, stopped;
	uint64_t longest_ns, held_ns;
	bool held;
	pid_t culprit;
};

/* Room for another thread, zeroed; NULL when out of memory. */
struct thread *picture_add(struct picture *pic);
void picture_clear(
	struct picture *pic); /* for another try: threads, copies, everything understood */
void picture_free(struct picture *pic);

/* Memory at the instant of pic->now: its copy first, then the process as it is by now, or the core. */
size_t picture_read(void *pic, uint64_t addr, void *to, size_t n);

static inline const struct frame *picture_frames(const struct picture *pic, const struct thread *t)
{
	return pic->frames.v ? pic->frames.v + t->first : NULL;
}

#endif

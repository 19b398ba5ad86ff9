/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_WALK_H
#define PTOOLS_SYM_WALK_H

#include "sym/cfi.h"
#include "sym/machine.h"
#include "sym/unwind.h"

/* Inside common/sym: the parts of the unwinder. */

/* How to leave a place in the code: found once for each pc, and kept. */
enum place_kind {
	PLACE_CFI,
	PLACE_TRAMPOLINE, /* of a signal, by its code */
	PLACE_NOTABLE,    /* code without information */
	PLACE_ENTRY, /* code without information where the program starts: there is no caller */
	PLACE_BADTABLE,
	PLACE_NOWHERE, /* no code */
};

struct place {
	uint64_t pc;
	bool exact;
	uint8_t kind;
	uint8_t trampoline; /* enum machine_trampoline */
	int8_t after_call;  /* -1: not yet looked */
	uint64_t bias;
	struct cfi_row row;
	struct place *next;
};

enum { PLACE_BLOCK = 64, PLACE_BUCKETS = 4096 };

struct unwind {
	struct space *space;
	struct place *bucket[PLACE_BUCKETS];
	struct place_block {
		struct place_block *next;
		unsigned used;
		struct place v[PLACE_BLOCK];
	} * blocks;
};

/* NULL: out of memory. */
struct place *place_of(struct unwind *u, enum regs_machine machine, uint64_t pc, bool exact);
void places_forget(struct unwind *u);

/* Is pc code, right behind a call? */
bool place_is_return(struct unwind *u, enum regs_machine machine, uint64_t pc);

/* One thread being unwound. */
struct walk {
	struct unwind *u;
	const struct unwind_stack *stack;
	struct regs regs; /* of the frame that was found last */
	struct unwind_result *result;
	uint64_t blocked; /* signals, in that frame */
	bool blocked_known;
};

/* A word of the target: of the copied stack first. */
bool walk_read(void *walk, uint64_t addr, unsigned size, uint64_t *out);

/* w->regs of the caller. False: there is none, w->result says why. */
bool walk_by_row(struct walk *w, const struct place *place);
bool walk_by_signal(struct walk *w, const struct place *place);
bool walk_by_pointer(struct walk *w, bool exact, uint8_t *how);
bool walk_by_leaf(struct walk *w);

/* Sets the result; false. */
bool walk_end(struct walk *w, enum unwind_end end, uint64_t where);

#endif

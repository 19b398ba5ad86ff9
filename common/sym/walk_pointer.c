/* SPDX-License-Identifier: MIT */
/*
 * Leaving code that no table describes: what a JIT made, assembler, a stripped program built without tables (Go). If it keeps
 * a frame pointer, that points to the caller's, with the return address behind it. It is a guess: so the frame has to be
 * up the stack, and its return address behind a call.
 */
#include "sym/walk.h"

static unsigned word(const struct walk *w)
{
	return w->regs.machine == REGS_X86_64 ? 8 : 4;
}

/* The caller that has its return address at `at`; its other registers are what they are. */
static bool take(struct walk *w, uint64_t at, const uint64_t *fp)
{
	enum regs_machine machine = w->regs.machine;
	unsigned pc = regs_pc(machine), sp = regs_sp(machine), frame = regs_fp(machine);
	uint64_t ra;

	if (!walk_read(w, at, word(w), &ra) || !place_is_return(w->u, machine, ra))
		return false;
	w->regs.v[pc] = ra;
	w->regs.v[sp] = at + word(w);
	/* The callee may have used any of the others. */
	w->regs.have &= 1u << pc | 1u << sp | 1u << frame;
	if (fp)
		w->regs.v[frame] = *fp;
	return true;
}

bool walk_by_leaf(struct walk *w)
{
	return take(w, w->regs.v[regs_sp(w->regs.machine)], NULL);
}

/* -1, or how many words the function has pushed so far. */
static int prologue(struct walk *w)
{
	uint64_t pc = w->regs.v[regs_pc(w->regs.machine)];
	unsigned char code[1 + MACHINE_PROLOGUE];

	if (!pc || space_read(w->u->space, pc - 1, code, sizeof(code)) != 0)
		return -1;
	return machine_prologue(w->regs.machine, code[0], code + 1);
}

/* Functions that are a system call and no more (glibc's clone3, Go's Syscall6) have pushed nothing. */
static bool by_bare_syscall(struct walk *w)
{
	uint64_t pc = w->regs.v[regs_pc(w->regs.machine)];
	unsigned char code[2];

	return pc > sizeof(code) &&
		space_read(w->u->space, pc - sizeof(code), code, sizeof(code)) == 0 &&
		machine_after_syscall(w->regs.machine, code) && walk_by_leaf(w);
}

/*
 * By the frame that fp points to. The outermost function's caller has a frame pointer of 0, by convention (System V ABI, 3.4.1):
 * then *outermost says that there need not be a caller.
 */
static bool by_chain(struct walk *w, bool *outermost)
{
	uint64_t fp = w->regs.v[regs_fp(w->regs.machine)], sp = w->regs.v[regs_sp(w->regs.machine)];
	struct space_map here, there;
	uint64_t saved;

	if (fp < sp || fp % word(w) || !space_map_at(w->u->space, sp, &here) ||
		!space_map_at(w->u->space, fp, &there) || here.start != there.start)
		return false;
	if (!walk_read(w, fp, word(w), &saved))
		return false;
	*outermost = saved == 0;
	return take(w, fp + word(w), &saved);
}

bool walk_by_pointer(struct walk *w, bool exact, uint8_t *how)
{
	enum regs_machine machine = w->regs.machine;
	uint64_t pc = w->regs.v[regs_pc(machine)], sp = w->regs.v[regs_sp(machine)];
	bool outermost = false;
	/* Also where it has called to learn its own address (i386). */
	int pushed = exact || machine == REGS_I386 ? prologue(w) : -1;

	*how = FRAME_LEAF;
	if (pushed >= 0 && take(w, sp + (unsigned)pushed * word(w), NULL))
		return true;
	if (exact && by_bare_syscall(w))
		return true;
	*how = FRAME_POINTER;
	if (!regs_has(&w->regs, regs_fp(machine))) {
		w->result->needed = 1u << regs_fp(machine);
		return walk_end(w,
			w->stack->regs.have == regs_all(machine) ? UNWIND_NOTABLE : UNWIND_NEEDS,
			pc);
	}
	if (by_chain(w, &outermost))
		return true;
	if (!exact && (outermost || w->regs.v[regs_fp(machine)] == 0))
		return walk_end(w, UNWIND_BOTTOM, 0);
	*how = FRAME_LEAF;
	return (exact && walk_by_leaf(w)) || walk_end(w, UNWIND_NOTABLE, pc);
}

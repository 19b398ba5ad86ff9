/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_MACHINE_H
#define PTOOLS_SYM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sym/regs.h"

/* Inside common/sym: what depends on the machine's code and on its kernel's signal frames (common/sym/<machine>/). */

enum { MACHINE_CALL = 7 }; /* bytes of the longest call instruction that is looked for */

/* Do the bytes before a return address end in a call? `before` has MACHINE_CALL bytes. */
bool machine_after_call(enum regs_machine machine, const unsigned char before[MACHINE_CALL]);

/* Do the two bytes before an exact pc make a system call? */
bool machine_after_syscall(enum regs_machine machine, const unsigned char before[2]);

/*
 * What a signal handler returns to, by its code: it makes the call sigreturn(2), and debuggers have to know it by this.
 * `code` has MACHINE_TRAMPOLINE bytes from the return address on.
 */
enum { MACHINE_TRAMPOLINE = 9 };
enum machine_trampoline { TRAMPOLINE_NONE, TRAMPOLINE_RT, TRAMPOLINE_OLD };
enum machine_trampoline machine_trampoline(
	enum regs_machine machine, const unsigned char code[MACHINE_TRAMPOLINE]);

typedef bool machine_read(void *ctx, uint64_t addr, unsigned size, uint64_t *out);

/*
 * The registers that the kernel saved when the signal came, out of the frame at `sp`, as it is when the handler has
 * returned. False: an address cannot be read, which is told in *where.
 */
bool machine_interrupted(struct regs *regs, enum machine_trampoline kind, machine_read *read,
	void *ctx, uint64_t *where);

/*
 * The number of that signal, 0: not known. Whether a number is in the frame depends on how the handler was set up; but
 * while it runs, its signal is blocked, and was not before. *blocked: what is blocked in the handler, if
 * *known; both become what they were before the signal.
 */
uint8_t machine_signal(const struct regs *regs, enum machine_trampoline kind, machine_read *read,
	void *ctx, uint64_t *blocked, bool *known);

/*
 * Is the return address on top of the stack, because the function has not yet set up its frame (0), or one word below, because
 * it has pushed the caller's frame pointer and no more (1)? -1: neither is certain. `before`: the byte before pc; `code`:
 * MACHINE_PROLOGUE bytes from it on.
 */
enum { MACHINE_PROLOGUE = 24 };
int machine_prologue(enum regs_machine machine, unsigned char before, const unsigned char *code);

#endif

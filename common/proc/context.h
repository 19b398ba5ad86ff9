/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_CONTEXT_H
#define PTOOLS_PROC_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

/*
 * Where a thread is: all of its registers, or, of one asleep in a call, only pc and sp. What differs between
 * machines is in a folder of its own.
 */
struct context {
	bool narrow; /* a 32-bit thread */
	bool full;   /* user is filled in */
	uint64_t pc, sp;
	struct user_regs_struct
		user; /* of a 32-bit thread as a 64-bit tracer sees it: cs is 0x23 */
};

/* A thread of which only these two are known. */
void context_sleeper(struct context *out, bool narrow, uint64_t sp, uint64_t pc);

/*
 * From n bytes of registers as the kernel has them: struct user_regs_struct (PTRACE_GETREGS, NT_PRSTATUS), or
 * the 17 words of a 32-bit core file's (struct user_regs_struct32 in the kernel). False for any other n.
 */
bool context_user(struct context *out, const void *user, size_t n);

/* The system call that the thread is in or has just come out of: its number and arguments; -1: none. */
long context_call(const struct context *c, uint64_t arg[6]);

/* Bytes below sp that a function may use without telling: the red zone of the x86-64 ABI. */
uint64_t context_red_zone(const struct context *c);

/*
 * Finds the next context that the kernel saved on a stack for a signal handler (struct sigcontext,
 * <asm/sigcontext.h>) among n words, as wide as the thread's, from word i on: the index behind it, and in *sp where
 * the interrupted code's stack is; 0 if there is none.
 */
size_t context_next_saved(bool narrow, const void *words, size_t n, size_t i, uint64_t *sp);

#endif

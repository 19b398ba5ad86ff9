/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_REGS_H
#define PTOOLS_SYM_REGS_H

#include <stdbool.h>
#include <stdint.h>

struct user_regs_struct;

/*
 * A thread's registers as unwind tables number them: "DWARF Register Number Mapping" of the System V ABI, x86-64
 * supplement (figure 3.36) and Intel386 supplement (figure 2.14). Only those whose bit is set in `have` are known.
 */
enum regs_machine {
	REGS_X86_64,
	REGS_I386, /* a 32-bit program, also on a 64-bit kernel */
};

enum {
	REGS_COUNT = 17,
	/* x86_64 */
	REGS64_RAX = 0,
	REGS64_RDX = 1,
	REGS64_RCX = 2,
	REGS64_RBX = 3,
	REGS64_RSI = 4,
	REGS64_RDI = 5,
	REGS64_RBP = 6,
	REGS64_RSP = 7,
	REGS64_R8 = 8, /* ... to R15 = 15 */
	REGS64_PC = 16,
	/* i386 */
	REGS32_EAX = 0,
	REGS32_ECX = 1,
	REGS32_EDX = 2,
	REGS32_EBX = 3,
	REGS32_ESP = 4,
	REGS32_EBP = 5,
	REGS32_ESI = 6,
	REGS32_EDI = 7,
	REGS32_PC = 8,
};

struct regs {
	enum regs_machine machine;
	uint32_t have; /* bit n: v[n] is known */
	uint64_t v[REGS_COUNT];
};

/* How many registers of `machine` unwinding deals with, pc included; all of them as a mask. */
unsigned regs_count(enum regs_machine machine);
uint32_t regs_all(enum regs_machine machine);

/* Where pc, stack pointer and frame pointer are. */
unsigned regs_pc(enum regs_machine machine);
unsigned regs_sp(enum regs_machine machine);
unsigned regs_fp(enum regs_machine machine);

/* "rbx"; "?" for a number that is none. Static storage. */
const char *regs_name(enum regs_machine machine, unsigned number);

/*
 * All registers of a stopped thread or a core's thread, as a 64-bit tool gets them (PTRACE_GETREGS, NT_PRSTATUS of
 * a 64-bit core): the code segment says whether the thread runs 32-bit code (0x23, asm/segment.h).
 */
void regs_from_user(struct regs *out, const struct user_regs_struct *user);

/*
 * The 17 words of pr_reg in a 32-bit core's NT_PRSTATUS (also what PTRACE_GETREGSET gives for a 32-bit thread): ebx,
 * ecx, edx, esi, edi, ebp, eax, ds, es, fs, gs, orig_eax, eip, cs, eflags, esp, ss (sys/user.h).
 */
void regs_from_user32(struct regs *out, const uint32_t user[17]);

/* What /proc/PID/task/TID/syscall tells of a sleeping thread: nothing but where it is and its stack. */
void regs_from_sleep(struct regs *out, enum regs_machine machine, uint64_t pc, uint64_t sp);

static inline bool regs_has(const struct regs *r, unsigned number)
{
	return number < REGS_COUNT && r->have >> number & 1;
}

#endif

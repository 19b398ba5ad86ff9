/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_MACHINE_H
#define PTOOLS_CTL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/*
 * What depends on the machine; one folder per architecture implements it, picked by the Makefile.
 * `saved` is a thread as it was found, before anything of it was changed.
 */
struct saved {
	pid_t tid;
	struct user_regs_struct regs; /* rseq and interrupted calls already settled */
	uint64_t mask;
	bool narrow; /* 32-bit mode */
	bool int80;  /* the interrupted call used the 32-bit table from any mode */
};

/* Bytes the code needs in the cave, a multiple of 16. */
size_t machine_code_size(void);

/*
 * Looks at the registers of a stopped thread and fills in narrow: 0, ERR_ABI (neither plain 64-bit
 * nor 32-bit user mode), ERR_STEPPED (trap flag).
 */
int machine_settle_mode(struct saved *s) __attribute__((warn_unused_result));

/* Whether the thread was stopped at the end of a system call, and where the instruction is. */
bool machine_in_call(const struct saved *s, uint64_t *insn);

/* Two bytes before the pc that the kernel would restart at: how the call was made. ERR_ABI:
 * unknown. */
int machine_settle_insn(struct saved *s, const unsigned char insn[2])
	__attribute__((warn_unused_result));

/*
 * A call that the stop itself ended with EINTR, although nothing was done yet and asking again is
 * the same: makes the kernel restart it (or report EINTR after all if a handler runs). `late`: also
 * one with a timeout, which is right only for a call that the thread entered moments ago, so that
 * starting the timeout anew cannot be noticed (agent.c: "the late sleeper"). True if the registers
 * were changed.
 */
bool machine_settle_eintr(struct saved *s, bool late);

/*
 * At the entry of a call: the kernel skips it, and the thread stands before the instruction that makes it,
 * with the number in its register again.
 */
void machine_enter_again(struct saved *s);

/*
 * At the exit of a call that was skipped so: as if the kernel had interrupted it before it did anything, so that it makes it
 * again by itself, unseen, once the thread goes on (ERESTARTNOINTR). Until then /proc/TID/syscall shows the call.
 */
void machine_stand_before(struct saved *s, uint64_t nr);
/* Whether it stands like that. */
bool machine_stands_before(const struct saved *s);

/* Values behind the code, all addresses in the target. */
struct code_params {
	uint64_t scratch, size, stamp;
	uint32_t clone_flags; /* 0: the thread runs the calls itself */
};

/* The bytes for the cave: code plus the thread's registers as user space has to see them. */
void machine_code_image(unsigned char *image, const struct saved *s, const struct code_params *p);

/* Registers that enter the code at `cave`: what PTRACE_SETREGS commits. */
void machine_enter(struct user_regs_struct *regs, const struct saved *s, uint64_t cave);

/* The same, to the point from where a thread that nobody puts back goes home at once. */
void machine_enter_home(struct user_regs_struct *regs, const struct saved *s, uint64_t cave);

/* The same, to have the diverted thread give the scratch memory back and wait again. */
void machine_enter_unmap(
	struct user_regs_struct *regs, const struct saved *s, uint64_t cave, uint64_t scratch);

uint64_t machine_pc(const struct user_regs_struct *regs);
uint64_t machine_sp(const struct user_regs_struct *regs);

/*
 * Whether a diverted thread, stopped again, still waits to be put back; false when it is on its way
 * home or there: then it must be left alone, since a handler may have run on that way.
 */
bool machine_is_away(const struct user_regs_struct *regs, uint64_t cave);

/*
 * Whether it stands before the point where its scratch memory bears our mark: the memory may be there
 * all the same, so it must not be put back from here.
 */
bool machine_is_entering(const struct user_regs_struct *regs, uint64_t cave);
/* 0, or the -errno of the mmap with which the code began. */
int machine_map_error(const struct user_regs_struct *regs);

/* Fields of an image already in a cave. */
bool machine_is_code(const unsigned char *image);
pid_t machine_code_owner(const unsigned char *image);
uint64_t machine_code_stamp(const unsigned char *image);

/*
 * The thread-making flags of the agent. A thread like any other for the kernel (same memory, files
 * and signal handlers), but without a stack or thread-local storage of its own, and not sharing the
 * filesystem context, so that nobody's setns(2) or unshare(2) is refused for its sake longer than
 * needed.
 */
uint32_t machine_clone_flags(void);

/* How a call in which a thread sleeps takes being interrupted. */
enum sleep_kind {
	SLEEP_BAD,     /* shows EINTR or a short count, or nobody knows */
	SLEEP_AGAIN,   /* shows EINTR, but nothing is done before: could be asked again */
	SLEEP_EXACT,   /* restarts with the right remaining time, nothing is visible */
	SLEEP_LONGER,  /* restarts; its timeout grows by the time it was away */
	SLEEP_BY_FILE, /* exact for pipes, terminals and such, and for sockets without receive
			* timeout; the descriptor is the first argument */
};
enum sleep_kind machine_sleep_kind(bool narrow, long nr, const uint64_t arg[6]);
/* Whether it is one of SLEEP_AGAIN that waits without a timeout. */
bool machine_waits_forever(bool narrow, long nr, const uint64_t arg[6]);
/* Whether this call makes a child and waits in it for the child's exec or exit (vfork and its kin).
 */
bool machine_is_vfork(bool narrow, long nr);

#endif

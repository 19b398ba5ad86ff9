/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_SIGNAME_H
#define PTOOLS_SYS_SIGNAME_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Names of signals. Real-time signals are counted as the C library does (signal(7)): 34 is SIGRTMIN,
 * 35 SIGRTMIN+1 ... 64 SIGRTMAX; 32 and 33, which it keeps for itself, have no name: SIG#32.
 */
enum { SIGNAME_COUNT = 64 }; /* signals are 1...SIGNAME_COUNT (_NSIG of <asm/signal.h>) */

/* "SIGTERM" for 15; NULL for a number without a name. Static. */
const char *signame(int signal);

/* The same, or SIG#n. */
void signame_add(struct buf *out, int64_t signal);

/*
 * The signal of a word of a list: any case, with or without SIG, SIGRTMIN+n, SIGRTMAX-n, the old names
 * CLD, IOT and POLL, or a number in any of C's bases. 0 when there is none.
 */
int signame_number(const char *word);

/* The word for si_code: "SEGV_MAPERR" for (SIGSEGV, 1), "SI_USER" for any; NULL when it has none. */
const char *signame_code(int signal, int code);

/*
 * What `siginfo:` is followed by in the original, from what PTRACE_GETSIGINFO gave:
 *	SIGTERM pid=990 uid=100
 *	SIGSEGV SEGV_MAPERR addr=0x00000010
 *	SIGCHLD CLD_EXITED pid=4243 status=0x0001
 * Which fields hold something follows from signal and code (sigaction(2)); an unknown code is shown
 * as a number. si_value comes as ` value=`, si_errno as ` errno=5(EIO)`.
 */
void signame_add_info(struct buf *out, const siginfo_t *info);

/*
 * A set of signals as the kernel's sigset has it, bit 0 being signal 1: "[ SIGINT SIGTERM ]", "[ ]",
 * and where more than half are in it, those that are not: "~[ SIGKILL ]".
 */
void signame_add_set(struct buf *out, uint64_t set);

#endif

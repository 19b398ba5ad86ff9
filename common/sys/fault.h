/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_FAULT_H
#define PTOOLS_SYS_FAULT_H

#include <stdbool.h>

/*
 * The original's faults, which come before the signal that they turn into. Linux has only the signal:
 * fault_of() finds the fault in its number and si_code. Numbers are the original's; 12 (FLTWATCH) comes
 * of TRAP_HWBKPT, FLTPAGE (11) and FLTCPCOVF (13) never happen on Linux but are valid words of a list.
 */
enum fault {
	FAULT_NONE,
	FAULT_ILL,
	FAULT_PRIV,
	FAULT_BPT,
	FAULT_TRACE,
	FAULT_ACCESS,
	FAULT_BOUNDS,
	FAULT_IOVF,
	FAULT_IZDIV,
	FAULT_FPE,
	FAULT_STACK,
	FAULT_PAGE,
	FAULT_WATCH,
	FAULT_CPCOVF,
	FAULT_COUNT,
};

/*
 * The fault behind a signal, FAULT_NONE where the signal was sent by a process (si_code <= 0), by the
 * kernel without an instruction to blame, or is none that a fault turns into.
 */
enum fault fault_of(int signal, int code);

/* "FLTBOUNDS" for FAULT_BOUNDS; NULL for a number that is no fault. Static. */
const char *fault_name(int fault);

/* Of a word of a list: any case, with or without FLT, or a number; FAULT_NONE when there is none. */
enum fault fault_number(const char *word);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_OPERAND_H
#define PTOOLS_PROC_OPERAND_H

#include "proc/proc.h"

/*
 * The operand grammar of all tools (ptools.7): PID, /proc/PID, a relative path to a process directory
 * while standing in /proc, each optionally followed by /LIST where OPERAND_THREADS is accepted. `self`
 * and the tool's own pid are ERR_SELF.
 */
enum operand_accept { OPERAND_PROC = 0, OPERAND_THREADS = 1 };

/* Ranges of thread ids as typed: n, n-m, n-, -m. All threads when n is 0. Zero-initialise. */
struct tid_range {
	pid_t from, to;
};
struct tid_ranges {
	struct tid_range *range;
	size_t n;
};
bool tid_ranges_has(const struct tid_ranges *r, pid_t tid);
int tid_ranges_parse(const char *list, struct tid_ranges *out) __attribute__((warn_unused_result));
void tid_ranges_free(struct tid_ranges *r);

/*
 * Opens what the operand names. ERR_NOPROC, ERR_BADPID (not a pid nor a process directory), ERR_SELF,
 * ERR_BADTIDS. tids may be NULL where threads are not accepted; else it is always initialised and the
 * caller frees it.
 */
int operand_open(const char *operand, enum operand_accept accept, struct tid_ranges *tids,
	struct proc **out) __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_CONTROL_H
#define PTOOLS_CTL_CONTROL_H

#include <stdbool.h>

#include "ctl/stop.h"
#include "proc/proc.h"

/* What pstop(1) and prun(1) do with one operand. */
struct control {
	bool run;            /* continue instead of stop */
	bool family;         /* the descendants, too */
	unsigned timeout_ms; /* for each process */

	/* Told of each process that failed; `operand` is its number where it is a descendant. p may be NULL. */
	void (*fail)(void *ctx, const struct proc *p, const char *operand, int err,
		const struct stop_culprit *culprit);
	void *ctx;
};

/*
 * Stops parents before their children, again and again until two looks at all processes find no descendant that
 * runs and was not known before; continues children before their parents, who might end and take with them the
 * knowledge of whose they are. Leaves out the calling process, keepers (ctl/keeper.h), and those
 * that have ended.
 */
void control_operand(const struct control *c, const char *operand);

#endif

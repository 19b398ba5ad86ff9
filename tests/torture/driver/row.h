/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_ROW_H
#define TORTURE_ROW_H

#include <stdbool.h>
#include <stdio.h>

#include "../lib/plan.h"
#include "../lib/target.h"
#include "../lib/visit.h"

/* Under what circumstances the victim is visited. */
struct condition {
	const char *name;
	const char *program;  /* victim variant */
	unsigned flags;       /* enum victim_flags */
	unsigned agent_flags; /* enum agent_flags */
	void (*storm)(void *target);
	bool second;         /* a second tool starts as soon as the first is dead */
	bool mostly_refused; /* the only thread often sleeps where it must not be disturbed */
};

/* One line of the table: `rounds` visits, each with a kill of this kind. */
struct row {
	const struct subject *subject;
	const struct condition *cond;
	enum plan_kill kill;
	enum plan_who who;
	unsigned rounds; /* BEFORE, AFTER: sweeps over all kernel calls instead */
	unsigned stride; /* of those sweeps; 0: 1 */
};

struct tally {
	unsigned rounds, kills, done, refused;
	unsigned dead, leaks, other; /* failures: target dead or hung; something left; the rest */
	unsigned late;  /* of the refused: a budget ran out that nobody had cut short */
	unsigned inert; /* looks at which inert bytes in the cave were still to be cleared */
	unsigned eintr, points, settle_ms;
	unsigned known; /* of eintr: what cannot be avoided, and is in ptools(7) */
};

/* Runs the row; what fails is told on stdout as it happens, up to a few lines. */
void row_run(const struct row *row, struct plan *plan, struct tally *out);

/* Failures of a line. */
unsigned tally_failures(const struct tally *t);

#endif

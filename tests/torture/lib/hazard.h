/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_HAZARD_H
#define TORTURE_HAZARD_H

#include <stdbool.h>
#include <stdint.h>

#include "prey.h"
#include "visit.h"
#include "../../lib/tap.h"

/* What all hazard tests share: the counting, the subject, one kill plan. */
struct hazard {
	struct tap tap;
	struct plan *plan;
	const struct subject *subject; /* the naive one with --naive: most tests must fail then */
};

void hazard_init(struct hazard *h, int argc, char **argv);

/* A visit without kill: its error, or ERR_TIMEOUT if it took longer than anybody should wait. */
int hazard_visit(struct hazard *h, struct prey *p, unsigned agent_flags);

/* A visit during which `who` is killed before kernel call k; *end as from visit_run(). */
enum visit_end hazard_kill(
	struct hazard *h, struct prey *p, unsigned agent_flags, enum plan_who who, long k);

/*
 * Kills each of tool, warden and both at `n` points spread over the calls of one visit, and looks
 * after each whether the prey is unharmed but for inert bytes in the vdso that the next visit must
 * clear. Ends with a full check. One test line.
 */
void hazard_kills(
	struct hazard *h, struct prey *p, unsigned agent_flags, unsigned n, const char *what);

/* As prey_unharmed(), but the bytes in the vdso that killing both may leave are no harm yet. */
bool hazard_inert(struct prey *p);

/* One test line: alive, unharmed, moving on. */
void hazard_unharmed(struct hazard *h, struct prey *p, const char *what);

/* One test line with a formatted name. */
void hazard_ok(struct hazard *h, bool held, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One test line: err is one of the list, which 1 ends (0 is a member like any other). */
void hazard_err(struct hazard *h, int err, const char *what, ...);
#define LIST_END 1

/* How long after a kill everything must be as before. */
#define HAZARD_SETTLE_MS 1500

/* Writes the text into DIR/NAME, a file of a control group; false if it cannot. */
bool hazard_put(const char *dir, const char *name, const char *text);

#endif

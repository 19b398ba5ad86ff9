/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_SUBJECT_H
#define TORTURE_SUBJECT_H

#include <stddef.h>
#include <sys/types.h>

#include "ctl/call.h"

/*
 * What is being tortured: the product's agent, what pstack does, or the naive injection (naive.c) which the same
 * tests must catch. One interface, so that no test knows which it has.
 */
struct subject {
	const char *name;
	int (*open)(pid_t pid, unsigned flags, void **handle);
	int (*batch)(void *handle, struct call *calls, size_t n);
	void (*close)(void *handle);
	/* In place of the three, where no calls are run: as subject_visit(). */
	int (*visit)(pid_t pid, unsigned flags, unsigned rounds, int *wrong);
};

/* bold: with AGENT_RUNNERS, for victims that seldom rest and hazards that are not about that. */
/* Flag for subject_stacks: stops only those that sleep, so that nobody in the middle of anything is stopped. */
enum { STACKS_SLEEPERS = 1 << 16 };

extern const struct subject subject_agent, subject_bold, subject_stacks, subject_naive;

/* Two agents one after the other, by helpers that serve both (ctl/agent_crew.h). */
extern const struct subject subject_crew;

/* Naive if the first argument is --naive: every test program here can be asked to fail. */
const struct subject *subject_choose(int argc, char **argv);

/*
 * The whole life of a tool: open, `rounds` batches of harmless calls with known answers, close.
 * *wrong counts answers that were not the expected ones.
 */
int subject_visit(const struct subject *s, pid_t pid, unsigned flags, unsigned rounds, int *wrong);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_AGENT_CREW_H
#define PTOOLS_CTL_AGENT_CREW_H

#include <stdbool.h>

#include "ctl/agent_control.h"
#include "ctl/warden.h"

/*
 * The helper processes of agents (agent_job.h) and the memory shared with them, which serve one target after the
 * other: to start them takes longer than what they do in a target. They are forked from the caller, who
 * therefore begins with them while it is small.
 */
#define AGENT_CREW_AHEAD 8
struct agent_crew {
	struct warden *warden;         /* NULL: to be started for the next target */
	bool dismissed;                /* it ends by itself */
	struct agent *leaving;         /* agent_left(); NULL: none */
	struct agent_control *control; /* NULL: not made yet */
	struct agent_expected {
		pid_t pid; /* 0: none */
		uint64_t start;
		struct victim_wish wish; /* for which it was chosen */
		struct victim victim;
	} expected[AGENT_CREW_AHEAD];
	unsigned next;
};

/* Nobody is started yet. 0, -errno. */
int agent_crew_new(struct agent_crew **out) __attribute__((warn_unused_result));

/* Makes the shared memory, or does nothing where it is there. 0, -ENOMEM. */
int agent_crew_share(struct agent_crew *c) __attribute__((warn_unused_result));

/*
 * Starts them, or does nothing where they are there. agent_open() does so; who knows before that it will be called
 * has them start meanwhile. 0, -errno.
 */
int agent_crew_ready(struct agent_crew *c) __attribute__((warn_unused_result));

/*
 * Chooses the thread of a target whose turn comes soon, AGENT_CREW_AHEAD of them at most: that it rests for a
 * while (victim_calm()) is then seen while others have their turn. flags: of agent_open(). Where there is none, or
 * it may not be looked at, agent_open() will say so.
 */
void agent_crew_expect(struct agent_crew *c, const struct proc *p, unsigned flags);

/* The thread that was chosen so, once; else chooses one now. As victim_choose(). */
int agent_crew_choose(struct agent_crew *c, const struct proc *p, const struct victim_wish *wish,
	struct victim *out) __attribute__((warn_unused_result));

/* Lets them end while the caller goes on with something else. Should there be another target after all, new ones start. */
void agent_crew_dismiss(struct agent_crew *c);

/* Ends them and waits for that. False if they did not end in order. */
bool agent_crew_end(struct agent_crew *c);

/* The same, and frees; takes NULL. No agent of theirs may be open. */
void agent_crew_free(struct agent_crew *c);

#endif

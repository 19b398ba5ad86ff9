/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_AGENT_JOB_H
#define PTOOLS_CTL_AGENT_JOB_H

#include "ctl/agent_control.h"

/* The warden's requests. */
enum { AGENT_SLICE = 1 };

struct agent_work {
	const struct proc *p;
	struct agent_control *control;
};

/*
 * The job of the warden (warden_job). First answer: the agent is there, or why not. Then, where the
 * diverted thread runs the calls itself, one slice of control->table per request AGENT_SLICE. At
 * the end everything is put back.
 */
void agent_job(int sock, void *work);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_AGENT_JOB_H
#define PTOOLS_CTL_AGENT_JOB_H

#include "ctl/agent_control.h"

/*
 * The requests. BEGIN, with the descriptors of the target (AGENT_FDS): answered when the agent is there, or why not;
 * control says what is wanted. SLICE, where the diverted thread runs the calls itself: runs those of
 * control->table. END, also after a BEGIN that failed: answered when everything is put back; value is 1 if
 * this warden does not serve another target.
 */
enum { AGENT_BEGIN = 1, AGENT_SLICE, AGENT_END };
enum { AGENT_LOCK, AGENT_DIR, AGENT_PIDFD, AGENT_FDS };

/* The job of the warden (warden_job); arg: struct agent_control. One target after the other. */
void agent_job(int sock, void *arg);

#endif

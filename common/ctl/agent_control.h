/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_AGENT_CONTROL_H
#define PTOOLS_CTL_AGENT_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/cave.h"
#include "ctl/victim.h"
#include "proc/proc.h"

#define SCRATCH_SIZE (512u << 10)

/*
 * What tool, warden and tracer share: memory that all have mapped. The tracer writes the first part, so
 * that the others can clean up behind a tracer that was killed. All but the table is made anew for each target.
 */
struct agent_control {
	struct proc_parts target; /* the descriptors are those of warden and tracer */
	bool busy;       /* there is something to put back, and to clean up behind who does not */
	bool own_thread; /* set by the tool: make the agent a thread */
	struct victim_wish wish; /* set by the tool, */
	struct victim chosen; /* with the first thread that it found; tid 0 once that was tried */
	struct cave cave;     /* addr 0: nothing was written yet */
	uint64_t scratch;     /* address in the target */
	pid_t victim;         /* the thread that was diverted last */
	pid_t agent;          /* the agent's thread id, 0: none */
	unsigned stops;
	uint64_t held_ns, longest_ns;
	uint64_t used; /* bytes of `table` in use, set by the tool for each slice */
	unsigned char table[SCRATCH_SIZE] __attribute__((aligned(16)));
};

/*
 * Maps the scratch memory here (through map_files), to be unmapped by the caller. NULL where that is
 * not permitted or it is gone.
 */
void *agent_map_scratch(const struct proc *p, const struct agent_control *c);

/* Sets the state in mapped scratch memory and wakes whoever waits for it. */
void agent_post(uint32_t *state, uint32_t value);

/* The target's memory, through whichever thread still has it (cave_open_mem). */
int agent_open_mem(const struct proc *p, const struct agent_control *c, int *mem)
	__attribute__((warn_unused_result));

#endif

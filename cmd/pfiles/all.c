/* SPDX-License-Identifier: MIT */
/* All operands, one after the other; for those whose turn comes soon, what can be done ahead. */
#include "pfiles.h"

#include "core_files.h"
#include "ctl/agent.h"
#include "ctl/agent_crew.h"
#include "proc/operand.h"
#include "proc/proc.h"

/*
 * The operand is opened, and a thread of it is chosen. The handle, or NULL: whatever is wrong is told in its turn.
 * The helpers start behind the first choice, which has to be some time ago when they begin.
 */
static struct proc *expect(const char *operand, struct opts *o)
{
	struct proc *p;

	if (!o->crew || core_files_is(operand) || operand_open(operand, OPERAND_PROC, NULL, &p) < 0)
		return NULL;
	agent_crew_expect(o->crew, p, o->force ? AGENT_RUNNERS : 0);
	(void)!agent_crew_ready(o->crew);
	return p;
}

void pfiles_all(struct cli *c, char **operand, struct opts *o)
{
	struct proc *expected[AGENT_CREW_AHEAD] = {0};
	size_t ahead = 0;

	for (size_t i = 0; operand[i] && !cli_interrupted(); i++) {
		struct proc **p = &expected[i % AGENT_CREW_AHEAD];

		/* Where one needs an agent, the next ones probably do. */
		ahead = ahead > i ? ahead : i + 1;
		for (; o->agents && operand[ahead] && ahead < i + AGENT_CREW_AHEAD; ahead++)
			expected[ahead % AGENT_CREW_AHEAD] = expect(operand[ahead], o);
		o->last = !operand[i + 1];
		pfiles_one(c, operand[i], *p, o);
		*p = NULL;
	}
	for (size_t i = 0; i < AGENT_CREW_AHEAD; i++)
		proc_close(expected[i]);
}

/* SPDX-License-Identifier: MIT */
#include "ctl/agent_crew.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "ctl/agent.h"
#include "ctl/agent_job.h"
#include "ctl/cave.h"

#define GOODBYE_MS 3000

int agent_crew_share(struct agent_crew *c)
{
	void *m = c->control;

	if (!m)
		m = mmap(NULL, sizeof *c->control, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return -ENOMEM;
	c->control = m;
	return 0;
}

int agent_crew_ready(struct agent_crew *c)
{
	int err;

	if (c->dismissed)
		(void)agent_crew_end(c);
	if (c->warden)
		return 0;
	err = agent_crew_share(c);
	return err ? err : warden_start(agent_job, c->control, NULL, 0, &c->warden);
}

int agent_crew_new(struct agent_crew **out)
{
	struct agent_crew *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	*out = c;
	return 0;
}

void agent_crew_expect(struct agent_crew *c, const struct proc *p, unsigned flags)
{
	struct agent_expected *e = &c->expected[c->next++ % AGENT_CREW_AHEAD];
	struct victim_wish wish = {
		.runners = flags & AGENT_RUNNERS,
		.any = flags & (AGENT_ANY | AGENT_RUNNERS),
	};

	*e = (struct agent_expected){0};
	if (cave_is_narrow(p, &wish.narrow) || victim_choose(p, &wish, &e->victim))
		return;
	e->pid = proc_pid(p);
	e->start = proc_start_time(p);
	e->wish = wish;
}

int agent_crew_choose(struct agent_crew *c, const struct proc *p, const struct victim_wish *wish,
	struct victim *out)
{
	for (unsigned i = 0; i < AGENT_CREW_AHEAD; i++) {
		struct agent_expected *e = &c->expected[i];

		if (e->pid != proc_pid(p))
			continue;
		e->pid = 0;
		if (e->start != proc_start_time(p) || e->wish.narrow != wish->narrow ||
			e->wish.runners != wish->runners || e->wish.any != wish->any)
			continue;
		*out = e->victim;
		return 0;
	}
	return victim_choose(p, wish, out);
}

void agent_crew_dismiss(struct agent_crew *c)
{
	if (c->warden)
		warden_dismiss(c->warden);
	c->dismissed = true;
}

bool agent_crew_end(struct agent_crew *c)
{
	bool in_order;

	agent_left(c);
	in_order = warden_stop(c->warden, GOODBYE_MS);
	c->warden = NULL;
	c->dismissed = false;
	return in_order;
}

void agent_crew_free(struct agent_crew *c)
{
	if (!c)
		return;
	(void)agent_crew_end(c);
	if (c->control)
		munmap(c->control, sizeof *c->control);
	free(c);
}

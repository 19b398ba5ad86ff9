/* SPDX-License-Identifier: MIT */
#include "ctl/agent_crew.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "ctl/agent_job.h"

#define GOODBYE_MS 3000

int agent_crew_ready(struct agent_crew *c)
{
	return c->warden ? 0 : warden_start(agent_job, c->control, NULL, 0, &c->warden);
}

int agent_crew_new(struct agent_crew **out)
{
	struct agent_crew *c = calloc(1, sizeof *c);
	int err;

	if (!c)
		return -ENOMEM;
	c->control = mmap(NULL, sizeof *c->control, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->control == MAP_FAILED) {
		free(c);
		return -ENOMEM;
	}
	err = agent_crew_ready(c);
	if (err)
		agent_crew_free(c);
	else
		*out = c;
	return err;
}

bool agent_crew_end(struct agent_crew *c)
{
	bool in_order = warden_stop(c->warden, GOODBYE_MS);

	c->warden = NULL;
	return in_order;
}

void agent_crew_free(struct agent_crew *c)
{
	if (!c)
		return;
	(void)agent_crew_end(c);
	munmap(c->control, sizeof *c->control);
	free(c);
}

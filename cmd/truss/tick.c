/* SPDX-License-Identifier: MIT */
#include "tick.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "ctl/tracee.h"
#include "show.h"

#define SLEEPS_NS 1000000000u /* longer than that: it is shown that it sleeps */

/* The state letter of /proc/TID/stat, behind the last parenthesis. */
static char state_of(pid_t tid)
{
	char path[32], text[512], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return '?';
	text[n] = '\0';
	at = strrchr(text, ')');
	return at && at[1] ? at[2] : '?';
}

static void look(struct thread *thr, void *ctx)
{
	struct truss *t = ctx;

	if (!thr->in_call || thr->slept || !thr->shown || t->now - thr->entered < SLEEPS_NS)
		return;
	if (thr->state != THREAD_GOES || !strchr("SD", state_of(thr->tid)))
		return;
	thr->slept = true;
	mem_forget(&thr->mem);
	t->show->sleeping(t, thr);
}

void tick_event(struct truss *t)
{
	t->now = tracee_clock();
	if (!t->o->no_sleep)
		thread_each(&t->table, look, t);
	if (t->awaited)
		attach_awaited(t);
	out_flush(&t->out);
}

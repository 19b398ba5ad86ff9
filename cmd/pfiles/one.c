/* SPDX-License-Identifier: MIT */
/* One operand: open, gather, let go, show. Nothing is written while anything of the target is held.
 */
#include "pfiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "core_files.h"
#include "ctl/agent.h"
#include "ctl/agent_crew.h"
#include "difference.h"
#include "facts.h"
#include "page.h"
#include "proc/access.h"
#include "proc/operand.h"
#include "proc/proc.h"
#include "report.h"
#include "visit.h"

/*
 * "pfiles: <words>: <operand>: <cause and way out>", the original's order. p NULL: no such process.
 */
static void fail(struct cli *c, const char *operand, const struct proc *p, int err)
{
	struct buf rest = {0};

	proc_explain_operand(p, operand, err, &rest);
	cli_fail(c, err_str(err), buf_cstr(&rest));
	buf_free(&rest);
}

static void show_system_process(struct cli *c, const struct proc *p, const struct opts *o)
{
	struct buf command = {0};

	(void)!proc_cmdline(p, VISIT_COMMAND_MAX, &command);
	page_show_system_process(c, o, proc_pid(p), &command);
	buf_free(&command);
}

/* -H could not have all threads, or not for long enough. */
static void fail_hold(struct cli *c, const char *operand, const struct look *l)
{
	struct buf rest = {0};

	escape_add(&rest, operand, strlen(operand));
	if (l->held_threads)
		buf_fmt(&rest, ": let go after %d ms, before all descriptors were looked at",
			VISIT_HOLD_MS);
	else if (l->culprit)
		buf_fmt(&rest, ": thread %d; without -H it need not stop", (int)l->culprit);
	else
		buf_str(&rest, ": without -H it need not stop");
	cli_fail(c, err_str(ERR_TIMEOUT), buf_cstr(&rest));
	buf_free(&rest);
}

/* The facts, settled; everything that there is to know. Nobody is in the process any more. */
static int gather_and_settle(struct proc *p, struct look *l, struct facts *f)
{
	int err = visit_gather(p, l, f);

	if (!err && !l->o->first_line)
		err = l->o->original ? settle_names(p, f)
				     : settle_facts(&l->o->settle, &l->o->ends, p, &l->mounts, f);
	mount_table_free(&l->mounts);
	if (l->o->crew)
		agent_left(l->o->crew);
	return err;
}

/* Sleeps; a signal ends it early. */
static void wait_seconds(unsigned long seconds)
{
	struct timespec left = {.tv_sec = (time_t)seconds};

	while (!cli_interrupted() && nanosleep(&left, &left) < 0)
		;
}

/* -d: two looks, and what is not the same. */
static int show_difference(struct cli *c, struct proc *p, struct look *l, struct facts *before)
{
	struct difference *list = NULL;
	struct facts after = {0};
	size_t n;
	int err;

	wait_seconds(l->o->seconds);
	err = gather_and_settle(p, l, &after);
	if (!err)
		err = difference_find(before, &after, &list, &n);
	if (!err)
		page_show_differences(c, l->o, proc_pid(p), &after, list, n);
	free(list);
	facts_free(&after);
	return err;
}

/* -p: those that were asked for and are not open. */
static void fail_missing(struct cli *c, const char *operand, const struct look *l)
{
	for (int fd = fd_list_missing(&l->o->only, &l->open, -1); fd >= 0;
		fd = fd_list_missing(&l->o->only, &l->open, fd)) {
		struct buf rest = {0};

		escape_add(&rest, operand, strlen(operand));
		buf_fmt(&rest, ": %d", fd);
		cli_fail(c, "no such descriptor", buf_cstr(&rest));
		buf_free(&rest);
	}
}

static void look_at(struct cli *c, const char *operand, struct proc *p, struct look *l)
{
	struct opts *o = l->o;
	struct facts f = {0};
	int err = access_check(p);

	if (err == ERR_KTHREAD) {
		show_system_process(c, p, o);
		return;
	}
	if (!err)
		err = gather_and_settle(p, l, &f);
	if (!err && o->seconds)
		err = show_difference(c, p, l, &f);
	else if (!err)
		page_show(c, o, proc_pid(p), &f);
	if (err == ERR_TIMEOUT && o->hold)
		fail_hold(c, operand, l);
	else if (err)
		fail(c, operand, p, err);
	else
		fail_missing(c, operand, l);
	if (o->report && (!err || l->asked))
		report(c, p, l);
	fds_free(&l->open);
	facts_free(&f);
}

/* A process that has ended since it was opened is not there any more. */
void pfiles_one(struct cli *c, const char *operand, struct proc *p, struct opts *o)
{
	bool expected;
	int err = 0;

	if (core_files_is(operand)) {
		core_files_one(c, operand, o);
		return;
	}
	if (p && proc_check(p)) {
		proc_close(p);
		p = NULL;
	}
	expected = p;
	if (!p)
		err = operand_open(operand, OPERAND_PROC, NULL, &p);
	if (err) {
		fail(c, operand, NULL, err);
		return;
	}
	look_at(c, operand, p, &(struct look){.o = o, .expected = expected});
	proc_close(p);
}

/* SPDX-License-Identifier: MIT */
#include "visit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "aside.h"
#include "base/err.h"
#include "ctl/agent.h"
#include "ctl/agent_crew.h"
#include "ctl/hold.h"
#include "gather.h"
#include "glance.h"
#include "proc/access.h"
#include "proc/fd_tables.h"
#include "proc/status.h"
#include "sock_flight.h"
#include "sock_multicast.h"
#include "waits.h"

#define HOLD_TIMEOUT_MS 2000
#define AUXV_MAX        4096
#define EXEC_TRIES      3

/*
 * A second way, by borrowing, for what is asked of some descriptors only: where the agent is a thread of the
 * process that is diverted, so that it is not kept any longer for that; and where process ids mean something
 * else there than here. None if it would be of no use.
 */
static int open_second(struct proc *p, struct opts *o, const struct way *w, struct way **second)
{
	bool same_pids = own_space_same(p, &o->own_pids, "ns/pid");
	int err;

	if (way_kind(w) != WAY_AGENT || (same_pids && way_may_wait(w)))
		return 0;
	err = way_open(p, WAY_NO_AGENT, NULL, second);
	if (!err && same_pids && way_kind(*second) != WAY_BORROW) {
		way_close(*second);
		*second = NULL;
	}
	return err;
}

/* In a foreign user namespace user ids mean something else: nothing is asked by the agent. */
static int open_ways(
	struct proc *p, struct look *l, size_t nfds, struct way **w, struct way **second)
{
	unsigned flags = l->o->borrow || l->o->hold ? WAY_NO_AGENT : 0;
	int err;

	/* What is there all the same is asked on copies. */
	if (l->without_calls)
		return way_open(p, WAY_NO_AGENT | WAY_LATE, NULL, w);
	if (!flags && !own_space_same(p, &l->o->own_users, "ns/user")) {
		l->foreign_user = true;
		flags = WAY_NO_AGENT;
	}
	if (nfds > GATHER_MANY)
		flags |= WAY_MANY;
	if (l->o->force)
		flags |= WAY_RUNNERS;
	err = way_open(p, flags, l->o->crew, w);
	return err ? err : open_second(p, l->o, *w, second);
}

static uint64_t calls_of(const struct way *w)
{
	struct way_report r;

	way_report(w, &r);
	return r.calls;
}

/* What neither the process nor its descriptors tell, after both have been left alone. */
static int socks_complete(
	const struct proc *p, struct opts *o, const struct sock_early *early, struct facts *f)
{
	int err = sock_diag(p, &o->tables, early, f);

	if (!err)
		err = sock_flight(p, f);
	if (!err)
		err = sock_multicast(p, f);
	return err ? err : ends_of_socks(p, &o->ends, f);
}

static int gather_by_way(struct proc *p, struct look *l, const struct fds *list, struct facts *f)
{
	struct progress progress;
	struct gather_opts go = {
		.mounts = &l->o->mounts,
		.target_mounts = &l->mounts,
		.locks = &l->locks,
		.progress = &progress,
		.first_line = l->o->first_line,
		.original = l->o->original,
		.all = l->o->ends.all,
		.without_calls = l->without_calls,
		.view = &l->view,
	};
	struct way *w = NULL, *second = NULL;
	struct aside aside = {0};
	int err;

	/* Nothing is written while the whole process is held. */
	progress_begin(&progress, proc_pid(p), !l->o->hold);
	if (list->n > GATHER_MANY)
		aside_step(p, &aside);
	err = open_ways(p, l, list->n, &w, &second);
	go.early = l->early = sock_early_wait(l->early);
	if (!err)
		err = gather(p, w, second, list, &go, f);
	if (w) {
		way_report(w, &l->report);
		l->o->agents = l->report.kind == WAY_AGENT;
		l->report.calls += second ? calls_of(second) : 0;
		l->asked = true;
	}
	way_close(second);
	way_close(w);
	if (l->o->crew && l->o->last && !l->o->seconds)
		agent_crew_dismiss(l->o->crew);
	aside_back(&aside);
	progress_end(&progress);
	if (f->err_socks || f->err_extras)
		proc_explain(p, l->report.why_not_borrow, &f->why_socks);
	l->ask_after_all = l->without_calls && f->why_socks.len && !l->o->borrow && !l->o->hold;
	return err;
}

/*
 * What many descriptors will need of the rest of the machine is read meanwhile. Not with -H: what was read before
 * is not of that instant.
 */
static void begin_early(const struct proc *p, struct look *l, struct aside *aside)
{
	if (l->o->hold || l->o->first_line || l->o->only.n ||
		!sock_early_is_worth_it(p, l->fds, !l->o->original))
		return;
	aside_step(p, aside);
	l->early = sock_early_start();
	if (l->early && !l->o->original)
		ends_begin(&l->o->ends, proc_pid(p));
}

/*
 * There will be an agent. The thread that it comes from is chosen now, for it has to have rested for a while then, and
 * its helpers start meanwhile: before there are threads of ours, which a fork would leave behind half way.
 */
static void expect_agent(const struct proc *p, struct look *l)
{
	struct agent_crew *crew = l->o->crew;

	if (!crew || l->expected)
		return;
	l->expected = true;
	agent_crew_expect(crew, p, l->o->force ? AGENT_RUNNERS : 0);
	(void)!agent_crew_ready(crew);
}

/* The same for few descriptors: what their links let expect. */
static void begin_expected(const struct proc *p, struct look *l)
{
	struct glance g;

	l->without_calls = glance_at(&l->view, &l->open, &g) && !glance_needs_agent(p, &g) &&
		!l->ask_after_all;
	if (!l->without_calls)
		expect_agent(p, l);
	/* The agent is waited for; to borrow takes the processor itself. */
	if (g.far_end && l->o->crew && !l->without_calls && !l->o->original &&
		aside_processor_to_spare())
		ends_begin(&l->o->ends, 0);
	if (g.file)
		lock_table_begin(&l->locks, p, &l->mounts);
}

/* The descriptors, listed and looked at; with -H in one instant. */
static int gather_held(struct proc *p, struct look *l, struct facts *f)
{
	struct hold *h = NULL;
	struct fds *list = &l->open;
	struct aside aside = {0};
	int err = 0;

	if (l->o->hold)
		err = hold_take(p, HOLD_TIMEOUT_MS, VISIT_HOLD_MS, &h, &l->culprit);
	if (err)
		return err;
	begin_early(p, l, &aside);
	err = fd_view_open_list(p, &l->view, list);
	if (!err)
		fd_list_keep(&l->o->only, list);
	if (!err && !l->early && !l->o->first_line)
		begin_expected(p, l);
	if (!err && list->n)
		err = gather_by_way(p, l, list, f);
	fd_view_close(&l->view);
	aside_back(&aside);
	if (h) {
		int late;

		l->held_threads = hold_threads(h);
		late = hold_release(h, &l->held_ns);
		err = err ? err : late;
	}
	return err;
}

/* Threads whose descriptors are not those that were listed. Of a process that is gone by now nothing is missing. */
static void find_apart(const struct proc *p, struct facts *f)
{
	if (f->threads == 1)
		return;
	f->err_apart = fd_tables_apart(p, &f->apart);
	if (f->err_apart == ERR_GONE)
		f->err_apart = 0;
}

static int gather_once(struct proc *p, struct look *l, struct facts *f)
{
	uint64_t hard;
	int err = proc_cmdline(p, VISIT_COMMAND_MAX, &f->command);

	/* A command line longer than that is cut; one that cannot be read is shown as empty. */
	if (err == ERR_GONE)
		return err;
	f->err_rlimit = limits_nofile(p, &f->rlimit, &hard);
	/* Before anybody is stopped: a thread that has just been let go need not be in its call again. */
	err = l->o->first_line || l->o->original ? 0 : waits_look(p, l->o->ends.all, f);
	if (!err)
		err = gather_held(p, l, f);
	if (!err)
		find_apart(p, f);
	if (!err && !l->o->first_line && !l->o->original)
		err = socks_complete(p, l->o, l->early, f);
	sock_early_free(l->early);
	l->early = NULL;
	lock_table_free(&l->locks);
	return err;
}

/* The size of the directory is how many there are, since Linux 6.2. */
static size_t count_fds(const struct proc *p)
{
	struct stat s;

	return fstatat(proc_dirfd(p), "fd", &s, 0) == 0 ? (size_t)s.st_size : 0;
}

/*
 * A process that executes another program while we look closes files and changes its command: what
 * was gathered before and after does not go together. The auxiliary vector tells (its addresses are
 * random anew), and everything is gathered again.
 */
int visit_gather(struct proc *p, struct look *l, struct facts *f)
{
	struct buf before = {0}, after = {0};
	int err = 0;

	l->fds = count_fds(p);
	/* Of so many nothing is seen beforehand. */
	if (l->fds > GLANCE_MOST && !l->o->only.n)
		expect_agent(p, l);
	for (int i = 0; i < EXEC_TRIES; i++) {
		facts_free(f);
		mount_table_free(&l->mounts);
		buf_clear(&before);
		buf_clear(&after);
		(void)!proc_read_file(p, "auxv", AUXV_MAX, &before);
		err = gather_once(p, l, f);
		(void)!proc_read_file(p, "auxv", AUXV_MAX, &after);
		if (!err && l->ask_after_all)
			continue;
		if (err || before.len == 0 || cli_interrupted())
			break;
		if (before.len == after.len && memcmp(before.data, after.data, before.len) == 0)
			break;
		err = ERR_EXECED;
	}
	buf_free(&before);
	buf_free(&after);
	if (err && proc_check(p) < 0)
		err = ERR_GONE;
	return err == -EACCES || err == -EPERM ? ERR_PERM : err;
}

/* SPDX-License-Identifier: MIT */
#include "ctl/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/machine.h"
#include "ctl/tracee.h"
#include "proc/access.h"
#include "proc/fd_tables.h"
#include "proc/status.h"
#include "proc/threads.h"

#define SIGKILL_BIT  (1u << 8)
#define CHILDREN_MAX 65536 /* bytes; of more these are kept */

enum rank { RANK_NONE, RANK_RUNNING, RANK_LONGER, RANK_EXACT };

struct choice {
	const struct proc *p;
	const struct victim_wish *wish;
	enum rank best;
	bool alone; /* there is only one thread */
	struct victim victim;
	int why_not;
};

/* ---- a thread that sleeps on a descriptor ---- */

static bool socket_never_times_out(const struct proc *p, int fd)
{
	struct timeval tv = {.tv_sec = 1};
	socklen_t len = sizeof tv;
	int copy = (int)syscall(SYS_pidfd_getfd, proc_pidfd(p), fd, 0);

	if (copy < 0)
		return false;
	if (getsockopt(copy, SOL_SOCKET, SO_RCVTIMEO, &tv, &len))
		tv.tv_sec = 1;
	close(copy);
	return !tv.tv_sec && !tv.tv_usec;
}

bool victim_file_restarts(const struct proc *p, pid_t tid, int fd)
{
	static const char *const exact[] = {"pipe:[", "anon_inode:[eventfd]",
		"anon_inode:[timerfd]", "anon_inode:[signalfd]", "anon_inode:inotify", "/dev/pts/",
		"/dev/tty", "/dev/console"};
	char link[48];
	struct buf b = {0};
	bool good = false;
	struct stat s;

	snprintf(link, sizeof link, "task/%d/fd/%d", (int)tid, fd);
	if (!fstatat(proc_dirfd(p), link, &s, 0) && S_ISFIFO(s.st_mode))
		return true; /* also one that has a name */
	if (!proc_read_link(p, link, &b)) {
		const char *name = buf_cstr(&b);
		for (size_t i = 0; i < sizeof exact / sizeof *exact && !good; i++)
			good = !strncmp(name, exact[i], strlen(exact[i]));
		if (!strncmp(name, "socket:[", 8))
			good = fd_table_is_shared(p, tid) && socket_never_times_out(p, fd);
	}
	buf_free(&b);
	return good;
}

/* The kernel says of a thread in a call where its pc is: behind an instruction of the program's
 * kind. */
static bool call_is_native(const struct choice *c, const struct thread_place *at)
{
	static const unsigned char native64[] = {0x0f, 0x05}, native32[] = {0xcd, 0x80};
	unsigned char insn[2];

	return !proc_read_mem(c->p, at->pc - 2, insn, sizeof insn) &&
		!memcmp(insn, c->wish->narrow ? native32 : native64, sizeof insn);
}

static enum rank rank_asleep(const struct choice *c, pid_t tid, const struct thread_place *at)
{
	if (at->nr < 0 || !call_is_native(c, at))
		return RANK_NONE;
	switch (machine_sleep_kind(c->wish->narrow, at->nr, at->arg)) {
	case SLEEP_EXACT: return RANK_EXACT;
	case SLEEP_LONGER: return RANK_LONGER;
	case SLEEP_BY_FILE:
		return victim_file_restarts(c->p, tid, (int)at->arg[0]) ? RANK_EXACT : RANK_NONE;
	default: return RANK_NONE;
	}
}

/* One look, in two readings that need not agree: RANK_NONE with *again when they do not. */
static enum rank look_at(struct choice *c, struct victim *v, bool *again)
{
	struct thread_place *at = &v->at;
	int err = thread_place(c->p, v->tid, at);
	char state = err ? '?' : thread_state(c->p, v->tid);

	v->stopped = state == 'T';
	v->rests = strchr("ST", state) && !at->running;
	*again = false;
	switch (state) {
	case 'T':
		/* What the stop did to its call is done; being looked at adds nothing. */
		*again = at->running;
		return at->running ? RANK_NONE : RANK_EXACT;
	case 'D':
		if (!at->running && machine_is_vfork(c->wish->narrow, at->nr))
			c->why_not = ERR_VFORK;
		return RANK_NONE;
	case 'R': return c->wish->runners ? RANK_RUNNING : RANK_NONE;
	case 'S': *again = at->running; return at->running ? RANK_NONE : rank_asleep(c, v->tid, at);
	default: return RANK_NONE;
	}
}

static enum rank rank_of(struct choice *c, struct victim *v)
{
	enum rank rank = RANK_NONE;
	bool again = true;

	for (int looks = 0; again && looks < 4; looks++)
		rank = look_at(c, v, &again);
	return rank;
}

/*
 * The first thread and those that have children are whom the kernel asks whether a signal to the process is ignored
 * (sig_ignored() in kernel/signal.c). A diverted thread has all signals blocked, so that one which the process
 * ignores, the end of a child say, is not dropped but given to another thread, whose long write it cuts short.
 */
static bool draws_signals(const struct proc *p, pid_t tid)
{
	struct buf children = {0};
	char rel[48];
	bool any = tid == proc_pid(p);

	snprintf(rel, sizeof rel, "task/%d/children", (int)tid);
	if (!any)
		(void)!proc_read_file(p, rel, CHILDREN_MAX, &children);
	any |= children.len > 0;
	buf_free(&children);
	return any;
}

/* These are matters of a thread, not of the process. */
static int thread_refuses(const struct choice *c, struct victim *v)
{
	struct status st;
	int err = status_read(c->p, v->tid, &st);

	if (err)
		return err;
	if (st.seccomp > 0)
		return ERR_SECCOMP;
	if (st.tracer)
		return ERR_TRACED;
	if (!fd_table_is_shared(c->p, v->tid))
		return ERR_NOVICTIM;
	if (!c->alone && !c->wish->any && draws_signals(c->p, v->tid))
		return ERR_NOVICTIM;
	v->slept = st.slept;
	v->seen_ns = tracee_clock();
	return 0;
}

static void consider(struct choice *c, pid_t tid)
{
	struct victim v = {.tid = tid};
	enum rank rank = rank_of(c, &v);
	int refusal;

	if (rank <= c->best)
		return;
	refusal = thread_refuses(c, &v);
	if (refusal) {
		if (refusal != ERR_GONE)
			c->why_not = refusal;
		return;
	}
	c->best = rank;
	c->victim = v;
}

/*
 * A thread that runs now may be about to sleep, as the loop of a server does after each request. One
 * that runs at two looks, a moment apart, is likely to run at the third.
 */
static bool runs_on(struct choice *c)
{
	struct timespec moment = {.tv_nsec = 100000};

	nanosleep(&moment, NULL);
	return rank_of(c, &c->victim) >= RANK_RUNNING;
}

/* The first thread to look at: the one behind the one that is shunned. */
static size_t begin_at(const struct threads *t, pid_t shun)
{
	size_t i = 0;

	while (i < t->n && t->tid[i] <= shun)
		i++;
	return i;
}

int victim_choose(const struct proc *p, const struct victim_wish *wish, struct victim *out)
{
	struct choice c = {.p = p, .wish = wish, .why_not = ERR_NOVICTIM};
	struct threads t = {0};
	int err = threads_list(p, &t);
	size_t first = begin_at(&t, wish->shun);

	c.alone = t.n == 1;
	for (size_t i = 0; !err && i < t.n && c.best < RANK_EXACT; i++)
		consider(&c, t.tid[(first + i) % t.n]);
	threads_free(&t);
	if (err)
		return err;
	if (c.best == RANK_NONE)
		return c.why_not;
	if (c.best == RANK_RUNNING && !runs_on(&c))
		return ERR_NOVICTIM;
	*out = c.victim;
	out->rests &= !wish->runners;
	return 0;
}

int victim_may_stop(
	const struct proc *p, pid_t tid, const struct victim_wish *wish, struct victim *out)
{
	struct choice c = {.p = p, .wish = wish, .why_not = ERR_NOVICTIM};
	struct status st;
	int err = status_read(p, tid, &st);

	*out = (struct victim){.tid = tid, .slept = err ? 0 : st.slept, .seen_ns = tracee_clock()};
	if (err)
		return err == ERR_NOTHREAD ? ERR_GONE : err;
	if (st.tracer)
		return ERR_TRACED;
	if (strchr("ZX", st.state))
		return ERR_GONE;
	if (rank_of(&c, out) > RANK_NONE)
		return 0;
	return st.state == 'D' && c.why_not == ERR_NOVICTIM ? ERR_TIMEOUT : c.why_not;
}

int victim_calm(const struct proc *p, const struct victim *v, uint64_t ns)
{
	struct timespec nap = {0};
	uint64_t age = tracee_clock() - v->seen_ns;
	struct status now;
	int err;

	if (!v->rests)
		return 0;
	if (age < ns) {
		nap.tv_nsec = (long)(ns - age);
		nanosleep(&nap, NULL);
	}
	err = status_read(p, v->tid, &now);
	if (err)
		return err == ERR_NOTHREAD ? ERR_GONE : err;
	return now.slept == v->slept ? 0 : ERR_NOVICTIM;
}

int victim_rests(const struct victim *v, int place)
{
	struct thread_place now;
	int err = v->rests ? thread_place_again(place, &now) : 0;

	if (err || !v->rests)
		return err == ERR_NOTHREAD ? ERR_GONE : err;
	return thread_place_same(&now, &v->at) ? 0 : ERR_NOVICTIM;
}

/* ---- the process as a whole ---- */

/* Whether the file exists and contains the word. */
static bool file_says(const char *path, const char *word)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return strstr(text, word) != NULL;
}

/* One line of /proc/PID/cgroup (cgroups(7)): "0::/path" in version 2, "7:freezer:/path" in
 * version 1. */
static bool line_is_frozen(char *line)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char file[4096 + 64], *path = strchr(line, ':');
	bool v2 = !strncmp(line, "0::", 3);

	path = path ? strchr(path + 1, ':') : NULL;
	if (!path)
		return false;
	path++;
	for (size_t i = 0; v2 && i < 2; i++) {
		snprintf(file, sizeof file, "%s%s/cgroup.events", mounts[i], path);
		if (file_says(file, "frozen 1"))
			return true;
	}
	if (v2 || !strstr(line, "freezer"))
		return false;
	snprintf(file, sizeof file, "/sys/fs/cgroup/freezer%s/freezer.state", path);
	return file_says(file, "FR"); /* FREEZING, FROZEN */
}

bool victim_frozen(const struct proc *p)
{
	struct buf b = {0};
	bool frozen = false;
	char *line, *rest;

	if (!proc_read_file(p, "cgroup", 65536, &b) && b.len)
		for (rest = b.data; !frozen && (line = strsep(&rest, "\n"));)
			frozen = line_is_frozen(line);
	buf_free(&b);
	return frozen;
}

int victim_allowed(const struct proc *p, unsigned *threads)
{
	struct status st;
	int err = access_check_status(p, &st);

	if (err)
		return err;
	*threads = st.threads > 0 ? (unsigned)st.threads : 1;
	if (st.tracer)
		return ERR_TRACED;
	if (st.core_dumping)
		return ERR_DUMPING;
	if ((st.sig_pending | st.shared_pending) & SIGKILL_BIT)
		return ERR_DYING;
	return victim_frozen(p) ? ERR_FROZEN : 0;
}

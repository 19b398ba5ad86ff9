/* SPDX-License-Identifier: MIT */
/*
 * The agent: system calls inside a live process
 *
 * What has to hold. The target never notices, whatever happens to us. Not only when all goes well:
 * also when this tool, or the process that controls the target for it, is killed between any two
 * instructions. So there is no moment at which the target needs us to get home.
 *
 * How it holds. Code lies in a cave (cave.h): bytes of an executable page that nothing uses. Before a
 * thread is diverted into it, its registers are written there too, as user space has to see them: an
 * interrupted call rewound so that it starts again, a restartable sequence at its abort address. The
 * code (code.S) ends by loading all of them in user mode. One PTRACE_SETREGS commits: before it the
 * thread is untouched, after it the thread can go home alone. If we live, we do better than that: we
 * stop the thread where it waits in the cave and put registers and mask back by ptrace, so that the
 * kernel itself finishes the interrupted call with the right remaining time.
 *
 * Two shapes of agent.
 *   - Thread: the diverted thread maps scratch memory, makes a thread, and goes home. The new thread
 *     runs tables of calls out of the scratch memory, which we map too (through /proc/PID/map_files),
 *     blocks all signals, and leaves by itself when it hears nothing for 300 ms.
 *   - Slices: the diverted thread maps scratch memory, runs one short table, unmaps, goes home; once
 *     per slice. That is for processes with one thread (a second one would make unshare(2) and
 *     setns(2) fail), for those stopped by job control (a new thread would be stopped as well), and
 *     for tools without the right to map_files.
 *
 * Parties. The tool (this file), the warden (agent_job.c; all ptrace is there, in a child of it, the
 * tracer; agent_crew.h: both serve one target after the other) and the target. Tool, warden and tracer watch each other: whoever survives waits until no
 * thread is in the cave and zeroes it. When all die at once the bytes stay in the private copy of that
 * page, inert; the next tool finds them by their header, makes sure that nobody is in there, and
 * clears them.
 *
 * Races that have names.
 *   - The late sleeper: in the 5 us between the last look at a thread that sleeps and stopping it
 *     (victim_await), it may enter a call that answers a stop with EINTR. Since it has only just
 *     entered, it is made to enter again (machine.h).
 *   - The cut write: a stop that finds a thread running within a write that is longer than the pipe or
 *     socket has room shows it a short count, and nobody can make that good. So a thread that runs is
 *     never chosen, unless the caller asks for it (AGENT_RUNNERS).
 *   - The stranger: the program maps something at our address before we do. MAP_FIXED_NOREPLACE
 *     refuses, and a mapping is only believed to be ours with our nonce in it.
 *   - The double: two tools at once. flock(2) on the process's /proc directory, held by tool and
 *     warden, gone with them.
 *   - The half-mapped: the diverted thread has its scratch memory and has not marked it yet. It is not
 *     called back from there either.
 *   - The half-born: the diverted thread has made the agent and not said so yet. It is never called
 *     back from there.
 *
 * What remains is in ptools(7), HAZARDS.
 */
#include "ctl/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/agent_crew.h"
#include "ctl/agent_job.h"
#include "ctl/agent_thread.h"
#include "ctl/divert.h"
#include "ctl/table.h"
#include "ctl/vacate.h"
#include "ctl/victim.h"
#include "ctl/warden.h"

#define ANSWER_MS   2000 /* for anything the warden does: its budget is far below */
#define GOODBYE_MS  3000
#define VACATE_MS   1000
#define LOCK_MS     60
#define SLICE_LEAST 100
#define SLICE_MOST  3000
#define SLICE_NS    600000 /* how long a thread may be away for a slice */

struct agent {
	struct proc *p;
	struct agent_crew *crew;
	struct agent_control *control; /* the crew's */
	bool own_crew, many;
	bool begun;                 /* the crew was told, */
	bool unanswered;            /* and has not said yet how it went, */
	bool late;                  /* or has not said in time: answers are not in step any more */
	struct agent_thread thread; /* scratch NULL: the agent is none */
	int lock;
	uint64_t calls;
	size_t slice; /* calls in the next slice */
	bool lost;
};

/* ---- open ---- */

static int take_lock(const struct proc *p, int *lock)
{
	struct timespec pause = {.tv_nsec = 1000000};

	*lock = openat(proc_dirfd(p), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock < 0)
		return errno == ENOENT || errno == ESRCH ? ERR_GONE : -errno;
	for (int ms = 0; flock(*lock, LOCK_EX | LOCK_NB); ms++) {
		if (ms == LOCK_MS || errno != EWOULDBLOCK)
			return ERR_BUSY;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* Whether this kernel lets us follow links in map_files at all: tried on memory of our own. */
static bool may_map_files(const void *shared)
{
	char path[80];
	int fd;

	snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (unsigned long)shared,
		(unsigned long)shared + ((sizeof(struct agent_control) + 4095) & ~4095ul));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int hear(struct agent *a)
{
	struct warden_message m;
	int err = warden_await(a->crew->warden, &m, ANSWER_MS);

	a->late |= err == ERR_TIMEOUT;
	return err;
}

static int hear_of_start(struct agent *a)
{
	bool unanswered = a->unanswered;

	a->unanswered = false;
	return unanswered ? hear(a) : 0;
}

static int start(struct agent *a)
{
	int fds[AGENT_FDS] = {a->lock, proc_dirfd(a->p), proc_pidfd(a->p)};
	struct warden_message m = {.op = AGENT_BEGIN};
	int err = agent_crew_ready(a->crew);

	if (err)
		return err;
	a->begun = true;
	err = warden_tell_with(a->crew->warden, &m, fds, AGENT_FDS - (fds[AGENT_PIDFD] < 0));
	a->unanswered = !err;
	/* For slices they prepare while the caller does so; the first slice is when they are both needed. */
	if (err || (!a->own_crew && !a->control->own_thread))
		return err;
	err = hear_of_start(a);
	if (err || !a->control->own_thread)
		return err;
	return agent_thread_open(&a->thread, a->p, a->control, a->many);
}

/* What the helpers find there is about this target, and nothing of the last one. */
static void begin_control(struct agent *a)
{
	memset(a->control, 0, offsetof(struct agent_control, table));
	a->control->target = (struct proc_parts){
		.pid = proc_pid(a->p),
		.dir = -1,
		.pidfd = -1,
		.start = proc_start_time(a->p),
	};
}

static int allocate(struct proc *p, struct agent_crew *crew, struct agent **out)
{
	struct agent *a = calloc(1, sizeof *a);
	int err = 0;

	if (!a)
		return -ENOMEM;
	*a = (struct agent){
		.p = p, .lock = -1, .slice = 4 * SLICE_LEAST, .crew = crew, .own_crew = !crew};
	if (!crew)
		err = agent_crew_new(&a->crew);
	if (!err)
		err = agent_crew_share(a->crew);
	if (err) {
		agent_crew_free(crew ? NULL : a->crew);
		free(a);
		return err;
	}
	a->control = a->crew->control;
	begin_control(a);
	*out = a;
	return 0;
}

/* What a tracer that did not end in order, nor its warden, has left to do. */
static void clean_up_behind(struct agent *a)
{
	const struct agent_control *c = a->control;
	unsigned char first;
	int mem;

	if (!c->cave.addr || agent_open_mem(a->p, c, &mem))
		return;
	if (!cave_read(mem, c->cave.addr, &first, 1) && first)
		(void)!vacate(a->p, mem, &c->cave, VACATE_MS);
	close(mem);
}

/* Has the target put back: the helpers are told so. */
static void begin_end(struct agent *a)
{
	struct warden_message m = {.op = AGENT_END};

	(void)!hear_of_start(a);
	(void)!warden_tell_with(a->crew->warden, &m, NULL, 0);
}

/* It has been; what the helpers cannot do any more is done here. */
static void end_visit(struct agent *a)
{
	struct warden_message m;

	if (!a->begun)
		return;
	a->begun = false;
	if (!a->late && !warden_await(a->crew->warden, &m, GOODBYE_MS) && m.value == 0)
		return;
	if (!agent_crew_end(a->crew))
		clean_up_behind(a);
}

/* Without a thread of its own where none can be made: pids limit, RLIMIT_NPROC. */
static int start_somehow(struct agent *a, unsigned flags)
{
	struct victim_wish wish = a->control->wish;
	int err = start(a);

	if (err != -EAGAIN || !a->control->own_thread || flags & AGENT_MANY)
		return err;
	begin_end(a);
	end_visit(a);
	begin_control(a);
	a->control->wish = wish;
	return start(a);
}

/* What shape the agent has. The lock comes first: what another tool does now is over in a moment. */
static int decide(struct agent *a, unsigned flags)
{
	struct agent_control *c = a->control;
	unsigned threads;
	int err = take_lock(a->p, &a->lock);

	if (!err)
		err = victim_allowed(a->p, &threads);
	if (!err)
		err = cave_is_narrow(a->p, &c->wish.narrow);
	c->wish.runners = flags & AGENT_RUNNERS;
	c->wish.any = flags & (AGENT_ANY | AGENT_RUNNERS);
	if (!err)
		err = agent_crew_choose(a->crew, a->p, &c->wish, &c->chosen);
	if (err)
		return err;
	a->many = flags & AGENT_MANY;
	c->own_thread =
		threads > 1 && !c->chosen.stopped && !(flags & AGENT_NO_THREAD) && may_map_files(c);
	return flags & AGENT_MANY && !c->own_thread ? ERR_MANY : 0;
}

/* ---- calls, run by the diverted thread ---- */

/* The next slice is as long as this one shows it may be. */
static void fit_slice(struct agent *a, size_t ran, uint64_t ns)
{
	size_t fits = ns ? ran * SLICE_NS / ns : SLICE_LEAST;

	a->slice = fits < SLICE_LEAST ? SLICE_LEAST : fits > SLICE_MOST ? SLICE_MOST : fits;
}

static int slice(struct agent *a, struct call *calls, size_t n, size_t *ran)
{
	struct agent_control *c = a->control;
	struct table t = {.local = c->table, .remote = c->scratch, .end = SCRATCH_SIZE};
	struct warden_message m = {.op = AGENT_SLICE};
	uint64_t before = c->held_ns;
	size_t used;
	int err;

	*ran = table_fill(&t, calls, n, a->slice, &used);
	table_aim(&t);
	c->used = used;
	err = warden_tell_with(a->crew->warden, &m, NULL, 0);
	if (!err)
		err = hear(a);
	if (err)
		return err;
	table_fetch(&t, calls);
	if (*ran == a->slice)
		fit_slice(a, *ran, c->held_ns - before);
	return 0;
}

/* Only who has heard of the start knows where the scratch memory will be. */
static int run_by_slice(struct agent *a, struct call *calls, size_t n, size_t *ran)
{
	int err = hear_of_start(a);

	if (!err && !a->control->scratch)
		err = ERR_LOST;
	return err ? err : slice(a, calls, n, ran);
}

/* ---- public ---- */

int agent_open(struct proc *p, unsigned flags, struct agent_crew *crew, struct agent **out)
{
	struct agent *a;
	int err = ERR_NOTSUP;

	if (crew)
		agent_left(crew);
	if (proc_is_live(p))
		err = allocate(p, crew, &a);
	if (err)
		return err;
	err = decide(a, flags);
	if (!err)
		err = start_somehow(a, flags);
	if (!err && flags & AGENT_MANY)
		err = agent_thread_stay(&a->thread);
	if (err) {
		agent_close(a);
		return err;
	}
	*out = a;
	return 0;
}

bool agent_may_wait(const struct agent *a)
{
	return a->control->own_thread;
}

static int check_all(const struct agent *a, const struct call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t bytes = 0;
		int err = call_allowed(&calls[i]);
		for (int j = 0; !err && j < 6; j++)
			bytes += calls[i].arg[j].how == CALL_VALUE ? 0 : calls[i].arg[j].len;
		if (!err && call_may_wait(&calls[i]) && !agent_may_wait(a))
			err = ERR_REFUSED;
		if (err || bytes > CALL_BYTES_MAX)
			return err ? err : ERR_TOOBIG;
	}
	return 0;
}

int agent_batch(struct agent *a, struct call *calls, size_t n, size_t *done)
{
	int err = check_all(a, calls, n);

	*done = 0;
	if (!err && a->lost)
		err = ERR_LOST;
	while (!err && *done < n) {
		size_t ran;
		if (a->control->own_thread)
			err = agent_thread_run(&a->thread, calls + *done, n - *done, &ran);
		else
			err = run_by_slice(a, calls + *done, n - *done, &ran);
		if (err) {
			a->lost = true;
			return proc_check(a->p) ? ERR_GONE : err;
		}
		*done += ran;
		a->calls += ran;
	}
	return err;
}

int agent_call(struct agent *a, struct call *c)
{
	size_t done;

	return agent_batch(a, c, 1, &done);
}

void agent_report(const struct agent *a, struct agent_report *out)
{
	const struct agent_control *c = a->control;

	*out = (struct agent_report){.own_thread = c->own_thread,
		.stopped_tid = c->stops ? c->victim : 0,
		.stops = c->stops,
		.calls = a->calls,
		.held_ns = c->held_ns,
		.longest_ns = c->longest_ns};
}

static void forget(struct agent *a)
{
	if (a->lock >= 0)
		close(a->lock);
	if (a->own_crew)
		agent_crew_free(a->crew);
	free(a);
}

void agent_close(struct agent *a)
{
	if (!a)
		return;
	agent_thread_close(&a->thread);
	if (a->begun)
		begin_end(a);
	if (a->begun && !a->own_crew) {
		a->crew->leaving = a;
		return;
	}
	end_visit(a);
	forget(a);
}

void agent_left(struct agent_crew *crew)
{
	struct agent *a = crew->leaving;

	if (!a)
		return;
	crew->leaving = NULL;
	end_visit(a);
	forget(a);
}

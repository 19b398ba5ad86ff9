/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include "ctl/agent.h"
#include "ctl/agent_crew.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/sysmacros.h>

struct agent_handle {
	struct proc *proc;
	struct agent_crew *crew; /* NULL: the agent has one of its own */
	struct agent *agent;
};

static int open_with(pid_t pid, unsigned flags, struct agent_crew *crew, void **handle)
{
	struct agent_handle *h = calloc(1, sizeof(*h));
	int err = h ? proc_open(pid, &h->proc) : -ENOMEM;

	if (err)
		goto out_free;
	h->crew = crew;
	err = agent_open(h->proc, flags | AGENT_ANY, crew, &h->agent);
	if (err)
		goto out_close;
	*handle = h;
	return 0;
out_close:
	proc_close(h->proc);
out_free:
	free(h);
	return err;
}

static int real_open(pid_t pid, unsigned flags, void **handle)
{
	return open_with(pid, flags, NULL, handle);
}

static int crew_open(pid_t pid, unsigned flags, void **handle)
{
	struct call getpid_call = {.nr = SYS_getpid};
	struct agent_crew *crew;
	struct agent_handle *h;
	int err = agent_crew_new(&crew);

	if (err)
		return err;
	err = open_with(pid, flags, crew, (void **)&h);
	if (!err) {
		(void)!agent_call(h->agent, &getpid_call);
		agent_close(h->agent);
		err = agent_open(h->proc, flags | AGENT_ANY, crew, &h->agent);
		if (err) {
			proc_close(h->proc);
			free(h);
		}
	}
	if (err)
		agent_crew_free(crew);
	else
		*handle = h;
	return err;
}

static int bold_open(pid_t pid, unsigned flags, void **handle)
{
	return real_open(pid, flags | AGENT_RUNNERS, handle);
}

static int real_batch(void *handle, struct call *calls, size_t n)
{
	struct agent_handle *h = handle;
	size_t done;

	return agent_batch(h->agent, calls, n, &done);
}

static void real_close(void *handle)
{
	struct agent_handle *h = handle;

	agent_close(h->agent);
	agent_crew_free(h->crew);
	proc_close(h->proc);
	free(h);
}

const struct subject subject_crew = {"crew", crew_open, real_batch, real_close, NULL};
const struct subject subject_agent = {"agent", real_open, real_batch, real_close, NULL};
const struct subject subject_bold = {"bold", bold_open, real_batch, real_close, NULL};

const struct subject *subject_choose(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "--naive") == 0 ? &subject_naive : &subject_bold;
}

enum { CALLS = 24, KINDS = 4 };

/* Answers that do not depend on the target: its pid, a closed descriptor, its standard input. */
static void make_calls(struct call *calls, struct statx *st)
{
	memset(calls, 0, CALLS * sizeof(*calls));
	for (unsigned i = 0; i < CALLS; i++) {
		struct call *c = &calls[i];

		switch (i % KINDS) {
		case 0: c->nr = SYS_getpid; break;
		case 1:
			c->nr = SYS_fcntl;
			c->arg[0] = ARG_VAL(9999);
			c->arg[1] = ARG_VAL(F_GETFD);
			break;
		case 2:
			c->nr = SYS_fcntl;
			c->arg[0] = ARG_VAL(0);
			c->arg[1] = ARG_VAL(F_GETFL);
			break;
		case 3:
			c->nr = SYS_statx;
			c->arg[0] = ARG_VAL(0);
			c->arg[1] = ARG_IN("", 1);
			c->arg[2] = ARG_VAL(AT_EMPTY_PATH | AT_STATX_DONT_SYNC);
			c->arg[3] = ARG_VAL(STATX_BASIC_STATS);
			c->arg[4] = ARG_OUT(&st[i], sizeof(*st));
			break;
		}
	}
}

static int count_wrong(const struct call *calls, const struct statx *st, pid_t pid)
{
	struct stat null;
	int wrong = 0;

	if (stat("/dev/null", &null) != 0)
		return CALLS;
	for (unsigned i = 0; i < CALLS; i++) {
		const struct call *c = &calls[i];

		switch (i % KINDS) {
		case 0: wrong += c->ret != pid; break;
		case 1: wrong += c->ret != -EBADF; break;
		case 2: wrong += c->ret < 0 || (c->ret & O_ACCMODE) != O_RDWR; break;
		case 3:
			wrong += c->ret != 0 || st[i].stx_ino != null.st_ino ||
				st[i].stx_rdev_minor != minor(null.st_rdev);
			break;
		}
	}
	return wrong;
}

int subject_visit(const struct subject *s, pid_t pid, unsigned flags, unsigned rounds, int *wrong)
{
	struct call calls[CALLS];
	struct statx st[CALLS];
	void *handle;
	int err;

	if (s->visit)
		return s->visit(pid, flags, rounds, wrong);
	err = s->open(pid, flags, &handle);
	*wrong = 0;
	if (err)
		return err;
	for (unsigned i = 0; i < rounds && !err; i++) {
		memset(st, 0, sizeof(st));
		make_calls(calls, st);
		err = s->batch(handle, calls, CALLS);
		if (!err)
			*wrong += count_wrong(calls, st, pid);
	}
	s->close(handle);
	return err;
}

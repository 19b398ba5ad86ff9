/* SPDX-License-Identifier: MIT */
/* truss: the system calls, signals and faults of processes. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>

#include "attach.h"
#include "base/err.h"
#include "counts.h"
#include "ctl/tracee.h"
#include "event.h"
#include "interrupt.h"
#include "quick.h"
#include "release.h"
#include "show.h"
#include "start.h"

/* Everybody is taken and waits, or runs: from here on events come. */
static void begin(struct truss *t)
{
	bool elsewhere = t->o->out || !t->out.terminal;

	interrupt_catch(t->o->pids || !elsewhere);
	pthread_sigmask(SIG_SETMASK, &t->mask, NULL);
	signal(SIGCHLD, SIG_DFL);
	t->base = t->now = tracee_clock();
	if (!t->o->count)
		t->show->begin(t);
	if (t->command)
		start_go(t);
}

static void loop(struct truss *t)
{
	struct event ev;

	while (!t->done) {
		event_next(t, &ev);
		event_dispatch(t, &ev);
	}
}

static void tell_of_output(struct truss *t)
{
	if (!t->out.err || t->out.err == -EPIPE || t->out.err == -EINTR)
		return;
	cli_fail(t->cli, t->o->out ? t->o->out : "standard error", err_str(t->out.err));
	t->status = 2;
}

void truss_run(struct truss *t, char **operands)
{
	if (t->o->pids ? attach_all(t, operands) : start_command(t, operands)) {
		t->quick = quick_start(t->o);
		begin(t);
		loop(t);
		release_all(t);
		quick_stop(t->quick);
	}
	if (t->o->count && !t->status)
		counts_report(t);
	thread_free_all(&t->table);
	attach_free(t);
	counts_free(t->counts);
	buf_free(&t->line);
	out_close(&t->out);
	tell_of_output(t);
}

struct tracer {
	struct truss *t;
	char **operands;
};

static void *trace(void *arg)
{
	struct tracer *tracer = arg;

	truss_run(tracer->t, tracer->operands);
	return NULL;
}

/* The command's own status; it may have been let go and still run. */
static int status_of_command(struct truss *t)
{
	int status;

	if (!t->command_dead && waitpid(t->command, &status, 0) == t->command)
		t->command_status =
			WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return t->command_status;
}

/* In a thread of its own (release.h), and this one sees no signals meanwhile. */
static int trace_and_wait(struct truss *t, char **operands)
{
	struct tracer tracer = {t, operands};
	pthread_t thread;
	sigset_t all;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &t->mask);
	err = pthread_create(&thread, NULL, trace, &tracer);
	if (err) {
		cli_fail(t->cli, "cannot start", err_str(-err));
		return 2;
	}
	pthread_join(thread, NULL);
	if (t->status)
		return t->status;
	if (t->command && !t->left_stopped)
		return status_of_command(t);
	return t->cli->failed;
}

int main(int argc, char **argv)
{
	struct opts o = {0};
	struct cli c;
	struct truss t = {.cli = &c, .o = &o, .sock = -1, .started = tracee_clock()};
	int err, status;

	cli_start(&c, &options_spec, argc, argv);
	options_read(&c, &o);
	argv = cli_operands(&c, 1);
	t.show = o.json ? &show_json : &show_text;
	t.counts = o.count ? counts_new() : NULL;
	err = out_open(&t.out, o.out);
	if (err) {
		cli_fail(&c, o.out ? o.out : "standard error", err_str(err));
		return 2;
	}
	status = trace_and_wait(&t, argv);
	options_free(&o);
	return status;
}

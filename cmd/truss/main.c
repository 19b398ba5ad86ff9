/* SPDX-License-Identifier: MIT */
/* truss: the system calls, signals and faults of processes. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "attach.h"
#include "base/err.h"
#include "counts.h"
#include "ctl/tracee.h"
#include "event.h"
#include "front.h"
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
	/* Nobody is told of stops by signal but who asks for it (watch.c): the wait finds them. */
	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP},
		NULL);
	t->watch.measure = t->o->count;
	t->base = t->now = tracee_clock();
	if (!t->o->count)
		t->show->begin(t);
	front_leave_session(t->front);
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
	t->now = tracee_clock();
	if (t->o->pids ? attach_all(t, operands) : start_command(t, operands)) {
		t->quick = quick_start();
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

/* Waits for the command, which was let go or is dead. */
static int status_of_command(struct truss *t)
{
	int status;

	if (!t->command_dead && waitpid(t->command, &status, 0) == t->command)
		t->command_status =
			WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return t->command_status;
}

static void *wait_and_exit(void *arg)
{
	exit(status_of_command(arg));
}

/*
 * The command runs on without us. What is traced is let go of by the end of this thread (release.h), which is the one
 * whose id /proc/PID/status shows as the tracer's; another one waits for the command.
 */
static int leave_command(struct truss *t)
{
	pthread_t waiter;

	if (t->command_dead)
		return status_of_command(t);
	if (pthread_create(&waiter, NULL, wait_and_exit, t) == 0)
		pthread_exit(NULL);
	return 0;
}

int main(int argc, char **argv)
{
	static struct opts o; /* static: a thread may outlive main() */
	static struct cli c;
	static struct truss t = {.cli = &c, .o = &o, .sock = -1, .front = -1};
	int err;

	t.started = tracee_clock();
	cli_start(&c, &options_spec, argc, argv);
	options_read(&c, &o);
	argv = cli_operands(&c, 1);
	if (!o.pids && options_stop(&o))
		t.front = front_open();
	t.show = o.json ? &show_json : &show_text;
	t.counts = o.count ? counts_new() : NULL;
	err = out_open(&t.out, o.out);
	if (err) {
		cli_fail(&c, o.out ? o.out : "standard error", err_str(err));
		return 2;
	}
	sigprocmask(SIG_SETMASK, NULL, &t.mask);
	truss_run(&t, argv);
	if (t.command && !t.left_stopped && !t.status)
		return leave_command(&t);
	return t.status ? t.status : c.failed;
}

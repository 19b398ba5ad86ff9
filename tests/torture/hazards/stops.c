/* SPDX-License-Identifier: MIT */
/*
 * Job control and signals: a stopped target is visited and stays stopped, a signal that arrives
 * meanwhile has its full effect (a handler, an EINTR, a death). `--naive` fails.
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct hazard h;

static void turning(struct facts *f)
{
	f->ready = 1;
	facts_turn_forever(f);
}

static void *turn_here(void *arg)
{
	facts_turn_forever(arg);
}

static void turning_threads(struct facts *f)
{
	pthread_t t;

	for (unsigned i = 0; i < 3; i++)
		pthread_create(&t, NULL, turn_here, f);
	f->ready = 1;
	facts_turn_forever(f);
}

static void stop(struct prey *p)
{
	kill(p->pid, SIGSTOP);
	for (unsigned i = 0; i < 1000 && prey_state(p) != 'T'; i++)
		sleep_us(1000);
	sleep_us(5000);
}

/* One kill of a stopped target: not a turn made, still stopped, and at home once it goes on. */
static bool survives(struct prey *p, enum plan_who who, long k, const char *what)
{
	const char *bad = NULL;
	uint64_t turns;

	stop(p);
	turns = p->f->turns;
	hazard_kill(&h, p, 0, who, k);
	visit_reap(p->pid);
	/* A warden that lives may still be putting the thread back. */
	for (unsigned i = 0; i < 1000 && prey_state(p) != 'T'; i++)
		sleep_us(1000);
	sleep_us(10000);
	if (prey_state(p) != 'T')
		bad = "no longer stopped";
	if (p->f->turns != turns)
		bad = "made a turn while stopped";
	kill(p->pid, SIGCONT);
	if (!bad && !hazard_inert(p))
		bad = p->why;
	if (!bad && !prey_moves(p, 3000))
		bad = "no progress";
	if (bad)
		hazard_ok(&h, false, "%s: %s, %s killed before call %ld %s", what, bad,
			plan_who_names[who], k, plan_point(h.plan, k));
	return !bad;
}

/*
 * Stopped before, during and after the visit. When tool and warden are killed the thread can only go
 * home once the process is continued.
 */
static void test_stopped(const char *what, void (*fn)(struct facts *f))
{
	bool good = true;
	struct prey p;
	uint64_t turns;
	int err;

	prey_start(&p, fn);
	stop(&p);
	turns = p.f->turns;
	hazard_err(&h, hazard_visit(&h, &p, 0), what, 0, LIST_END);
	hazard_ok(&h, prey_unharmed(&p, HAZARD_SETTLE_MS, true), "%s: unharmed %s", what, p.why);
	hazard_ok(&h, prey_state(&p) == 'T' && p.f->turns == turns, "%s: still is", what);
	kill(p.pid, SIGCONT);
	hazard_unharmed(&h, &p, what);
	for (long k = 0; k < 22 && good; k++)
		good = survives(&p, (unsigned)k % WHOS, k, what);
	hazard_ok(&h, good, "%s: killed at 22 calls", what);
	sleep_us(700000);
	err = hazard_visit(&h, &p, 0);
	hazard_err(&h, err, what, 0, ERR_NOVICTIM, LIST_END);
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
}

static volatile sig_atomic_t handled;

static void count_handler(int sig)
{
	(void)sig;
	handled++;
}

static int read_pipe[2];

/* read(2) of a pipe that only a signal, or the test's byte, ends. */
static void reading(struct facts *f, int flags)
{
	struct sigaction sa = {.sa_handler = count_handler, .sa_flags = flags};
	char c;

	sigaction(SIGUSR1, &sa, NULL);
	f->ready = 1;
	f->ret = read(read_pipe[0], &c, 1);
	f->err = errno;
	f->v[0] = handled;
	f->done = 1;
	pause();
}

static void reading_once(struct facts *f)
{
	reading(f, 0);
}

static void reading_on(struct facts *f)
{
	reading(f, SA_RESTART);
}

/*
 * A signal somewhere during the visit: without SA_RESTART the read must end with EINTR, with it the
 * handler must run and the read go on. Twenty times each.
 */
static void test_signal_meanwhile(bool restart)
{
	const char *what = restart ? "signal with SA_RESTART" : "signal without SA_RESTART";
	unsigned good = 0, visited = 0;
	char why[320] = "";

	for (unsigned i = 0; i < 20; i++) {
		struct prey p;
		struct visit v = {.subject = h.subject, .plan = h.plan, .rounds = 20};

		if (pipe(read_pipe) != 0)
			return;
		prey_start(&p, restart ? reading_on : reading_once);
		sleep_us(2000);
		v.target = p.pid;
		plan_set(h.plan, KILL_NONE, WHO_TOOL, 0, 0);
		visit_start(&v);
		sleep_us((unsigned)rand() % 4000);
		kill(p.pid, SIGUSR1);
		visit_wait(&v);
		visited += h.plan->completed;
		sleep_us(10000);
		if (restart)
			(void)!write(read_pipe[1], "x", 1);
		if (!prey_done(&p, 2000))
			snprintf(why, sizeof(why), "read hangs, %s", p.why);
		else if (p.f->v[0] != 1)
			snprintf(why, sizeof(why), "handler ran %ld times", (long)p.f->v[0]);
		else if (restart ? p.f->ret != 1 : p.f->ret != -1 || p.f->err != EINTR)
			snprintf(why, sizeof(why), "read returned %ld errno %d", (long)p.f->ret,
				p.f->err);
		else
			good++;
		prey_end(&p);
		close(read_pipe[0]);
		close(read_pipe[1]);
	}
	hazard_ok(&h, good == 20, "%s: %u of 20 %s", what, good, why);
	hazard_ok(&h, visited >= 10, "%s: %u of 20 visited", what, visited);
}

/* A fatal signal while somebody is killed over it must still be fatal, and be that signal. */
static void test_fatal(void)
{
	unsigned right = 0, rounds = 0;

	for (unsigned i = 0; i < 30; i++) {
		struct prey p;
		struct visit v = {.subject = h.subject, .plan = h.plan};
		int status = 0;
		pid_t got = 0;

		prey_start(&p, turning_threads);
		v.target = p.pid;
		v.random_us = (unsigned)rand() % 1500;
		plan_set(h.plan, KILL_RANDOM, i % WHOS, 0, 0);
		visit_start(&v);
		sleep_us((unsigned)rand() % 1500);
		kill(p.pid, SIGTERM);
		visit_wait(&v);
		for (unsigned ms = 0; ms < 2000 && got == 0; ms++) {
			got = waitpid(p.pid, &status, WNOHANG);
			sleep_us(1000);
		}
		rounds++;
		right += got == p.pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
		if (got == p.pid)
			p.pid = 0;
		prey_end(&p);
		visit_reap(0);
	}
	hazard_ok(&h, right == rounds, "SIGTERM during a killed visit: %u of %u died of it", right,
		rounds);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	test_stopped("stopped", turning);
	test_stopped("stopped, four threads", turning_threads);
	test_signal_meanwhile(false);
	test_signal_meanwhile(true);
	test_fatal();
	return tap_done(&h.tap);
}

/* SPDX-License-Identifier: MIT */
/*
 * The whole process held: every thread, also while they come and go; let go as it was found; an end in
 * time where a thread will not stop; and no harm by any death of tool or holder.
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"
#include "ctl/hold.h"
#include "proc/proc.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 2000
#define BUDGET_MS  1500

static struct hazard h;

static void *turn_here(void *arg)
{
	struct facts *f = arg;

	for (;;) {
		__atomic_add_fetch(&f->turns, 1, __ATOMIC_SEQ_CST);
		sleep_us((unsigned)f->v[1]);
	}
	return NULL;
}

static void make_threads(struct facts *f, unsigned n)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32768);
	for (unsigned i = 0; i < n; i++)
		f->v[0] += pthread_create(&t, &attr, turn_here, f) == 0;
}

static void thousand_threads(struct facts *f)
{
	f->v[1] = 50000;
	make_threads(f, 999);
	f->ready = 1;
	turn_here(f);
}

static void few_threads(struct facts *f)
{
	f->v[1] = 2000;
	make_threads(f, 3);
	f->ready = 1;
	turn_here(f);
}

static void *short_life(void *arg)
{
	struct facts *f = arg;

	__atomic_add_fetch(&f->turns, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Makes threads that die at once, all the time, from two threads. */
static void *churn(void *arg)
{
	for (;;) {
		pthread_t t;

		if (pthread_create(&t, NULL, short_life, arg) == 0)
			pthread_join(t, NULL);
	}
	return NULL;
}

static void churning(struct facts *f)
{
	pthread_t t;

	pthread_create(&t, NULL, churn, f);
	f->ready = 1;
	churn(f);
}

static void in_vfork(struct facts *f)
{
	f->v[1] = 2000;
	make_threads(f, 2);
	f->ready = 1;
	pid_t child = vfork();

	if (child == 0) {
		struct timespec t = {1, 0};

		syscall(SYS_nanosleep, &t, NULL);
		_exit(7);
	}
	waitpid(child, NULL, 0);
	f->done = 1;
	turn_here(f);
}

/* In the tool: holds, looks whether anything moves, lets go. v[8..] get what was seen. */
static struct prey *held;
static unsigned hold_ms, timeout_ms, budget_ms;

static int hold_once(struct visit *v)
{
	struct facts *f = held->f;
	struct proc *p;
	struct hold *hold;
	uint64_t turns, ns = 0, start = now_us();
	pid_t culprit = 0;
	int err = proc_open(v->target, &p);

	if (err)
		return err;
	err = hold_take(p, timeout_ms, budget_ms, &hold, &culprit);
	f->v[8] = culprit;
	f->v[9] = (int64_t)(now_us() - start) / 1000;
	if (err)
		goto out;
	f->v[10] = (int64_t)hold_threads(hold);
	turns = f->turns;
	sleep_us(hold_ms * 1000);
	f->v[11] = (int64_t)(f->turns - turns);
	err = hold_release(hold, &ns);
	f->v[12] = (int64_t)(ns / 1000);
out:
	proc_close(p);
	return err;
}

static struct visit hold_visit(struct prey *p)
{
	held = p;
	hold_ms = 20;
	timeout_ms = TIMEOUT_MS;
	budget_ms = BUDGET_MS;
	return (struct visit){
		.subject = h.subject, .plan = h.plan, .target = p->pid, .body = hold_once};
}

static void test_many(void)
{
	struct prey p;
	struct visit v;
	int err;

	prey_start(&p, thousand_threads);
	v = hold_visit(&p);
	err = visit_plain(&v);
	hazard_err(&h, err, "1,000 threads", 0, LIST_END);
	hazard_ok(&h, p.f->v[10] == p.f->v[0] + 1 && p.f->v[0] > 900,
		"1,000 threads: %ld held of %ld", (long)p.f->v[10], (long)p.f->v[0] + 1);
	hazard_ok(&h, p.f->v[11] == 0, "1,000 threads: %ld turns while held", (long)p.f->v[11]);
	hazard_unharmed(&h, &p, "1,000 threads");
	printf("# taken after %ld ms, held %ld us of which 20 ms asleep\n", (long)p.f->v[9],
		(long)p.f->v[12]);
	prey_end(&p);
}

static void test_churn(void)
{
	unsigned good = 0, late = 0;
	struct prey p;
	struct visit v;

	prey_start(&p, churning);
	v = hold_visit(&p);
	for (unsigned i = 0; i < 20; i++) {
		int err = visit_plain(&v);

		good += err == 0 && p.f->v[11] == 0;
		late += err == ERR_TIMEOUT;
	}
	hazard_ok(&h, good >= 18 && good + late == 20,
		"threads come and go: %u of 20 held, %u in time out", good, late);
	hazard_ok(&h, prey_alive(&p) && prey_moves(&p, 3000), "threads come and go: goes on");
	prey_end(&p);
}

/* Let go by its tracer, a thread runs for a moment: into its job-control stop. */
static bool is_stopped(struct prey *p)
{
	for (unsigned ms = 0; ms < 1000 && prey_state(p) != 'T'; ms++)
		sleep_us(1000);
	return prey_state(p) == 'T';
}

static void test_stopped(void)
{
	struct prey p;
	struct visit v;
	int err;

	prey_start(&p, few_threads);
	kill(p.pid, SIGSTOP);
	while (prey_state(&p) != 'T')
		sleep_us(500);
	v = hold_visit(&p);
	err = visit_plain(&v);
	hazard_err(&h, err, "found stopped", 0, LIST_END);
	hazard_ok(&h, prey_unharmed(&p, 500, true) && prey_state(&p) == 'T',
		"found stopped: stays so");
	kill(p.pid, SIGCONT);
	hazard_unharmed(&h, &p, "found stopped");
	prey_end(&p);
}

static void test_vfork(void)
{
	struct prey p;
	struct visit v;
	int err;

	prey_start(&p, in_vfork);
	sleep_us(50000);
	v = hold_visit(&p);
	timeout_ms = 300;
	err = visit_plain(&v);
	hazard_err(&h, err, "vfork parent", ERR_TIMEOUT, LIST_END);
	hazard_ok(
		&h, p.f->v[8] == p.pid, "vfork parent: culprit %ld is %d", (long)p.f->v[8], p.pid);
	hazard_ok(&h, p.f->v[9] < 900, "vfork parent: told after %ld ms", (long)p.f->v[9]);
	hazard_ok(&h, prey_done(&p, 3000), "vfork parent: vfork returns");
	prey_picture(&p);
	hazard_unharmed(&h, &p, "vfork parent");
	prey_end(&p);
}

static void test_frozen(void)
{
	char dir[96], pid[16];
	struct prey p;
	struct visit v;

	snprintf(dir, sizeof(dir), "/sys/fs/cgroup/freezer/ptools-hold-%d", getpid());
	if (mkdir(dir, 0755) != 0) {
		hazard_ok(&h, true, "frozen # SKIP no such control groups here");
		return;
	}
	prey_start(&p, few_threads);
	snprintf(pid, sizeof(pid), "%d", p.pid);
	hazard_put(dir, "cgroup.procs", pid);
	hazard_put(dir, "freezer.state", "FROZEN");
	sleep_us(50000);
	v = hold_visit(&p);
	timeout_ms = 300;
	hazard_err(&h, visit_plain(&v), "frozen", ERR_TIMEOUT, ERR_FROZEN, LIST_END);
	hazard_ok(&h, p.f->v[9] < 900, "frozen: told after %ld ms", (long)p.f->v[9]);
	hazard_put(dir, "freezer.state", "THAWED");
	hazard_unharmed(&h, &p, "frozen");
	prey_end(&p);
	sleep_us(20000);
	rmdir(dir);
}

static void test_budget(void)
{
	struct prey p;
	struct visit v;

	prey_start(&p, few_threads);
	v = hold_visit(&p);
	hold_ms = 400;
	budget_ms = 60;
	hazard_err(&h, visit_plain(&v), "budget over", ERR_TIMEOUT, LIST_END);
	hazard_ok(&h, p.f->v[11] > 0, "budget over: the target went on by itself");
	hazard_unharmed(&h, &p, "budget over");
	prey_end(&p);
}

static void test_traced(void)
{
	struct prey p;
	struct visit v;
	pid_t tracer;

	prey_start(&p, few_threads);
	tracer = fork();
	if (tracer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_SEIZE, p.pid, NULL, NULL);
		p.f->go = 1;
		pause();
	}
	while (!p.f->go)
		sleep_us(200);
	v = hold_visit(&p);
	hazard_err(&h, visit_plain(&v), "traced by another", ERR_TRACED, LIST_END);
	kill(tracer, SIGKILL);
	waitpid(tracer, NULL, 0);
	hazard_unharmed(&h, &p, "traced by another");
	prey_end(&p);
}

/* Tool, holder or both killed at any call: the target goes on, all of it. */
static void test_kills(void (*fn)(struct facts *f), bool stopped, const char *what)
{
	unsigned kills = 0;
	struct prey p;
	struct visit v;
	bool good;

	prey_start(&p, fn);
	if (stopped)
		kill(p.pid, SIGSTOP);
	v = hold_visit(&p);
	hold_ms = 2;
	for (long k = 0; k < 36; k++) {
		plan_set(h.plan, KILL_BEFORE, (unsigned)k % WHOS, k, 0);
		visit_run(&v);
		kills += h.plan->fired;
		visit_reap(p.pid);
		good = prey_unharmed(&p, HAZARD_SETTLE_MS, stopped);
		if (!good || (stopped ? !is_stopped(&p) : !prey_moves(&p, 3000))) {
			hazard_ok(&h, false, "%s: %s after %s was killed before call %ld %s", what,
				p.why, plan_who_names[k % WHOS], k, plan_point(h.plan, k));
			break;
		}
	}
	kill(p.pid, SIGCONT);
	hazard_ok(&h, kills >= 15, "%s: %u kills", what, kills);
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
}

static void gone(struct facts *f)
{
	f->ready = 1;
	for (;;)
		pause();
}

static void test_dead(void)
{
	struct prey p;
	struct visit v;

	prey_start(&p, gone);
	v = hold_visit(&p);
	kill(p.pid, SIGKILL);
	sleep_us(20000);
	hazard_err(&h, visit_plain(&v), "zombie", ERR_ZOMBIE, ERR_GONE, LIST_END);
	prey_end(&p);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	test_many();
	test_churn();
	test_stopped();
	test_vfork();
	test_frozen();
	test_budget();
	test_traced();
	test_kills(few_threads, false, "killed while holding");
	test_kills(few_threads, true, "killed while holding what was stopped");
	test_dead();
	return tap_done(&h.tap);
}

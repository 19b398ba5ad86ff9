/* SPDX-License-Identifier: MIT */
/*
 * The life of a process goes on while an agent is in it: it forks, executes, exits, unshares, loses its
 * first thread; other tools come; the tool itself is stopped. `--naive` fails.
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"
#include "ctl/agent.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct hazard h;

static void *turn_here(void *arg)
{
	facts_turn_forever(arg);
}

static void second_thread(struct facts *f)
{
	pthread_t t;

	pthread_create(&t, NULL, turn_here, f);
}

static void turning_threads(struct facts *f)
{
	second_thread(f);
	f->ready = 1;
	facts_turn_forever(f);
}

static void turning(struct facts *f)
{
	f->ready = 1;
	facts_turn_forever(f);
}

/* Shared mappings of nothing: what an agent's scratch memory looks like. */
static int count_scratch(void)
{
	char line[512];
	int n = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, "/dev/zero (deleted)") != NULL;
	if (f)
		fclose(f);
	return n;
}

/* Forks all the time; each child counts what it has inherited beyond the facts themselves. */
static void forking(struct facts *f)
{
	int own = count_scratch();

	second_thread(f);
	f->ready = 1;
	for (;;) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(count_scratch() != own);
		if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
			f->v[1]++;
		else
			f->v[0] += WEXITSTATUS(status);
		f->v[2]++;
	}
}

static void unsharing(struct facts *f)
{
	second_thread(f);
	f->ready = 1;
	for (;;) {
		if (unshare(CLONE_FS) != 0 || unshare(CLONE_FILES) != 0)
			f->v[0]++;
		facts_turn(f);
	}
}

/* Single-threaded: unshare(CLONE_NEWUSER) fails in a process with a second thread, even for a moment. */
static void unsharing_user(struct facts *f)
{
	f->ready = 1;
	while (!f->go)
		f->turns++;
	f->ret = unshare(CLONE_NEWUSER);
	f->done = 1;
	facts_turn_forever(f);
}

static void executing(struct facts *f)
{
	second_thread(f);
	f->ready = 1;
	while (!f->go)
		f->turns++;
	execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
}

static void exiting(struct facts *f)
{
	second_thread(f);
	f->ready = 1;
	while (!f->go)
		f->turns++;
	_exit(5);
}

static void first_thread_gone(struct facts *f)
{
	second_thread(f);
	while (f->turns < 3)
		sleep_us(200);
	f->ready = 1;
	syscall(SYS_exit, 0);
}

/* In the tool: keeps an agent for a while, working. */
static int stay(struct visit *v)
{
	uint64_t end = now_ms() + 150;
	void *handle;
	int err = v->subject->open(v->target, v->flags, &handle);

	if (err)
		return err;
	while (!err && now_ms() < end) {
		struct call c = {.nr = SYS_getpid};

		err = v->subject->batch(handle, &c, 1);
		v->plan->wrong += !err && c.ret != v->target;
	}
	v->subject->close(handle);
	return err;
}

static int visit_staying(struct prey *p)
{
	struct visit v = {.subject = h.subject, .plan = h.plan, .target = p->pid, .body = stay};
	int err = visit_plain(&v);

	return !err && h.plan->wrong ? ERR_FORMAT : err;
}

static void test_fork(void)
{
	struct prey p;

	prey_start(&p, forking);
	for (unsigned i = 0; i < 3; i++)
		hazard_err(&h, visit_staying(&p), "target that forks", 0, ERR_NOVICTIM, ERR_LOST,
			ERR_TIMEOUT, LIST_END);
	hazard_ok(&h, p.f->v[2] > 20 && p.f->v[1] == 0, "target that forks: %ld children, %ld lost",
		(long)p.f->v[2], (long)p.f->v[1]);
	/* In the microsecond between mmap and MADV_DONTFORK one may: ptools(7), HAZARDS. */
	hazard_ok(&h, p.f->v[0] <= p.f->v[2] / 500,
		"target that forks: %ld children inherited a mapping", (long)p.f->v[0]);
	hazard_unharmed(&h, &p, "target that forks");
	prey_end(&p);
}

static void test_unshare(void)
{
	struct prey p;
	struct visit v = {.subject = h.subject, .plan = h.plan, .body = stay};

	prey_start(&p, unsharing);
	hazard_err(
		&h, visit_staying(&p), "target that unshares", 0, ERR_LOST, ERR_TIMEOUT, LIST_END);
	hazard_ok(&h, p.f->v[0] == 0, "target that unshares: never failed");
	hazard_unharmed(&h, &p, "target that unshares");
	prey_end(&p);

	prey_start(&p, unsharing_user);
	v.target = p.pid;
	plan_set(h.plan, KILL_NONE, WHO_TOOL, 0, 0);
	visit_start(&v);
	sleep_us(50000);
	p.f->go = 1;
	visit_wait(&v);
	hazard_ok(&h, prey_done(&p, 2000) && p.f->ret == 0,
		"unshare(CLONE_NEWUSER) of a single thread");
	hazard_unharmed(&h, &p, "unshare(CLONE_NEWUSER)");
	prey_end(&p);
}

/* The target ends, or becomes another program, at some moment of the visit: its own status counts. */
static void test_ending(const char *what, void (*fn)(struct facts *f), int want)
{
	unsigned good = 0, hung = 0;
	int status = 0;

	for (unsigned i = 0; i < 20; i++) {
		struct prey p;
		struct visit v = {.subject = h.subject, .plan = h.plan, .body = stay};
		pid_t got = 0;

		prey_start(&p, fn);
		v.target = p.pid;
		plan_set(h.plan, i % 4 == 3 ? KILL_BEFORE : KILL_NONE, WHO_TOOL, 4 + i / 2, 0);
		visit_start(&v);
		sleep_us((unsigned)rand() % 3000);
		p.f->go = 1;
		for (unsigned ms = 0; ms < 3000 && got == 0; ms++) {
			got = waitpid(p.pid, &status, WNOHANG);
			sleep_us(1000);
		}
		hung += visit_wait(&v) == VISIT_HUNG;
		good += got == p.pid && WIFEXITED(status) && WEXITSTATUS(status) == want;
		p.pid = got == p.pid ? 0 : p.pid;
		prey_end(&p);
		visit_reap(0);
	}
	hazard_ok(&h, good == 20, "%s: %u of 20 with status %d (last: %#x)", what, good, want,
		status);
	hazard_ok(&h, hung == 0, "%s: %u tools hang", what, hung);
}

static void test_dead_leader(void)
{
	struct prey p;
	int err;
	uint64_t turns;

	prey_start(&p, first_thread_gone);
	sleep_us(20000);
	err = hazard_visit(&h, &p, 0);
	hazard_err(&h, err, "first thread gone", 0, LIST_END);
	turns = p.f->turns;
	sleep_us(100000);
	hazard_ok(&h, p.f->turns > turns, "first thread gone: the others go on");
	prey_end(&p);
}

struct crowd {
	_Atomic int done, wrong, refused, failed, last;
};

#define CROWD  4
#define VISITS 40

static void one_of_many(struct crowd *sum, pid_t target)
{
	for (unsigned n = 0; n < VISITS; n++) {
		int wrong, err = subject_visit(h.subject, target, 0, 1, &wrong);

		sum->wrong += wrong;
		switch (err) {
		case 0: sum->done++; break;
		case ERR_BUSY:
		case ERR_NOVICTIM:
		case ERR_TRACED:
		case ERR_LOST:
		case ERR_TIMEOUT: sum->refused++; break;
		default: sum->failed++; sum->last = err;
		}
		sleep_us(500);
	}
}

/* Many tools, all the time, on one target. */
static void test_crowd(void (*fn)(struct facts *f), const char *what)
{
	struct crowd *sum =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t tool[CROWD];
	struct prey p;

	plan_set(h.plan, KILL_NONE, WHO_TOOL, 0, 0);
	prey_start(&p, fn);
	for (unsigned i = 0; i < CROWD; i++) {
		tool[i] = fork();
		if (tool[i] == 0) {
			one_of_many(sum, p.pid);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < CROWD; i++)
		waitpid(tool[i], NULL, 0);
	hazard_ok(&h, sum->failed == 0 && sum->wrong == 0 && sum->done >= 20,
		"%s: %d visits, %d refused, %d wrong, %d failed %s", what, sum->done, sum->refused,
		sum->wrong, sum->failed, sum->last ? err_str(sum->last) : "");
	visit_reap(p.pid);
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
	munmap(sum, 4096);
}

/* In the tool: falls silent with an agent in the target, and finds it gone when it wakes up. */
static int fall_silent(struct visit *v)
{
	struct call c = {.nr = SYS_getpid};
	void *handle;
	int err = v->subject->open(v->target, v->flags, &handle);

	if (err)
		return err;
	err = v->subject->batch(handle, &c, 1);
	if (!err) {
		raise(SIGSTOP);
		err = v->subject->batch(handle, &c, 1);
	}
	v->subject->close(handle);
	return err;
}

static void test_silence(void (*fn)(struct facts *f), const char *what, int want)
{
	struct visit v = {.subject = h.subject, .plan = h.plan, .body = fall_silent};
	struct prey p;
	pid_t tool;
	int status;

	prey_start(&p, fn);
	v.target = p.pid;
	plan_set(h.plan, KILL_NONE, WHO_TOOL, 0, 0);
	tool = visit_start(&v);
	waitpid(tool, &status, WUNTRACED);
	sleep_us(700000); /* twice the agent's patience, and some */
	hazard_ok(&h, prey_alive(&p) && prey_moves(&p, 2000), "%s: target goes on", what);
	hazard_ok(&h, hazard_inert(&p), "%s: no thread, no mapping: %s", what, p.why);
	kill(tool, SIGCONT);
	visit_wait(&v);
	hazard_err(&h, h.plan->err, what, want, LIST_END);
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
}

/* Turns without pause and remembers the longest time that one of them took. */
static void measuring(struct facts *f)
{
	uint64_t last = now_us();

	f->ready = 1;
	for (;;) {
		uint64_t now = now_us();

		if (f->go && now - last > f->gap_us)
			f->gap_us = now - last;
		last = now;
		f->turns++;
	}
}

/* The warden hangs at call k, or both do: the kernel's timer ends it, and the target waits no longer. */
static void test_hang(enum plan_who who, const char *what)
{
	struct visit v = {.subject = h.subject, .plan = h.plan};
	uint64_t worst = 0;
	struct prey p;
	bool good = true;

	prey_start(&p, measuring);
	v.target = p.pid;
	for (long k = 2; k < 22 && good; k += 4) {
		pid_t tool;

		p.f->gap_us = 0;
		p.f->go = 1;
		plan_set(h.plan, KILL_BEFORE, who, k, 0);
		h.plan->sig = SIGSTOP;
		tool = visit_start(&v);
		sleep_us(250000);
		p.f->go = 0;
		if (p.f->gap_us > worst)
			worst = p.f->gap_us;
		good = prey_moves(&p, 2000);
		kill(tool, SIGCONT);
		if (h.plan->warden > 0)
			kill(h.plan->warden, SIGCONT);
		visit_wait(&v);
		visit_reap(p.pid);
		sleep_us(400000);
	}
	hazard_ok(&h, good, "%s: target goes on", what);
	hazard_ok(&h, worst < 300000, "%s: longest pause of the target %lu us", what,
		(unsigned long)worst);
	(void)hazard_visit(&h, &p, 0);
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	test_fork();
	test_unshare();
	test_ending("exec", executing, 7);
	test_ending("exit_group", exiting, 5);
	test_dead_leader();
	test_crowd(turning, "four tools at once");
	test_crowd(turning_threads, "four tools at once, two threads");
	test_silence(turning_threads, "tool falls silent", ERR_LOST);
	test_silence(turning, "tool falls silent between slices", 0);
	test_hang(WHO_WARDEN, "warden stopped");
	test_hang(WHO_BOTH, "tool and warden stopped");
	return tap_done(&h.tap);
}

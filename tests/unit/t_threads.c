/* SPDX-License-Identifier: MIT */
/* Thread lists and places: thousands, coming and going, asleep and running. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "kids.h"
#include "proc/status.h"
#include "proc/threads.h"
#include "tap.h"

#define MANY 2000

static void *idle(void *arg)
{
	pause();
	return arg;
}

static int start(void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t t;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&t, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	return err;
}

static int many(const struct kid_side *k, void *arg)
{
	(void)arg;
	for (int i = 1; i < MANY; i++) {
		if (start(idle, NULL))
			return 1;
	}
	kid_ready(k);
	kid_wait(k);
	return 0;
}

static void test_many(void)
{
	struct kid k = kid_start(many, NULL);
	struct proc *p = open_or_die(k.pid);
	struct threads t = {0};
	struct status s;
	bool good = true, has_leader = false;

	IS(threads_list(p, &t), 0, "2,000 threads");
	IS(t.n, MANY, "are all listed");
	for (size_t i = 0; i < t.n && good; i++) {
		good = i == 0 || t.tid[i - 1] < t.tid[i];
		has_leader = has_leader || t.tid[i] == k.pid;
	}
	OK(good && has_leader, "in ascending order, with the first");
	OK(status_read(p, t.tid[t.n - 1], &s) == 0 && s.pid == t.tid[t.n - 1] && s.tgid == k.pid,
		"the status of the last is its own");
	IS(threads_list(p, &t), 0, "listed again");
	IS(t.n, MANY, "into the same");
	kid_end(&k);
	IS(threads_list(p, &t), ERR_GONE, "and gone");
	threads_free(&t);
	proc_close(p);
}

static void *short_lived(void *arg)
{
	return arg;
}

static void *maker(void *arg)
{
	for (;;)
		start(short_lived, NULL);
	return arg;
}

static int churn(const struct kid_side *k, void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++)
		start(idle, NULL);
	start(maker, NULL);
	kid_ready(k);
	kid_wait(k);
	return 0;
}

static bool is_listed(const struct threads *t, pid_t tid)
{
	size_t i = 0;

	while (i < t->n && t->tid[i] != tid)
		i++;
	return i < t->n;
}

/*
 * Who is there all the time is in each list, once; what dies meanwhile is no error but its own. The first thread need
 * not be the first in the list: the kernel begins with low numbers again.
 */
static void test_churn(void)
{
	struct kid k = kid_start(churn, NULL);
	struct proc *p = open_or_die(k.pid);
	struct threads t = {0};
	unsigned bad = 0, vanished = 0;

	for (int round = 0; round < 300 && !bad; round++) {
		struct thread_place place;
		int err = threads_list(p, &t);

		bad += err || t.n < 52 || !is_listed(&t, k.pid);
		for (size_t i = 1; i < t.n; i++)
			bad += t.tid[i - 1] >= t.tid[i];
		for (size_t i = t.n > 60 ? 60 : t.n; i-- > 50;) {
			err = thread_place(p, t.tid[i], &place);
			vanished += err == ERR_NOTHREAD;
			bad += err && err != ERR_NOTHREAD;
		}
	}
	printf("# %u vanished\n", vanished);
	IS(bad, 0, "300 lists while threads come and go");
	threads_free(&t);
	kid_end(&k);
	proc_close(p);
}

static char payload[64];

static void *spin(void *arg)
{
	volatile unsigned long n = 0;

	for (;;)
		n++;
	return arg;
}

struct place_pipe {
	int fd[2];
};

static int reader(const struct kid_side *k, void *arg)
{
	const struct place_pipe *q = arg;

	start(spin, NULL);
	kid_ready(k);
	return read(q->fd[0], payload, sizeof(payload)) == 5 ? 0 : 1;
}

static void wait_for(const struct proc *p, pid_t tid, char state)
{
	for (int i = 0; i < 5000 && thread_state(p, tid) != state; i++)
		usleep(1000);
}

/* One thread of the process spins: moved from CPU to CPU, it is found on each. */
static void test_running(const struct proc *p)
{
	struct threads t = {0};
	cpu_set_t all, one, found;
	int bad = 0, cpus = 0;

	if (sched_getaffinity(0, sizeof(all), &all) || threads_list(p, &t))
		exit(99);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		int tries = 0;

		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(t.tid[1], sizeof(one), &one))
			exit(99);
		do {
			bad += threads_running(p, &found) != 0;
		} while (!CPU_EQUAL(&found, &one) && ++tries < 1000);
		bad += tries == 1000;
		cpus++;
	}
	IS(bad, 0, "the spinning thread is found on each CPU that it is moved to");
	OK(cpus > 0, "there are CPUs");
	threads_free(&t);
}

static void test_places(void)
{
	struct thread_place place;
	struct threads t = {0};
	struct place_pipe q;
	struct proc *p;
	struct kid k;
	bool running = false;

	if (pipe(q.fd) < 0)
		exit(99);
	k = kid_start(reader, &q);
	p = open_or_die(k.pid);
	wait_for(p, k.pid, 'S');
	if (thread_place(p, k.pid, &place) == -EPERM) {
		tap_skip("place of a sleeping thread", "no ptrace rights");
	} else {
		OK(!place.running && place.nr == SYS_read, "asleep in read");
		OK(place.arg[0] == (uint64_t)q.fd[0] && place.arg[1] == (uintptr_t)payload &&
				place.arg[2] == sizeof(payload),
			"with its arguments");
		OK(place.sp && place.pc, "and where it is");
	}
	OK(threads_list(p, &t) == 0 && t.n == 2, "two threads");
	for (int i = 0; i < 1000 && !running && t.n == 2; i++) {
		if (thread_place(p, t.tid[1], &place) == 0)
			running = place.running;
	}
	OK(running && thread_state(p, t.tid[1]) == 'R', "the other one runs");
	test_running(p);
	IS(thread_place(p, 1, &place), ERR_NOTHREAD, "no thread of this process");
	if (write(q.fd[1], "hello", 5) != 5)
		exit(99);
	IS(kid_end(&k), 0, "undisturbed");
	threads_free(&t);
	proc_close(p);
}

int main(void)
{
	test_many();
	test_churn();
	test_places();
	return tap_end();
}

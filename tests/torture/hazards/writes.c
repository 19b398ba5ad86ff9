/* SPDX-License-Identifier: MIT */
/*
 * Long writes into a pipe, between short rests: a stop in the middle of one shows the program a short count,
 * which the program must never see, however often it is visited. `--naive` fails.
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LENGTH (1 << 20)
#define VISITS 400
#define MOST   2000 /* ms for all of them */

static struct hazard h;
static unsigned flags;

static int drained_pipe(void)
{
	static char sink[LENGTH];
	int end[2];

	if (pipe(end))
		_exit(1);
	if (fork() == 0) {
		close(end[1]);
		while (read(end[0], sink, sizeof(sink)) > 0)
			;
		_exit(0);
	}
	close(end[0]);
	return end[1];
}

static void write_all(struct facts *f, int fd)
{
	static char bytes[LENGTH];

	if (write(fd, bytes, sizeof(bytes)) != sizeof(bytes))
		f->v[0]++;
	f->turns++;
}

static void resting(struct facts *f)
{
	struct timespec rest = {.tv_nsec = 100000};
	int fd = drained_pipe();

	f->ready = 1;
	for (;;) {
		nanosleep(&rest, NULL);
		write_all(f, fd);
	}
}

/* Two threads take turns, as those of an interpreter with one lock do: one waits while the other writes. */
static volatile uint32_t turn;
static struct facts *shared_facts;
static int shared_fd;

static void *taker_of_turns(void *mine)
{
	uint32_t me = mine != NULL;

	for (;;) {
		while (turn != me)
			syscall(SYS_futex, &turn, FUTEX_WAIT, !me, NULL, NULL, 0);
		write_all(shared_facts, shared_fd);
		turn = !me;
		syscall(SYS_futex, &turn, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	return NULL;
}

static void taking_turns(struct facts *f)
{
	pthread_t other;

	shared_facts = f;
	shared_fd = drained_pipe();
	if (pthread_create(&other, NULL, taker_of_turns, f))
		_exit(1);
	f->ready = 1;
	taker_of_turns(NULL);
}

static void *rests_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* There is a thread that may be disturbed, so each visit finds a way in. */
static void with_one_that_waits(struct facts *f)
{
	pthread_t other;
	int fd = drained_pipe();

	if (pthread_create(&other, NULL, rests_for_ever, NULL))
		_exit(1);
	f->ready = 1;
	for (;;)
		write_all(f, fd);
}

static unsigned test(const char *what, void (*fn)(struct facts *f))
{
	uint64_t until = now_ms() + patient(MOST);
	unsigned visits = 0, done = 0;
	struct prey p;
	int err = 0;

	prey_start(&p, fn);
	for (; visits < VISITS && now_ms() < until; visits++) {
		err = hazard_visit(&h, &p, flags);
		done += err == 0;
		if (err != 0 && err != ERR_NOVICTIM && err != ERR_BUSY && err != ERR_LOST &&
			err != ERR_TIMEOUT)
			break;
	}
	hazard_err(&h, err, what, 0, ERR_NOVICTIM, ERR_BUSY, ERR_LOST, ERR_TIMEOUT, LIST_END);
	hazard_ok(&h, p.f->v[0] == 0, "%s: no short count (%ld), %u of %u visits entered", what,
		(long)p.f->v[0], done, visits);
	hazard_ok(&h, prey_moves(&p, 3000), "%s: goes on %s", what, p.why);
	prey_end(&p);
	return done;
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	if (argc < 2)
		h.subject = &subject_agent;
	test("writes after a rest", resting);
	test("threads that write in turn", taking_turns);
	hazard_ok(&h, test("one writes, one waits", with_one_that_waits) > 0, "and is entered");
	if (argc < 2) {
		h.subject = &subject_stacks;
		flags = STACKS_SLEEPERS;
		test("stacks: writes after a rest", resting);
		test("stacks: threads that write in turn", taking_turns);
		hazard_ok(&h, test("stacks: one writes, one waits", with_one_that_waits) > 0,
			"and is looked at");
	}
	return tap_done(&h.tap);
}

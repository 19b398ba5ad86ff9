/* SPDX-License-Identifier: MIT */
#include "runner.h"
#include "regs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>
#ifdef __x86_64__
#include <sys/rseq.h>
#endif

#define MS         1000000
#define SLACK      200000 /* timers may be set this much later, and remainders say so */
#define EPOLL_MARK 0xabcdef0123456789u

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What could explain an interruption: handlers run here, and in any thread. */
struct handled {
	uint32_t here, anywhere;
};

static struct handled handled_now(void)
{
	return (struct handled){handled_here, runner.board->signals};
}

/*
 * A call of `job` came back interrupted or short. A handler that ran here explains it. Calls that the
 * kernel does not restart (signal(7)) show job-control stops too, and also wake for a signal to the
 * process that another thread then takes; its handler may need a moment. Anything else somebody did.
 */
static void interrupted(enum job job, struct handled before, bool never_restarted)
{
	struct timespec moment = {0, 20 * MS};

	if (handled_here != before.here || (never_restarted && runner.board->stops))
		return;
	if (never_restarted)
		nanosleep(&moment, NULL);
	if (never_restarted && runner.board->signals != before.anywhere)
		return;
	runner.board->eintr[job]++;
}

static void regs_job(void)
{
	bool small_stack = runner.flags & VICTIM_HANDLER;
	const char *bad;

	errno = 12345;
	bad = regs_round(runner.flags & VICTIM_SINGLE ? 20000 : 100000, small_stack ? 0 : 8192);
	if (bad)
		fail("%s changed", bad);
	if (errno != 12345)
		fail("errno changed to %d", errno);
}

static void sleep_job(void)
{
	static uint32_t turn;
	struct timespec want = {0, MS + (long)(turn++ % 7) * 100000}, left = {0, 0};
	struct handled handled = handled_now();
	uint64_t t0 = now(), took;
	int r;

	r = nanosleep(&want, &left);
	took = now() - t0;
	if (r == 0) {
		if (took < (uint64_t)want.tv_nsec)
			fail("nanosleep short: %lld ns", (long long)took);
		return;
	}
	if (errno != EINTR)
		fail("nanosleep: %d, errno %d", r, errno);
	interrupted(JOB_SLEEP, handled, false);
	if (left.tv_sec != 0 || left.tv_nsec > want.tv_nsec + SLACK ||
		took + (uint64_t)left.tv_nsec + MS < (uint64_t)want.tv_nsec)
		fail("nanosleep remainder %ld after %lld", left.tv_nsec, (long long)took);
}

/* Writes or reads 64 bytes of a pipe, which never come in parts. */
static void pipe_io(bool in, void *bytes)
{
	struct handled handled;
	ssize_t n;

	do {
		handled = handled_now();
		n = in ? read(runner.from_echo, bytes, 64) : write(runner.to_echo, bytes, 64);
		if (n < 0 && errno == EINTR)
			interrupted(JOB_PIPE, handled, false);
	} while (n < 0 && errno == EINTR);
	if (n != 64)
		fail("%s pipe: %zd, errno %d", in ? "read" : "write", n, errno);
}

static void pipe_job(void)
{
	static uint32_t turn;
	uint32_t out[16], in[16];

	turn++;
	for (uint32_t i = 0; i < 16; i++)
		out[i] = turn * 16 + i;
	pipe_io(false, out);
	pipe_io(true, in);
	for (uint32_t i = 0; i < 16; i++)
		if (in[i] != ~out[i])
			fail("pipe contents: turn %u word %u is %#x", turn, i, in[i]);
}

/* A timed call returned r: must have lasted at least `least` ns, or been interrupted. */
static void timed(const char *name, long r, bool timed_out, uint64_t t0, uint64_t least,
	struct handled handled)
{
	int err = errno;
	uint64_t took = now() - t0;

	if (timed_out && took < least)
		fail("%s short: %lld ns", name, (long long)took);
	if (timed_out)
		return;
	if (r >= 0 || err != EINTR)
		fail("%s: %ld, errno %d", name, r, err);
	interrupted(JOB_WAIT, handled, name[0] == 'e');
}

static void wait_futex(void)
{
	static uint32_t word;
	struct timespec ts = {0, MS + MS / 2};
	struct handled handled = handled_now();
	uint64_t t0 = now();
	long r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &ts, NULL, 0);

	timed("futex", r, r < 0 && errno == ETIMEDOUT, t0, MS + MS / 2, handled);
}

static void wait_poll(void)
{
	struct pollfd p = {.fd = runner.event, .events = POLLIN};
	struct handled handled = handled_now();
	uint64_t t0 = now();
	int r = poll(&p, 1, 1);

	timed("poll", r, r == 0, t0, MS, handled);
}

static void wait_epoll(void)
{
	struct epoll_event e;
	struct handled handled = handled_now();
	uint64_t t0 = now();
	int r = epoll_wait(runner.epoll, &e, 1, 2);

	timed("epoll_wait", r, r == 0, t0, 2 * MS, handled);
}

static void wait_event(void)
{
	struct epoll_event e = {0};
	uint64_t v = 7;
	int r;

	if (write(runner.event, &v, 8) != 8)
		fail("write eventfd: errno %d", errno);
	r = epoll_wait(runner.epoll, &e, 1, 1000);
	if (r != 1 || e.data.u64 != EPOLL_MARK)
		fail("epoll_wait for a ready event: %d, errno %d", r, errno);
	v = 0;
	if (read(runner.event, &v, 8) != 8 || v != 7)
		fail("read eventfd: %lld", (long long)v);
}

static void wait_job(void)
{
	static unsigned turn;
	sigset_t mask;
	int fd;

	switch (turn++ % 4) {
	case 0: wait_futex(); break;
	case 1: wait_poll(); break;
	case 2: wait_epoll(); break;
	case 3: wait_event(); break;
	}
	fd = dup(runner.epoll);
	if (fd != runner.low_fd)
		fail("lowest free descriptor is %d, not %d", fd, runner.low_fd);
	close(fd);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	if (sigismember(&mask, TORTURE_SIGNAL) || sigismember(&mask, SIGTERM) ||
		!sigismember(&mask, SIGUSR2))
		fail("signal mask changed");
}

/* The other end of JOB_PIPE: sends the complement back. */
static void echo(int in, int out)
{
	struct timespec pause = {0, 300000};
	uint32_t words[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(TORTURE_SIGNAL, SIG_IGN);
	while (read(in, words, 64) == 64) {
		nanosleep(&pause, NULL);
		for (unsigned i = 0; i < 16; i++)
			words[i] = ~words[i];
		if (write(out, words, 64) != 64)
			break;
	}
	_exit(0);
}

void jobs_init(void)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = EPOLL_MARK};
	int there[2], back[2];

	if (pipe(there) != 0 || pipe(back) != 0)
		fail("pipe: %s", strerror(errno));
	if (fork() == 0) {
		close(there[1]);
		close(back[0]);
		echo(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	runner.to_echo = there[1];
	runner.from_echo = back[0];
	runner.epoll = epoll_create1(0);
	runner.event = eventfd(0, EFD_NONBLOCK);
	if (epoll_ctl(runner.epoll, EPOLL_CTL_ADD, runner.event, &e) != 0)
		fail("epoll_ctl: %s", strerror(errno));
	runner.low_fd = dup(runner.epoll);
	close(runner.low_fd);
}

void job_round(enum job job)
{
	switch (job) {
	case JOB_REGS: regs_job(); break;
	case JOB_SLEEP: sleep_job(); break;
	case JOB_PIPE: pipe_job(); break;
	case JOB_WAIT: wait_job(); break;
	default: fail("job %d", (int)job);
	}
}

#ifdef __x86_64__
/*
 * counter++ as a restartable sequence with a long way between load and store: 1 if it was
 * committed, 0 if the kernel aborted it. A thread that is taken out of the middle and put back
 * there, while the other one ran, loses the other one's updates.
 */
static int rseq_increment(struct rseq *rs, volatile uint32_t *counter, long turns)
{
	int done;

	__asm__ volatile(".pushsection __rseq_cs, \"aw\"\n\t"
			 ".balign 32\n"
			 "3:\t.long 0, 0\n\t"
			 ".quad 1f, 2f - 1f, 4f\n\t"
			 ".popsection\n\t"
			 "lea 3b(%%rip), %%rax\n\t"
			 "mov %%rax, %c[cs](%[rs])\n"
			 "1:\tmov (%[counter]), %%edx\n\t"
			 "mov %[turns], %%rcx\n"
			 "5:\tdec %%rcx\n\t"
			 "jnz 5b\n\t"
			 "inc %%edx\n\t"
			 "mov %%edx, (%[counter])\n"
			 "2:\tmov $1, %[done]\n\t"
			 "jmp 6f\n\t"
			 ".long 0x53053053\n" /* RSEQ_SIG, checked by the kernel */
			 "4:\txor %[done], %[done]\n"
			 "6:"
			 : [done] "=&r"(done)
			 : [rs] "r"(rs), [counter] "r"(counter), [turns] "r"(turns),
			 [cs] "i"(offsetof(struct rseq, rseq_cs))
			 : "rax", "rcx", "rdx", "memory", "cc");
	return done;
}

void rseq_round(void)
{
	static __thread bool pinned;
	struct rseq *rs = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	struct board *b = runner.board;
	cpu_set_t cpu;

	if (!pinned) {
		CPU_ZERO(&cpu);
		CPU_SET(0, &cpu);
		sched_setaffinity(0, sizeof(cpu), &cpu);
		pinned = true;
	}
	if (!rseq_increment(rs, &b->rseq_counter, 3000))
		return;
	if (__atomic_add_fetch(&b->rseq_done, 1, __ATOMIC_SEQ_CST) % 64 == 0)
		sched_yield();
	b->progress[JOB_RSEQ]++;
}
#else
void rseq_round(void)
{
	fail("no rseq job on this machine");
}
#endif

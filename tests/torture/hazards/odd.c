/* SPDX-License-Identifier: MIT */
/* Threads in states few programs have: single-stepping themselves, making 32-bit calls from 64-bit
 * code, with every signal blocked, without a vDSO. `--naive` fails. */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"

#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct hazard h;

static volatile uint64_t traps;

static void on_trap(int sig)
{
	(void)sig;
	traps++;
}

#define TRAP_FLAG 0x100

/* Traps after every instruction of the loop, into a handler. */
static void stepping(struct facts *f)
{
	struct sigaction sa = {.sa_handler = on_trap};

	sigaction(SIGTRAP, &sa, NULL);
	f->ready = 1;
	for (;;) {
		uint64_t before = traps;

		__asm__ volatile("pushf; orq %0, (%%rsp); popf\n\t"
				 "nop; nop; nop; nop; nop; nop; nop; nop\n\t"
				 "pushf; andq %1, (%%rsp); popf"
				 :
				 : "i"(TRAP_FLAG), "i"(~TRAP_FLAG)
				 : "memory", "cc");
		f->turns++;
		if (traps < before + 8)
			f->v[0]++; /* somebody took the flag away */
	}
}

/* nanosleep(2) by int 0x80, whose structures have to lie below 4 GiB. */
static void calling_in_32_bits(struct facts *f)
{
	struct {
		int32_t sec, nsec;
	} *t = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_POPULATE, -1, 0);

	t->nsec = 2000000;
	f->ready = 1;
	for (;;) {
		uint64_t t0 = now_us();
		long r;

		__asm__ volatile("int $0x80"
				 : "=a"(r)
				 : "a"(162), "b"(t), "c"(0)
				 : "r8", "r9", "r10", "r11", "memory");
		if ((int)r != 0)
			f->v[0]++;
		if (now_us() - t0 < 2000)
			f->v[1]++;
		f->turns++;
	}
}

static void deaf(struct facts *f)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	f->ready = 1;
	for (;;) {
		sigset_t now;

		sigprocmask(SIG_BLOCK, NULL, &now);
		for (int s = 1; s < 32; s++)
			if (s != SIGKILL && s != SIGSTOP && !sigismember(&now, s))
				f->v[0]++;
		facts_turn(f);
	}
}

/* As on a kernel started with vdso=0: the code has to lie elsewhere. No clock of libc's works here any more. */
static void without_vdso(struct facts *f)
{
	void *vdso = (void *)getauxval(AT_SYSINFO_EHDR);
	struct timespec nap = {.tv_nsec = 1000000};
	size_t pages = 1;

	/* The kernel takes it away as a whole, or not at all. */
	while (vdso && pages < 16 && munmap(vdso, pages * 4096))
		pages++;
	f->v[2] = pages < 16;
	f->ready = 1;
	for (;;) {
		if (syscall(SYS_nanosleep, &nap, NULL))
			f->v[0]++;
		f->turns++;
	}
}

static void test(const char *what, void (*fn)(struct facts *f), int also)
{
	unsigned visited = 0;
	struct prey p;
	int err = 0;

	prey_start(&p, fn);
	for (unsigned i = 0; i < 20; i++) {
		err = hazard_visit(&h, &p, 0);
		visited += err == 0;
		if (err != 0 && err != also && err != ERR_NOVICTIM && err != ERR_TIMEOUT &&
			err != ERR_LOST)
			break;
	}
	hazard_err(&h, err, what, 0, also, ERR_NOVICTIM, ERR_TIMEOUT, ERR_LOST, LIST_END);
	hazard_ok(&h, hazard_inert(&p) && prey_moves(&p, 3000), "%s: goes on %s", what, p.why);
	for (long k = 1; k < 24; k += 2) {
		hazard_kill(&h, &p, 0, (unsigned)k % WHOS, k);
		visit_reap(p.pid);
	}
	sleep_us(700000);
	err = hazard_visit(&h, &p, 0);
	for (unsigned i = 0; i < 50 && err != 0; i++) {
		sleep_us(10000);
		err = hazard_visit(&h, &p, 0);
	}
	/* Only a complete visit clears the bytes that killing both may leave. */
	hazard_ok(&h,
		(err ? hazard_inert(&p) : prey_unharmed(&p, HAZARD_SETTLE_MS, false)) &&
			prey_moves(&p, 3000),
		"%s: killed 12 times, goes on %s", what, p.why);
	if (fn == without_vdso)
		hazard_ok(&h, p.f->v[2] && p.vdso_len == 0 && visited > 0,
			"%s: it is gone, and the code finds room", what);
	hazard_ok(&h, p.f->v[0] == 0 && p.f->v[1] == 0,
		"%s: nothing noticed (%ld, %ld), %u of 20 visited", what, (long)p.f->v[0],
		(long)p.f->v[1], visited);
	prey_end(&p);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	test("single-steps itself", stepping, ERR_STEPPED);
	test("int 0x80 in 64-bit code", calling_in_32_bits, ERR_ABI);
	test("blocks every signal", deaf, ERR_NOVICTIM);
	test("without a vDSO", without_vdso, 0);
	return tap_done(&h.tap);
}

/* SPDX-License-Identifier: MIT */
/* build: static static-pie pie 32 32-static fp O0 */
/*
 * Stacks that are known: `stacks MODE [ARGUMENT]` gets into one, says which functions pstack has to show,
 * innermost first, as "chain=", and ends when its input does, after having looked whether all went on as it
 * should.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>

#include "victim.h"

#ifdef __clang__
#define NOINLINE static __attribute__((noinline))
#else
#define NOINLINE static __attribute__((noipa))
#endif
/* Keeps a call from becoming a jump. */
#define STAY __asm__ volatile("" ::: "memory")

static _Atomic int ready_threads, failures;

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "not as it was: %s\n", what);
	failures++;
}

NOINLINE void wait_here(void)
{
	victim_wait();
	STAY;
}

NOINLINE void inner(void)
{
	wait_here();
	STAY;
}

NOINLINE void outer(void)
{
	inner();
	STAY;
}

static void wait_for_threads(int n)
{
	while (ready_threads < n)
		usleep(1000);
	usleep(20000); /* they are about to sleep */
}

/* ---- modes ---- */

static void plain(const char *arg)
{
	(void)arg;
	puts("chain=wait_here inner outer");
	outer();
	STAY;
}

NOINLINE int deeper(int n)
{
	int r = n;

	if (n > 1)
		r += deeper(n - 1);
	else
		wait_here();
	STAY;
	return r;
}

static void deep(const char *arg)
{
	int n = atoi(arg);

	printf("chain=wait_here deeper\nframes=%d\n", n);
	check(deeper(n) > 0, "sum");
}

NOINLINE void *worker(void *arg)
{
	ready_threads++;
	pause();
	STAY;
	return arg;
}

static pthread_t start(void *(*fn)(void *), void *arg, const char *name)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	must(pthread_create(&t, &attr, fn, arg) == 0);
	pthread_attr_destroy(&attr);
	if (name)
		pthread_setname_np(t, name);
	return t;
}

static void threads(const char *arg)
{
	int n = atoi(arg);

	for (int i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "worker-%hu", (unsigned short)i);
		start(worker, NULL, name);
	}
	wait_for_threads(n);
	puts("chain=worker");
	outer();
	STAY;
}

NOINLINE int rung(int n)
{
	int r = n;

	if (n > 1) {
		r += rung(n - 1);
	} else {
		ready_threads++;
		pause();
	}
	STAY;
	return r;
}

static void *ladder(void *arg)
{
	rung(20);
	STAY;
	return arg;
}

static void deep_threads(const char *arg)
{
	int n = atoi(arg);

	for (int i = 0; i < n; i++)
		start(ladder, NULL, NULL);
	wait_for_threads(n);
	puts("chain=rung");
	outer();
}

/* The first thread leaves; the other says so and ends the process. */
static void *after_leader(void *arg)
{
	usleep(50000);
	printf("other=%d\nchain=wait_here inner outer after_leader\n", (int)gettid());
	outer();
	exit(failures ? 1 : 0);
	return arg;
}

static void leader(const char *arg)
{
	(void)arg;
	start(after_leader, NULL, "survivor");
	pthread_exit(NULL);
}

NOINLINE void on_usr2(int sig)
{
	check(sig == SIGUSR2, "signal");
	wait_here();
	STAY;
}

NOINLINE void on_usr1(int sig)
{
	check(sig == SIGUSR1, "signal");
	raise(SIGUSR2);
	STAY;
}

NOINLINE void interrupted(void)
{
	raise(SIGUSR1);
	STAY;
}

/* A handler on a stack of its own, and another one within it. */
static void signals(const char *arg)
{
	struct sigaction first = {.sa_handler = on_usr1, .sa_flags = SA_ONSTACK},
			 second = {.sa_handler = on_usr2};
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};

	(void)arg;
	must(stack.ss_sp && sigaltstack(&stack, NULL) == 0);
	must(sigaction(SIGUSR1, &first, NULL) == 0 && sigaction(SIGUSR2, &second, NULL) == 0);
	puts("chain=wait_here on_usr2 on_usr1 interrupted");
	interrupted();
	STAY;
}

static _Atomic unsigned long turns;
static _Atomic bool over;

NOINLINE void spin_here(void)
{
	while (!over)
		turns++;
}

static void *spinner(void *arg)
{
	printf("spinner=%d\n", (int)gettid());
	ready_threads++;
	spin_here();
	STAY;
	return arg;
}

static void spin(const char *arg)
{
	pthread_t t = start(spinner, NULL, "spinner");
	unsigned long before;

	(void)arg;
	wait_for_threads(1);
	puts("chain=spin_here spinner");
	outer();
	before = turns;
	usleep(20000);
	check(turns != before, "the spinner spins on");
	over = true;
	pthread_join(t, NULL);
}

/* ---- who waits for whom ---- */

static pthread_mutex_t plain_mutex = PTHREAD_MUTEX_INITIALIZER, robust_mutex, pi_mutex;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static pthread_t sleeper_thread;

NOINLINE void *lock_it(void *mutex)
{
	ready_threads++;
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
	return NULL;
}

static void *await_condition(void *arg)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&m);
	ready_threads++;
	while (!over)
		pthread_cond_wait(&condition, &m);
	pthread_mutex_unlock(&m);
	return arg;
}

static void *await_semaphore(void *arg)
{
	ready_threads++;
	while (sem_wait(&semaphore))
		;
	return arg;
}

static _Atomic int joined_tid;

static void *to_be_joined(void *arg)
{
	joined_tid = gettid();
	while (!over)
		usleep(1000);
	return arg;
}

static void *joiner(void *arg)
{
	ready_threads++;
	pthread_join(sleeper_thread, NULL);
	return arg;
}

static void locks(const char *arg)
{
	pthread_mutexattr_t robust, pi;
	pthread_t t[6];

	(void)arg;
	pthread_mutexattr_init(&robust);
	pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust_mutex, &robust);
	pthread_mutexattr_init(&pi);
	pthread_mutexattr_setprotocol(&pi, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&pi_mutex, &pi);
	sem_init(&semaphore, 0, 0);
	pthread_mutex_lock(&plain_mutex);
	pthread_mutex_lock(&robust_mutex);
	pthread_mutex_lock(&pi_mutex);
	sleeper_thread = start(to_be_joined, NULL, "joined");
	t[0] = start(lock_it, &plain_mutex, "plain");
	t[1] = start(lock_it, &robust_mutex, "robust");
	t[2] = start(lock_it, &pi_mutex, "pi");
	t[3] = start(await_condition, NULL, "condition");
	t[4] = start(await_semaphore, NULL, "semaphore");
	t[5] = start(joiner, NULL, "joiner");
	wait_for_threads(6);
	while (!joined_tid)
		usleep(1000);
	usleep(20000);
	printf("plain=%llx\nrobust=%llx\npi=%llx\njoined=%d\n",
		(unsigned long long)(uintptr_t)&plain_mutex,
		(unsigned long long)(uintptr_t)&robust_mutex,
		(unsigned long long)(uintptr_t)&pi_mutex, joined_tid);
	outer();
	over = true;
	pthread_mutex_unlock(&plain_mutex);
	pthread_mutex_unlock(&robust_mutex);
	pthread_mutex_unlock(&pi_mutex);
	pthread_cond_broadcast(&condition);
	sem_post(&semaphore);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
}

/* A file that a child has locked, and we want. */
static void file_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600), status;
	pid_t child;

	must(fd >= 0);
	child = fork();
	must(child >= 0);
	if (!child) {
		int own = open(path, O_RDWR);

		must(flock(own, LOCK_EX) == 0);
		printf("holder=%d\n", (int)getpid());
		victim_wait();
		_exit(0);
	}
	usleep(100000);
	must(flock(fd, LOCK_EX) == 0);
	must(waitpid(child, &status, 0) == child && status == 0);
}

/* ---- states ---- */

NOINLINE void waits_for_child(void)
{
	pid_t child = vfork();
	char c;

	if (child == 0) {
		while (read(STDIN_FILENO, &c, 1) == 1)
			;
		_exit(7);
	}
	STAY;
	must(child > 0);
	int status;
	must(waitpid(child, &status, 0) == child);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7, "child");
}

static void vfork_parent(const char *arg)
{
	(void)arg;
	start(worker, NULL, "bystander");
	wait_for_threads(1);
	puts("chain=waits_for_child");
	puts("ready");
	must(fflush(stdout) == 0);
	waits_for_child();
}

static void *passing(void *arg)
{
	usleep((useconds_t)(uintptr_t)arg % 700);
	return NULL;
}

static void *maker(void *arg)
{
	ready_threads++;
	for (uintptr_t i = 0; !over; i++)
		pthread_join(start(passing, (void *)(i * 37), NULL), NULL);
	return arg;
}

/* Threads that are made and die all the time. */
static void churn(const char *arg)
{
	pthread_t t[4];

	(void)arg;
	for (int i = 0; i < 4; i++)
		t[i] = start(maker, NULL, "maker");
	wait_for_threads(4);
	puts("chain=wait_here inner outer");
	outer();
	over = true;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

NOINLINE unsigned climb(unsigned n, unsigned char fill)
{
	unsigned char mine[64];
	unsigned r = n;

	memset(mine, fill, sizeof(mine));
	STAY;
	if (n)
		r += climb(n - 1, (unsigned char)(fill * 31 + n));
	else if (fill & 1)
		usleep(10);
	for (unsigned i = 0; i < sizeof(mine); i++)
		r += mine[i] != fill;
	return r;
}

static void *climber(void *arg)
{
	ready_threads++;
	for (unsigned i = 0; !over; i++) {
		unsigned n = i % 61;
		void *m = mmap(
			NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		check(climb(n, (unsigned char)i) == n * (n + 1) / 2, "stack");
		munmap(m, 65536);
		turns++;
	}
	return arg;
}

/* Stacks and mappings that never stay as they are. */
static void restless(const char *arg)
{
	pthread_t t[3];

	(void)arg;
	for (int i = 0; i < 3; i++)
		t[i] = start(climber, NULL, "climber");
	wait_for_threads(3);
	puts("chain=wait_here inner outer");
	outer();
	check(turns > 0, "they climb");
	over = true;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

/* Its callers' frames are garbage while it waits. */
NOINLINE void scribble(unsigned seed)
{
	/* Frame pointers and return addresses above are none for a while; the kernel does not mind. */
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), copy[48];
	volatile uintptr_t *up = (uintptr_t *)here;

	for (int i = 0; i < 48; i++) {
		copy[i] = up[i];
		up[i] = seed == 0   ? 0
			: seed == 1 ? here
			: seed == 2 ? (uintptr_t)&up[i]
				    : i * 0x9e3779b97f4a7c15ul;
	}
	STAY;
	wait_here();
	STAY;
	for (int i = 0; i < 48; i++)
		up[i] = copy[i];
	STAY;
}

static void corrupt(const char *arg)
{
	volatile char room[512];

	room[0] = room[511] = 1;
	puts("chain=wait_here");
	scribble((unsigned)atoi(arg));
	check(room[0] && room[511], "room");
}

/* ---- code of other kinds ---- */

#ifdef __x86_64__
/* A frame by a register that no C function would use so, and that those below keep or not. */
__asm__(".text\n.globl by_hand\n.type by_hand, @function\nby_hand:\n"
	".cfi_startproc\n"
	"push %r12\n.cfi_def_cfa_offset 16\n.cfi_offset 12, -16\n"
	"mov %rsp, %r12\n.cfi_def_cfa_register 12\n"
	"sub $200, %rsp\nand $-64, %rsp\n"
	"call *%rdi\n"
	"mov %r12, %rsp\n.cfi_def_cfa_register 7\n"
	"pop %r12\n.cfi_def_cfa_offset 8\n"
	"ret\n.cfi_endproc\n.size by_hand, . - by_hand\n");
void by_hand(void (*fn)(void));

static void assembler(const char *arg)
{
	(void)arg;
	puts("chain=wait_here inner by_hand");
	by_hand(inner);
	STAY;
}

/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
static const unsigned char jit_code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};

static void jit(const char *arg)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *f;

	(void)arg;
	must(code != MAP_FAILED);
	memcpy(code, jit_code, sizeof(jit_code));
	must(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	f = fopen(path, "we");
	must(f);
	fprintf(f, "%llx %x jitted::method\n", (unsigned long long)(uintptr_t)code,
		(unsigned)sizeof(jit_code));
	must(fclose(f) == 0);
	puts("chain=wait_here inner jitted::method");
	((void (*)(void (*)(void)))(uintptr_t)code)(inner);
	STAY;
	unlink(path);
}

NOINLINE void chosen(void)
{
	inner();
	STAY;
}
__attribute__((used)) static void (*choose(void))(void)
{
	return chosen;
}
void by_ifunc(void) __attribute__((ifunc("choose")));

static void ifunc(const char *arg)
{
	(void)arg;
	puts("chain=wait_here inner chosen");
	by_ifunc();
	STAY;
}

extern const char __executable_start[], etext[];
static uintptr_t step_from, step_to;

/* Single steps, until the first instruction outside of the function and inside of the program: the PLT's. */
NOINLINE void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uintptr_t pc = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];

	(void)sig, (void)info;
	if (over || (pc >= step_from && pc < step_to) || pc < (uintptr_t)__executable_start ||
		pc >= (uintptr_t)etext)
		return;
	over = true;
	u->uc_mcontext.gregs[REG_EFL] &= ~0x100;
	wait_here();
	STAY;
}

NOINLINE __attribute__((aligned(64))) void calls_plt(void)
{
	__asm__ volatile("pushf\norq $0x100, (%%rsp)\npopf" ::: "memory", "cc");
	getppid();
	STAY;
}

static void plt(const char *arg)
{
	struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	(void)arg;
	step_from = (uintptr_t)calls_plt;
	step_to = step_from + 64;
	must(sigaction(SIGTRAP, &trap, NULL) == 0);
	puts("chain=wait_here on_trap getppid@plt calls_plt");
	calls_plt();
	check(over, "stepped through the PLT");
}

/* Single steps, until some within the vDSO have been made. */
NOINLINE void on_step(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uintptr_t pc = (uintptr_t)u->uc_mcontext.gregs[REG_RIP], at = getauxval(AT_SYSINFO_EHDR);
	static unsigned within;

	(void)sig, (void)info;
	if (over || pc < at || pc >= at + 0x2000 || ++within < 5)
		return;
	over = true;
	u->uc_mcontext.gregs[REG_EFL] &= ~0x100;
	wait_here();
	STAY;
}

NOINLINE void calls_vdso(void)
{
	struct timespec now;

	__asm__ volatile("pushf\norq $0x100, (%%rsp)\npopf" ::: "memory", "cc");
	clock_gettime(CLOCK_MONOTONIC, &now);
	STAY;
}

static void vdso(const char *arg)
{
	struct sigaction trap = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};

	(void)arg;
	must(sigaction(SIGTRAP, &trap, NULL) == 0);
	puts("chain=wait_here on_step calls_vdso");
	calls_vdso();
	check(over, "stepped through the vDSO");
}
#endif

NOINLINE int crash_here(volatile const int *where)
{
	return *where;
}

/* Ends by a signal: for its core file. */
static void crash(const char *arg)
{
	(void)arg;
	start(worker, NULL, "bystander");
	wait_for_threads(1);
	puts("chain=crash_here crash main");
	must(fflush(stdout) == 0);
	check(crash_here((int *)16) == 1, "no crash");
	STAY;
}

/* Asleep in a call that a stop would interrupt, with a limit: it would show. */
static void sensitive(const char *arg)
{
	sigset_t none;
	struct timespec long_time = {.tv_sec = 1000};
	int r;

	(void)arg;
	sigemptyset(&none);
	sigaddset(&none, SIGUSR1);
	sigprocmask(SIG_BLOCK, &none, NULL);
	puts("chain=sensitive");
	puts("ready");
	must(fflush(stdout) == 0);
	r = sigtimedwait(&none, NULL, &long_time);
	check(r == SIGUSR1, "sigtimedwait");
}

static const struct mode {
	const char *name;
	void (*run)(const char *arg);
} modes[] = {
	{"plain", plain},
	{"deep", deep},
	{"threads", threads},
	{"deep-threads", deep_threads},
	{"leader", leader},
	{"signals", signals},
	{"spin", spin},
	{"locks", locks},
	{"file-lock", file_lock},
	{"vfork", vfork_parent},
	{"churn", churn},
	{"restless", restless},
	{"corrupt", corrupt},
	{"sensitive", sensitive},
	{"crash", crash},
#ifdef __x86_64__
	{"assembler", assembler},
	{"jit", jit},
	{"ifunc", ifunc},
	{"plt", plt},
	{"vdso", vdso},
#endif
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(argv[1], modes[i].name) != 0)
			continue;
		modes[i].run(argc > 2 ? argv[2] : "");
		return failures ? 1 : 0;
	}
	return 2;
}

/* SPDX-License-Identifier: MIT */
/* build: static static-pie 32 32-static stripped debugframe gz pointer exceptions */
/*
 * Stacks that are known: frames MODE. It calls its way to a place, prints for each of its functions there, innermost first,
 * "NAME RETURN-ADDRESS" ("(fp) VALUE": the frame pointer of the innermost), then "ready", and sleeps in read(2) until its input ends; it exits 0 if all calls then return.
 *
 *	deep N		N functions that call each other
 *	arguments	with arguments of many types
 *	signals		a handler within a handler, the inner one on a stack of its own
 *	null		a call of address 0, as the handler of SIGSEGV sees it
 *	forced		within the stop function of a forced unwinding
 *	cleanup		within a clean-up that an unwinding has called (built with -fexceptions)
 *	jit		through code that was made at run time, with a line in /tmp/perf-PID.map
 *	aligned		through assembler whose frame is found by rbx, and by an expression
 *	needs		asleep in assembler whose frame is found by rbx
 *	bare		asleep in assembler without unwind information that is a system call and no more
 *	plain		through assembler without unwind information but with a frame pointer
 *	step		calls through the PLT, into the vDSO and to a function not yet bound, and at each single instruction of
 *			that prints "s" and waits for a byte; "d" when it is done
 *	alone		two threads; the first one has exited
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#ifdef __clang__
#define APART __attribute__((noinline))
#else
#define APART __attribute__((noinline, noclone))
#endif

/* Nothing follows a call: it must stay one, and not become a jump. */
#define RETURN __asm__ volatile("" ::: "memory")

enum { TRAIL = 4096 };
static struct {
	const char *name;
	void *back;
} trail[TRAIL];
static int depth;

#define ENTER()                                                                                    \
	do {                                                                                       \
		trail[depth].name = __func__;                                                      \
		trail[depth++].back = __builtin_return_address(0);                                 \
	} while (0)

static void say_trail(void)
{
	for (int i = depth; i-- > 0;)
		printf("%s %lx\n", trail[i].name, (unsigned long)(uintptr_t)trail[i].back);
	printf("ready\n");
	fflush(stdout);
}

static APART void rest(void)
{
	char c;

	ENTER();
#ifdef KEEPS_POINTER
	printf("(fp) %lx\n", (unsigned long)(uintptr_t)__builtin_frame_address(0));
#endif
	say_trail();
	while (read(0, &c, 1) > 0)
		;
	depth--;
}

/* Of no stack of its own. */
static inline __attribute__((always_inline)) void through_inlined(void)
{
	rest();
	RETURN;
}

APART void even(int n);
APART void odd(int n);

APART void even(int n)
{
	ENTER();
	if (n > 1)
		odd(n - 1);
	else
		through_inlined();
	RETURN;
	depth--;
}

APART void odd(int n)
{
	char room[200];

	ENTER();
	__asm__ volatile("" ::"r"(room) : "memory");
	if (n > 1)
		even(n - 1);
	else
		rest();
	RETURN;
	depth--;
}

/* Saves the frame pointer of its caller, so that it is known without stopping the thread. */
static APART void saves_pointer(void)
{
	ENTER();
#if defined __x86_64__ && !defined KEEPS_POINTER
	__asm__ volatile("" ::: "rbp");
#elif !defined KEEPS_POINTER
	__asm__ volatile("" ::: "ebp");
#endif
	rest();
	RETURN;
	depth--;
}

/* --- arguments --- */

enum colour { RED, GREEN, BLUE };
struct thing {
	int inside;
};

/* Kept in memory, where they can be found. */
#ifdef __clang__
#define KEPT __attribute__((noinline, optnone))
#else
#define KEPT __attribute__((noinline, noclone, optimize("O0")))
#endif

static KEPT void told(int number, unsigned char letter, const char *text, enum colour colour,
	double real, struct thing thing, const struct thing *to, long long big)
{
	ENTER();
	saves_pointer();
	(void)number, (void)letter, (void)text, (void)colour, (void)real, (void)thing, (void)to,
		(void)big;
	RETURN;
	depth--;
}

static APART void arguments(void)
{
	static const struct thing one = {1};

	ENTER();
	told(-42, 'x', "a\033[2J text", GREEN, 2.5, one, NULL, 1ll << 40);
	RETURN;
	depth--;
}

/* --- signals --- */

static APART void inner_handler(int sig)
{
	ENTER();
	if (sig == SIGUSR2)
		rest();
	RETURN;
	depth--;
}

static APART void between(void)
{
	ENTER();
	raise(SIGUSR2);
	RETURN;
	depth--;
}

static APART void outer_handler(int sig)
{
	ENTER();
	if (sig == SIGUSR1)
		between();
	RETURN;
	depth--;
}

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction a = {.sa_handler = fn, .sa_flags = flags};

	sigaction(sig, &a, NULL);
}

static APART void signals(void)
{
	stack_t own = {.ss_sp = malloc(65536), .ss_size = 65536};

	ENTER();
	sigaltstack(&own, NULL);
	handle(SIGUSR1, outer_handler, 0);
	handle(SIGUSR2, inner_handler, SA_ONSTACK);
	raise(SIGUSR1);
	RETURN;
	depth--;
}

static void *goes_on;

/* Lets the interrupted code go on as if the call of address 0 had returned. */
static APART void segv_handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	ENTER();
	if (sig == SIGSEGV && !info->si_addr)
		rest();
	RETURN;
	depth--;
#ifdef __x86_64__
	uc->uc_mcontext.gregs[REG_RIP] = *(greg_t *)uc->uc_mcontext.gregs[REG_RSP];
	uc->uc_mcontext.gregs[REG_RSP] += 8;
#else
	uc->uc_mcontext.gregs[REG_EIP] = *(greg_t *)uc->uc_mcontext.gregs[REG_ESP];
	uc->uc_mcontext.gregs[REG_ESP] += 4;
#endif
	goes_on = info->si_addr;
}

static APART void null(void)
{
	struct sigaction a = {.sa_sigaction = segv_handler, .sa_flags = SA_SIGINFO};
	void (*volatile nowhere)(void) = NULL;

	ENTER();
	sigaction(SIGSEGV, &a, NULL);
	nowhere();
	RETURN;
	depth--;
}

/* --- unwinding --- */

static struct _Unwind_Exception exception;
static int stops;

static APART _Unwind_Reason_Code stop(int version, _Unwind_Action actions,
	_Unwind_Exception_Class class, struct _Unwind_Exception *e, struct _Unwind_Context *context,
	void *arg)
{
	(void)version, (void)class, (void)e, (void)context, (void)arg;
	if (!stops++) {
		ENTER();
		rest();
		exit(0); /* there is no way back */
	}
	return actions & _UA_END_OF_STACK ? _URC_NORMAL_STOP : _URC_NO_REASON;
}

static APART void forced(void)
{
	ENTER();
	_Unwind_ForcedUnwind(&exception, stop, NULL);
	RETURN;
	depth--;
}

static _Unwind_Reason_Code never_stop(int version, _Unwind_Action actions,
	_Unwind_Exception_Class class, struct _Unwind_Exception *e, struct _Unwind_Context *context,
	void *arg)
{
	(void)version, (void)class, (void)e, (void)context, (void)arg;
	return actions & _UA_END_OF_STACK ? _URC_NORMAL_STOP : _URC_NO_REASON;
}

static APART void at_cleanup(int *p)
{
	(void)p;
	depth--; /* thrower() has been left */
	ENTER();
	rest();
	exit(0);
}

static APART void thrower(void)
{
	ENTER();
	_Unwind_ForcedUnwind(&exception, never_stop, NULL);
	RETURN;
}

static APART void cleanup(void)
{
	int guarded __attribute__((cleanup(at_cleanup), unused)) = 0;

	ENTER();
	thrower();
	RETURN;
	depth--;
}

/* --- code without information --- */

static APART void jit(void)
{
#ifdef __x86_64__
	/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
	static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
#else
	/* push %ebp; mov %esp, %ebp; call *8(%ebp); pop %ebp; ret */
	static const unsigned char code[] = {0x55, 0x89, 0xe5, 0xff, 0x55, 0x08, 0x5d, 0xc3};
#endif
	unsigned char *page = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *f;

	ENTER();
	memcpy(page + 0x40, code, sizeof(code));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	f = fopen(path, "w");
	fprintf(f, "1000 10 elsewhere\n%lx 8 made at run time\n",
		(unsigned long)(uintptr_t)page + 0x40);
	fclose(f);
	((void (*)(void (*)(void)))(uintptr_t)(page + 0x40))(saves_pointer);
	unlink(path);
	RETURN;
	depth--;
}

#ifdef __x86_64__
void by_rbx(void (*fn)(void));
void by_expression(void (*fn)(void));
void plain_pointer(void (*fn)(void));
void sleeps_by_rbx(void);
void bare_syscall(void);

__asm__(".text\n"
	".type by_rbx, @function\n"
	"by_rbx:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset rbx, -16\n"
	"	mov %rsp, %rbx\n"
	"	.cfi_def_cfa_register rbx\n"
	"	and $-256, %rsp\n"
	"	sub $512, %rsp\n"
	"	call *%rdi\n"
	"	mov %rbx, %rsp\n"
	"	.cfi_def_cfa_register rsp\n"
	"	pop %rbx\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size by_rbx, . - by_rbx\n"
	".type by_expression, @function\n"
	"by_expression:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	mov %rsp, %rbx\n"
	/* DW_CFA_def_cfa_expression: DW_OP_breg3 (rbx) 16; DW_CFA_expression rbx: DW_OP_breg3 0 */
	"	.cfi_escape 0x0f, 2, 0x73, 16\n"
	"	.cfi_escape 0x10, 3, 2, 0x73, 0\n"
	"	and $-256, %rsp\n"
	"	sub $512, %rsp\n"
	"	call *%rdi\n"
	"	mov %rbx, %rsp\n"
	"	pop %rbx\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size by_expression, . - by_expression\n"
	".type plain_pointer, @function\n"
	"plain_pointer:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	sub $32, %rsp\n"
	"	call *%rdi\n"
	"	leave\n"
	"	ret\n"
	".size plain_pointer, . - plain_pointer\n"
	".type bare_syscall, @function\n"
	"bare_syscall:\n"
	"1:	xor %eax, %eax\n" /* read(0, rsp - 64, 1), of what it does not own */
	"	xor %edi, %edi\n"
	"	lea -64(%rsp), %rsi\n"
	"	mov $1, %edx\n"
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jg 1b\n"
	"	ret\n"
	".size bare_syscall, . - bare_syscall\n"
	".type sleeps_by_rbx, @function\n"
	"sleeps_by_rbx:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset rbx, -16\n"
	"	mov %rsp, %rbx\n"
	"	.cfi_def_cfa_register rbx\n"
	"	and $-256, %rsp\n"
	"	sub $512, %rsp\n"
	"1:	xor %eax, %eax\n" /* read(0, rsp, 1) */
	"	xor %edi, %edi\n"
	"	mov %rsp, %rsi\n"
	"	mov $1, %edx\n"
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jg 1b\n"
	"	mov %rbx, %rsp\n"
	"	.cfi_def_cfa_register rsp\n"
	"	pop %rbx\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size sleeps_by_rbx, . - sleeps_by_rbx\n");

/* Saves rbx, as functions do that use it. */
static APART void uses_rbx(void)
{
	ENTER();
	__asm__ volatile("" ::: "rbx");
	rest();
	RETURN;
	depth--;
}

static APART void within(void)
{
	ENTER();
	__asm__ volatile("" ::: "rbx");
	by_rbx(uses_rbx);
	RETURN;
	depth--;
}

static APART void aligned(void)
{
	ENTER();
	by_expression(within);
	RETURN;
	depth--;
}

static APART void needs(void)
{
	ENTER();
	say_trail();
	sleeps_by_rbx();
	RETURN;
	depth--;
}

static APART void bare(void)
{
	ENTER();
	say_trail();
	bare_syscall();
	RETURN;
	depth--;
}

static APART void plain(void)
{
	ENTER();
	plain_pointer(saves_pointer);
	RETURN;
	depth--;
}
#endif

/* --- instruction by instruction --- */

static volatile int stepping;

static void on_trap(int sig)
{
	char c = 's';

	(void)sig;
	if (stepping && (write(1, &c, 1) != 1 || read(0, &c, 1) != 1))
		_exit(1);
}

static inline void trap_flag(int on)
{
#ifdef __x86_64__
	__asm__ volatile(
		"sub $128, %%rsp; pushf; btrq $8, (%%rsp); or %0, (%%rsp); popf; add $128, %%rsp" ::
			"r"(on ? 0x100ul : 0ul)
		: "cc", "memory");
#else
	__asm__ volatile("pushf; btrl $8, (%%esp); or %0, (%%esp); popf" ::"r"(on ? 0x100ul : 0ul)
			 : "cc", "memory");
#endif
}

static APART void stepped(void)
{
	static char *(*volatile find)(const char *, int);
	time_t t;
	char name[] = "7";

	ENTER();
	say_trail();
	find = strchr;
	time(&t);
	stepping = 1;
	trap_flag(1);
	if (atol(name) != 7) /* through the PLT, bound now */
		exit(1);

	time(&t);        /* in the vDSO */
	find(name, '7'); /* chosen by the processor */
	stepping = 0;
	trap_flag(0);
	if (write(1, "d", 1) != 1)
		exit(1);
	RETURN;
	depth--;
}

static APART void step(void)
{
	ENTER();
	handle(SIGTRAP, on_trap, 0);
	stepped();
	RETURN;
	depth--;
}

/* --- */

static void *lives_on(void *leader)
{
	pthread_join(*(pthread_t *)leader, NULL);
	odd(3);
	exit(0);
}

static APART void alone(void)
{
	static pthread_t leader;
	pthread_t other;

	leader = pthread_self();
	pthread_create(&other, NULL, lives_on, &leader);
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} modes[] = {
		{"signals", signals},
		{"null", null},
		{"forced", forced},
		{"cleanup", cleanup},
		{"jit", jit},
		{"step", step},
		{"arguments", arguments},
		{"alone", alone},
#ifdef __x86_64__
		{"aligned", aligned},
		{"needs", needs},
		{"plain", plain},
		{"bare", bare},
#endif
	};
	const char *mode = argc > 1 ? argv[1] : "deep";

	if (strcmp(mode, "deep") == 0)
		odd(argc > 2 ? atoi(argv[2]) : 10);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(mode, modes[i].name) == 0)
			modes[i].fn();
	}
	return depth != 0 || goes_on;
}

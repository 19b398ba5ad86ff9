/* SPDX-License-Identifier: MIT */
/*
 * Targets that must be left alone: each is refused with its reason, soon, and is as before.
 * `--naive` fails.
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"
#include "../lib/target.h"

#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static struct hazard h;

/* Turns without any system call, for those who may make none. */
static _Noreturn void turn_silently(struct facts *f)
{
	for (;;) {
		for (volatile int i = 0; i < 100000; i++)
			;
		f->turns++;
	}
}

static void confined_strictly(struct facts *f)
{
	f->ready = 1;
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	f->go = 1;
	turn_silently(f);
}

static void install_filter(uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_nanosleep, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_nanosleep, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, action),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) != 0)
		_exit(3);
}

static void filtered_to_death(struct facts *f)
{
	install_filter(SECCOMP_RET_KILL_PROCESS);
	f->ready = 1;
	facts_turn_forever(f);
}

static void filtered_by_errno(struct facts *f)
{
	install_filter(SECCOMP_RET_ERRNO | EPERM);
	f->ready = 1;
	facts_turn_forever(f);
}

static void filtered_by_trap(struct facts *f)
{
	install_filter(SECCOMP_RET_TRAP);
	f->ready = 1;
	facts_turn_forever(f);
}

static volatile char dispatch = 0;

static void on_sigsys(int sig)
{
	(void)sig;
	dispatch = 0; /* it was not us who called */
}

static void dispatching(struct facts *f)
{
	struct sigaction sa = {.sa_handler = on_sigsys};

	sigaction(SIGSYS, &sa, NULL);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &dispatch) != 0)
		f->v[0] = errno;
	f->ready = 1;
	dispatch = 1;
	for (;;) {
		for (volatile int i = 0; i < 100000; i++)
			;
		f->turns++;
		if (!dispatch)
			f->v[1]++;
		dispatch = 1;
	}
}

static void turning(struct facts *f)
{
	f->ready = 1;
	facts_turn_forever(f);
}

static void in_vfork(struct facts *f)
{
	f->begun = now_us();
	f->ready = 1;
	pid_t child = vfork();

	if (child == 0) {
		struct timespec t = {1, 0};

		syscall(SYS_nanosleep, &t, NULL);
		_exit(7);
	}
	int status;

	f->ended = now_us();
	waitpid(child, &status, 0);
	f->ret = WEXITSTATUS(status);
	f->done = 1;
	facts_turn_forever(f);
}

static void refused(const char *what, void (*fn)(struct facts *f), int want)
{
	struct prey p;

	prey_start(&p, fn);
	sleep_us(20000);
	hazard_err(&h, hazard_visit(&h, &p, 0), what, want, LIST_END);
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
}

static void test_dispatch(void)
{
	struct prey p;

	prey_start(&p, dispatching);
	if (p.f->v[0]) {
		hazard_ok(&h, true, "syscall user dispatch # SKIP this kernel has none");
	} else {
		sleep_us(5000);
		hazard_err(&h, hazard_visit(&h, &p, 0), "syscall user dispatch", ERR_SUD, LIST_END);
		hazard_unharmed(&h, &p, "syscall user dispatch");
		hazard_ok(&h, p.f->v[1] == 0, "syscall user dispatch: no SIGSYS was seen");
	}
	prey_end(&p);
}

static void test_traced(void)
{
	struct prey p;
	pid_t tracer;

	prey_start(&p, turning);
	tracer = fork();
	if (tracer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_SEIZE, p.pid, NULL, NULL);
		p.f->go = 1;
		pause();
	}
	while (!p.f->go)
		sleep_us(200);
	hazard_err(&h, hazard_visit(&h, &p, 0), "traced by another", ERR_TRACED, LIST_END);
	kill(tracer, SIGKILL);
	waitpid(tracer, NULL, 0);
	hazard_unharmed(&h, &p, "traced by another");
	prey_end(&p);
}

static void test_vfork(void)
{
	struct prey p;
	uint64_t ms;

	prey_start(&p, in_vfork);
	sleep_us(100000);
	hazard_err(&h, hazard_visit(&h, &p, 0), "vfork parent", ERR_VFORK, LIST_END);
	hazard_ok(
		&h, prey_done(&p, 4000) && p.f->ret == 7, "vfork parent: gets its child's status");
	ms = (p.f->ended - p.f->begun) / 1000;
	hazard_ok(&h, ms >= 998 && ms < 3000, "vfork parent: returned after %lu ms",
		(unsigned long)ms);
	prey_picture(&p);
	hazard_unharmed(&h, &p, "vfork parent");
	prey_end(&p);
}

static void test_frozen(const char *root, const char *file, const char *on, const char *off)
{
	char dir[128], pid[16], what[160];
	struct prey p;

	snprintf(what, sizeof(what), "frozen by %s", root);
	snprintf(dir, sizeof(dir), "%s/ptools-%d", root, getpid());
	if (mkdir(dir, 0755) != 0) {
		hazard_ok(&h, true, "%s # SKIP no such control groups here", what);
		return;
	}
	prey_start(&p, turning);
	snprintf(pid, sizeof(pid), "%d", p.pid);
	if (hazard_put(dir, "cgroup.procs", pid) && hazard_put(dir, file, on)) {
		sleep_us(50000);
		hazard_err(&h, hazard_visit(&h, &p, 0), what, ERR_FROZEN, LIST_END);
		hazard_put(dir, file, off);
		hazard_unharmed(&h, &p, what);
	} else {
		hazard_put(dir, file, off);
		hazard_ok(&h, true, "%s # SKIP cannot freeze", what);
	}
	prey_end(&p);
	sleep_us(20000);
	rmdir(dir);
}

static void test_dead(void)
{
	struct prey p;
	pid_t pid;

	prey_start(&p, turning);
	pid = p.pid;
	kill(pid, SIGKILL);
	sleep_us(50000);
	hazard_err(&h, hazard_visit(&h, &p, 0), "zombie", ERR_ZOMBIE, LIST_END);
	prey_end(&p);
	p.pid = pid;
	hazard_err(&h, hazard_visit(&h, &p, 0), "reaped process", ERR_NOPROC, ERR_GONE, LIST_END);
	p.pid = 2;
	hazard_err(&h, hazard_visit(&h, &p, 0), "kernel thread", ERR_KTHREAD, LIST_END);
}

/* Memory that takes a while to be written into a core file, or to be given back. */
#define HEAVY_BYTES (512ul << 20)

static char dump_dir[] = "/tmp/ptools-dump.XXXXXX";

static void heavy(struct facts *f)
{
	char *m =
		mmap(NULL, HEAVY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	/* Here, unless the system's core pattern says elsewhere. */
	if (m == MAP_FAILED || chdir(dump_dir) || setrlimit(RLIMIT_CORE, &unlimited))
		_exit(3);
	memset(m, 1, HEAVY_BYTES);
	f->ready = 1;
	while (!f->go)
		sleep_us(1000);
	abort();
}

/* Whether it is in the middle of its dump, waiting for that; false when it never is. */
static bool dumping(pid_t pid)
{
	for (int i = 0; i < 5000; i++) {
		if (target_status(pid, "CoreDumping") == 1)
			return true;
		if (target_status(pid, "Threads") < 1)
			return false;
		sleep_us(200);
	}
	return false;
}

static void remove_dump(void)
{
	DIR *d = opendir(dump_dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_type == DT_REG)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dump_dir);
}

static void test_dumping(void)
{
	siginfo_t si = {0};
	struct prey p;

	prey_start(&p, heavy);
	p.f->go = 1;
	if (!dumping(p.pid)) {
		hazard_ok(&h, true, "dumping core # SKIP cores are not written here");
	} else {
		hazard_err(&h, hazard_visit(&h, &p, 0), "dumping core", ERR_DUMPING, LIST_END);
		waitid(P_PID, (id_t)p.pid, &si, WEXITED | WNOWAIT);
		hazard_ok(&h, si.si_code == CLD_DUMPED && si.si_status == SIGABRT,
			"dumping core: the dump is complete");
	}
	prey_end(&p);
}

/* Giving back its memory: whatever it is called, it is found out at once, and it ends as it would have. */
static void test_dying(void)
{
	siginfo_t si = {0};
	struct prey p;

	prey_start(&p, heavy);
	kill(p.pid, SIGKILL);
	hazard_err(&h, hazard_visit(&h, &p, 0), "being killed", ERR_DYING, ERR_ZOMBIE, ERR_GONE,
		LIST_END);
	waitid(P_PID, (id_t)p.pid, &si, WEXITED | WNOWAIT);
	hazard_ok(&h, si.si_code == CLD_KILLED && si.si_status == SIGKILL, "being killed: it was");
	prey_end(&p);
}

/* One thread may not be touched, the others may. */
static void *confined_thread(void *arg)
{
	struct facts *f = arg;

	install_filter(SECCOMP_RET_KILL_PROCESS);
	f->ready = 1;
	for (;;)
		sleep_us(1000);
	return NULL;
}

static void one_thread_confined(struct facts *f)
{
	pthread_t t;

	pthread_create(&t, NULL, confined_thread, f);
	facts_turn_forever(f);
}

static void test_mixed(void)
{
	struct prey p;
	int err = 0;

	prey_start(&p, one_thread_confined);
	for (unsigned i = 0; i < 20 && (err == 0 || err == ERR_SECCOMP); i++)
		err = hazard_visit(&h, &p, 0);
	hazard_err(&h, err, "one thread of two under seccomp", 0, ERR_SECCOMP, LIST_END);
	hazard_unharmed(&h, &p, "one thread of two under seccomp");
	prey_end(&p);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	refused("seccomp strict", confined_strictly, ERR_SECCOMP);
	refused("seccomp filter that kills", filtered_to_death, ERR_SECCOMP);
	refused("seccomp filter with errno", filtered_by_errno, ERR_SECCOMP);
	refused("seccomp filter that traps", filtered_by_trap, ERR_SECCOMP);
	test_mixed();
	test_dispatch();
	test_traced();
	test_vfork();
	test_frozen("/sys/fs/cgroup/freezer", "freezer.state", "FROZEN", "THAWED");
	test_frozen("/sys/fs/cgroup/unified", "cgroup.freeze", "1", "0");
	test_dead();
	if (!mkdtemp(dump_dir))
		return 2;
	test_dumping();
	remove_dump();
	if (mkdir(dump_dir, 0755))
		return 2;
	test_dying();
	remove_dump();
	return tap_done(&h.tap);
}

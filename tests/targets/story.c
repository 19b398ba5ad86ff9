/* SPDX-License-Identifier: MIT */
/* build: 32 static */
/*
 * Programs whose story is known: each mode prints what a trace of it must show, one `name=value` a line, does it,
 * and ends with status 0 only if all went as without a tracer.
 */
#define _GNU_SOURCE
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "victim.h"

static volatile sig_atomic_t handled;

static void count(int sig)
{
	(void)sig;
	handled++;
}

static void on(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

	must(sigaction(sig, &sa, NULL) == 0);
}

static void fact(const char *name, long value)
{
	printf("%s=%ld\n", name, value);
	must(fflush(stdout) == 0);
}

/* ---- files ---- */

static int files(char **arg)
{
	char path[256], text[64], small[8];
	struct stat s;
	int fd;

	snprintf(path, sizeof path, "%s/a \"file\"\n", arg[0]);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	must(fd >= 0);
	fact("fd", fd);
	must(write(fd, "hello, world: forty bytes are enough...\n", 40) == 40);
	must(lseek(fd, 0, SEEK_SET) == 0);
	must(read(fd, text, sizeof text) == 40);
	must(read(fd, text, sizeof text) == 0);
	must(pread(fd, small, 5, 7) == 5);
	must(fstat(fd, &s) == 0 && s.st_size == 40);
	fact("ino", (long)s.st_ino);
	must(close(fd) == 0);
	must(close(fd) == -1 && errno == EBADF);
	must(open("/nonexistent/file", O_RDONLY) == -1 && errno == ENOENT);
	must(syscall(9999, 1, 2, 3) == -1 && errno == ENOSYS);
	must(unlink(path) == 0);
	return 0;
}

/* ---- signals ---- */

static void note_alarm(int sig)
{
	(void)sig;
}

/* Again and again: one that comes too early for the call it is to interrupt is followed by another. */
static void alarms(long us)
{
	must(setitimer(ITIMER_REAL, &(struct itimerval){{0, us}, {0, us}}, NULL) == 0);
}

static int signals(char **arg)
{
	struct timespec long_time = {30, 0};

	(void)arg;
	on(SIGUSR1, count, 0);
	on(SIGUSR2, SIG_IGN, 0);
	for (int i = 0; i < 3; i++)
		must(raise(SIGUSR1) == 0);
	must(raise(SIGUSR2) == 0);
	must(handled == 3);
	on(SIGALRM, note_alarm, 0);
	alarms(200000);
	must(pause() == -1 && errno == EINTR);
	alarms(0);
	on(SIGALRM, note_alarm, SA_RESTART);
	alarms(200000);
	must(nanosleep(&long_time, &long_time) == -1 && errno == EINTR);
	alarms(0);
	fact("handled", handled);
	return handled == 3 ? 0 : 1;
}

static void leave(int sig)
{
	_exit(sig == SIGSEGV ? 0 : 1);
}

/* A fault that is handled. */
static int fault(char **arg)
{
	volatile uintptr_t nowhere = 16;

	(void)arg;
	on(SIGSEGV, leave, 0);
	*(volatile char *)nowhere = 1;
	return 1;
}

static int die(char **arg)
{
	must(raise(atoi(arg[0])) == 0);
	pause();
	return 1;
}

/* Stops itself; somebody sends SIGCONT. */
static int stop(char **arg)
{
	(void)arg;
	on(SIGCONT, count, 0);
	fact("pid", getpid());
	must(raise(SIGSTOP) == 0);
	fact("continued", handled);
	return handled == 1 ? 0 : 1;
}

/* ---- processes ---- */

static int forks(char **arg)
{
	int n = atoi(arg[0]), status;

	on(SIGCHLD, count, SA_NOCLDSTOP | SA_RESTART);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (!pid)
			_exit(i + 1);
		fact("child", pid);
		must(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == i + 1);
	}
	/* Each death tells its parent once. */
	fact("sigchld", handled);
	return handled == n ? 0 : 1;
}

static int vforks(char **arg)
{
	char *const args[] = {"true", NULL};
	int status;
	pid_t pid;

	(void)arg;
	must(posix_spawn(&pid, "/bin/true", NULL, NULL, args, environ) == 0);
	fact("child", pid);
	must(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

/* In a call that a handler would interrupt; the end of a child is of no interest to it, and must not be noticed. */
static int discarded(char **arg)
{
	struct epoll_event e = {.events = EPOLLIN};
	int fd = epoll_create1(EPOLL_CLOEXEC), p[2];

	(void)arg;
	must(fd >= 0 && pipe(p) == 0 && epoll_ctl(fd, EPOLL_CTL_ADD, p[0], &e) == 0);
	if (!fork()) {
		usleep(50000);
		_exit(1);
	}
	if (!fork()) {
		usleep(400000);
		_exit(write(p[1], "x", 1) == 1 ? 0 : 1);
	}
	fact("returned", epoll_wait(fd, &e, 1, -1));
	return 0;
}

/*
 * In the middle of a write to a pipe that is full when a child ends, which is of no interest to it: untraced it does
 * not even wake. The reader begins later.
 */
static int long_write(char **arg)
{
	static char bytes[1 << 20];
	int p[2], status;
	pid_t reader;

	(void)arg;
	must(pipe(p) == 0);
	reader = fork();
	if (!reader) {
		close(p[1]);
		usleep(600000);
		while (read(p[0], bytes, sizeof bytes) > 0)
			;
		_exit(0);
	}
	if (!fork()) {
		usleep(200000);
		_exit(1);
	}
	close(p[0]);
	fact("written", write(p[1], bytes, sizeof bytes));
	close(p[1]);
	must(waitpid(reader, &status, 0) == reader && status == 0);
	return 0;
}

/* A parent that waits in vfork(2) for longer than a second. */
static int long_vfork(char **arg)
{
	int status;
	pid_t pid = vfork();

	(void)arg;
	if (!pid) {
		sleep(1);
		usleep(600000);
		_exit(3);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	return 0;
}

/* In seccomp's strict mode, where all but four calls would kill it. */
static int confined(char **arg)
{
	(void)arg;
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	if (write(STDOUT_FILENO, "confined\n", 9) == 9)
		syscall(SYS_exit, 5);
	return 1;
}

/* ---- threads ---- */

static void *ask(void *arg)
{
	for (long i = 0; i < (long)(intptr_t)arg; i++)
		syscall(SYS_getppid);
	return (void *)(intptr_t)gettid();
}

static int threads(char **arg)
{
	int n = atoi(arg[0]);
	pthread_t *t = calloc((size_t)n, sizeof *t);
	void *tid;

	must(t);
	fact("pid", getpid());
	for (int i = 0; i < n; i++)
		must(pthread_create(&t[i], NULL, ask, (void *)(intptr_t)atol(arg[1])) == 0);
	for (int i = 0; i < n; i++) {
		must(pthread_join(t[i], &tid) == 0);
		fact("tid", (long)(intptr_t)tid);
	}
	free(t);
	return 0;
}

static void *executes(void *arg)
{
	char **self = arg;

	fact("tid", gettid());
	if (self[2])
		victim_wait();
	execl(self[0], self[0], "files", self[1], NULL);
	exit(70);
}

static void *waits(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

/* Another thread than the first one executes a program: this one. */
static int exec_by(char *self[])
{
	pthread_t t;

	fact("pid", getpid());
	must(pthread_create(&t, NULL, waits, NULL) == 0);
	must(pthread_create(&t, NULL, executes, self) == 0);
	for (;;)
		pause();
}

static int exec_by_thread(char **arg)
{
	return exec_by((char *[]){"/proc/self/exe", arg[0], NULL});
}

/* The same at the end of its input. */
static int exec_later(char **arg)
{
	return exec_by((char *[]){"/proc/self/exe", arg[0], "later"});
}

/* ---- asleep, while somebody comes and goes ---- */

static sem_t ready, over;
static int epoll_fd, pipe_in, pipe_out, sem_id;
static int interrupted;

static void *in_epoll(void *arg)
{
	struct epoll_event e;

	(void)arg;
	sem_post(&ready);
	if (epoll_wait(epoll_fd, &e, 1, -1) != 1)
		__atomic_add_fetch(&interrupted, 1, __ATOMIC_SEQ_CST);
	sem_post(&over);
	return NULL;
}

static void *in_semop(void *arg)
{
	struct sembuf op = {0, -1, 0};

	(void)arg;
	sem_post(&ready);
	if (semop(sem_id, &op, 1) != 0)
		__atomic_add_fetch(&interrupted, 1, __ATOMIC_SEQ_CST);
	sem_post(&over);
	return NULL;
}

static void *in_sigwait(void *arg)
{
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sem_post(&ready);
	if (sigwaitinfo(&set, NULL) != SIGUSR1)
		__atomic_add_fetch(&interrupted, 1, __ATOMIC_SEQ_CST);
	sem_post(&over);
	return NULL;
}

static void *in_read(void *arg)
{
	char c;

	(void)arg;
	sem_post(&ready);
	if (read(pipe_in, &c, 1) != 1)
		__atomic_add_fetch(&interrupted, 1, __ATOMIC_SEQ_CST);
	sem_post(&over);
	return NULL;
}

static volatile bool ends;

/* With a time limit: nobody can put that right, unless it has only just begun. */
static void *in_timed_epoll(void *arg)
{
	struct epoll_event e;
	int fd = epoll_create1(EPOLL_CLOEXEC);

	(void)arg;
	sem_post(&ready);
	while (!ends)
		if (epoll_wait(fd, &e, 1, 250) != 0)
			__atomic_add_fetch(&interrupted, 1, __ATOMIC_SEQ_CST);
	close(fd);
	sem_post(&over);
	return NULL;
}

/*
 * Threads in calls that a stop makes return EINTR, unless it is put right. Waits for the end of its
 * input, wakes them, and says how many saw EINTR.
 */
static int asleep(char **arg)
{
	static void *(*const how[])(void *) = {
		in_epoll, in_semop, in_sigwait, in_read, in_timed_epoll};
	struct epoll_event e = {.events = EPOLLIN};
	struct sembuf up = {0, 1, 0};
	sigset_t set;
	pthread_t t[5];
	int p[2], q[2];

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	must(pipe(p) == 0 && pipe(q) == 0);
	pipe_in = q[0];
	pipe_out = q[1];
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p[0], &e) == 0);
	sem_id = semget(IPC_PRIVATE, 1, 0600);
	must(sem_id >= 0);
	for (int i = 0; i < 5; i++)
		must(pthread_create(&t[i], NULL, how[i], NULL) == 0);
	for (int i = 0; i < 5; i++)
		must(sem_wait(&ready) == 0);
	usleep(100000);
	victim_wait();
	ends = true;
	must(write(p[1], "", 1) == 1 && semop(sem_id, &up, 1) == 0 &&
		kill(getpid(), SIGUSR1) == 0 && write(pipe_out, "", 1) == 1);
	for (int i = 0; i < 5; i++)
		must(sem_wait(&over) == 0);
	must(semctl(sem_id, 0, IPC_RMID) == 0);
	fact("interrupted", interrupted);
	return interrupted ? 1 : 0;
}

/* ---- one busy, many asleep ---- */

static void *sleeps(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static int crowd(char **arg)
{
	int n = atoi(arg[0]);
	long calls = atol(arg[1]);
	struct timespec a, b;
	pthread_attr_t attr;
	pthread_t t;

	must(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, 65536) == 0);
	for (int i = 0; i < n; i++)
		must(pthread_create(&t, &attr, sleeps, NULL) == 0);
	usleep(200000);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("ns=%ld\n", ((b.tv_sec - a.tv_sec) * 1000000000l + b.tv_nsec - a.tv_nsec) / calls);
	must(fflush(stdout) == 0);
	_exit(0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **arg);
		int args;
	} mode[] = {{"files", files, 1}, {"signals", signals, 0}, {"fault", fault, 0},
		{"die", die, 1}, {"stop", stop, 0}, {"forks", forks, 1},
		{"discarded", discarded, 0}, {"long-write", long_write, 0}, {"vforks", vforks, 0},
		{"long-vfork", long_vfork, 0}, {"confined", confined, 0}, {"threads", threads, 2},
		{"exec-by-thread", exec_by_thread, 1}, {"exec-later", exec_later, 1},
		{"asleep", asleep, 0}, {"crowd", crowd, 2}};

	for (size_t i = 0; i < sizeof mode / sizeof *mode; i++)
		if (argc == mode[i].args + 2 && !strcmp(argv[1], mode[i].name))
			return mode[i].run(argv + 2);
	fprintf(stderr, "story: no such mode\n");
	return 2;
}

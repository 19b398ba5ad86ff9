/* SPDX-License-Identifier: MIT */
/* build: 32 */
/*
 * A victim to be stopped and set running again. `calls`: threads that sleep in calls of many kinds, and one that
 * counts; none may see EINTR, a short sleep or a lost signal, but for epoll_wait(2), which counts how often it was
 * interrupted. `tree`: a family that forks and ends all the time. `vfork`: a parent that waits for its child.
 * `exec`, `exec-first`: the second thread, or the first, becomes `calls` when it is given a byte. `sleep`: how long a
 * sleep of three seconds took, in milliseconds. `child`: `calls` in a child, whose stops are told of as told=WORD.
 * `squat UID`: sits on two of the addresses of that user's keeper, and listens at the first.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "victim.h"

static atomic_bool over;
static atomic_int signals, waiting, interrupted;
static atomic_ulong count;
static int echo[2];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void begin(const char *what)
{
	printf("%s=%d\n", what, (int)syscall(SYS_gettid));
	must(fflush(stdout) == 0);
	waiting++;
}

static void *sleeps(void *arg)
{
	struct timespec t = {.tv_nsec = 50000000};

	begin(arg);
	while (!over) {
		uint64_t begun = now_ns();

		must(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) == 0);
		must(now_ns() - begun >= 50000000);
	}
	return NULL;
}

static void *polls(void *arg)
{
	begin(arg);
	while (!over) {
		uint64_t begun = now_ns();

		must(poll(NULL, 0, 40) == 0);
		must(now_ns() - begun >= 39000000);
	}
	return NULL;
}

static void *reads(void *arg)
{
	char c;

	begin(arg);
	while (read(echo[0], &c, 1) == 1)
		;
	must(over);
	return NULL;
}

static void *waits(void *arg)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	begin(arg);
	while (!over) {
		struct timespec t;

		must(clock_gettime(CLOCK_REALTIME, &t) == 0);
		t.tv_nsec += 30000000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		pthread_mutex_trylock(&lock);
		must(pthread_mutex_timedlock(&lock, &t) == ETIMEDOUT);
	}
	return NULL;
}

/* Its callers are found by a register that /proc does not show of a sleeping thread. */
__attribute__((noinline)) static void counting(size_t room)
{
	volatile char *p = __builtin_alloca(room);

	while (!over) {
		p[0]++;
		count++;
		sched_yield();
	}
}

static void *counts(void *arg)
{
	begin(arg);
	counting((size_t)waiting * 8 + 64);
	must(over);
	return NULL;
}

/* Each of its signals must arrive: queued, one by one. The last is the one with a value. */
static void *receives(void *arg)
{
	siginfo_t info = {0};
	sigset_t set;
	int got = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	begin(arg);
	while (got != SIGRTMIN || info.si_code != SI_QUEUE) {
		got = sigwaitinfo(&set, &info);
		must(got == SIGRTMIN || errno == EINTR);
		signals += got == SIGRTMIN;
	}
	must(over);
	return NULL;
}

/* Without end, until the other end of the pipe is closed. */
static void *epolls(void *arg)
{
	struct epoll_event e = {.events = EPOLLIN};
	int fd = epoll_create1(EPOLL_CLOEXEC), got = 0;

	must(fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, echo[0], &e) == 0);
	begin(arg);
	while (got <= 0) {
		got = epoll_wait(fd, &e, 1, -1);
		must(got == 1 || (got == -1 && errno == EINTR));
		interrupted += got < 0;
	}
	must(over);
	return NULL;
}

#define JOBS 7
static void calls(void)
{
	static void *(*const job[JOBS])(void *) = {
		sleeps, polls, reads, waits, counts, receives, epolls};
	static const char *const name[JOBS] = {
		"sleeps", "polls", "reads", "waits", "counts", "receives", "epolls"};
	unsigned long before;
	pthread_t t[JOBS];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	must(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0 && pipe(echo) == 0);
	for (int i = 0; i < JOBS; i++)
		must(pthread_create(&t[i], NULL, job[i], (void *)(uintptr_t)name[i]) == 0);
	while (waiting < JOBS)
		usleep(1000);
	printf("pid=%d\n", (int)getpid());
	victim_wait();
	before = count;
	while (count < before + 1000)
		sched_yield();
	over = true;
	must(close(echo[1]) == 0);
	must(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 1}) == 0);
	for (int i = 0; i < JOBS; i++)
		must(pthread_join(t[i], NULL) == 0);
	printf("signals=%d\ninterrupted=%d\n", signals - 1, interrupted);
}

/* Each generation makes the next one, which lives longer than its parent. */
_Noreturn static void grow(int generation)
{
	while (generation-- > 0 && fork() == 0)
		usleep(5000);
	_exit(0);
}

/* One that stays, with children that stay and children that do not. */
static void tree(void)
{
	int life[2];
	char c;

	must(pipe(life) == 0);
	/* Orphans come to us: whose parent has ended is still a descendant. They leave no zombies. */
	must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 && signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < 3; i++) {
		if (fork())
			continue;
		close(life[1]);
		if (i < 2 && fork() == 0)
			while (read(life[0], &c, 1) == 1)
				;
		while (i == 2 && poll(&(struct pollfd){life[0], POLLIN, 0}, 1, 20) == 0) {
			if (fork() == 0)
				grow(3);
		}
		while (read(life[0], &c, 1) == 1)
			;
		while (waitpid(-1, NULL, 0) > 0)
			;
		_exit(0);
	}
	printf("pid=%d\n", (int)getpid());
	victim_wait();
	close(life[1]);
	/* Ended, all of them; also those who were made meanwhile. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	must(errno == ECHILD);
}

static void parent_waits(void)
{
	char c;

	printf("pid=%d\nready\n", (int)getpid());
	must(fflush(stdout) == 0);
	if (vfork() == 0) {
		while (read(STDIN_FILENO, &c, 1) == 1)
			;
		_exit(0);
	}
	must(wait(NULL) > 0);
}

static void *becomes(void *arg)
{
	char c;

	begin("becomes");
	must(read(STDIN_FILENO, &c, 1) == 1);
	execl("/proc/self/exe", "stops", "calls", (char *)NULL);
	must(0);
	return arg;
}

static void executes(bool first)
{
	pthread_t t;

	printf("pid=%d\nready\n", (int)getpid());
	must(pthread_create(&t, NULL, first ? sleeps : becomes, (void *)(uintptr_t) "sleeps") == 0);
	while (!waiting)
		usleep(1000);
	if (first)
		becomes(NULL);
	for (;;)
		pause();
}

static void sleeps_long(void)
{
	struct timespec t = {.tv_sec = 3};
	uint64_t begun = now_ns();

	printf("pid=%d\nready\n", (int)getpid());
	must(fflush(stdout) == 0);
	must(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) == 0);
	printf("slept=%llu\n", (unsigned long long)(now_ns() - begun) / 1000000);
	must(fflush(stdout) == 0);
}

static void tell_of_child(void)
{
	int status;
	pid_t pid = fork();

	must(pid >= 0);
	if (!pid) {
		calls();
		return;
	}
	close(STDIN_FILENO);
	for (;;) {
		must(waitpid(pid, &status, WUNTRACED | WCONTINUED) == pid);
		if (WIFEXITED(status) || WIFSIGNALED(status))
			break;
		printf("told=%s\n", WIFSTOPPED(status) ? "stopped" : "continued");
		must(fflush(stdout) == 0);
	}
	must(status == 0);
}

static void squat(const char *uid)
{
	for (int i = 0; i < 2; i++) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		int n = snprintf(
			a.sun_path + 1, sizeof a.sun_path - 1, "ptools-keeper-%s-%d", uid, i);
		socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);

		must(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 &&
			(i || listen(fd, 9) == 0));
	}
	prctl(PR_SET_NAME, "ptools-keeper");
	victim_wait();
}

int main(int argc, char **argv)
{
	must(argc >= 2);
	if (!strcmp(argv[1], "calls"))
		calls();
	else if (!strcmp(argv[1], "tree"))
		tree();
	else if (!strncmp(argv[1], "exec", 4))
		executes(argv[1][4] == '-');
	else if (!strcmp(argv[1], "squat") && argc == 3)
		squat(argv[2]);
	else if (!strcmp(argv[1], "child"))
		tell_of_child();
	else if (!strcmp(argv[1], "sleep"))
		sleeps_long();
	else
		parent_waits();
	return 0;
}

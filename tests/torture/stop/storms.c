/* SPDX-License-Identifier: MIT */
#include "storms.h"
#include "tool.h"

#include "../lib/clock.h"
#include "../lib/target.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS    3
#define PIDS_MAX   "320"
#define PATIENT_MS 8000

void storm_continues(void *target)
{
	struct target *t = target;

	t->board->stops = 1;
	if (t->pid > 0)
		kill(t->pid, SIGCONT);
	sleep_us(20 + (unsigned)rand() % 50);
}

/* A victim of mayfly.c. */
struct mayfly {
	const char *what;
	pid_t pid;
	_Atomic uint32_t *board; /* rounds, failures */
	int fd;
};

static void mayfly_start(struct mayfly *m, const char *what)
{
	char path[PATH_MAX + 32], fd[16];

	m->what = what;
	m->fd = memfd_create("mayfly", 0);
	if (m->fd < 0 || ftruncate(m->fd, 4096) != 0)
		exit(2);
	m->board = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->board == MAP_FAILED)
		exit(2);
	snprintf(path, sizeof path, "%s/mayfly", target_dir());
	snprintf(fd, sizeof fd, "%d", m->fd);
	fflush(NULL);
	m->pid = fork();
	if (m->pid == 0) {
		execl(path, "mayfly", what, fd, (char *)NULL);
		_exit(127);
	}
	while (m->board[0] < 2)
		sleep_us(500);
}

static void mayfly_stop(struct mayfly *m)
{
	kill(m->pid, SIGKILL);
	waitpid(m->pid, NULL, 0);
	munmap((void *)(uintptr_t)m->board, 4096);
	close(m->fd);
}

/* It lives, has found nothing wrong, and goes on. */
static bool goes_on(struct mayfly *m, char *why, size_t size)
{
	uint64_t end = now_ms() + patient(PATIENT_MS);
	uint32_t before = m->board[0];
	int status;

	while (m->board[0] - before < 20) {
		if (waitpid(m->pid, &status, WNOHANG) == m->pid || m->board[1]) {
			snprintf(why, size, "%s: ended with status %x", m->what, status);
			return false;
		}
		if (now_ms() > end) {
			snprintf(why, size, "%s: hangs (%s)", m->what,
				target_threads_free(m->pid, true));
			return false;
		}
		sleep_us(500);
	}
	return true;
}

/* One of several at once: stops and runs by turns; a tool in three is killed, at random. */
static _Noreturn void work(pid_t target, unsigned seed, unsigned rounds, bool threads)
{
	char who[64], says[256];

	srand(seed);
	for (unsigned i = 0; i < rounds * 2; i++) {
		struct tool tool;

		snprintf(who, sizeof who, threads ? "%d/1-" : "%d", (int)target);
		tool_start(&tool, i % 2 ? "prun" : "pstop", who);
		if (rand() % 3 == 0) {
			sleep_us((unsigned)rand() % 4000);
			if (!tool_over(&tool))
				kill(tool.pid, SIGKILL);
		}
		tool_wait(&tool, says);
	}
	_exit(0);
}

static void crowd(pid_t target, unsigned rounds, bool threads)
{
	pid_t worker[WORKERS], keeper[8];
	unsigned left = WORKERS;

	for (unsigned i = 0; i < WORKERS; i++) {
		worker[i] = fork();
		if (worker[i] == 0)
			work(target, (unsigned)rand() + i, rounds, threads);
	}
	while (left) {
		for (unsigned i = 0; i < WORKERS; i++)
			if (worker[i] && waitpid(worker[i], NULL, WNOHANG) == worker[i]) {
				worker[i] = 0;
				left--;
			}
		keepers_reap();
		/* And the keeper, now and then. */
		if (threads && rand() % 40 == 0 && keepers_now(keeper, 8))
			kill(keeper[0], SIGKILL);
		sleep_us(2000);
	}
}

static bool run_in_the_end(pid_t target, char *why, size_t size)
{
	char who[32], says[256];
	struct tool tool;

	snprintf(who, sizeof who, "%d", (int)target);
	tool_start(&tool, "prun", who);
	if (tool_wait(&tool, says) == 0)
		return true;
	snprintf(why, size, "prun in the end: %s", says);
	return false;
}

/* bystander: a child of ours that stays, or 0. */
static bool against_mayfly(const char *what, bool threads, unsigned rounds, pid_t bystander)
{
	char why[256] = "";
	struct mayfly m;
	bool well;

	mayfly_start(&m, what);
	crowd(m.pid, rounds, threads);
	well = run_in_the_end(m.pid, why, sizeof why) && goes_on(&m, why, sizeof why);
	mayfly_stop(&m);
	if (!keepers_gone(bystander, PATIENT_MS)) {
		snprintf(why, sizeof why, "a keeper is left");
		well = false;
	}
	if (!well)
		printf("# %s\n", why);
	return well;
}

static void against(struct tap *tap, const char *what, bool threads, unsigned rounds)
{
	char text[256];

	snprintf(text, sizeof text, "%d times %u pstops and pruns of %s at once, %s all the time",
		WORKERS, rounds, threads ? "all threads" : "the process", what);
	ok_what(tap, against_mayfly(what, threads, rounds, 0), text);
}

static void against_runner(struct tap *tap, bool threads, unsigned rounds)
{
	struct target t = {.program = "runner", .patience_ms = 6000};
	char text[256];
	bool well;

	target_start(&t);
	t.board->stops = 1;
	crowd(t.pid, rounds, threads);
	well = run_in_the_end(t.pid, t.why, sizeof t.why) && target_progress(&t) &&
		target_settled(&t, 0, 3000);
	if (!well)
		printf("# %s\n", t.why);
	target_free(&t);
	snprintf(text, sizeof text, "%d times %u pstops and pruns of %s at once, at each other",
		WORKERS, rounds, threads ? "all threads" : "the process");
	ok_what(tap, well, text);
	ok_what(tap, keepers_gone(0, PATIENT_MS), "and no keeper is left");
}

/* Bystanders come and go under the numbers of threads that have just ended. */
static int in_narrow_namespace(unsigned rounds)
{
	struct mayfly bystander;
	char why[256];
	bool well;
	int fd;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("proc", "/proc", "proc", 0, NULL))
		return 77;
	fd = open("/proc/sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, PIDS_MAX, strlen(PIDS_MAX)) < 0)
		return 77; /* Linux 6.14: a namespace has its own */
	close(fd);
	order_new();
	mayfly_start(&bystander, "forks");
	well = against_mayfly("threads", true, rounds, bystander.pid);
	if (!goes_on(&bystander, why, sizeof why)) {
		printf("# bystander: %s\n", why);
		return 1;
	}
	mayfly_stop(&bystander);
	return well ? 0 : 1;
}

static void numbers_anew(struct tap *tap, unsigned rounds)
{
	int status = 0;
	pid_t pid, inner;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS))
			_exit(77);
		inner = fork();
		if (inner == 0)
			exit(in_narrow_namespace(rounds));
		waitpid(inner, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("# no pid namespace with a limit of its own here: numbers given anew are not tried\n");
	else
		ok_what(tap, status == 0, "numbers given anew: nobody else is touched");
}

void storms_run(struct tap *tap, struct order *order, bool is_short)
{
	unsigned rounds = is_short ? 6 : 120;

	order_set(order, ORDER_NOBODY, 0);
	against_runner(tap, false, rounds);
	against_runner(tap, true, rounds);
	against(tap, "exec", true, rounds);
	against(tap, "exec", false, rounds);
	against(tap, "threads", true, rounds);
	against(tap, "threads", false, rounds);
	numbers_anew(tap, rounds);
}

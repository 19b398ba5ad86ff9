/* SPDX-License-Identifier: MIT */
#include "target.h"

#include "clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/futex.h>

#define START_MS 10000

const char *target_dir(void)
{
	static char dir[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

	if (n > 0)
		dir[n] = '\0';
	if (n > 0 && strrchr(dir, '/'))
		*strrchr(dir, '/') = '\0';
	return dir;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static void exec_victim(struct target *t)
{
	char path[PATH_MAX + 64], fd[16], flags[16];
	int null = open("/dev/null", O_RDWR);

	snprintf(path, sizeof(path), "%s/victims/%s", target_dir(), t->program);
	snprintf(fd, sizeof(fd), "%d", t->board_fd);
	snprintf(flags, sizeof(flags), "%u", t->flags);
	dup2(null, 0);
	execl(path, t->program, fd, flags, (char *)NULL);
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

void target_start(struct target *t)
{
	uint64_t end = now_ms() + START_MS;

	if (!t->board) {
		t->board_fd = memfd_create("board", 0);
		if (t->board_fd < 0 || ftruncate(t->board_fd, 4096) != 0)
			die("memfd_create");
		t->board = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, t->board_fd, 0);
		if (t->board == MAP_FAILED)
			die("mmap");
	}
	memset(t->board, 0, sizeof(*t->board));
	t->sent = t->sent_sum = t->eintr_told = 0;
	t->stopped = false;
	fflush(NULL);
	t->pid = fork();
	if (t->pid == 0)
		exec_victim(t);
	while (!__atomic_load_n(&t->board->ready, __ATOMIC_SEQ_CST)) {
		if (t->pid < 0 || now_ms() > end || waitpid(t->pid, NULL, WNOHANG) == t->pid)
			die(t->board->failed ? t->board->why : "victim does not start");
		sleep_us(500);
	}
	if (!target_progress(t))
		die(t->why);
}

void target_stop(struct target *t)
{
	if (t->pid <= 0)
		return;
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	t->pid = 0;
}

void target_free(struct target *t)
{
	target_stop(t);
	munmap(t->board, 4096);
	close(t->board_fd);
	t->board = NULL;
}

/* Dead: says how. */
static bool is_dead(struct target *t)
{
	int status;

	if (t->pid <= 0)
		return true;
	if (waitpid(t->pid, &status, WNOHANG) != t->pid)
		return false;
	t->pid = 0;
	if (t->board->failed)
		snprintf(t->why, sizeof(t->why), "self-check: %s", t->board->why);
	else if (WIFSIGNALED(status))
		snprintf(t->why, sizeof(t->why), "died of signal %d", WTERMSIG(status));
	else
		snprintf(t->why, sizeof(t->why), "exited with %d", WEXITSTATUS(status));
	return true;
}

bool target_progress(struct target *t)
{
	uint64_t end = now_ms() + patient(t->patience_ms ? t->patience_ms : 4000);
	uint32_t before[JOBS];
	unsigned job;

	memcpy(before, t->board->progress, sizeof(before));
	for (;;) {
		if (is_dead(t))
			return false;
		for (job = 0; job < JOBS; job++)
			if ((t->board->jobs & 1u << job) &&
				t->board->progress[job] - before[job] < 2)
				break;
		if (job == JOBS)
			return true;
		if (now_ms() > end)
			break;
		sleep_us(200);
	}
	snprintf(t->why, sizeof(t->why), "job %u hangs (%s)", job,
		target_threads_free(t->pid, true));
	return false;
}

unsigned target_eintr(struct target *t)
{
	uint32_t all = 0, news;

	for (unsigned job = 0; job < JOBS; job++)
		all += t->board->eintr[job];
	news = all - t->eintr_told;
	t->eintr_told = all;
	return news;
}

static long status_number(const char *path, const char *name)
{
	char line[256];
	size_t n = strlen(name);
	long value = -1;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			value = atol(line + n + 1);
	if (f)
		fclose(f);
	return value;
}

long target_status(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return status_number(path, name);
}

static long thread_tracer(pid_t pid, const char *tid)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", pid, tid);
	return status_number(path, "TracerPid");
}

static char thread_letter(pid_t pid, const char *tid)
{
	char path[96], line[512], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid, tid);
	f = fopen(path, "r");
	p = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	if (f)
		fclose(f);
	return p ? p[2] : '?';
}

const char *target_threads_free(pid_t pid, bool job_stop_allowed)
{
	static char text[128];
	char path[64];
	struct dirent *d;
	DIR *dir;

	text[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		char c = d->d_name[0] == '.' ? 'S' : thread_letter(pid, d->d_name);
		long tracer = d->d_name[0] == '.' ? 0 : thread_tracer(pid, d->d_name);

		if (c == 't' || (c == 'T' && !job_stop_allowed) || c == 'X' || c == 'Z' ||
			tracer > 0)
			snprintf(text, sizeof(text), "thread %.20s in state %c, traced by %ld",
				d->d_name, c, tracer);
	}
	if (dir)
		closedir(dir);
	return text;
}

/* Has the victim look at itself. False if it does not answer; the verdict is on the board. */
static bool ask(struct target *t)
{
	struct board *b = t->board;
	uint64_t end = now_ms() + patient(4000);
	uint32_t want = __atomic_add_fetch(&b->ask, 1, __ATOMIC_SEQ_CST);

	syscall(SYS_futex, &b->ask, FUTEX_WAKE, 1, NULL, NULL, 0);
	while (__atomic_load_n(&b->answered, __ATOMIC_SEQ_CST) != want) {
		if (is_dead(t))
			return false;
		if (now_ms() > end) {
			snprintf(t->why, sizeof(t->why), "does not look at itself (%s)",
				target_threads_free(t->pid, true));
			return false;
		}
		sleep_us(100);
	}
	return true;
}

/* One look; why is set when something is not as it should be. */
static bool settled_now(struct target *t, unsigned allowed)
{
	struct board *b = t->board;
	const char *threads = target_threads_free(t->pid, false);
	uint32_t done = b->rseq_done, counter = __atomic_load_n(&b->rseq_counter, __ATOMIC_SEQ_CST);

	if (threads[0]) {
		snprintf(t->why, sizeof(t->why), "%s", threads);
		return false;
	}
	if (!ask(t))
		return false;
	if (b->verdict & ~allowed) {
		snprintf(t->why, sizeof(t->why), "left behind: %s", b->verdict_text);
		return false;
	}
	if (b->signals != t->sent || b->signal_sum != t->sent_sum) {
		snprintf(t->why, sizeof(t->why), "signals: %u sent, %u got", t->sent, b->signals);
		return false;
	}
	if ((int32_t)(counter - done) < 0) {
		snprintf(
			t->why, sizeof(t->why), "rseq: %d updates lost", (int32_t)(done - counter));
		return false;
	}
	return true;
}

bool target_settled(struct target *t, unsigned allowed, unsigned limit_ms)
{
	uint64_t start = now_ms(), took;

	while (!settled_now(t, allowed)) {
		if (t->pid <= 0 || now_ms() - start > patient(limit_ms))
			return false;
		sleep_us(3000);
	}
	took = now_ms() - start;
	if (took > t->settle_ms_max)
		t->settle_ms_max = (unsigned)took;
	return true;
}

void target_storm_signals(void *arg)
{
	struct target *t = arg;
	union sigval v = {.sival_int = rand() & 0xffff};

	if (t->pid > 0 && sigqueue(t->pid, TORTURE_SIGNAL, v) == 0) {
		t->sent++;
		t->sent_sum += (uint32_t)v.sival_int;
	}
	sleep_us(30 + (unsigned)rand() % 60);
}

void target_storm_stops(void *arg)
{
	struct target *t = arg;

	t->board->stops = 1;
	if (t->pid > 0 && rand() % 2) {
		kill(t->pid, t->stopped ? SIGCONT : SIGSTOP);
		t->stopped = !t->stopped;
	}
	sleep_us(50 + (unsigned)rand() % 300);
}

void target_storm_over(struct target *t)
{
	if (t->pid > 0 && t->stopped)
		kill(t->pid, SIGCONT);
	t->stopped = false;
}

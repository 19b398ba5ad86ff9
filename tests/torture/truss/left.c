/* SPDX-License-Identifier: MIT */
#include "left.h"

#include "../lib/clock.h"
#include "../lib/target.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 5000

struct victim {
	pid_t pid;
	int to;   /* whose closing brings the event */
	int from; /* what it says */
};

/* A program of tests/targets/events.c, ready. */
static struct victim victim_start(const char *program, const char *mode)
{
	char path[PATH_MAX + 32], c;
	struct victim v;
	int to[2], from[2], lines = 0;

	snprintf(path, sizeof path, "%s/../targets/%s", target_dir(), program);
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		exit(2);
	v.pid = fork();
	if (!v.pid) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execl(path, path, mode, NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	v.to = to[1];
	while (lines < 2 && read(from[0], &c, 1) == 1)
		lines += c == '\n';
	v.from = from[0];
	return v;
}

static bool is_traced(pid_t pid)
{
	char path[32], text[2048], *at;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof text - 1);
		close(fd);
	}
	text[n < 0 ? 0 : n] = '\0';
	at = strstr(text, "TracerPid:");
	return at && atoi(at + 10);
}

/* It goes on whenever it stands, until it ends. -1: it does not end. */
static int end_of(pid_t pid)
{
	uint64_t end = now_ms() + patient(DEADLINE_MS);
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (now_ms() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		kill(pid, SIGCONT);
		sleep_us(500);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int left_round(struct tracer *tr, const struct left *l, long k)
{
	struct victim v = victim_start(l->program, l->mode);
	uint64_t end = now_ms() + patient(DEADLINE_MS);
	char who[16];
	const char *args[] = {l->option, l->list, "-p", who, NULL};

	snprintf(who, sizeof who, "%d", (int)v.pid);
	tracer_start(tr, args, k);
	while (!tracer_over(tr) && !is_traced(v.pid) && now_ms() < end)
		sleep_us(100);
	if (l->signal)
		kill(v.pid, l->signal);
	else
		close(v.to);
	while (!tracer_over(tr) && now_ms() < end)
		sleep_us(100);
	tracer_end(tr, SIGKILL);
	k = end_of(v.pid);
	if (l->signal)
		close(v.to);
	close(v.from);
	return (int)k;
}

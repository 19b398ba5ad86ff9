/* SPDX-License-Identifier: MIT */
#include "prey.h"

#include "clock.h"
#include "target.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX 262144
#define START_MS 10000

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(2);
}

/* /proc/PID/maps without the lines that may grow by themselves. "" if unreadable. */
static char *read_maps(pid_t pid)
{
	char path[64], line[4352], *text = calloc(1, TEXT_MAX);
	size_t n = 0;
	FILE *f;

	if (!text)
		die("calloc");
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "[stack]") || strstr(line, "[heap]") ||
			n + strlen(line) >= TEXT_MAX)
			continue;
		strcpy(text + n, line);
		n += strlen(line);
	}
	if (f)
		fclose(f);
	return text;
}

static size_t read_vdso(pid_t pid, uint64_t at, void *bytes, size_t len)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, bytes, len, (off_t)at);
	if (fd >= 0)
		close(fd);
	return n < 0 ? 0 : (size_t)n;
}

void prey_picture(struct prey *p)
{
	unsigned long from = 0, to = 0;

	free(p->maps);
	p->maps = read_maps(p->pid);
	for (const char *line = p->maps; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strstr(line, "[vdso]") && strcspn(line, "[") < strcspn(line, "\n"))
			sscanf(line, "%lx-%lx", &from, &to);
	}
	p->vdso_at = from;
	p->vdso_len = to - from > sizeof(p->vdso) ? sizeof(p->vdso) : to - from;
	p->vdso_len = read_vdso(p->pid, from, p->vdso, p->vdso_len);
	p->threads = target_status(p->pid, "Threads");
}

void prey_start(struct prey *p, void (*fn)(struct facts *f))
{
	uint64_t end = now_ms() + START_MS;

	memset(p, 0, sizeof(*p));
	p->f = mmap(NULL, sizeof(*p->f), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->f == MAP_FAILED)
		die("mmap");
	fflush(NULL);
	p->pid = fork();
	if (p->pid < 0)
		die("fork");
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_RDWR), 0);
		fn(p->f);
		_exit(0);
	}
	while (!p->f->ready) {
		if (now_ms() > end || !prey_alive(p)) {
			fprintf(stderr, "victim does not start: %s\n", p->why);
			exit(2);
		}
		sleep_us(200);
	}
	prey_picture(p);
}

bool prey_alive(struct prey *p)
{
	int status;

	if (p->pid <= 0)
		return false;
	if (waitpid(p->pid, &status, WNOHANG) != p->pid)
		return true;
	if (WIFSIGNALED(status))
		snprintf(p->why, sizeof(p->why), "died of signal %d", WTERMSIG(status));
	else
		snprintf(p->why, sizeof(p->why), "exited with %d", WEXITSTATUS(status));
	p->pid = 0;
	return false;
}

static void tell_difference(struct prey *p, const char *now)
{
	size_t i = 0;

	while (now[i] && now[i] == p->maps[i])
		i++;
	while (i > 0 && now[i - 1] != '\n')
		i--;
	snprintf(p->why, sizeof(p->why), "maps differ: %.*s, was %.*s", (int)strcspn(now + i, "\n"),
		now + i, (int)strcspn(p->maps + i, "\n"), p->maps + i);
}

static bool same(struct prey *p, bool stopped)
{
	unsigned char vdso[sizeof(p->vdso)];
	const char *threads;
	char *maps;
	bool equal;

	if (!prey_alive(p))
		return false;
	threads = target_threads_free(p->pid, stopped);
	if (threads[0]) {
		snprintf(p->why, sizeof(p->why), "%s", threads);
		return false;
	}
	if (target_status(p->pid, "Threads") != p->threads) {
		snprintf(p->why, sizeof(p->why), "%ld threads, not %ld",
			target_status(p->pid, "Threads"), p->threads);
		return false;
	}
	maps = read_maps(p->pid);
	equal = strcmp(maps, p->maps) == 0;
	if (!equal)
		tell_difference(p, maps);
	free(maps);
	if (!equal)
		return false;
	if (read_vdso(p->pid, p->vdso_at, vdso, p->vdso_len) != p->vdso_len ||
		memcmp(vdso, p->vdso, p->vdso_len) != 0) {
		snprintf(p->why, sizeof(p->why), "vdso differs");
		return false;
	}
	return true;
}

bool prey_unharmed(struct prey *p, unsigned limit_ms, bool stopped)
{
	uint64_t end = now_ms() + patient(limit_ms);

	while (!same(p, stopped)) {
		if (p->pid <= 0 || now_ms() > end)
			return false;
		sleep_us(2000);
	}
	return true;
}

bool prey_moves(struct prey *p, unsigned limit_ms)
{
	uint64_t end = now_ms() + patient(limit_ms), turns = p->f->turns;

	while (p->f->turns < turns + 2) {
		if (!prey_alive(p) || now_ms() > end)
			return false;
		sleep_us(500);
	}
	return true;
}

bool prey_done(struct prey *p, unsigned limit_ms)
{
	uint64_t end = now_ms() + patient(limit_ms);

	while (!p->f->done) {
		if (!prey_alive(p) || now_ms() > end)
			return false;
		sleep_us(500);
	}
	return true;
}

char prey_state(struct prey *p)
{
	char path[64], line[512], *c;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", p->pid);
	f = fopen(path, "r");
	c = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	if (f)
		fclose(f);
	return c ? c[2] : 0;
}

void prey_end(struct prey *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	free(p->maps);
	munmap(p->f, sizeof(*p->f));
	p->maps = NULL;
	p->pid = 0;
}

void facts_turn(struct facts *f)
{
	f->turns++;
	sleep_us(300);
}

void facts_turn_forever(struct facts *f)
{
	for (;;)
		facts_turn(f);
}

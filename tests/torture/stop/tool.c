/* SPDX-License-Identifier: MIT */
#include "tool.h"

#include "../lib/clock.h"
#include "../lib/target.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAYS   256
#define END_MS 15000

struct order *order_new(void)
{
	static char name[64];
	int fd = memfd_create("order", MFD_CLOEXEC);
	struct order *o;

	if (fd < 0 || ftruncate(fd, 4096) != 0)
		exit(2);
	o = mmap(NULL, sizeof *o, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (o == MAP_FAILED)
		exit(2);
	snprintf(name, sizeof name, "/proc/%d/fd/%d", (int)getpid(), fd);
	setenv(ORDER_VARIABLE, name, 1);
	return o;
}

void order_set(struct order *o, enum order_who who, long k)
{
	o->k = k;
	o->who = who;
	o->count = 0;
	o->fired = false;
}

void tool_start(struct tool *t, const char *name, const char *operand)
{
	char path[PATH_MAX + 32];
	int says[2];

	if (pipe2(says, O_CLOEXEC | O_NONBLOCK) != 0)
		exit(2);
	snprintf(path, sizeof path, "%s/touched-%s", target_dir(), name);
	fflush(NULL);
	t->pid = fork();
	if (t->pid == 0) {
		dup2(says[1], STDERR_FILENO);
		execl(path, name, "-t", "10", operand, (char *)NULL);
		_exit(127);
	}
	close(says[1]);
	t->out = says[0];
}

bool tool_over(struct tool *t)
{
	int how;

	if (t->pid && waitpid(t->pid, &how, WNOHANG) != t->pid)
		return false;
	if (t->pid)
		t->status = WIFEXITED(how) ? WEXITSTATUS(how) : -WTERMSIG(how);
	t->pid = 0;
	return true;
}

int tool_wait(struct tool *t, char *says)
{
	uint64_t end = now_ms() + patient(END_MS);
	ssize_t n;

	while (!tool_over(t)) {
		if (now_ms() > end) {
			kill(t->pid, SIGKILL);
			waitpid(t->pid, NULL, 0);
			t->pid = 0;
			t->status = -1000;
			break;
		}
		sleep_us(100);
	}
	n = read(t->out, says, SAYS - 1);
	says[n > 0 ? n : 0] = '\0';
	says[strcspn(says, "\n")] = '\0';
	close(t->out);
	return t->status;
}

static int by_number(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

unsigned thread_ids(pid_t pid, pid_t *tid, unsigned max)
{
	char path[64];
	unsigned n = 0;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)) && n < max)
		if (d->d_name[0] != '.')
			tid[n++] = atoi(d->d_name);
	if (dir)
		closedir(dir);
	qsort(tid, n, sizeof *tid, by_number);
	return n;
}

static char letter(pid_t pid, pid_t tid)
{
	char path[64], text[512], *p = NULL;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof text, f))
		p = strrchr(text, ')');
	if (f)
		fclose(f);
	return p ? p[2] : '?';
}

static bool is_listed(const char *list, pid_t tid)
{
	char *end;

	for (; *list; list = *end ? end + 1 : end)
		if (strtol(list, &end, 10) == tid)
			return true;
	return false;
}

bool threads_stand(pid_t pid, const char *operand)
{
	const char *list = strchr(operand, '/');
	pid_t tid[64];
	unsigned n = thread_ids(pid, tid, 64);

	for (unsigned i = 0; i < n; i++) {
		char c = letter(pid, tid[i]), want = !list || is_listed(list + 1, tid[i]);

		if (want ? c != (list ? 't' : 'T') : c == 't' || c == 'T')
			return false;
	}
	return n > 0;
}

/* "ptools-keeper\n" and its like; at least 32 bytes. */
static void name_of(pid_t pid, char *name)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, name, 31);
	if (fd >= 0)
		close(fd);
	name[n > 0 ? n : 0] = '\0';
}

/* Of any thread of ours. */
static unsigned children(pid_t *pid, unsigned max)
{
	char path[64];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	while (f && n < max && fscanf(f, "%d", &pid[n]) == 1)
		n++;
	if (f)
		fclose(f);
	return n;
}

unsigned keepers_now(pid_t *pid, unsigned max)
{
	pid_t all[256];
	unsigned n = children(all, 256), found = 0;
	char name[32];

	for (unsigned i = 0; i < n && found < max; i++) {
		name_of(all[i], name);
		if (!strcmp(name, "ptools-keeper\n"))
			pid[found++] = all[i];
	}
	return found;
}

void keepers_reap(void)
{
	pid_t all[256];
	unsigned n = children(all, 256);
	char name[32];

	for (unsigned i = 0; i < n; i++) {
		name_of(all[i], name);
		/* Or was on the way to be one. */
		if (name[0] == 'p' || !strncmp(name, "touched", 7))
			waitpid(all[i], NULL, WNOHANG);
	}
}

/* What it says of itself. */
static void tell(pid_t pid)
{
	char path[64], text[256];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof text, f))
		printf("# left: %d: %s\n", (int)pid, text);
	if (f)
		fclose(f);
}

bool keepers_gone(pid_t target, unsigned ms)
{
	uint64_t end = now_ms() + patient(ms);
	pid_t all[256];
	unsigned n;

	for (;;) {
		bool left = false;

		n = children(all, 256);
		for (unsigned i = 0; i < n; i++)
			left |= all[i] != target && waitpid(all[i], NULL, WNOHANG) == 0;
		if (!left)
			return true;
		if (now_ms() > end)
			break;
		sleep_us(500);
	}
	for (unsigned i = 0; i < n; i++)
		if (all[i] != target)
			tell(all[i]);
	return false;
}

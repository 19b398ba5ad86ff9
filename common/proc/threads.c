/* SPDX-License-Identifier: MIT */
#include "proc/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handle.h"
#include "proc/stat_line.h"

int threads_list(const struct proc *p, struct threads *out)
{
	int dir = handle_open(p, p->dir, "task", O_RDONLY | O_DIRECTORY);
	int err;

	out->n = 0;
	if (dir < 0)
		return dir;
	err = handle_numbers(dir, &out->tid, &out->n, &out->cap);
	close(dir);
	return handle_error(p, err);
}

void threads_free(struct threads *t)
{
	free(t->tid);
	*t = (struct threads){0};
}

/* The directory's links: two, and one for each thread (proc_task_getattr() in the kernel's fs/proc/base.c). */
bool threads_alone(const struct proc *p)
{
	struct stat s;

	return proc_is_live(p) && fstatat(p->dir, "task", &s, 0) == 0 && s.st_nlink == 3;
}

/* "0x7f..." or a plain hexadecimal number, then a blank or the end. */
static bool next_hex(const char **s, uint64_t *out)
{
	const char *p = *s + strspn(*s, " ");
	char *end;

	if (p[0] != '0' || p[1] != 'x')
		return false;
	errno = 0;
	*out = strtoull(p, &end, 16);
	if (errno || end <= p + 2 || (*end && *end != ' ' && *end != '\n'))
		return false;
	*s = end;
	return true;
}

int thread_place_parse(const char *text, struct thread_place *out)
{
	const char *s;
	char *end;

	*out = (struct thread_place){.nr = -1};
	if (strcmp(text, "running\n") == 0 || strcmp(text, "running") == 0) {
		out->running = true;
		return 0;
	}
	errno = 0;
	out->nr = strtol(text, &end, 10);
	if (errno || end == text || *end != ' ')
		return ERR_FORMAT;
	s = end;
	/* Asleep outside a call (a page fault, a signal stop): the kernel gives no arguments. */
	for (int i = 0; i < 6 && out->nr != -1; i++) {
		if (!next_hex(&s, &out->arg[i]))
			return ERR_FORMAT;
	}
	if (!next_hex(&s, &out->sp) || !next_hex(&s, &out->pc))
		return ERR_FORMAT;
	return s[strspn(s, " \n")] ? ERR_FORMAT : 0;
}

static int read_stat(const struct proc *p, pid_t tid, struct stat_line *out)
{
	char rel[40];

	snprintf(rel, sizeof(rel), "task/%d/stat", tid);
	return stat_line_read(p, rel, out);
}

/* What has lost its memory belongs to root, and its own user is denied. */
static bool exiting(const struct proc *p, pid_t tid)
{
	struct stat_line s;
	int err = read_stat(p, tid, &s);

	return err ? err == -ENOENT || err == -ESRCH : stat_line_exiting(&s);
}

int thread_place(const struct proc *p, pid_t tid, struct thread_place *out)
{
	struct buf text = {0};
	char rel[40];
	int err;

	snprintf(rel, sizeof(rel), "task/%d/syscall", tid);
	err = proc_read_file(p, rel, 4096, &text);
	if (err == -ENOENT || err == -ESRCH || (err == -EACCES && exiting(p, tid)))
		err = ERR_NOTHREAD;
	if (!err)
		err = thread_place_parse(buf_cstr(&text), out);
	buf_free(&text);
	return err;
}

int thread_place_open(const struct proc *p, pid_t tid)
{
	char rel[40];
	int fd;

	snprintf(rel, sizeof(rel), "task/%d/syscall", tid);
	fd = handle_open(p, p->dir, rel, O_RDONLY);
	return fd == -ENOENT || fd == -ESRCH ? ERR_NOTHREAD : fd;
}

int thread_place_again(int fd, struct thread_place *out)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return errno == ESRCH ? ERR_NOTHREAD : -errno;
	text[n] = '\0';
	return thread_place_parse(text, out);
}

bool thread_place_same(const struct thread_place *a, const struct thread_place *b)
{
	return a->running == b->running && a->nr == b->nr && a->sp == b->sp && a->pc == b->pc &&
		!memcmp(a->arg, b->arg, sizeof(a->arg));
}

int threads_running(const struct proc *p, cpu_set_t *out)
{
	struct threads t = {0};
	int err = threads_list(p, &t);

	CPU_ZERO(out);
	for (size_t i = 0; !err && t.n <= THREADS_RUNNING_MOST && i < t.n; i++) {
		struct stat_line s;

		if (read_stat(p, t.tid[i], &s) == 0 && s.state == 'R' && s.cpu < CPU_SETSIZE)
			CPU_SET(s.cpu, out);
	}
	threads_free(&t);
	return err;
}

char thread_state(const struct proc *p, pid_t tid)
{
	struct stat_line s;

	return read_stat(p, tid, &s) == 0 ? s.state : '?';
}

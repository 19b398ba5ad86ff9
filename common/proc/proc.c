/* SPDX-License-Identifier: MIT */
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "proc/handle.h"
#include "proc/status.h"

/* TASK_COMM_LEN is 16, but kernel workers show up to 64 (proc_pid_comm(5)). */
#define COMM_MAX 80

void proc_close(struct proc *p)
{
	if (!p)
		return;
	if (p->ops->close)
		p->ops->close(p);
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->dir >= 0)
		close(p->dir);
	free(p);
}

pid_t proc_pid(const struct proc *p)
{
	return p->pid;
}

uint64_t proc_start_time(const struct proc *p)
{
	return p->start;
}

bool proc_is_live(const struct proc *p)
{
	return p->ops->live;
}

int proc_dirfd(const struct proc *p)
{
	return p->dir;
}

int proc_pidfd(const struct proc *p)
{
	return p->pidfd;
}

int proc_check(const struct proc *p)
{
	return p->ops->check(p);
}

static int read_once(const struct proc *p, const char *rel, size_t max, struct buf *out)
{
	int fd = handle_open(p, p->dir, rel, O_RDONLY);
	int err;

	if (fd < 0)
		return fd;
	err = handle_slurp(p, fd, max, out);
	close(fd);
	return err;
}

/*
 * While a thread that executes a program takes the place of the first one, there may be nobody in it
 * for a moment (try_living() in handle.c): of a process that lives, a second look is better.
 */
int proc_read_file(const struct proc *p, const char *rel, size_t max, struct buf *out)
{
	int tries = strncmp(rel, "task/", 5) == 0 ? 1 : 4;
	size_t from = out->len;
	int err = -ENOENT;

	if (p->ops->read_file)
		return p->ops->read_file(p, rel, out);

	while ((err == -ENOENT || err == -ESRCH) && tries-- > 0) {
		err = read_once(p, rel, max, out);
		if (err && err != ERR_TOOBIG && out->len > from)
			out->data[out->len = from] = '\0';
	}
	return err;
}

int proc_read_link(const struct proc *p, const char *rel, struct buf *out)
{
	return handle_link(p, p->dir, rel, out);
}

int proc_read_mem(const struct proc *p, uint64_t addr, void *buf, size_t len)
{
	uint64_t end;

	if (!len)
		return 0;
	if (__builtin_add_overflow(addr, len, &end))
		return -EFAULT;
	return p->ops->read_mem(p, addr, buf, len);
}

/* The thread's name without the newline that the kernel adds. */
static int add_comm(const struct proc *p, struct buf *out)
{
	int err = proc_read_file(p, "comm", COMM_MAX, out);

	if (!err && out->len && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	return err;
}

/* For a process that shows no arguments: what is it then? */
static int add_nameless(const struct proc *p, bool exited, struct buf *out)
{
	struct buf comm = {0};
	int err = add_comm(p, &comm);

	if (!err) {
		buf_str(out, exited ? "" : "[");
		buf_add(out, buf_cstr(&comm), comm.len);
		buf_str(out, exited ? " <defunct>" : "]");
	}
	buf_free(&comm);
	return err;
}

/* The arguments as one line, nothing if there are none. */
static int add_arguments(const struct proc *p, const char *prefix, size_t max, struct buf *out)
{
	char rel[HANDLE_PREFIX + 8];
	size_t from = out->len;
	int err;

	snprintf(rel, sizeof(rel), "%scmdline", prefix);
	err = proc_read_file(p, rel, max, out);
	if (err && err != ERR_TOOBIG)
		return err;
	for (size_t i = from; i < out->len; i++) {
		if (out->data[i] == '\0')
			out->data[i] = ' ';
	}
	while (out->len > from && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	return 0;
}

int proc_cmdline(const struct proc *p, size_t max, struct buf *out)
{
	struct handle_place before = {0}, after = {0};
	size_t from = out->len;
	int err = add_arguments(p, "", max, out);

	/* None: a kernel thread, a zombie, a first thread that exited, or one about to. */
	for (int tries = 0; out->len == from && tries < HANDLE_TRIES; tries++) {
		err = handle_living(p, &before);
		if (!err)
			err = add_arguments(p, before.prefix, max, out);
		if (err == ERR_GONE)
			return add_nameless(p, true, out);
		if (out->len > from || handle_living(p, &after) || !handle_same(&before, &after))
			continue;
		return err == -ESRCH || !err ? add_nameless(p, false, out) : err;
	}
	return out->len == from ? -EAGAIN : err;
}

void proc_comm_of(pid_t pid, struct buf *out)
{
	char path[32], name[COMM_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, name, sizeof(name));
		close(fd);
	}
	if (n > 0 && name[n - 1] == '\n')
		n--;
	if (n > 0)
		escape_add(out, name, (size_t)n);
	else
		buf_chr(out, '?');
}

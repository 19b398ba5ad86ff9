/* SPDX-License-Identifier: MIT */
/*
 * A live process. Three things say which one: the pidfd, the directory, and the pid number for the
 * few calls that take nothing else (process_vm_readv(2)). The number is only trusted afterwards:
 * while the pidfd says that the process has not exited, nobody else can have had its number.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handle.h"
#include "proc/stat_line.h"
#include "proc/status.h"

static int live_check(const struct proc *p)
{
	struct pollfd poller = {.fd = p->pidfd, .events = POLLIN};
	struct stat_line s;
	int err;

	if (p->pidfd >= 0)
		return poll(&poller, 1, 0) == 1 && (poller.revents & POLLIN) ? ERR_GONE : 0;
	err = stat_line_read(p, "stat", &s);
	if (err)
		return err == -ENOENT || err == -ESRCH ? ERR_GONE : 0;
	/* 0 threads: the first was being replaced by one that executes a program. */
	return (s.state == 'Z' && s.threads == 1) || s.start != p->start ? ERR_GONE : 0;
}

/* As much as the kernel gives in one go per call; returns the bytes read, -errno if none. */
static ssize_t read_by_pid(pid_t tid, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct iovec here = {(char *)buf + done, len - done};
		struct iovec there = {(void *)(uintptr_t)(addr + done), len - done};
		ssize_t n = process_vm_readv(tid, &here, 1, &there, 1, 0);

		if (n <= 0)
			return done ? (ssize_t)done : n < 0 ? -errno : -EFAULT;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Gets what process_vm_readv(2) may not: pages without read permission, and where seccomp denies
 * it. */
static int read_by_file(const struct proc *p, const char *prefix, uint64_t addr, struct iovec to)
{
	char rel[HANDLE_PREFIX + 8];
	size_t done = 0;
	int err = 0, fd;

	snprintf(rel, sizeof(rel), "%smem", prefix);
	fd = handle_open(p, p->dir, rel, O_RDONLY);
	if (fd < 0)
		return fd == -EACCES ? -EPERM : fd == -ESRCH || fd == -ENOENT ? -EFAULT : fd;
	while (!err && done < to.iov_len) {
		ssize_t n = pread(
			fd, (char *)to.iov_base + done, to.iov_len - done, (off_t)(addr + done));

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			err = n < 0 && errno == EPERM ? -EPERM : -EFAULT;
	}
	close(fd);
	return err;
}

static int read_as(const struct proc *p, const char *prefix, uint64_t addr, struct iovec to)
{
	pid_t tid = p->pid;
	ssize_t n;

	if (*prefix)
		sscanf(prefix, "task/%d", &tid);
	n = read_by_pid(tid, addr, to.iov_base, to.iov_len);
	if (n == (ssize_t)to.iov_len)
		return 0;
	if (n == -ESRCH)
		return -ESRCH;
	if (n > 0) {
		addr += (uint64_t)n;
		to.iov_base = (char *)to.iov_base + n;
		to.iov_len -= (size_t)n;
	}
	return read_by_file(p, prefix, addr, to);
}

/* Without memory: a kernel thread, or the place of a thread that is just being taken by another. */
static int read_elsewhere(const struct proc *p, uint64_t addr, struct iovec to)
{
	struct handle_place before = {0}, after = {0};

	for (int tries = 0; tries < HANDLE_TRIES; tries++) {
		int err = handle_living(p, &before);

		if (err)
			return err;
		err = read_as(p, before.prefix, addr, to);
		if (err != -ESRCH && !*before.prefix)
			return err;
		/* The thread may have died, and its number be another process's by now. */
		if (handle_living(p, &after) || !handle_same(&before, &after))
			continue;
		return err == -ESRCH ? -EFAULT : err;
	}
	return -EFAULT;
}

static int live_read_mem(const struct proc *p, uint64_t addr, void *buf, size_t len)
{
	struct iovec to = {buf, len};
	int err = read_as(p, "", addr, to);

	if (err == -ESRCH)
		err = read_elsewhere(p, addr, to);
	return live_check(p) ? ERR_GONE : err;
}

static int live_stat_fd(int fd_dir, const char *name, struct statx *out)
{
	return statx(fd_dir, name, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, out) < 0 ? -errno : 0;
}

const struct handle_ops handle_live = {
	.live = true,
	.check = live_check,
	.read_mem = live_read_mem,
	.stat_fd = live_stat_fd,
};

/* -1 where the kernel has none or a container's filter denies it; the directory has to do then. */
static int open_pidfd(struct proc *p)
{
	char path[32];

	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd >= 0 || errno == ENOSYS || errno == EPERM)
		return 0;
	if (errno != EINVAL && errno != ENOENT && errno != ESRCH)
		return -errno;
	/* A thread, or a number that lives on only as that of a process group. */
	snprintf(path, sizeof(path), "/proc/%d", p->pid);
	return access(path, F_OK) < 0 ? ERR_NOPROC : ERR_NOTHREAD;
}

/* Why /proc/PID is missing although pidfd_open(2) found the process. */
static int why_hidden(const struct proc *p)
{
	struct statfs fs;

	if (statfs("/proc", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return -ENOENT;
	if (p->pidfd < 0 || syscall(SYS_pidfd_send_signal, p->pidfd, 0, NULL, 0) == 0)
		return ERR_NOPROC;
	return errno == EPERM ? ERR_PERM : ERR_NOPROC; /* hidepid=2, proc(5) */
}

static int open_dir(struct proc *p)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", p->pid);
	p->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir >= 0)
		return 0;
	if (errno == EPERM || errno == EACCES)
		return ERR_PERM; /* hidepid=1 */
	return errno == ENOENT || errno == ESRCH ? why_hidden(p) : -errno;
}

/* That pidfd and directory denote one process, and that it is one and not a thread. */
static int identify(struct proc *p)
{
	struct stat_line line;
	struct status status;
	int err = stat_line_read(p, "stat", &line);

	if (err)
		return err == -ENOENT || err == -ESRCH ? ERR_NOPROC : err;
	p->start = line.start;
	p->opened =
		(struct handle_place){.program = line.program, .kernel = stat_line_kthread(&line)};
	p->has_opened = !stat_line_exiting(&line) && !stat_line_forked(&line);
	if (p->pidfd < 0) {
		err = status_read(p, 0, &status);
		return err ? err : status.tgid == p->pid ? 0 : ERR_NOTHREAD;
	}
	/* Not reaped by now means that the number was its own when the directory was opened. */
	if (syscall(SYS_pidfd_send_signal, p->pidfd, 0, NULL, 0) < 0 && errno == ESRCH)
		return ERR_NOPROC;
	return 0;
}

int proc_open(pid_t pid, struct proc **out)
{
	struct proc *p;
	int err;

	*out = NULL;
	if (pid <= 0)
		return ERR_NOPROC;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct proc){.ops = &handle_live, .pid = pid, .dir = -1, .pidfd = -1};
	err = open_pidfd(p);
	if (!err)
		err = open_dir(p);
	if (!err)
		err = identify(p);
	if (err) {
		proc_close(p);
		return err;
	}
	*out = p;
	return 0;
}

int proc_adopt(const struct proc_parts *parts, struct proc **out)
{
	struct proc *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*p = (struct proc){
		.ops = &handle_live,
		.pid = parts->pid,
		.dir = parts->dir,
		.pidfd = parts->pidfd,
		.start = parts->start,
	};
	*out = p;
	return 0;
}

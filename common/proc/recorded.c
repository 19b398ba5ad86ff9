/* SPDX-License-Identifier: MIT */
/*
 * A recorded process: a directory that stands for /proc. Its links are only ever read, never
 * followed: they name files of the machine it was recorded on.
 */
#include <dirent.h>
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

static int recorded_check(const struct proc *p)
{
	(void)p;
	return 0;
}

/* How much of the bytes at addr the file called name ("mem.ADDRESS", hexadecimal) has. */
static ssize_t read_piece(int dir, const char *name, uint64_t addr, void *buf, size_t len)
{
	unsigned long long start;
	char *end;
	ssize_t n;
	int fd;

	if (strncmp(name, "mem.", 4) != 0)
		return 0;
	start = strtoull(name + 4, &end, 16);
	if (*end || end == name + 4 || addr < start)
		return 0;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	n = pread(fd, buf, len, (off_t)(addr - start));
	close(fd);
	return n < 0 ? 0 : n;
}

/* Any piece of memory that has the byte at addr; the bytes read, 0 if none has it. */
static ssize_t read_any(const struct proc *p, uint64_t addr, void *buf, size_t len)
{
	int fd = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	ssize_t n = 0;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (n == 0 && (e = readdir(d)))
		n = read_piece(fd, e->d_name, addr, buf, len);
	closedir(d);
	return n;
}

static int recorded_read_mem(const struct proc *p, uint64_t addr, void *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read_any(p, addr + done, (char *)buf + done, len - done);

		if (n <= 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

static int recorded_stat_fd(int fd_dir, const char *name, struct statx *out)
{
	(void)fd_dir, (void)name, (void)out;
	return ERR_NOTSUP;
}

const struct handle_ops handle_recorded = {
	.live = false,
	.check = recorded_check,
	.read_mem = recorded_read_mem,
	.stat_fd = recorded_stat_fd,
};

int proc_open_dir(const char *root, pid_t pid, struct proc **out)
{
	struct buf path = {0};
	struct stat_line s;
	struct proc *p;

	*out = NULL;
	p = calloc(1, sizeof(*p));
	buf_fmt(&path, "%s/%d", root, pid);
	if (!p || path.failed) {
		free(p);
		buf_free(&path);
		return -ENOMEM;
	}
	*p = (struct proc){.ops = &handle_recorded, .pid = pid, .pidfd = -1};
	p->dir = open(buf_cstr(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	buf_free(&path);
	if (p->dir < 0) {
		int err = errno == ENOENT ? ERR_NOPROC : -errno;

		proc_close(p);
		return err;
	}
	if (stat_line_read(p, "stat", &s) == 0)
		p->start = s.start;
	*out = p;
	return 0;
}

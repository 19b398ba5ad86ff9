/* SPDX-License-Identifier: MIT */
#include "proc/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handle.h"

/* Turns a descriptor that only names a file (O_PATH) into one that reads it; only a regular file is opened. */
static int reopen(int named)
{
	char path[40];
	struct stat s;
	int fd = ERR_FORMAT;

	if (named < 0)
		return named;
	if (fstat(named, &s) < 0)
		fd = -errno;
	else if (S_ISREG(s.st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", named);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			fd = -errno;
	}
	close(named);
	return fd;
}

static int open_below(const struct proc *p, const char *name)
{
	char rel[HANDLE_PREFIX + 64];
	struct handle_place place = {0};
	int err = handle_living(p, &place);

	if (err)
		return err;
	snprintf(rel, sizeof(rel), "%s%s", place.prefix, name);
	return handle_open(p, proc_dirfd(p), rel, O_PATH);
}

int mapped_open(const struct proc *p, uint64_t start, uint64_t end)
{
	char rel[128];
	struct handle_place place = {0};
	int tid = 0, err = handle_living(p, &place);

	if (err)
		return err;
	/* A thread's folder has no map_files, but the same thread has a folder at the top as well. */
	if (*place.prefix && sscanf(place.prefix, "task/%d", &tid) == 1)
		snprintf(rel, sizeof(rel), "%s../../../%d/map_files/%llx-%llx", place.prefix, tid,
			(unsigned long long)start, (unsigned long long)end);
	else
		snprintf(rel, sizeof(rel), "map_files/%llx-%llx", (unsigned long long)start,
			(unsigned long long)end);
	return reopen(handle_open(p, proc_dirfd(p), rel, O_PATH));
}

int mapped_open_exe(const struct proc *p)
{
	return reopen(open_below(p, "exe"));
}

/* Absolute links lead to the process's root and not to ours (openat2(2), Linux 5.6). */
static int open_in(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	while (*path == '/')
		path++;
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(root, path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int mapped_open_path(const struct proc *p, const char *path)
{
	int fd, root = open_below(p, "root");

	if (root < 0)
		return root;
	fd = open_in(root, path);
	close(root);
	return reopen(fd);
}

int mapped_open_ours(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	return reopen(fd < 0 ? -errno : fd);
}

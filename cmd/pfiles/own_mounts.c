/* SPDX-License-Identifier: MIT */
#include "own_mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A directory above a mount point may get another name, of which poll(2) does not tell. */
#define FRESH_NS UINT64_C(1000000000)

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void own_mounts_free(struct own_mounts *o)
{
	if (o->table.read && o->watch >= 0)
		close(o->watch);
	mount_table_free(&o->table);
	memset(o, 0, sizeof(*o));
}

/* The root directory of `dir`, a process's in /proc or AT_FDCWD for our own. */
static bool root_of(int dir, const char *name, struct statx *out)
{
	const unsigned all = STATX_INO | STATX_MNT_ID;

	return statx(dir, name, AT_STATX_DONT_SYNC, all, out) == 0 && (out->stx_mask & all) == all;
}

int own_mounts_read(struct own_mounts *o)
{
	ssize_t n;

	if (o->table.read)
		return 0;
	o->watch = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	o->when = now_ns();
	n = readlink("/proc/self/ns/mnt", o->space, sizeof(o->space) - 1);
	o->known = n > 0 && o->watch >= 0 && root_of(AT_FDCWD, "/", &o->root);
	return mount_table_take(&o->table, o->watch);
}

/* Since the file was opened, that is since before it was read. */
static bool unchanged(const struct own_mounts *o)
{
	struct pollfd p = {.fd = o->watch, .events = POLLPRI};

	return now_ns() - o->when < FRESH_NS && poll(&p, 1, 0) == 0;
}

static bool sees_ours(const struct own_mounts *o, const struct proc *p)
{
	struct statx root;
	char space[64] = "";

	return o->known && readlinkat(proc_dirfd(p), "ns/mnt", space, sizeof(space) - 1) > 0 &&
		strcmp(space, o->space) == 0 && root_of(proc_dirfd(p), "root", &root) &&
		root.stx_ino == o->root.stx_ino && root.stx_mnt_id == o->root.stx_mnt_id;
}

int own_mounts_of(struct own_mounts *o, const struct proc *p, struct mount_table *out)
{
	int err = own_mounts_read(o);

	if (err || out->read)
		return err;
	if (!sees_ours(o, p))
		return mount_table_read(out, p);
	if (!unchanged(o)) {
		own_mounts_free(o);
		err = own_mounts_read(o);
	}
	*out = o->table;
	out->borrowed = true;
	return err;
}

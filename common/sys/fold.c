/* SPDX-License-Identifier: MIT */
#include "sys/fold.h"

#include <linux/fcntl.h>
#include <string.h>

#include "sys/kinds.h"

/* Directories: bits of the arguments that must be AT_FDCWD. The flags argument, or -1, and what it must be. */
static const struct {
	const char *name, *classic;
	unsigned directories;
	int flags_at;
	unsigned flags;
} folds[] = {
	{"openat", "open", 1, -1, 0},
	{"mkdirat", "mkdir", 1, -1, 0},
	{"mknodat", "mknod", 1, -1, 0},
	{"fchownat", "chown", 1, 4, 0},
	{"fchownat", "lchown", 1, 4, AT_SYMLINK_NOFOLLOW},
	{"newfstatat", "stat", 1, 3, 0},
	{"newfstatat", "lstat", 1, 3, AT_SYMLINK_NOFOLLOW},
	{"fstatat64", "stat64", 1, 3, 0},
	{"fstatat64", "lstat64", 1, 3, AT_SYMLINK_NOFOLLOW},
	{"unlinkat", "unlink", 1, 2, 0},
	{"unlinkat", "rmdir", 1, 2, AT_REMOVEDIR},
	{"renameat", "rename", 1 | 4, -1, 0},
	{"renameat2", "rename", 1 | 4, 4, 0},
	{"linkat", "link", 1 | 4, 4, 0},
	{"symlinkat", "symlink", 2, -1, 0},
	{"readlinkat", "readlink", 1, -1, 0},
	{"fchmodat", "chmod", 1, -1, 0},
	{"fchmodat2", "chmod", 1, 3, 0},
	{"faccessat", "access", 1, -1, 0},
	{"faccessat2", "access", 1, 3, 0},
	{"futimesat", "utimes", 1, -1, 0},
};

static bool in_directory(const struct args_call *c, unsigned directories)
{
	for (unsigned i = 0; i < SYSENT_ARGS; i++)
		if ((directories >> i & 1) && (int)kinds_value(c, i) != AT_FDCWD)
			return false;
	return true;
}

/* The C library's fstat(3). */
static bool is_fstat(const struct args_call *c)
{
	uint64_t nul = 1;

	if (strcmp(c->ent->name, "newfstatat") && strcmp(c->ent->name, "fstatat64"))
		return false;
	return kinds_value(c, 3) == AT_EMPTY_PATH && (int)kinds_value(c, 0) >= 0 &&
		memory_number(c->mem, kinds_value(c, 1), 1, &nul) && !nul;
}

const char *fold_name(const struct args_call *call, unsigned *hidden)
{
	size_t len;

	*hidden = 0;
	if (!call->ent)
		return NULL;
	/* Nearly all names have no "at" near their end. */
	len = strlen(call->ent->name);
	if (len < 6 || !memmem(call->ent->name + len - 4, 4, "at", 2))
		return NULL;
	if (is_fstat(call)) {
		*hidden = 2 | 8;
		return strcmp(call->ent->name, "newfstatat") ? "fstat64" : "fstat";
	}
	for (size_t k = 0; k < sizeof(folds) / sizeof(*folds); k++) {
		if (strcmp(folds[k].name, call->ent->name) ||
			!in_directory(call, folds[k].directories))
			continue;
		if (folds[k].flags_at >= 0 &&
			kinds_value(call, (unsigned)folds[k].flags_at) != folds[k].flags)
			continue;
		*hidden = folds[k].directories;
		if (folds[k].flags_at >= 0)
			*hidden |= 1u << folds[k].flags_at;
		return folds[k].classic;
	}
	return NULL;
}

/* SPDX-License-Identifier: MIT */
#ifndef PFILES_MOUNT_TABLE_H
#define PFILES_MOUNT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "facts.h"
#include "proc/proc.h"

/* The mounts that a process sees: /proc/PID/mountinfo (proc_pid_mountinfo(5)). Zero-initialise; mount_table_free. */
struct mount_row {
	int64_t id;
	unsigned dev_major, dev_minor;
	struct span point, type,
		source; /* in text, as the kernel gave them but for \040 and its like */
};

struct mount_table {
	struct mount_row *row; /* by id */
	size_t n, cap;
	struct buf text;
	bool read;
	bool borrowed; /* row and text are another table's */
};

/* Once; again it does nothing. Unreadable: no rows. 0 or -ENOMEM. */
int mount_table_read(struct mount_table *t, const struct proc *p)
	__attribute__((warn_unused_result));

/* The same from an open file of that format, -1: no rows. */
int mount_table_take(struct mount_table *t, int fd) __attribute__((warn_unused_result));
void mount_table_free(struct mount_table *t);

/* NULL when there is none of that id. */
const struct mount_row *mount_table_find(const struct mount_table *t, int64_t id);

/* The bytes behind a span of its rows, which are followed by a NUL. */
const char *mount_table_text(const struct mount_table *t, struct span s);

#endif

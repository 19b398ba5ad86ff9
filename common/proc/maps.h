/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_PROC_MAPS_H
#define PTOOLS_PROC_MAPS_H

#include <stdint.h>
#include <sys/types.h>

#include "proc/proc.h"

/* One line of /proc/PID/maps (proc_pid_maps(5)); addresses in bytes, end exclusive. */
struct map {
	uint64_t start, end, offset, ino;
	unsigned dev_major, dev_minor;
	bool read, write, exec, shared;
	const char *name; /* raw as the kernel prints it, "" if none; valid during the callback */
};

/* Parses one line, NUL in place of its newline; name points into it. 0, or ERR_FORMAT. */
int maps_parse_line(const char *line, struct map *out) __attribute__((warn_unused_result));

/*
 * fn returns 0 to go on; anything else ends the walk and is returned. All maps are read before the
 * first one is handed over. None for a kernel thread.
 */
typedef int map_fn(const struct map *m, void *arg);
int maps_each(const struct proc *p, map_fn *fn, void *arg) __attribute__((warn_unused_result));

#endif

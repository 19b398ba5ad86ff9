/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_CAVE_H
#define PTOOLS_CTL_CAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/proc.h"

/*
 * The cave: bytes of an executable page of the target that nothing uses. The zero tail of the vDSO
 * page first (there in every process, also static ones), else the padding behind the executable
 * segment of a mapped file. Writing there through /proc/TID/mem gives the process a private copy of
 * that one page; nothing that existed is overwritten, and afterwards the bytes are zero again.
 */
struct cave {
	uint64_t addr; /* 16-byte aligned; machine_code_size() bytes are usable */
};

/* /proc/PID/task/TID/mem, read and write; keeps the address space, so an exec cannot mix things up.
 */
int cave_open_mem(const struct proc *p, pid_t tid, int *mem) __attribute__((warn_unused_result));

/* All or nothing: 0, -EIO (not mapped; also: the process has executed another program), ERR_GONE.
 */
int cave_read(int mem, uint64_t addr, void *buf, size_t len) __attribute__((warn_unused_result));
int cave_write(int mem, uint64_t addr, const void *buf, size_t len)
	__attribute__((warn_unused_result));

/* Whether the program is a 32-bit one (from its auxiliary vector, proc_pid_auxv(5)). */
int cave_is_narrow(const struct proc *p, bool *narrow) __attribute__((warn_unused_result));

/* ERR_NOCAVE if there is none. */
int cave_find(const struct proc *p, pid_t tid, int mem, struct cave *out)
	__attribute__((warn_unused_result));

/* An address where `size` bytes are not mapped now, far from everything. ERR_NOCAVE if full. */
int cave_hole(const struct proc *p, bool narrow, uint64_t size, uint64_t *addr)
	__attribute__((warn_unused_result));

/* Zeroes the cave; the caller knows that nobody is in it. */
int cave_clear(int mem, const struct cave *c) __attribute__((warn_unused_result));

/* CLOCK_MONOTONIC_RAW in ns: the same in every time namespace. */
uint64_t cave_clock(void);

#endif

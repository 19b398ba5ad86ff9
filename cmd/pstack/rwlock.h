/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_RWLOCK_H
#define PSTACK_RWLOCK_H

#include "picture.h"

/*
 * A pthread_rwlock_t of glibc, 2.25 and later (nptl/pthread_rwlock_common.c describes its protocol, bits/struct_rwlock.h
 * its layout): which one a thread waits for, and who has it.
 */
struct rwlock {
	uint64_t addr;    /* of the lock; 0: cannot be told */
	uint32_t writer;  /* thread id of the writer that has it; 0: none */
	uint32_t readers; /* how many readers have it; they leave no names */
};

/* Of a thread in glibc's function for readers or for writers, which waits for `value` at addr to change. */
struct rwlock rwlock_of(struct picture *pic, bool is_reader, uint64_t addr, uint32_t value);

#endif

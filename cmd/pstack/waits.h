/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_WAITS_H
#define PSTACK_WAITS_H

#include "calls.h"

/*
 * What a thread asleep in futex(2), fcntl(2) or flock(2) waits for, and who has it, as far as that can be told for
 * sure: from the kernel's rules for a word (PI, robust), from the C library's own type if the stack says
 * that its function is waiting, from /proc/locks. Never by what a word looks like.
 */
enum wait_kind {
	WAIT_NONE,
	WAIT_MUTEX,     /* pthread_mutex_t at addr */
	WAIT_ROBUST,    /* the same, robust */
	WAIT_PI,        /* word at addr, priority inheriting */
	WAIT_READ,      /* pthread_rwlock_t at addr, to read */
	WAIT_WRITE,     /* the same, to write */
	WAIT_CONDITION, /* pthread_cond_t, by its waiting word at addr */
	WAIT_SEMAPHORE,
	WAIT_JOIN,  /* for thread `holder` to end */
	WAIT_FUTEX, /* a word at addr that nobody knows */
	WAIT_FILE_LOCK,
};
struct wait {
	enum wait_kind kind;
	uint64_t addr;
	pid_t holder;     /* thread, of a file lock process; 0: not known */
	uint32_t readers; /* have it, of an rwlock; 0: none, or not known */
	bool is_process;
	bool holder_gone; /* there is no such thread any more */
};
struct wait wait_of(struct picture *pic, const struct thread *t, const struct call *call);

/* "waits for mutex 7f00deadbeef held by thread 12 [name]". "" for WAIT_NONE. */
void wait_add(struct buf *out, const struct picture *pic, const struct wait *w);
/* "mutex", "condition"...: for JSON. */
const char *wait_word(enum wait_kind kind);

#endif

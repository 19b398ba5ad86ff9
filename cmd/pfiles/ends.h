/* SPDX-License-Identifier: MIT */
#ifndef PFILES_ENDS_H
#define PFILES_ENDS_H

#include <pthread.h>

#include "facts.h"
#include "proc/holders.h"
#include "proc/proc.h"

/*
 * Who has the other end of something open. The descriptors of the process itself are known already; those
 * of all others are read in one pass over /proc, the first time that something needs it, and are good for
 * the processes that are looked at within the next second as well.
 */
struct ends_name {
	pid_t pid;
	uint32_t len;
	char text[60];
};
#define ENDS_NAMES 64
struct ends {
	bool all;              /* -a: no process is put off, however many descriptors it has */
	struct holders *index; /* NULL: no pass yet */
	pid_t without;         /* the process that was left out of it, 0: none */
	struct ends_name name[ENDS_NAMES]; /* as old as the pass at most */
	int err;                           /* why there is none */
	pthread_t thread;                  /* ends_begin() */
	bool begun;                        /* it runs, and writes index and err */
	bool early; /* the pass was made before the facts that it is asked about */
};

/* Of the whole run. Zero-initialise. */
void ends_free(struct ends *e);

/*
 * Finds the processes at the other ends of the sockets whose far_ino is known: sets their far_at, fars,
 * more_fars, err_far. 0 or -ENOMEM.
 */
int ends_of_socks(const struct proc *p, struct ends *e, struct facts *f)
	__attribute__((warn_unused_result));

/*
 * The pass, not older than a second; NULL with e->err when it cannot be had. The process `without` need not
 * be in it: one with so many descriptors that they are not to be read twice; 0: all are. For other kinds:
 * look up with holders_of().
 */
struct holders *ends_index(struct ends *e, pid_t without);

/*
 * Begins the pass in a thread of its own, for a process that is certain to need it; the next ends_index() waits for
 * it. What has been opened meanwhile may not be in it: ends_more() makes another one then.
 */
void ends_begin(struct ends *e, pid_t without);

/*
 * Processes with more descriptors than this are put off: to go through them takes longer than all else, and the
 * far end is hardly ever there. Only when nobody else has a far end they are searched as well; ends_more() does
 * so, and says whether there was anything left to search.
 */
#define ENDS_PUT_OFF 1024
bool ends_more(struct ends *e);

/* The name of a process, as it is in the kernel: not escaped; empty where it has ended. Good until the next one. */
const struct ends_name *ends_name(struct ends *e, pid_t pid);

/* This process and its wardens: what they have open they inherit or borrow, which is nobody's far end. */
bool ends_are_ours(pid_t pid);

/* What the pass could not look into, or has put off, taken down in f->far_*. */
void ends_tell(const struct ends *e, struct facts *f);

/* A process with more descriptors than this is left out: they are not read twice. */
#define ENDS_MANY 256

/* Keeps one holder; *n and *more count the first ENDS_MOST, and those beyond. 0 or -ENOMEM. */
#define ENDS_MOST 16
int ends_keep(struct facts *f, const struct holder *h, uint32_t *n, uint32_t *more)
	__attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_QUICK_H
#define PTOOLS_TRUSS_QUICK_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Cures for the slow mode of a quiet machine, where truss and its target wake each other on processors that have gone to
 * sleep. All of them vanish with truss, however it ends.
 */
struct quick;
/* NULL: out of memory, and nothing is done. All of these take NULL. */
struct quick *quick_start(void);
/*
 * Now and then: what is to be done about it at the moment. stops: how many there have been; tid: who stopped last.
 */
void quick_look(struct quick *q, uint64_t now, uint64_t stops, pid_t tid);
void quick_stop(struct quick *q);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_QUICK_H
#define PTOOLS_TRUSS_QUICK_H

#include "options.h"

/*
 * Cures for the slow mode of a quiet machine, where truss and its target wake each other on processors that have gone to
 * sleep. All of them vanish with truss, however it ends.
 */
struct quick;
/* NULL where there is nothing to be done. */
struct quick *quick_start(const struct opts *o);
/* Takes NULL. */
void quick_stop(struct quick *q);

#endif

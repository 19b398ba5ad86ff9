/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_TICK_H
#define PTOOLS_TRUSS_TICK_H

#include "truss.h"

/* What is done by the clock: lines are written, calls that sleep are shown, awaited threads are looked for. */
void tick_event(struct truss *t);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_STOP_STORMS_H
#define TORTURE_STOP_STORMS_H

#include <stdbool.h>

#include "../../lib/tap.h"
#include "order.h"

/* A storm of SIGCONT for a struct target; leaves it running. */
void storm_continues(void *target);

/*
 * Several pstops and pruns at once, some of them killed, with keepers killed besides; the same to programs
 * that execute themselves or make threads all the time; and that in a pid namespace so narrow that numbers are given anew
 * at once.
 */
void storms_run(struct tap *tap, struct order *order, bool is_short);

#endif

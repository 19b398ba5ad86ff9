/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_STOP_ORDER_H
#define TORTURE_STOP_ORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * What the driver wants of a pstop or prun that is linked with touch.c, and of the keeper that becomes of it: a page
 * shared by all, whose name in /proc is in the environment, for a keeper keeps no descriptor.
 */
#define ORDER_VARIABLE "TORTURE_STOP_ORDER"

enum order_who { ORDER_NOBODY, ORDER_TOOL, ORDER_KEEPER };

struct order {
	long k;             /* dies before kernel call k */
	enum order_who who; /* whose calls are counted */
	atomic_long count;
	atomic_bool fired;
	_Atomic pid_t keeper; /* that made a call last */
};

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_TRUSS_ORDER_H
#define TORTURE_TRUSS_ORDER_H

#include <stdatomic.h>
#include <stdbool.h>

/*
 * What the driver wants of a truss that is linked with touch.c: a page shared by both, whose descriptor is named in the
 * environment.
 */
#define ORDER_VARIABLE "TORTURE_ORDER"

struct order {
	long k;            /* it kills itself before kernel call k; -1: never */
	atomic_long count; /* kernel calls begun so far */
	atomic_bool fired;
};

#endif

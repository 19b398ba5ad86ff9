/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_CLOCK_H
#define TORTURE_CLOCK_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static inline uint64_t now_ms(void)
{
	return now_us() / 1000;
}

static inline void sleep_us(unsigned us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000L};

	nanosleep(&t, NULL);
}

/* What takes `ms` on an idle machine and somebody waits for may take this long on one as busy as now. */
static inline unsigned patient(unsigned ms)
{
	double load = 0;

	(void)!getloadavg(&load, 1);
	return (unsigned)(ms * (load < 2 ? 1 : load > 30 ? 15 : load / 2));
}

#endif

/* SPDX-License-Identifier: MIT */
/* In truss, in place of common/ctl/touch.c: counts the kernel calls that touch a target, and dies before the k-th. */
#include "order.h"

#include "ctl/touch.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct order *order_of_driver(void)
{
	static struct order *order;
	const char *fd = getenv(ORDER_VARIABLE);

	if (!order && fd)
		order = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(fd), 0);
	return order == MAP_FAILED ? NULL : order;
}

void touch_point(const char *what)
{
	struct order *o = order_of_driver();

	(void)what;
	if (!o || atomic_fetch_add(&o->count, 1) != o->k)
		return;
	atomic_store(&o->fired, true);
	kill(getpid(), SIGKILL);
}

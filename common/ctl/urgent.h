/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_URGENT_H
#define PTOOLS_CTL_URGENT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * While a thread of the target stands still for us, or is about to, nobody shall take the processor from us:
 * on a busy machine it would stand until our turn comes again. And between the last look at a thread and its
 * stop, whoever preempts us may be that very thread, woken.
 *
 * urgent_begin() gives the calling thread a real-time policy (sched(7)); false where that is not permitted
 * (CAP_SYS_NICE), and all goes on as before. It is for milliseconds, within a budget (ctl/warden.h), and for
 * those who wait with urgent_wait(), which lets others run.
 */
bool urgent_begin(void);
void urgent_end(void);

/* Between two looks at what is waited for since `begun` (tracee_clock): a moment. */
void urgent_wait(uint64_t begun);

#endif

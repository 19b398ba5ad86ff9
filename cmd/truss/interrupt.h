/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_INTERRUPT_H
#define PTOOLS_TRUSS_INTERRUPT_H

#include <stdbool.h>

/*
 * The signals truss itself gets. HUP, INT and QUIT (unless ignored from the start), TERM, PIPE and
 * USR1 end the tracing: the target is let go. Where truss started a command and writes somewhere else than to a
 * terminal, the first three are ignored: they are meant for the command. TTIN and TTOU are ignored, so
 * that a trace goes on in the background.
 */
void interrupt_catch(bool keyboard_is_ours);
/* How many of those came so far. */
unsigned interrupt_count(void);
static inline bool interrupt_pending(void)
{
	return interrupt_count() > 0;
}

/* The tick (SIGALRM): every `ms`, 0 never. It wakes whoever waits. */
void interrupt_tick(unsigned ms);
/* Whether it came since this was asked last. */
bool interrupt_ticked(void);

#endif

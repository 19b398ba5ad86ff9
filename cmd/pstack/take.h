/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_TAKE_H
#define PSTACK_TAKE_H

#include "ctl/capture.h"
#include "picture.h"
#include "proc/sleeper.h"
#include "pstack.h"

/*
 * Copies the wanted threads of pic->p: who sleeps is read, who runs is stopped for a moment, with -H all are
 * held. What could not be had is said in thread.why. Nobody is stopped any more when it returns. The errors
 * are of the whole: ERR_GONE, ERR_PERM, ERR_TIMEOUT (-H)...
 */
struct taking {
	struct picture *pic;
	const struct opts *o;
	const struct tid_ranges *tids;
	struct sleepers sleepers;
	struct capture *capture; /* made when first needed */
	uint64_t deadline;       /* CLOCK_MONOTONIC, ns: no stop begins after it */
};
int take_live(struct taking *t) __attribute__((warn_unused_result));
void take_end(struct taking *t);

int take_core(struct picture *pic, const struct tid_ranges *tids)
	__attribute__((warn_unused_result));

/*
 * Looks whether a thread that was read asleep may be stopped. It has to rest for a while before it is: so all of them
 * are looked at before the first is stopped.
 */
void take_look(struct taking *t, struct thread *thread);

/*
 * After take_look(): a thread that was read asleep, once more, stopped, for all of its registers; or with larger copies. 0, or
 * why it is left as it was: ERR_NOVICTIM (it would show), ERR_TIMEOUT, ERR_TRACED, ERR_GONE...
 */
int take_again(struct taking *t, struct thread *thread, size_t most)
	__attribute__((warn_unused_result));

#endif

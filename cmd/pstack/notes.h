/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_NOTES_H
#define PSTACK_NOTES_H

#include "picture.h"
#include "waits.h"

/*
 * What there is to say of a thread beside its frames: why there are none or not all, what it waits for. One
 * text for both kinds of output. Each note is handed over by itself, escaped.
 */
typedef void note_fn(const char *text, size_t len, void *arg);
void notes_each(struct picture *pic, const struct thread *t, const struct call *call, note_fn *fn,
	void *arg);

/* Of the process as a whole: its tracer, how it died, what a core file lacks. */
void notes_each_process(struct picture *pic, note_fn *fn, void *arg);

/* Once all frames have been shown: files whose debugging information could not be read for them. */
void notes_each_unread(struct picture *pic, note_fn *fn, void *arg);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SHOW_NOTES_H
#define PFILES_SHOW_NOTES_H

#include "facts.h"
#include "notes.h"

/* The lines of a descriptor's notes: `      name key:value key:value`. */
void show_notes(struct buf *out, const struct facts *f, struct span notes);

/* A value as text, without quotes: for those that show it in another way. Not for NOTE_FDS and NOTE_PROCESS. */
void show_note_value(struct buf *out, const struct note *n);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PFILES_JSON_NOTES_H
#define PFILES_JSON_NOTES_H

#include <jansson.h>

#include "facts.h"

/*
 * Sets in o what the notes say: an object under the name of a line, an array of objects where there are
 * several of a name. Names are those of the page with _ for -.
 */
void json_notes(json_t *o, const struct facts *f, struct span notes);

/* "A|B|0x400" as ["A", "B", "0x400"]; "0" as []. */
json_t *json_words(const char *text);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_SET_H
#define PTOOLS_TRUSS_SET_H

#include <stdbool.h>
#include <stdint.h>

/* A set of small numbers: calls, signals, faults, descriptors. */
struct set {
	uint64_t *word;
	unsigned size; /* members are below this */
	bool touched;  /* a list was given: the next positive one adds */
};

/* Room for numbers below `size`, all of them in it or none. False: out of memory. */
bool set_init(struct set *s, unsigned size, bool full);
void set_free(struct set *s);
void set_put(struct set *s, unsigned i, bool in);
void set_fill(struct set *s, bool in);
/* Whether no number at all is missing, is in. */
bool set_is_full(const struct set *s);
/* Puts all of the other in, which is as large. */
void set_join(struct set *s, const struct set *other);
bool set_is_empty(const struct set *s);

static inline bool set_has(const struct set *s, unsigned i)
{
	return i < s->size && (s->word[i / 64] >> (i % 64) & 1);
}

/*
 * The original's lists. Words stand between blanks and commas; `all` is everything, `!` before a word turns
 * it and the rest of the list into an exclusion. The first list that begins with a positive word replaces what was in
 * the set, later ones add; exclusions subtract from what is there. `word` is called for each word,
 * and puts what it means in or out; false: there is no such thing. Returns NULL, or the word that was wrong
 * (to be free()d; also where memory ran out).
 */
typedef bool set_word(struct set *s, const char *word, bool in);
char *set_list(struct set *s, const char *list, set_word *word);

#endif

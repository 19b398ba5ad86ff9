/* SPDX-License-Identifier: MIT */
#include "set.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static unsigned words(const struct set *s)
{
	return (s->size + 63) / 64;
}

bool set_init(struct set *s, unsigned size, bool full)
{
	s->size = size;
	s->touched = false;
	s->word = calloc((size + 63) / 64, sizeof *s->word);
	if (s->word)
		set_fill(s, full);
	return s->word != NULL;
}

void set_free(struct set *s)
{
	free(s->word);
	s->word = NULL;
	s->size = 0;
}

void set_put(struct set *s, unsigned i, bool in)
{
	if (i >= s->size)
		return;
	if (in)
		s->word[i / 64] |= 1ull << (i % 64);
	else
		s->word[i / 64] &= ~(1ull << (i % 64));
}

void set_fill(struct set *s, bool in)
{
	memset(s->word, in ? 0xff : 0, words(s) * sizeof *s->word);
}

bool set_is_full(const struct set *s)
{
	for (unsigned i = 0; i < s->size; i++)
		if (!set_has(s, i))
			return false;
	return true;
}

void set_join(struct set *s, const struct set *other)
{
	for (unsigned i = 0; i < words(s); i++)
		s->word[i] |= other->word[i];
}

bool set_is_empty(const struct set *s)
{
	for (unsigned i = 0; i < words(s); i++)
		if (s->word[i])
			return false;
	return true;
}

char *set_list(struct set *s, const char *list, set_word *word)
{
	char *copy = strdup(list), *rest = NULL, *bad = NULL;
	bool in = true, first = true;

	if (!copy)
		return NULL;
	for (char *w = strtok_r(copy, " ,\t\n", &rest); w && !bad;
		w = strtok_r(NULL, " ,\t\n", &rest)) {
		if (*w == '!') {
			in = false;
			w++;
		}
		if (first && in && !s->touched)
			set_fill(s, false);
		first = false;
		s->touched = true;
		if (!strcmp(w, "all") || !strcmp(w, "ALL"))
			set_fill(s, in);
		else if (*w && !word(s, w, in))
			bad = strdup(w);
	}
	free(copy);
	return bad;
}

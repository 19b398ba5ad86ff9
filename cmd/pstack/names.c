/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN "????????"

static size_t hash(const struct names *n, uint64_t addr)
{
	return (size_t)(addr * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (n->slots - 1);
}

/* The slot of the address: its own, or the free one where it would go. */
static uint32_t *slot_of(const struct names *n, uint64_t addr)
{
	size_t at = hash(n, addr);

	while (n->slot[at] && n->symbol[n->slot[at] - 1].addr != addr)
		at = (at + 1) & (n->slots - 1);
	return &n->slot[at];
}

/* Half of the slots stay free. */
static int more_slots(struct names *n)
{
	uint32_t *old = n->slot;

	if (n->n * 2 < n->slots)
		return 0;
	n->slots = n->slots ? n->slots * 2 : 1024;
	n->slot = calloc(n->slots, sizeof(*n->slot));
	if (!n->slot) {
		n->slot = old;
		n->slots /= 2;
		return -ENOMEM;
	}
	free(old);
	for (size_t i = 0; i < n->n; i++)
		*slot_of(n, n->symbol[i].addr) = (uint32_t)i + 1;
	return 0;
}

static int more_room(struct names *n)
{
	size_t cap = n->cap ? n->cap * 2 : 512;
	struct symbol *s;
	struct name *t;

	if (n->n < n->cap)
		return 0;
	s = reallocarray(n->symbol, cap, sizeof(*s));
	if (s)
		n->symbol = s;
	t = reallocarray(n->name, cap, sizeof(*t));
	if (t)
		n->name = t;
	if (!s || !t)
		return -ENOMEM;
	n->cap = cap;
	return 0;
}

int names_add(struct names *n, uint64_t addr)
{
	int err = more_slots(n);
	uint32_t *slot;

	if (err)
		return err;
	slot = slot_of(n, addr);
	if (*slot)
		return 0;
	err = more_room(n);
	if (err)
		return err;
	n->symbol[n->n] = (struct symbol){.addr = addr};
	n->name[n->n] = (struct name){0};
	*slot = (uint32_t)++n->n;
	return 0;
}

int names_resolve(struct names *n, struct space *s)
{
	return symbols_find(s, n->symbol, n->n);
}

void names_free(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->name[i].text);
	free(n->symbol);
	free(n->name);
	free(n->slot);
	*n = (struct names){0};
}

const struct symbol *names_symbol(const struct names *n, uint64_t addr)
{
	static const struct symbol none;
	uint32_t i = n->slots ? *slot_of(n, addr) : 0;

	return i ? &n->symbol[i - 1] : &none;
}

static bool make_text(const struct symbol *s, bool raw, struct name *out)
{
	struct buf text = {0};

	if (!s->name) {
		out->text = strdup(UNKNOWN);
		return out->text != NULL;
	}
	symbols_add_name(&text, s->name, raw);
	out->has_params = !raw && text.len && strchr(buf_cstr(&text), '(') && !strchr(s->name, '(');
	if (s->plt)
		buf_str(&text, "@plt");
	if (text.failed) {
		buf_free(&text);
		return false;
	}
	buf_chr(&text, '\0');
	out->text = text.data;
	return out->text != NULL;
}

const struct name *names_text(struct names *n, uint64_t addr, bool raw)
{
	uint32_t i = n->slots ? *slot_of(n, addr) : 0;

	if (!i)
		return NULL;
	if (!n->name[i - 1].text && !make_text(&n->symbol[i - 1], raw, &n->name[i - 1]))
		return NULL;
	return &n->name[i - 1];
}

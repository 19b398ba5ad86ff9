/* SPDX-License-Identifier: MIT */
#include "sym/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sym/lookup.h"

enum { NAME_MOST = 65536 };

/* Where symbols may be, in the order in which they are asked. */
static void ask_all(struct space *s, struct module *m, struct lookup *v, size_t n)
{
	struct mapped_file *f = m->file;
	struct elffile *more;
	struct symbol_table t;
	size_t left = 0;

	if (table_of_section(&f->elf, SHT_SYMTAB, &t))
		lookup_in_table(&t, v, n);
	for (size_t i = 0; i < n; i++) {
		if (!v[i].name)
			lookup_plt(&f->elf, &v[i]);
		left += !v[i].name;
	}
	if (!left)
		return;
	if ((more = debug_file(s, f)) && table_of_section(more, SHT_SYMTAB, &t))
		lookup_in_table(&t, v, n);
	if ((more = debug_mini(f)) && table_of_section(more, SHT_SYMTAB, &t))
		lookup_in_table(&t, v, n);
	if (table_of_section(&f->elf, SHT_DYNSYM, &t) ||
		(f->source == MODULE_MEMORY && table_of_dynamic(&f->elf, m->bias, &t)))
		lookup_in_table(&t, v, n);
	lookup_go(&f->elf, v, n);
}

static int answer(
	struct space *s, const struct module *m, const struct lookup *l, struct symbol *out)
{
	size_t n = l->name ? strnlen(l->name, NAME_MOST) : 0;

	out->module = m->file->name;
	out->bias = m->bias;
	if (!l->name)
		return 0;
	out->name = space_text(s, l->name, n);
	out->start = l->start + m->bias;
	out->size = l->size;
	out->plt = l->plt;
	return out->name ? 0 : -ENOMEM;
}

/* Symbols of one module, whose addresses ascend. */
static int ask_module(struct space *s, struct module *m, struct symbol **v, size_t n)
{
	struct lookup *l = calloc(n, sizeof(*l));
	int err = 0;

	if (!l)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		l[i].vaddr = v[i]->addr - m->bias;
	ask_all(s, m, l, n);
	for (size_t i = 0; i < n && !err; i++)
		err = answer(s, m, &l[i], v[i]);
	free(l);
	return err;
}

static int by_addr(const void *a, const void *b)
{
	const struct symbol *x = *(struct symbol *const *)a, *y = *(struct symbol *const *)b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int ask_modules(struct space *s, struct symbol **v, size_t n)
{
	int err = 0;

	for (size_t i = 0, j; i < n && !err; i = j) {
		struct module *m = space_module(s, v[i]->addr);

		for (j = i + 1; j < n && space_module(s, v[j]->addr) == m; j++)
			;
		if (m)
			err = ask_module(s, m, v + i, j - i);
	}
	return err;
}

/* Those without a name, where there is code, to the perf map. */
static void ask_jit(struct space *s, struct symbol **v, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		struct space_map map;

		if (!v[i]->name && space_map_at(s, v[i]->addr, &map) && map.exec) {
			struct symbol *found = v[i];

			/* Kept in order: only what has gone before is written over. */
			v[i] = v[left];
			v[left++] = found;
		}
	}
	qsort(v, left, sizeof(*v), by_addr);
	if (left)
		lookup_perfmap(s, v, left);
}

/* v sorted: the first of each address is asked for, the others get its answer. Returns the number of the first ones. */
static size_t first_ones(struct symbol **v, size_t n, struct symbol **firsts)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!i || v[i]->addr != v[i - 1]->addr)
			firsts[count++] = v[i];
	}
	return count;
}

int symbols_find(struct space *s, struct symbol *v, size_t n)
{
	struct symbol **sorted = calloc(2 * n + 1, sizeof(*sorted)), **firsts = sorted + n;
	size_t count;
	int err;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		v[i] = (struct symbol){.addr = v[i].addr};
		sorted[i] = &v[i];
	}
	qsort(sorted, n, sizeof(*sorted), by_addr);
	count = first_ones(sorted, n, firsts);
	err = ask_modules(s, firsts, count);
	if (!err)
		ask_jit(s, firsts, count);
	for (size_t i = 1; i < n; i++) {
		if (sorted[i]->addr == sorted[i - 1]->addr)
			*sorted[i] = *sorted[i - 1];
	}
	free(sorted);
	return err;
}

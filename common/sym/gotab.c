/* SPDX-License-Identifier: MIT */
/*
 * Go programs carry a table of their functions for their own stack traces, which strip(1) leaves in place: pclntab, of Go 1.18 and
 * later (debug/gosym and runtime/symtab.go in Go's source). It is in .gopclntab, in position-independent programs within
 * .data.rel.ro, where its address of the text is still to be relocated.
 */
#include <string.h>

#include "sym/cursor.h"
#include "sym/lookup.h"

enum { HEADER = 72, ALIGN = 32 };

/* Parts, all offsets from the beginning of the table. */
struct pclntab {
	const unsigned char *at;
	size_t size;
	uint64_t count, text, names, functions;
};

/* Magic; two zeroes; the smallest instruction; bytes of a pointer. */
static bool is_header(const unsigned char *p)
{
	static const unsigned char go118[] = {0xf0, 0xff, 0xff, 0xff, 0, 0, 1, 8};
	static const unsigned char go120[] = {0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8};

	return memcmp(p, go118, sizeof(go118)) == 0 || memcmp(p, go120, sizeof(go120)) == 0;
}

static bool take_header(
	struct elffile *f, const unsigned char *at, size_t n, uint64_t vaddr, struct pclntab *out)
{
	enum { TEXT_AT = 24 };
	struct cursor c = cursor_of(at, n);
	struct table_reloc reloc;

	*out = (struct pclntab){.at = at, .size = n};
	cursor_skip(&c, 8);
	out->count = cursor_u64(&c);
	(void)cursor_u64(&c); /* files */
	out->text = cursor_u64(&c);
	out->names = cursor_u64(&c);
	cursor_skip(&c, 3 * 8); /* units, files, pc tables */
	out->functions = cursor_u64(&c);
	if (!out->text && table_reloc_at(f, vaddr + TEXT_AT, &reloc))
		out->text = reloc.addend;
	return !c.bad && out->text && out->names < n && out->functions < n &&
		out->count < (n - out->functions) / 8;
}

static bool in_section(struct elffile *f, const Elf64_Shdr *s, struct pclntab *out)
{
	size_t n = 0;
	const unsigned char *at = elffile_section_bytes(f, s, &n);

	for (size_t i = -s->sh_addr % ALIGN; at && n >= HEADER && i <= n - HEADER; i += ALIGN) {
		if (is_header(at + i) && take_header(f, at + i, n - i, s->sh_addr + i, out))
			return true;
	}
	return false;
}

static bool find(struct elffile *f, struct pclntab *out)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab", ".data.rel.ro"};

	if (!elffile_section(f, ".go.buildinfo") && !elffile_section(f, ".note.go.buildid"))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const Elf64_Shdr *s = elffile_section(f, names[i]);

		if (s && in_section(f, s, out))
			return true;
	}
	return false;
}

static uint32_t word(const struct pclntab *t, uint64_t at)
{
	uint32_t v = 0;

	if (at <= t->size - sizeof(v))
		memcpy(&v, t->at + at, sizeof(v));
	return v;
}

static void look(const struct pclntab *t, struct lookup *l)
{
	uint64_t low = 0, high = t->count, entry, name;
	const char *s;

	/* Pairs: offset of the function in the text, offset of its description. One more says where the last one ends. */
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (t->text + word(t, t->functions + 8 * mid) <= l->vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	entry = t->functions + 8 * (low - 1);
	if (!low || l->vaddr >= t->text + word(t, entry + 8))
		return;
	/* A description begins with the same offset and that of the name. */
	name = t->names + word(t, t->functions + word(t, entry + 4) + 4);
	s = (const char *)t->at + name;
	if (name >= t->size || !*s || !memchr(s, '\0', t->size - name))
		return;
	l->name = s;
	l->start = t->text + word(t, entry);
	l->size = word(t, entry + 8) - word(t, entry);
}

void lookup_go(struct elffile *f, struct lookup *v, size_t n)
{
	struct pclntab t;

	if (f->machine != REGS_X86_64 || !find(f, &t))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!v[i].name)
			look(&t, &v[i]);
	}
}

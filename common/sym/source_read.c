/* SPDX-License-Identifier: MIT */
#include "sym/source_read.h"

#include <dwarf.h>
#include <string.h>

#include "sym/debuginfo.h"

static const char *function_name(Dwarf_Die *die)
{
	static const unsigned names[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name};
	Dwarf_Attribute attr;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *name = dwarf_formstring(dwarf_attr_integrate(die, names[i], &attr));

		if (name)
			return name;
	}
	return dwarf_diename(die);
}

/* Line 0 is the compiler's word for code of no line. */
static void line_of_pc(struct debuginfo_place *p, struct source *out)
{
	Dwarf_Line *line = dwarf_getsrc_die(&p->unit, p->vaddr);
	int n;

	if (!line)
		return;
	out->file = dwarf_linesrc(line, NULL, NULL);
	if (dwarf_lineno(line, &n) == 0 && n > 0)
		out->line = (unsigned)n;
	if (dwarf_linecol(line, &n) == 0 && n > 0)
		out->column = (unsigned)n;
}

static bool number(Dwarf_Die *die, unsigned name, Dwarf_Word *out)
{
	Dwarf_Attribute attr;

	*out = 0;
	return dwarf_formudata(dwarf_attr(die, name, &attr), out) == 0;
}

/* Where an inlined function was called. */
static void line_of_call(struct debuginfo_place *p, Dwarf_Die *inlined, struct source *out)
{
	Dwarf_Word file, line, column;
	Dwarf_Files *files;
	size_t n;

	(void)number(inlined, DW_AT_call_line, &line);
	(void)number(inlined, DW_AT_call_column, &column);
	*out = (struct source){.line = (unsigned)line, .column = (unsigned)column};
	/* Before DWARF 5 the files count from 1, and libdw's list has "???" for 0. */
	if (number(inlined, DW_AT_call_file, &file) &&
		dwarf_getsrcfiles(&p->unit, &files, &n) == 0 && file < n)
		out->file = dwarf_filesrc(files, file, NULL, NULL);
}

static int give_all(struct debuginfo_place *p, source_fn *fn, void *arg)
{
	struct source src = {0};
	unsigned given = 0;
	int err = 0;

	line_of_pc(p, &src);
	for (unsigned i = p->n; i-- > 0 && !err && given < SOURCE_DEPTH;) {
		int tag = dwarf_tag(&p->inside[i]);

		if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
			continue;
		src.function = function_name(&p->inside[i]);
		src.inlined = tag == DW_TAG_inlined_subroutine;
		err = fn(&src, arg);
		given++;
		if (src.inlined)
			line_of_call(p, &p->inside[i], &src);
	}
	if (!given && (src.file || src.line))
		err = fn(&src, arg);
	return err;
}

int source_read_each(struct space *s, uint64_t addr, source_fn *fn, void *arg)
{
	struct module *m = space_module(s, addr);
	struct debuginfo_place place;

	if (!m || !debuginfo_find(s, m->file, addr - m->bias, &place))
		return 0;
	return give_all(&place, fn, arg);
}

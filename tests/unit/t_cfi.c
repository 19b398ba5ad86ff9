/* SPDX-License-Identifier: MIT */
/* The rows of unwind tables beside those that libdw makes of the same bytes: the C library, libdw itself, this program. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include "proc/proc.h"
#include "sym/cfi.h"
#include "tap.h"

/* Registers that functions keep, and pc. */
static const unsigned kept[] = {REGS64_RBX, REGS64_RBP, 12, 13, 14, 15, REGS64_PC};

static bool same_cfa(Dwarf_Frame *frame, const struct cfi_row *row)
{
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_frame_cfa(frame, &ops, &n) != 0)
		return false;
	if (n == 1 && ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31)
		return !row->cfa_expr && row->cfa_reg == ops[0].atom - DW_OP_breg0 &&
			row->cfa_offset == (int64_t)ops[0].number;
	if (n == 1 && ops[0].atom == DW_OP_bregx)
		return !row->cfa_expr && row->cfa_reg == ops[0].number &&
			row->cfa_offset == (int64_t)ops[0].number2;
	return row->cfa_expr;
}

/* libdw writes "at CFA + n" as two operations, "as it was" as none with an array, "lost" as none without. */
static bool same_rule(Dwarf_Frame *frame, unsigned reg, const struct cfi_rule *rule)
{
	Dwarf_Op mem[3], *ops;
	size_t n;

	if (dwarf_frame_register(frame, (int)reg, mem, &ops, &n) != 0)
		return false;
	if (n == 0)
		/* Where a table has no word for it, libdw (0.188) takes rax for the register that is kept, and not rbx. */
		return rule->kind == (ops == mem && reg != REGS64_RBX ? CFI_UNDEFINED : CFI_SAME);
	if (ops[0].atom == DW_OP_call_frame_cfa && n == 1)
		return rule->kind == CFI_AT_CFA && rule->offset == 0;
	if (ops[0].atom == DW_OP_call_frame_cfa && n == 2 && ops[1].atom == DW_OP_plus_uconst)
		return rule->kind == CFI_AT_CFA && rule->offset == (int64_t)ops[1].number;
	return rule->kind != CFI_SAME && rule->kind != CFI_UNDEFINED;
}

struct tally {
	unsigned long rows, none, cfa, rule;
};

static void compare(Dwarf_CFI *cfi, struct mapped_file *f, uint64_t vaddr, struct tally *t)
{
	static struct space nowhere; /* no debug file is looked for: the table has all there is */
	Dwarf_Frame *frame = NULL;
	struct cfi_row row;
	bool theirs = dwarf_cfi_addrframe(cfi, vaddr, &frame) == 0;

	if (theirs != (cfi_find(&nowhere, f, vaddr, &row) == CFI_FOUND)) {
		if (t->none++ < 5)
			printf("# %#lx: %s\n", (unsigned long)vaddr,
				theirs ? "only libdw has it" : "libdw has none");
	} else if (theirs) {
		t->rows++;
		if (!same_cfa(frame, &row) && t->cfa++ < 5)
			printf("# %#lx: CFA\n", (unsigned long)vaddr);
		for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
			if (!same_rule(frame, kept[i], &row.rules[kept[i]]) && t->rule++ < 5)
				printf("# %#lx: register %u\n", (unsigned long)vaddr, kept[i]);
		}
	}
	free(frame);
}

static void check_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct mapped_file f = {.name = (char *)"", .debug_tried = true};
	struct tally t = {0};
	struct image image;
	Dwarf_CFI *cfi;
	Elf *elf;

	elf_version(EV_CURRENT);
	if (fd < 0 || image_map(fd, &image) || elffile_open(image, &f.elf)) {
		OK(false, "%s: cannot be opened", path);
		return;
	}
	elf = elf_begin(fd, ELF_C_READ, NULL);
	cfi = dwarf_getcfi_elf(elf);
	for (size_t i = 0; i < f.elf.nsegments; i++) {
		const Elf64_Phdr *p = &f.elf.segments[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		/* A step that meets all places within instructions in the end. */
		for (uint64_t a = p->p_vaddr; a < p->p_vaddr + p->p_filesz; a += 41)
			compare(cfi, &f, a, &t);
	}
	OK(t.rows > 500, "%s: %lu rows", path, t.rows);
	IS(t.none, 0, "%s: none that only one of us finds", path);
	IS(t.cfa, 0, "%s: the same frame address", path);
	IS(t.rule, 0, "%s: the same places of registers", path);
	dwarf_cfi_end(cfi);
	elf_end(elf);
	cfi_free(f.cfi);
	elffile_free(&f.elf);
	close(fd);
}

static int each_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (info->dlpi_name[0] == '/')
		check_file(info->dlpi_name);
	return 0;
}

int main(void)
{
	check_file("/proc/self/exe");
	dl_iterate_phdr(each_object, NULL);
	return tap_end();
}

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_CFI_H
#define PTOOLS_SYM_CFI_H

#include "sym/cursor.h"
#include "sym/module.h"

/*
 * Inside common/sym: call frame information (DWARF 5, 6.4; .eh_frame as in the Linux Standard Base, 10.6) of one file.
 */
enum cfi_rule_kind {
	CFI_SAME,      /* as in the callee */
	CFI_UNDEFINED, /* lost */
	CFI_AT_CFA,    /* saved at CFA + offset */
	CFI_CFA_PLUS,  /* is CFA + offset */
	CFI_REGISTER,  /* is what register `offset` had */
	CFI_AT_EXPR,   /* saved at the address that the expression gives */
	CFI_IS_EXPR,   /* is what the expression gives */
};

struct cfi_rule {
	uint8_t kind;
	int64_t offset;
	const unsigned char *expr; /* with its length, offset bytes; of the file */
};

/* The rules for one address. */
struct cfi_row {
	bool signal; /* a frame that the kernel made for a signal handler ('S') */
	uint8_t ra;  /* number of the register that stands for the return address */
	uint8_t cfa_reg;
	int64_t cfa_offset;
	const unsigned char
		*cfa_expr; /* if not NULL, of cfa_offset bytes, and cfa_reg has no meaning */
	struct cfi_rule rules[REGS_COUNT];
};

enum cfi_found { CFI_NONE, CFI_FOUND, CFI_DAMAGED };

/*
 * The row of a file address, from .eh_frame, then .debug_frame of the file, then of its debug file. Expressions point into
 * the file. CFI_NONE also out of memory.
 */
enum cfi_found cfi_find(
	struct space *s, struct mapped_file *f, uint64_t vaddr, struct cfi_row *out);

/* Where one table of entries is (cfi_table.c). */
struct cfi_table {
	const unsigned char *bytes; /* of the section, or of the segment from its start on */
	size_t size;
	uint64_t vaddr; /* of its first byte: what "relative to here" counts from */
	bool eh;        /* .eh_frame, not .debug_frame */
	enum regs_machine machine;
	uint64_t data_base; /* what "relative to data" counts from: .eh_frame_hdr */
	/* .eh_frame_hdr's sorted pairs of 32-bit offsets from data_base: function, entry */
	const unsigned char *sorted;
	size_t nsorted;
	/* Otherwise we sort it ourselves, when it is first needed. */
	struct cfi_span {
		uint64_t start, end;
		size_t offset;
	} * spans;
	size_t nspans;
	bool indexed;
};

/* An entry (FDE) with the common one that it names (CIE), read. */
struct cfi_entry {
	uint64_t start, end; /* file addresses */
	bool signal;
	uint8_t ra;
	uint64_t code_factor;
	int64_t data_factor;
	unsigned address_size;
	uint8_t pointer;                          /* how addresses are written, DW_EH_PE_* */
	const unsigned char *common, *common_end; /* instructions */
	const unsigned char *own, *own_end;
};

/* Reads the entry at an offset; false: none there, or damaged. *next: where the one behind it begins, 0: none. */
bool cfi_entry_read(const struct cfi_table *t, size_t offset, struct cfi_entry *out, size_t *next);

/* The entry for an address. */
enum cfi_found cfi_table_find(struct cfi_table *t, uint64_t vaddr, struct cfi_entry *out);

/* An address written in one of the ways DW_EH_PE_*; false: in a way that means nothing here. */
bool cfi_pointer(const struct cfi_table *t, struct cursor *c, uint8_t how, uint64_t *out);

/* Runs an entry's instructions up to an address (cfi_run.c). False: damaged. */
bool cfi_run(
	const struct cfi_table *t, const struct cfi_entry *e, uint64_t vaddr, struct cfi_row *out);

#endif

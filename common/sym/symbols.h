/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_SYMBOLS_H
#define PTOOLS_SYM_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sym/space.h"

/*
 * Which function an address is in. Sources: .symtab of the file, of its debug file (build-id or debuglink, in the target's
 * root and ours, checked), .gnu_debugdata, .dynsym; Go's own table; the PLT ("malloc@plt"); code of a JIT by the perf map
 * /tmp/perf-PID.map in the target's root, if it is a regular file of the target's user or of root. Among symbols at
 * one address a function is preferred to a label, a global or weak one to a local one, then fewer leading underscores,
 * global to weak, the shorter name, and the alphabet: the answer does not depend on the order in the file.
 */
struct symbol {
	uint64_t addr;    /* asked: frame_lookup() of a frame */
	const char *name; /* raw, as in the file; the space's; NULL: not known */
	uint64_t start;   /* of the function, in the target; 0 if not known */
	uint64_t size; /* 0: not known; then it is the nearest symbol below, in the same section */
	const char *module; /* path of the file as mapped, raw; NULL: in no ELF file */
	uint64_t bias;      /* of the module: addr - bias is the address in the file */
	bool plt; /* name is of the function that is called by it: "@plt" is to be added */
	bool jit; /* by the perf map */
};

/*
 * Fills in n symbols: `addr` is given, in any order, also repeated. Each module's tables are read once for all of them.
 * 0 or -ENOMEM; what is not known stays NULL.
 */
int symbols_find(struct space *s, struct symbol *v, size_t n) __attribute__((warn_unused_result));

/*
 * Appends a name for people: what a compiler made of a C++ (Itanium ABI) or Rust (legacy, v0) name is turned back, any other
 * is taken as it is, without a symbol version ("@@GLIBC_2.2.5"); escaped, and cut with "..." after SYMBOLS_NAME bytes.
 * raw: as it is.
 */
enum { SYMBOLS_NAME = 4096 };
void symbols_add_name(struct buf *out, const char *name, bool raw);

#endif

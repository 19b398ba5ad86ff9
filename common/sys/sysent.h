/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_SYSENT_H
#define PTOOLS_SYS_SYSENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/abi.h"

/*
 * The system calls: generated when the tree is built, from the kernel headers of the build and the
 * prototypes in common/sys/data (which were read from a running kernel, and are compared with it in
 * the tests). All static and constant.
 */

/* What becomes of the result of a call that succeeded. */
enum sysent_ret {
	SYSENT_RET_DEC,
	SYSENT_RET_HEX,      /* an address */
	SYSENT_RET_OCT,      /* umask */
	SYSENT_RET_UNSIGNED, /* ids, seconds */
	SYSENT_RET_FD,       /* a new descriptor */
	SYSENT_RET_SIGNAL,   /* rt_sigtimedwait */
	SYSENT_RET_GROUP,    /* of `group`: flags, or a policy */
	SYSENT_RET_SMALL,    /* decimal, hex when large: an offset */
};

enum {
	SYSENT_NORETURN =
		1 << 0, /* exit, exit_group, rt_sigreturn, sigreturn: printed at entry, no result */
	SYSENT_FORK = 1 << 1,  /* fork, vfork, clone, clone3: makes a process or a thread */
	SYSENT_VFORK = 1 << 2, /* may be a vfork whatever its arguments: vfork */
	SYSENT_EXEC = 1 << 3,  /* execve, execveat: no result line when it succeeds */
	SYSENT_EXIT = 1 << 4,  /* exit, exit_group: ends a thread or the process */
	SYSENT_READ = 1 << 5,  /* fills a buffer from the descriptor in argument `fd`: -r */
	SYSENT_WRITE = 1 << 6, /* takes a buffer to the descriptor in argument `fd`: -w */
	SYSENT_CLOSE = 1 << 7, /* close: the descriptor in argument `fd` is gone when it returns */
	SYSENT_DISPOSITION =
		1 << 10, /* rt_sigaction and older: what a signal does may have changed */
};

enum { SYSENT_ARGS = 6, SYSENT_NONE = 0xff };

/* An argument: how it is shown, for args.c and structs.c. `kind` is of enum arg_kind (sys/tables.h). */
struct sysent_arg {
	const char *name, *type; /* the kernel's: "statbuf", "struct stat *" */
	uint16_t group;          /* index of a group, or of a layout for structures */
	uint8_t kind;
	uint8_t bytes; /* of the C type in this ABI: 1, 2, 4, 8 */
	uint8_t is_signed;
	uint8_t way;    /* ARG_IN, ARG_OUT, both: which of the two the pointed-to memory is for */
	uint8_t length; /* argument that holds the size or count of this one, or SYSENT_NONE */
};

struct sysent {
	const char *name;
	uint16_t number; /* in its ABI; x32 without its bit 30 */
	uint16_t id;     /* below sysent_ids(), of the name in every ABI: sets are made of these */
	uint16_t family; /* calls that -t and its like select together have the same */
	uint16_t flags;  /* SYSENT_* */
	uint8_t ret;     /* enum sysent_ret */
	uint8_t nargs;   /* 0...6; SYSENT_NONE: nobody knows */
	uint8_t fd;      /* the argument that is the descriptor worked on, or SYSENT_NONE */
	uint16_t group;  /* of the result, where ret is SYSENT_RET_GROUP */
	const struct sysent_arg *args;
};

/* By number, NULL when unknown: sys#999. For x32 the number with or without bit 30. */
const struct sysent *sysent_find(enum abi abi, uint64_t number);

/* By exact name, NULL when that ABI has none such. */
const struct sysent *sysent_named(enum abi abi, const char *name);

/* How many ids there are, over all ABIs, and the name of each; for sets, counts and completions. */
unsigned sysent_ids(void);
const char *sysent_name(unsigned id);

/*
 * What one word of a list (-t, -T, -v, -x) selects: `each` is called for every id. The word is a name of
 * any ABI (and brings its family: `stat` all of stat, lstat, fstat, newfstatat, statx, stat64...),
 * a name that a C library has for a call or several (exec, wait, sleep, sigaction...), or a
 * number in any of C's bases (of `abi`, and that call alone). Returns how many ids, 0 for an unknown word.
 */
unsigned sysent_select(
	enum abi abi, const char *word, void (*each)(void *ctx, unsigned id), void *ctx);

/* The table of one ABI, by number, for tests and lists. */
const struct sysent *sysent_table(enum abi abi, unsigned *count);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_TABLES_H
#define PTOOLS_SYS_TABLES_H

#include <stdint.h>

#include "sys/group.h"
#include "sys/layout.h"
#include "sys/sysent.h"

/*
 * What the generated files (common/sys/gen, $B/gen/sys) define. Of no interest outside this
 * layer. Data only: nothing in them is code.
 */

/* How an argument is shown; the words of data/calls.spec. */
enum arg_kind {
	ARG_DEC,    /* decimal, signed as the type is */
	ARG_ID,     /* decimal, unsigned but for -1 */
	ARG_HEX,    /* an address */
	ARG_OCT,    /* octal */
	ARG_SMALL,  /* decimal, hex when large */
	ARG_DEV,    /* a device number */
	ARG_FD,     /* a descriptor, or AT_FDCWD */
	ARG_STR,    /* a string */
	ARG_STRS,   /* an array of strings: its address */
	ARG_OUTSTR, /* a string that the call writes */
	ARG_DATA,   /* bytes */
	ARG_BITS,   /* of a group */
	ARG_ENUM,   /* of a group */
	ARG_PTR,    /* an address of a structure */
	ARG_SIGNAL, /* a signal */
	ARG_LO,     /* the first of two halves */
	ARG_HI,     /* the second: not shown */
	/* The rest depends on another argument, or is made of several things. */
	ARG_OPEN,
	ARG_MODE,
	ARG_MMAP,
	ARG_IOCTL,
	ARG_IOCTLARG,
	ARG_FCNTLARG,
	ARG_SOCKTYPE,
	ARG_SOCKPROTO,
	ARG_SOCKOPT,
	ARG_SOCKVAL,
	ARG_CLONE,
	ARG_FUTEX,
	ARG_FUTEXTIME,
	ARG_FUTEXVAL3,
	ARG_PIPE,
	ARG_WAITSTAT,
	ARG_IPCKEY,
	ARG_IPCFLAG,
	ARG_IPCCMD,
	ARG_PRCTLARG,
	ARG_SCHED,
	ARG_PERSONALITY,
	ARG_MPOL,
	ARG_CLOSEMAX,
	ARG_QUOTACMD,
	ARG_FSCONFIGARG,
	ARG_KEYRING,
	ARG_HANDLER,
	ARG_IOPRIO,
};

/* `way`; ARG_EINTR: written if the call was interrupted. `length` when it is the result. */
enum { ARG_IN = 1, ARG_OUT = 2, ARG_EINTR = 4, ARG_RESULT = 0xfe };

/* SYSENT_READ and SYSENT_WRITE calls whose buffers are in vectors or message headers. */
enum { SYSENT_VECTORS = 1 << 14, SYSENT_MESSAGES = 1 << 15 };

/* Numbers for number. */
struct ioctl_name {
	uint32_t request;
	const char *name;
};

extern const struct group sys_groups[];
extern const char sys_group_texts[];
extern const unsigned sys_groups_count;
extern const struct ioctl_name sys_ioctls[], sys_ioctls32[];
extern const unsigned sys_ioctls_count, sys_ioctls32_count;
extern const struct layout sys_layouts[];
extern const unsigned sys_layouts_count;
/* By number, x32's without its bit. */
extern const struct sysent *const sys_calls[ABI_COUNT];
extern const unsigned sys_calls_count[ABI_COUNT];
/* Names by id, sorted, and the family of each id. */
extern const char *const sys_ids[];
extern const uint16_t sys_families[];
extern const unsigned sys_ids_count;
/* Pairs: a name that a library has, and the id of a call, one pair for each. */
struct sys_alias {
	const char *name;
	uint16_t id;
};
extern const struct sys_alias sys_aliases[];
extern const unsigned sys_aliases_count;

/* The group of that index; NULL beyond the last. */
static inline const struct group *sys_group(unsigned i)
{
	return i < sys_groups_count ? &sys_groups[i] : (const struct group *)0;
}

#endif

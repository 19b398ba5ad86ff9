/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_TABLES_H
#define PTOOLS_SYS_TABLES_H

#include <stdint.h>

#include "sys/group.h"
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
};

enum { ARG_IN = 1, ARG_OUT = 2, ARG_RESULT = 0xfe }; /* `way`; `length` when it is the result */

/* SYSENT_READ and SYSENT_WRITE calls whose buffers are in vectors or message headers. */
enum { SYSENT_VECTORS = 1 << 14, SYSENT_MESSAGES = 1 << 15 };

/* How a field of a structure is shown; the words of data/fields.spec. */
enum field_how {
	FIELD_INT,
	FIELD_UINT,
	FIELD_HEX,
	FIELD_ADDR,
	FIELD_OCT,
	FIELD_MODE,
	FIELD_DEV,
	FIELD_BITS,
	FIELD_ENUM,
	FIELD_STR,
	FIELD_BYTES,
	FIELD_SIGSET,
	FIELD_SIGNAL,
	FIELD_DATE,  /* seconds, then nanoseconds in a field of the same size */
	FIELD_XDATE, /* 8 bytes of seconds, 4 of nanoseconds */
	FIELD_TIME,  /* seconds and nanoseconds, sizes from that of both */
	FIELD_UTIME, /* seconds and microseconds */
	FIELD_RLIM,
	FIELD_HANDLER,
	FIELD_FD,
	FIELD_PORT,
	FIELD_IPV4,
	FIELD_IPV6,
	FIELD_CFLAG,
};

enum { FIELD_LINE = 1, FIELD_NONZERO = 2 };

struct field {
	const char *label;
	uint16_t off, size;  /* of one element, bytes */
	int16_t count;       /* of an array, 0 open-ended, -1 none */
	uint16_t group;      /* of FIELD_BITS and FIELD_ENUM */
	uint8_t how, flags;  /* FIELD_LINE: opens a line; FIELD_NONZERO: not shown if 0 */
	uint8_t width;       /* the value is padded to so many columns */
	uint8_t bits, shift; /* of a bit-field */
};

/* Structures that are more than a list of fields; the words `special` of data/fields.spec. */
enum special {
	SPECIAL_NONE,
	SPECIAL_SOCKADDR,
	SPECIAL_MSGHDR,
	SPECIAL_MMSGHDR,
	SPECIAL_IOVEC,
	SPECIAL_SIGINFO,
	SPECIAL_FD_SET,
	SPECIAL_BITMAP,
	SPECIAL_DIRENT,
	SPECIAL_DIRENT64,
	SPECIAL_SIGSET,
	SPECIAL_SIGSET_ARG,
	SPECIAL_NUMBER,
	SPECIAL_LONG,
	SPECIAL_BYTES,
	SPECIAL_SIZED, /* the structure says, or the call, how long it is */
};

struct layout_fields {
	uint16_t size, count; /* bytes; 0 when the build could not find out */
	const struct field *fields;
};

struct layout {
	const char *name;
	uint8_t special, bare;             /* bare: lines do not begin with the argument's name */
	struct layout_fields wide, narrow; /* of 64- and of 32-bit programs */
};

/* Numbers for number. */
struct ioctl_name {
	uint32_t request;
	const char *name;
};

extern const struct group sys_groups[];
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

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_LAYOUT_H
#define PTOOLS_SYS_LAYOUT_H

#include <stdint.h>

/* Structures as the generated tables describe them. Of no interest outside this layer. */

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

#endif

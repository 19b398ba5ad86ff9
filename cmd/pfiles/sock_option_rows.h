/* SPDX-License-Identifier: MIT */
#ifndef PFILES_SOCK_OPTION_ROWS_H
#define PFILES_SOCK_OPTION_ROWS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The table of options. Each row names the level, the kinds of sockets that have the option, the form of
 * its value, and its value in a new socket. Where that is a matter of the machine's settings (sysctl), a
 * new socket of ours is asked, once for each kind.
 */
enum option_form {
	FORM_FLAG,   /* on: the bare name */
	FORM_NUMBER, /* NAME(-1) */
	FORM_MASK,   /* NAME(0x10) */
	FORM_WIDE,   /* 64 bits */
	FORM_TIME,   /* NAME(1.5), seconds */
	FORM_TEXT,   /* NAME(eth0) */
	FORM_ADDR,   /* NAME(192.0.2.1) */
	FORM_LENGTH, /* how much of it there is: NAME(12 bytes) */
	FORM_FILTER, /* how many instructions, or -EACCES */
};

#define OPTION_OFTEN  1 /* asked also where there are very many sockets */
#define OPTION_VARIES 2 /* the default is a matter of the machine's settings */

struct option_row {
	const char *name;
	uint32_t kinds;
	int16_t level, option;
	uint8_t form, marks;
	int64_t normal; /* the value in a new socket */
};

#define OPTION_ROWS 160 /* no more are in the table */

extern const struct option_row option_rows[];
extern const size_t option_row_count;

#endif

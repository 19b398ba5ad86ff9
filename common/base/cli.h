/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_BASE_CLI_H
#define PTOOLS_BASE_CLI_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * The command line of every tool: the only module that exits, and, with base/msg, the only part of
 * common/ that writes to the standard streams.
 */
struct cli_option {
	char letter;
	const char *argument; /* its name in the usage text, NULL for none */
	const char *help;
};

/* The long form of an option that has one: "json" for --json. */
struct cli_word {
	const char *word;
	char letter;
};

struct cli_spec {
	const char *name;     /* "pfiles" */
	const char *synopsis; /* "[-Fnbs] pid ..." */
	const char *purpose;  /* one line, without parentheses */

	/* ended by letter 0; -h and -V are added by the module */
	const struct cli_option *options;
	/* besides --help and --version, ended by letter 0; NULL: none */
	const struct cli_word *words;
};

struct cli {
	const struct cli_spec *spec;
	int argc;
	char **argv;
	const char *argument; /* of the option just returned */
	bool failed;          /* some operand failed */
	bool write_failed;    /* stdout is beyond hope; told once */
};

/* Starts: locale, names for messages, the standard descriptors open (on /dev/null where closed). */
void cli_start(struct cli *c, const struct cli_spec *spec, int argc, char **argv);

/*
 * The next option letter, or 0 when the operands begin. -h prints help on stdout and exits 0, -V the
 * version; an unknown option or a missing argument prints the cause and the usage and exits 2.
 */
int cli_next(struct cli *c);

/* After cli_next() gave 0: the operands, NULL-terminated; fewer than `least` exits 2 with the usage. */
char **cli_operands(struct cli *c, int least);

/* A mistake in an option's argument: "<name>: <words>" and the usage, exit 2. */
_Noreturn void cli_usage_error(struct cli *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* An unsigned decimal in [lo, hi] out of an option's argument, or exit 2 naming the option. */
unsigned long cli_number(struct cli *c, int letter, unsigned long lo, unsigned long hi);

/*
 * Writes b to stdout and empties it. SIGPIPE ends the tool as it ends cat(1); any other write error
 * is reported once and makes cli_finish() return 1.
 */
void cli_write(struct cli *c, struct buf *b);

/* "<name>: <operand>: <words>" on stderr; notes that an operand failed. The operand is escaped. */
void cli_fail(struct cli *c, const char *operand, const char *words);

/* Exit status: 0, or 1 when an operand failed or stdout could not be written. */
int cli_finish(struct cli *c);

/*
 * HUP, INT, QUIT and TERM, where not ignored on entry, set a flag instead of killing. Once the target
 * is as it was, cli_die_if_interrupted() dies of that same signal, as a shell expects. While
 * cli_write() is writing, when no target is ever held, they kill at once.
 */
void cli_catch_signals(struct cli *c);
bool cli_interrupted(void);
void cli_die_if_interrupted(struct cli *c);

#endif

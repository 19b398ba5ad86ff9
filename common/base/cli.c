/* SPDX-License-Identifier: MIT */
#include "base/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli_signals.h"
#include "base/err.h"
#include "base/escape.h"

/* All of it, whatever the descriptor's mode; 0 or -errno. */
static int write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t w = write(fd, s, n);

		if (w >= 0) {
			s += w;
			n -= (size_t)w;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* One message is one write(2), so that lines of several tools do not mix. Nobody to tell of
 * failure. */
static void tell(struct buf *message)
{
	(void)write_all(STDERR_FILENO, buf_cstr(message), message->len);
	buf_free(message);
}

void cli_start(struct cli *c, const struct cli_spec *spec, int argc, char **argv)
{
	int fd;

	*c = (struct cli){.spec = spec, .argc = argc, .argv = argv};
	/* A closed 0, 1 or 2 would be reused for something that messages must not go to. */
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
	if (fd > STDERR_FILENO)
		close(fd);
	optind = 0; /* glibc: start afresh */
	opterr = 0;
}

static void add_usage(const struct cli_spec *spec, struct buf *out)
{
	buf_fmt(out, "usage: %s %s\n  (%s)\n", spec->name, spec->synopsis, spec->purpose);
}

static void add_option_help(struct buf *out, const struct cli_option *o)
{
	struct buf left = {0};

	buf_fmt(&left, "-%c%s%s", o->letter, o->argument ? " " : "",
		o->argument ? o->argument : "");
	buf_fmt(out, "  %-12s %s\n", buf_cstr(&left), o->help);
	buf_free(&left);
}

static _Noreturn void help(struct cli *c)
{
	struct buf out = {0};

	add_usage(c->spec, &out);
	for (const struct cli_option *o = c->spec->options; o && o->letter; o++)
		add_option_help(&out, o);
	add_option_help(&out, &(struct cli_option){'h', NULL, "show this help"});
	add_option_help(&out, &(struct cli_option){'V', NULL, "show the version"});
	cli_write(c, &out);
	exit(cli_finish(c));
}

static _Noreturn void version(struct cli *c)
{
	struct buf out = {0};

	buf_fmt(&out, "%s %s\n", c->spec->name, VERSION);
	cli_write(c, &out);
	exit(cli_finish(c));
}

_Noreturn void cli_usage_error(struct cli *c, const char *fmt, ...)
{
	struct buf words = {0}, out = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(&words, fmt, ap);
	va_end(ap);
	buf_fmt(&out, "%s: ", c->spec->name);
	escape_add(&out, buf_cstr(&words), words.len);
	buf_chr(&out, '\n');
	add_usage(c->spec, &out);
	buf_free(&words);
	tell(&out);
	exit(2);
}

/* "+:" (stop at the first operand, tell a missing argument apart) and the letters. */
static void add_letters(const struct cli_spec *spec, struct buf *out)
{
	buf_str(out, "+:hV");
	for (const struct cli_option *o = spec->options; o && o->letter; o++) {
		buf_chr(out, o->letter);
		if (o->argument)
			buf_chr(out, ':');
	}
}

static int takes_argument(const struct cli_spec *spec, char letter)
{
	for (const struct cli_option *o = spec->options; o && o->letter; o++)
		if (o->letter == letter)
			return o->argument ? required_argument : no_argument;
	return no_argument;
}

/* The long forms: --help, --version and the tool's own. */
static void add_words(const struct cli_spec *spec, struct option *words, size_t room)
{
	size_t n = 0;

	words[n++] = (struct option){"help", no_argument, NULL, 'h'};
	words[n++] = (struct option){"version", no_argument, NULL, 'V'};
	for (const struct cli_word *w = spec->words; w && w->letter && n < room - 1; w++)
		words[n++] =
			(struct option){w->word, takes_argument(spec, w->letter), NULL, w->letter};
	words[n] = (struct option){0};
}

int cli_next(struct cli *c)
{
	struct option words[16];
	struct buf letters = {0};
	int got;

	add_words(c->spec, words, sizeof(words) / sizeof(words[0]));
	add_letters(c->spec, &letters);
	got = getopt_long(c->argc, c->argv, buf_cstr(&letters), words, NULL);
	buf_free(&letters);
	switch (got) {
	case -1: return 0;
	case 'h': help(c);
	case 'V': version(c);
	case ':': cli_usage_error(c, "option -%c needs an argument", optopt);
	case '?':
		/* A word, not a letter, was wrong. */
		if (!optopt || strncmp(c->argv[optind - 1], "--", 2) == 0)
			cli_usage_error(c, "unknown option %s", c->argv[optind - 1]);
		cli_usage_error(c, "unknown option -%c", optopt);
	default: c->argument = optarg; return got;
	}
}

char **cli_operands(struct cli *c, int least)
{
	struct buf out = {0};

	if (c->argc - optind >= least)
		return c->argv + optind;
	add_usage(c->spec, &out);
	tell(&out);
	exit(2);
}

unsigned long cli_number(struct cli *c, int letter, unsigned long lo, unsigned long hi)
{
	const char *s = c->argument;
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, 10);
	/* strtoul(3) takes blanks and signs, we do not. */
	if (errno || *end || *s < '0' || *s > '9' || v < lo || v > hi)
		cli_usage_error(
			c, "option -%c wants a number from %lu to %lu, not %s", letter, lo, hi, s);
	return v;
}

static void write_error(struct cli *c, int err)
{
	struct buf out = {0};

	c->write_failed = true;
	buf_fmt(&out, "%s: standard output: %s\n", c->spec->name, err_str(err));
	tell(&out);
}

void cli_fail(struct cli *c, const char *operand, const char *words)
{
	struct buf out = {0};

	c->failed = true;
	buf_fmt(&out, "%s: ", c->spec->name);
	escape_add(&out, operand, strlen(operand));
	buf_fmt(&out, ": %s\n", words);
	tell(&out);
}

void cli_write(struct cli *c, struct buf *b)
{
	int err = b->failed ? -ENOMEM : 0;

	cli_signals_kill(true);
	if (!c->write_failed && !err)
		err = write_all(STDOUT_FILENO, buf_cstr(b), b->len);
	cli_signals_kill(false);
	if (err && !c->write_failed)
		write_error(c, err);
	buf_clear(b);
}

int cli_finish(struct cli *c)
{
	/* Some file systems tell of a full disk only here. */
	if (!c->write_failed && close(STDOUT_FILENO) < 0 && errno != EINTR)
		write_error(c, -errno);
	return c->failed || c->write_failed;
}

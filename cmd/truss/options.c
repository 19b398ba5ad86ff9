/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "sys/abi.h"
#include "sys/args.h"
#include "sys/fault.h"
#include "sys/signame.h"
#include "sys/sysent.h"

#define FD_LIMIT 65536 /* -r and -w, as the original has it */

static const struct cli_option letters[] = {
	{'D', NULL, "time since the thread's last line"},
	{'E', NULL, "time spent in the call"},
	{'F', NULL, "accepted for the original's sake; a process traced by another stays so"},
	{'M', "[!]fault,...", "faults that leave the process stopped"},
	{'P', "pattern", "only calls that are given such a path"},
	{'S', "[!]signal,...", "signals that leave the process stopped"},
	{'T', "[!]call,...", "calls that leave the process stopped"},
	{'a', NULL, "show the arguments of each program executed"},
	{'c', NULL, "count calls, signals and faults instead of showing them"},
	{'d', NULL, "time since the first line"},
	{'e', NULL, "show the environment of each program executed"},
	{'f', NULL, "follow children"},
	{'i', NULL, "do not show calls while they sleep"},
	{'j', NULL, "one JSON object for each event"},
	{'k', NULL, "the command dies with truss; calls nobody asked for cost nothing"},
	{'l', NULL, "the thread id on each line"},
	{'m', "[!]fault,...", "faults to show"},
	{'o', "file", "write there instead of standard error"},
	{'p', NULL, "trace processes that run already"},
	{'r', "[!]fd,...", "show all that is read from these descriptors"},
	{'s', "[!]signal,...", "signals to show"},
	{'t', "[!]call,...", "calls to show"},
	{'v', "[!]call,...", "calls whose structures are shown"},
	{'w', "[!]fd,...", "show all that is written to these descriptors"},
	{'x', "[!]call,...", "calls whose arguments are shown as numbers"},
	{'y', NULL, "show what each descriptor is"},
	{0},
};

enum { LIST_CALLS = 1, LIST_SIGNALS, LIST_FAULTS };

static const struct cli_word words[] = {{"json", 'j'}, {"list-calls", LIST_CALLS},
	{"list-signals", LIST_SIGNALS}, {"list-faults", LIST_FAULTS}, {0}};

const struct cli_spec options_spec = {
	.name = "truss",
	.synopsis =
		"[-fcaeildDEFjky] [-[tTvx] [!]call,...] [-[sS] [!]signal,...] [-[mM] [!]fault,...]\n"
		"       [-[rw] [!]fd,...] [-P pattern] [-o file] command | -p pid[/tids] ...",
	.purpose = "trace system calls and signals",
	.options = letters,
	.words = words,
};

unsigned options_call_bit(const struct sysent *ent)
{
	return ent ? ent->id : sysent_ids();
}

/* ---- the words of lists ---- */

/* A number in any of C's bases, below `limit`. */
static bool number_of(const char *word, unsigned limit, unsigned *out)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)*word))
		return false;
	errno = 0;
	v = strtoul(word, &end, 0);
	if (errno || *end || v >= limit)
		return false;
	*out = (unsigned)v;
	return true;
}

struct putting {
	struct set *set;
	bool in;
};

static void put_id(void *ctx, unsigned id)
{
	struct putting *p = ctx;

	set_put(p->set, id, p->in);
}

static bool call_word(struct set *s, const char *word, bool in)
{
	return sysent_select(ABI_X86_64, word, put_id, &(struct putting){s, in}) > 0;
}

static bool signal_word(struct set *s, const char *word, bool in)
{
	int n = signame_number(word);

	if (n <= 0)
		return false;
	set_put(s, (unsigned)n, in);
	return true;
}

static bool fault_word(struct set *s, const char *word, bool in)
{
	enum fault f = fault_number(word);

	if (f == FAULT_NONE)
		return false;
	set_put(s, f, in);
	return true;
}

static bool fd_word(struct set *s, const char *word, bool in)
{
	unsigned fd;

	if (!number_of(word, FD_LIMIT, &fd))
		return false;
	set_put(s, fd, in);
	return true;
}

/* ---- the options ---- */

static void list(struct cli *c, struct set *s, set_word *word, const char *wrong)
{
	char *bad = set_list(s, c->argument, word);

	if (bad)
		cli_usage_error(c, "%s: %s", wrong, bad);
}

static const char bad_call[] = "unrecognized syscall";
static const char bad_signal[] = "unrecognized signal name/number";
static const char bad_fault[] = "unrecognized fault name/number";
static const char bad_fd[] = "filedescriptor not in range[0..65535]";

static void add_path(struct cli *c, struct opts *o, const char *pattern)
{
	const char **grown = reallocarray(o->paths, o->npaths + 1, sizeof *grown);

	if (!grown)
		cli_usage_error(c, "out of memory");
	o->paths = grown;
	o->paths[o->npaths++] = pattern;
}

/* Those with an argument. */
static void take_list(struct cli *c, struct opts *o, int letter)
{
	switch (letter) {
	case 'M': list(c, &o->stop_faults, fault_word, bad_fault); break;
	case 'P': add_path(c, o, c->argument); break;
	case 'S': list(c, &o->stop_signals, signal_word, bad_signal); break;
	case 'T': list(c, &o->stop_calls, call_word, bad_call); break;
	case 'm': list(c, &o->faults, fault_word, bad_fault); break;
	case 'o': o->out = c->argument; break;
	case 'r': list(c, &o->reads, fd_word, bad_fd); break;
	case 's': list(c, &o->signals, signal_word, bad_signal); break;
	case 't': list(c, &o->trace, call_word, bad_call); break;
	case 'v': list(c, &o->verbose, call_word, bad_call); break;
	case 'w': list(c, &o->writes, fd_word, bad_fd); break;
	case 'x': list(c, &o->raw, call_word, bad_call); break;
	}
}

/* For completions: the words that lists take, one a line. */
static _Noreturn void list_words(struct cli *c, int which)
{
	struct buf b = {0};

	for (unsigned i = 0; which == LIST_CALLS && i < sysent_ids(); i++)
		buf_fmt(&b, "%s\n", sysent_name(i));
	for (int i = 1; which == LIST_SIGNALS && i <= SIGNAME_COUNT; i++)
		if (signame(i))
			buf_fmt(&b, "%s\n", signame(i));
	for (int i = 1; which == LIST_FAULTS && i < FAULT_COUNT; i++)
		buf_fmt(&b, "%s\n", fault_name(i));
	cli_write(c, &b);
	exit(cli_finish(c));
}

static void take(struct cli *c, struct opts *o, int letter)
{
	switch (letter) {
	case LIST_CALLS:
	case LIST_SIGNALS:
	case LIST_FAULTS: list_words(c, letter);
	case 'D': o->delta = true; break;
	case 'E': o->elapsed = true; break;
	case 'F': break;
	case 'a': o->args = true; break;
	case 'c': o->count = o->no_sleep = true; break;
	case 'd': o->stamp = true; break;
	case 'e': o->envs = true; break;
	case 'f': o->follow = true; break;
	case 'i': o->no_sleep = true; break;
	case 'j': o->json = true; break;
	case 'k': o->kill = true; break;
	case 'l': o->lwps = true; break;
	case 'p': o->pids = true; break;
	case 'y': o->names = true; break;
	default: take_list(c, o, letter);
	}
}

static void defaults(struct cli *c, struct opts *o)
{
	unsigned calls = sysent_ids() + 1;
	bool ok = set_init(&o->trace, calls, true);

	ok &= set_init(&o->verbose, calls, false);
	ok &= set_init(&o->raw, calls, false);
	ok &= set_init(&o->signals, SIGNAME_COUNT + 1, true);
	ok &= set_init(&o->faults, FAULT_COUNT, true);
	ok &= set_init(&o->stop_calls, calls, false);
	ok &= set_init(&o->stop_signals, SIGNAME_COUNT + 1, false);
	ok &= set_init(&o->stop_faults, FAULT_COUNT, false);
	ok &= set_init(&o->reads, FD_LIMIT, false);
	ok &= set_init(&o->writes, FD_LIMIT, false);
	if (!ok)
		cli_usage_error(c, "out of memory");
	set_put(&o->faults, FAULT_PAGE, false);
}

bool options_stop(const struct opts *o)
{
	return !set_is_empty(&o->stop_calls) || !set_is_empty(&o->stop_signals) ||
		!set_is_empty(&o->stop_faults);
}

static void check_together(struct cli *c, const struct opts *o)
{
	if (o->kill && o->pids)
		cli_usage_error(c, "-k is for a command that truss starts, not for -p");
	if (o->kill && options_stop(o))
		cli_usage_error(c, "-k does not go together with -T, -S and -M");
	if (o->count && o->json)
		cli_usage_error(c, "-c and -j do not go together");
}

void options_read(struct cli *c, struct opts *o)
{
	int letter;

	defaults(c, o);
	while ((letter = cli_next(c)))
		take(c, o, letter);
	/* The original: their lines are of an exec, so it is shown. */
	if (o->args || o->envs) {
		sysent_select(ABI_X86_64, "execve", put_id, &(struct putting){&o->trace, true});
		sysent_select(ABI_X86_64, "execveat", put_id, &(struct putting){&o->trace, true});
	}
	set_join(&o->trace, &o->stop_calls);
	set_join(&o->signals, &o->stop_signals);
	set_join(&o->faults, &o->stop_faults);
	check_together(c, o);
}

static bool fits(void *ctx, const char *string)
{
	const struct opts *o = ctx;

	for (size_t i = 0; i < o->npaths; i++)
		if (fnmatch(o->paths[i], string, 0) == 0)
			return true;
	return false;
}

bool options_path(const struct opts *o, const struct args_call *call)
{
	return !o->npaths || args_has_string(call, fits, (void *)(uintptr_t)o);
}

void options_free(struct opts *o)
{
	free(o->paths);
	set_free(&o->trace);
	set_free(&o->verbose);
	set_free(&o->raw);
	set_free(&o->signals);
	set_free(&o->faults);
	set_free(&o->stop_calls);
	set_free(&o->stop_signals);
	set_free(&o->stop_faults);
	set_free(&o->reads);
	set_free(&o->writes);
}

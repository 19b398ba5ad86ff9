/* SPDX-License-Identifier: MIT */
/* pstack: where each thread of a process is. */
#include "pstack.h"

#include <limits.h>

static const struct cli_option options[] = {
	{'F', NULL, "accepted for the original's sake; a process traced by another needs no force"},
	{'H', NULL, "stop all threads: one exact instant, at their expense"},
	{'a', NULL, "arguments of functions, where debugging information tells them"},
	{'f', NULL, "one line for each stack, with a count: what flame graphs are made of"},
	{'j', NULL, "as JSON, one object for each process"},
	{'k', NULL, "the kernel's part of each stack as well"},
	{'n', "frames", "only so many frames of each thread, the innermost"},
	{'r', NULL, "names of functions as the linker has them"},
	{'s', NULL, "say on standard error who was stopped, and for how long"},
	{'u', NULL, "show a stack that several threads have only once"},
	{'v', NULL, "files, lines and inlined functions"},
	{0},
};

static const struct cli_word words[] = {{"json", 'j'}, {0}};

static const struct cli_spec spec = {
	.name = "pstack",
	.synopsis = "[-FHafjkrsuv] [-n frames] { pid | core }[/tid,...] ...",
	.purpose = "print stacks of processes and core files",
	.options = options,
	.words = words,
};

static void set(struct opts *o, struct cli *c, int letter)
{
	switch (letter) {
	case 'H': o->hold = true; break;
	case 'a': o->args = true; break;
	case 'f': o->flame = true; break;
	case 'j': o->json = true; break;
	case 'k': o->kernel = true; break;
	case 'n': o->limit = cli_number(c, 'n', 1, INT_MAX); break;
	case 'r': o->raw = true; break;
	case 's': o->report = true; break;
	case 'u': o->same = true; break;
	case 'v': o->verbose = true; break;
	}
}

int main(int argc, char **argv)
{
	struct opts o = {0};
	struct cli c;
	int letter;

	cli_start(&c, &spec, argc, argv);
	while ((letter = cli_next(&c)))
		set(&o, &c, letter);
	if (o.flame && o.json)
		cli_usage_error(&c, "options -f and -j exclude each other");
	argv = cli_operands(&c, 1);
	cli_catch_signals(&c);
	for (; *argv && !cli_interrupted(); argv++)
		pstack_one(&c, *argv, &o);
	cli_die_if_interrupted(&c);
	return cli_finish(&c);
}

/* SPDX-License-Identifier: MIT */
/* pfiles: what a live process knows of each of its descriptors. */
#include "pfiles.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/agent_crew.h"

static const struct cli_option options[] = {
	{'F', NULL,
		"force: a thread may be stopped that runs, perhaps in the middle of a long write"},
	{'H', NULL, "stop all threads while looking: one exact instant, at their expense"},
	{'d', "seconds", "look twice, so far apart: only what differs"},
	{'O', NULL, "only what the original shows: no line that scripts for it do not know"},
	{'a', NULL, "all: ask all sockets for all options, search all processes for far ends"},
	{'b', NULL, "borrow descriptors only: run nothing in the process, stop nobody"},
	{'j', NULL, "as JSON, one object for each process"},
	{'n', NULL, "only the first line of each descriptor"},
	{'p', "fd,...", "only these descriptors: numbers and ranges such as 3,5-7"},
	{'s', NULL, "say on standard error how the process was reached and who was stopped"},
	{0},
};

static const struct cli_word words[] = {{"json", 'j'}, {0}};

static const struct cli_spec spec = {
	.name = "pfiles",
	.synopsis = "[-FHOabjns] [-d seconds] [-p fd,...] pid | core ...",
	.purpose = "report open files of processes",
	.options = options,
	.words = words,
};

static void only(struct cli *c, struct opts *o)
{
	fd_list_free(&o->only);
	if (!fd_list_parse(c->argument, &o->only))
		cli_usage_error(
			c, "option -p wants descriptors such as 3,5-7, not %s", c->argument);
}

/* no-color.org: any value but the empty one switches colours off. */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

int main(int argc, char **argv)
{
	struct opts o = {0};
	struct cli c;
	int letter;

	o.settle.own = &o.mounts.own;
	cli_start(&c, &spec, argc, argv);
	while ((letter = cli_next(&c))) {
		switch (letter) {
		case 'H': o.hold = true; break;
		case 'O': o.original = true; break;
		case 'F': o.force = true; break;
		case 'a': o.ends.all = true; break;
		case 'b': o.borrow = true; break;
		case 'd': o.seconds = cli_number(&c, 'd', 1, 1000000); break;
		case 'j': o.json = true; break;
		case 'n': o.first_line = true; break;
		case 'p': only(&c, &o); break;
		case 's': o.report = true; break;
		}
	}
	argv = cli_operands(&c, 1);
	o.colour = wants_colour();
	cli_catch_signals(&c);
	/* Where there is none, each agent tries for itself, and says why not. */
	if (!o.borrow && !o.hold && agent_crew_new(&o.crew) < 0)
		o.crew = NULL;
	pfiles_all(&c, argv, &o);
	agent_crew_free(o.crew);
	mounts_free(&o.mounts);
	settle_free(&o.settle);
	fd_list_free(&o.only);
	sock_diag_free(&o.tables);
	ends_free(&o.ends);
	cli_die_if_interrupted(&c);
	return cli_finish(&c);
}

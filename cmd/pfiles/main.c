/* SPDX-License-Identifier: MIT */
/* pfiles: what a live process knows of each of its descriptors. */
#include "pfiles.h"

static const struct cli_option options[] = {
	{'F', NULL, "accepted for the original's sake; a process traced by another needs no force"},
	{'H', NULL, "stop all threads while looking: one exact instant, at their expense"},
	{'b', NULL, "borrow descriptors only: run nothing in the process, stop nobody"},
	{'n', NULL, "only the first line of each descriptor"},
	{'s', NULL, "say on standard error how the process was reached and who was stopped"},
	{0},
};

static const struct cli_spec spec = {
	.name = "pfiles",
	.synopsis = "[-FHbns] pid | /proc/pid ...",
	.purpose = "report open files of processes",
	.options = options,
};

int main(int argc, char **argv)
{
	struct opts o = {0};
	struct cli c;
	int letter;

	cli_start(&c, &spec, argc, argv);
	while ((letter = cli_next(&c))) {
		switch (letter) {
		case 'H': o.hold = true; break;
		case 'b': o.borrow = true; break;
		case 'n': o.first_line = true; break;
		case 's': o.report = true; break;
		}
	}
	argv = cli_operands(&c, 1);
	cli_catch_signals(&c);
	for (; *argv && !cli_interrupted(); argv++)
		pfiles_one(&c, *argv, &o);
	mounts_free(&o.mounts);
	sock_diag_free(&o.tables);
	ends_free(&o.ends);
	cli_die_if_interrupted(&c);
	return cli_finish(&c);
}

/* SPDX-License-Identifier: MIT */
/* pstop: stop processes, and see them stopped. */
#include "base/cli.h"
#include "base/err.h"
#include "ctl/control.h"
#include "ctl/keeper.h"

static const struct cli_option options[] = {
	{'r', NULL, "the descendants of each process, too, parents first"},
	{'t', "seconds", "how long to wait for each process to stop (default 2)"},
	{0},
};

static const struct cli_spec spec = {
	.name = "pstop",
	.synopsis = "[-r] [-t seconds] pid[/tid,...] ...",
	.purpose = "stop processes, and see them stopped",
	.options = options,
};

static void fail(void *ctx, const struct proc *p, const char *operand, int err,
	const struct stop_culprit *culprit)
{
	struct buf rest = {0};

	stop_explain(p, operand, err, culprit, &rest);
	cli_fail(ctx, err_str(err), buf_cstr(&rest));
	buf_free(&rest);
}

int main(int argc, char **argv)
{
	struct cli c;
	struct control control = {.timeout_ms = 2000, .fail = fail, .ctx = &c};
	int letter;

	keeper_run_if_named(argv);
	cli_start(&c, &spec, argc, argv);
	while ((letter = cli_next(&c))) {
		switch (letter) {
		case 'r': control.family = true; break;
		case 't':
			control.timeout_ms = (unsigned)cli_number(&c, 't', 1, 86400) * 1000;
			break;
		}
	}
	/* No signal is caught: there is nothing that would have to be put back. */
	for (argv = cli_operands(&c, 1); *argv; argv++)
		control_operand(&control, *argv);
	return cli_finish(&c);
}

/* SPDX-License-Identifier: MIT */
/* Unwinding at each single instruction of the run-time linker, the PLT, the vDSO and functions of the C library. */
#include "stacked.h"

static struct stacked v;

/* A deadline for a byte of a victim, so that one that hangs fails the test. */
static int next_byte(void)
{
	struct pollfd p = {.fd = fileno(v.hear), .events = POLLIN};
	char c;

	return poll(&p, 1, 60000) == 1 && read(p.fd, &c, 1) == 1 ? c : -1;
}

/* At each instruction of what one function calls: the lines between interrupted code and it are never broken. */
static void test_steps(const char *program)
{
	unsigned steps = 0, lost = 0, unnamed = 0, plt = 0, vdso = 0, open = 0;
	char path[PATH_MAX + 64];

	stacked_path(path, program);
	stacked_start(&v, path, "step", NULL);
	while (next_byte() == 's') {
		int at;

		steps++;
		if (!stacked_unwind(&v, NULL))
			break;
		lost += stacked_missing(&v, false) != 0;
		open += v.result.end != UNWIND_BOTTOM;
		if ((stacked_missing(&v, false) || v.result.end != UNWIND_BOTTOM) &&
			lost + open < 4)
			stacked_show(&v);
		for (at = 0; at < (int)v.frames.n && !v.frames.v[at].trampoline; at++)
			;
		if (at + 1 < (int)v.frames.n) {
			struct symbol one = {.addr = frame_lookup(&v.frames.v[at + 1])}, *s = &one;

			if (symbols_find(v.space, s, 1))
				break;
			if (!s->name && ++unnamed < 10)
				printf("# no name: %#llx in %s\n", (unsigned long long)s->addr,
					s->module ? s->module : "nothing");
			plt += s->plt;
			vdso += s->module && strcmp(s->module, "[vdso]") == 0;
		}
		if (write(v.say, "s", 1) != 1)
			break;
	}
	OK(steps > 50, "%s: %u instructions, one at a time", program, steps);
	IS(lost, 0, "%s: the trail is below each", program);
	IS(open, 0, "%s: down to the outermost frame", program);
	OK(vdso > 0, "%s: %u of them in the vDSO", program, vdso);
	if (!strstr(program, "static"))
		OK(plt > 0, "%s: %u of them in the PLT", program, plt);
	/* Entry 0 of the PLT; and 32-bit libraries have no symbols but those that they export. */
	if (!strstr(program, ".32"))
		OK(unnamed <= 6, "%s: %u without a name", program, unnamed);
	IS(stacked_end(&v), 0, "%s ends unharmed", program);
}

int main(void)
{
	test_steps("frames");
	test_steps("frames.32");
	test_steps("frames.static");
	return tap_end();
}

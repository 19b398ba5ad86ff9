/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <unistd.h>

#define MICROSECONDS(ns) (unsigned long long)(((ns) + 999) / 1000)

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void report(const struct picture *pic)
{
	struct buf line = {0};

	buf_fmt(&line, "pstack: %d: ", (int)proc_pid(pic->p));
	if (pic->core)
		buf_fmt(&line, "%zu thread%s of a core file", pic->n, plural(pic->n));
	else if (pic->held)
		buf_fmt(&line, "%zu thread%s held for %llu us", pic->stopped, plural(pic->stopped),
			MICROSECONDS(pic->held_ns));
	else
		buf_fmt(&line, "%zu thread%s read asleep; ", pic->asleep, plural(pic->asleep));
	if (!pic->core && !pic->held && !pic->stopped)
		buf_str(&line, "nobody stopped");
	else if (!pic->core && !pic->held)
		buf_fmt(&line, "%zu stop%s, the longest %llu us", pic->stopped,
			plural(pic->stopped), MICROSECONDS(pic->longest_ns));
	buf_chr(&line, '\n');
	/* Standard error is not buffered, and a line at once is not torn. */
	if (!line.failed)
		(void)!write(STDERR_FILENO, line.data, line.len);
	buf_free(&line);
}

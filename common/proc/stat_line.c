/* SPDX-License-Identifier: MIT */
#include "proc/stat_line.h"

#include <string.h>

#include "base/err.h"

/* The kernel's include/linux/sched.h; not for programs, but stat has shown them since Linux 2.6. */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

#define STAT_MAX 4096

/* The next field as a number; a sign is skipped, for we need none of those that have one. */
static bool next_number(const char **s, const char *end, uint64_t *out)
{
	const char *p = *s;
	uint64_t v = 0;

	while (p < end && *p == ' ')
		p++;
	if (p < end && *p == '-')
		p++;
	if (p == end || *p < '0' || *p > '9')
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return false;
	}
	*s = p;
	*out = v;
	return true;
}

int stat_line_parse(const char *text, size_t len, struct stat_line *out)
{
	/* The name in parentheses may hold anything, what follows it no parenthesis. */
	const char *s = memrchr(text, ')', len), *end = text + len;
	uint64_t v;

	if (!s || end - s < 4 || s[1] != ' ' || s[3] != ' ')
		return ERR_FORMAT;
	*out = (struct stat_line){.state = s[2]};
	s += 3;
	for (int field = 4; field <= 22; field++) {
		if (!next_number(&s, end, &v))
			return ERR_FORMAT;
		if (field == 9)
			out->flags = v;
		else if (field == 20)
			out->threads = v;
		else if (field == 22)
			out->start = v;
	}
	return 0;
}

int stat_line_read(const struct proc *p, const char *rel, struct stat_line *out)
{
	struct buf text = {0};
	int err = proc_read_file(p, rel, STAT_MAX, &text);

	if (!err)
		err = stat_line_parse(buf_cstr(&text), text.len, out);
	buf_free(&text);
	return err;
}

bool stat_line_exiting(const struct stat_line *s)
{
	return (s->flags & PF_EXITING) || s->state == 'Z' || s->state == 'X' || s->state == 'x';
}

bool stat_line_kthread(const struct stat_line *s)
{
	return s->flags & PF_KTHREAD;
}

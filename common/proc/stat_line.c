/* SPDX-License-Identifier: MIT */
#include "proc/stat_line.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

/* The kernel's include/linux/sched.h; not for programs, but stat has shown them since Linux 2.6. */
#define PF_EXITING    0x00000004
#define PF_FORKNOEXEC 0x00000040
#define PF_KTHREAD    0x00200000

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

/* Start and end of code, start of stack; then those of data, heap, arguments, environment. */
static bool is_layout(int field)
{
	return (field >= 26 && field <= 28) || (field >= 45 && field <= 51);
}

static uint64_t mix(uint64_t digest, uint64_t v)
{
	return (digest ^ v) * UINT64_C(0x100000001b3) ^ digest >> 29;
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
	for (int field = 4; field <= 51; field++) {
		if (!next_number(&s, end, &v)) {
			if (field > 22)
				break; /* kernels before 3.5 and recordings end early */
			return ERR_FORMAT;
		}
		if (is_layout(field))
			out->program = mix(out->program, v);
		if (field == 4)
			out->parent = (pid_t)v;
		if (field == 9) {
			out->flags = v;
			out->program = mix(1, v & PF_FORKNOEXEC);
		}
		if (field == 10)
			out->faults = v;
		if (field == 20)
			out->threads = v;
		if (field == 22)
			out->start = v;
		if (field == 39)
			out->cpu = v;
	}
	return 0;
}

int stat_line_read(const struct proc *p, const char *rel, struct stat_line *out)
{
	int fd = openat(proc_dirfd(p), rel, O_RDONLY | O_CLOEXEC);
	char text[STAT_MAX];
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	err = n < 0 ? -errno : stat_line_parse(text, (size_t)n, out);
	close(fd);
	return err;
}

bool stat_line_exiting(const struct stat_line *s)
{
	return (s->flags & PF_EXITING) || s->state == 'Z' || s->state == 'X' || s->state == 'x';
}

bool stat_line_forked(const struct stat_line *s)
{
	return s->flags & PF_FORKNOEXEC;
}

bool stat_line_kthread(const struct stat_line *s)
{
	return s->flags & PF_KTHREAD;
}

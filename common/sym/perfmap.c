/* SPDX-License-Identifier: MIT */
/*
 * Code that a just-in-time compiler made is in no file; but many of them write /tmp/perf-PID.map for perf(1): a line for each
 * function, "START SIZE NAME" in hexadecimal, the later one holds. PID is the process's own, in its pid namespace. /tmp
 * is everybody's: a file of anybody else than the process's user or root is not believed.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/mapped.h"
#include "proc/status.h"
#include "sym/lookup.h"

enum { STATUS_MOST = 65536, NAME_MOST = 4096 };
#define MAP_MOST ((size_t)256 << 20)

/* The last number of NSpid (proc_pid_status(5), Linux 4.1), else the one that we see. */
static pid_t own_pid(const struct proc *p)
{
	struct buf text = {0};
	const char *line;
	pid_t pid = proc_pid(p);

	if (proc_read_file(p, "status", STATUS_MOST, &text) == 0 &&
		(line = strstr(buf_cstr(&text), "\nNSpid:"))) {
		const char *s = line + strlen("\nNSpid:");
		int n, found;

		while (sscanf(s, " %d%n", &found, &n) == 1 && memchr(s, '\n', (size_t)n) == NULL) {
			pid = found;
			s += n;
		}
	}
	buf_free(&text);
	return pid;
}

static bool is_trusted(const struct proc *p, int fd)
{
	struct status status;
	struct stat s;

	if (fstat(fd, &s) < 0 || s.st_size <= 0 || (uint64_t)s.st_size > MAP_MOST)
		return false;
	return s.st_uid == 0 || (status_read(p, 0, &status) == 0 && s.st_uid == status.uid[1]);
}

static bool hex(const char **s, const char *end, uint64_t *out)
{
	const char *p = *s;

	*out = 0;
	if (end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x')
		p += 2;
	for (; p < end && p - *s < 18; p++) {
		int digit = *p >= '0' && *p <= '9'                 ? *p - '0'
			: (*p | 0x20) >= 'a' && (*p | 0x20) <= 'f' ? (*p | 0x20) - 'a' + 10
								   : -1;

		if (digit < 0)
			break;
		*out = *out << 4 | (uint64_t)digit;
	}
	if (p == *s || p == end || *p != ' ')
		return false;
	*s = p + 1;
	return true;
}

static void take_line(
	struct space *s, const char *line, const char *end, struct symbol **v, size_t n)
{
	uint64_t start, size;
	size_t low = 0, high = n;

	if (!hex(&line, end, &start) || !hex(&line, end, &size) || line == end)
		return;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v[mid]->addr < start)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < n && v[low]->addr - start < size; low++) {
		size_t len = (size_t)(end - line);

		v[low]->name = space_text(s, line, len < NAME_MOST ? len : NAME_MOST);
		v[low]->start = start;
		v[low]->size = size;
		v[low]->jit = true;
	}
}

/* A last line without its end is being written. */
static void take_lines(struct space *s, const struct image *image, struct symbol **v, size_t n)
{
	const char *at = (const char *)image->data, *end = at + image->size, *eol;

	for (; at < end && (eol = memchr(at, '\n', (size_t)(end - at))); at = eol + 1)
		take_line(s, at, eol, v, n);
}

void lookup_perfmap(struct space *s, struct symbol **v, size_t n)
{
	struct image image;
	char path[64];
	int fd;

	if (!s->target.live)
		return;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", own_pid(s->target.live));
	fd = mapped_open_path(s->target.live, path);
	if (fd < 0)
		return;
	if (is_trusted(s->target.live, fd) && image_map(fd, &image) == 0) {
		take_lines(s, &image, v, n);
		image_free(&image);
	}
	close(fd);
}

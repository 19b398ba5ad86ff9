/* SPDX-License-Identifier: MIT */
#include "drivers.h"

#include <fcntl.h>
#include <linux/major.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 65536

/* Each line's end becomes a NUL, so that a name in it is a string. */
static void read_lines(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *to = fd < 0 ? NULL : buf_room(out, TEXT_MAX);
	ssize_t n = to ? read(fd, to, TEXT_MAX) : 0;

	for (ssize_t i = 0; i < n; i++)
		if (to[i] == '\n')
			to[i] = '\0';
	if (n > 0)
		buf_grew(out, (size_t)n);
	if (fd >= 0)
		close(fd);
}

void drivers_free(struct drivers *d)
{
	buf_free(&d->devices);
	buf_free(&d->misc);
	memset(d, 0, sizeof(*d));
}

/* " 10 misc": the name on the line of that number, of those from `line` to `end`. */
static const char *find(const char *line, const char *end, unsigned number)
{
	for (; line < end; line += strlen(line) + 1) {
		char *name;
		unsigned long n = strtoul(line, &name, 10);

		if (name != line && n == number && *name == ' ')
			return name + 1;
	}
	return NULL;
}

/* /proc/devices has the character devices first, then a line "Block devices:". */
static const char *block_part(const struct drivers *d)
{
	const char *end = d->devices.data + d->devices.len;

	for (const char *line = d->devices.data; line < end; line += strlen(line) + 1)
		if (strcmp(line, "Block devices:") == 0)
			return line;
	return end;
}

/* To write them down takes the kernel longer than all else about a small process. */
static void read_devices(struct drivers *d)
{
	if (!d->read)
		read_lines("/proc/devices", &d->devices);
	d->read = true;
}

/* The few of that major number have names of their own. */
static const char *find_misc(struct drivers *d, unsigned dev_minor)
{
	if (!d->misc.len)
		read_lines("/proc/misc", &d->misc);
	return d->misc.len ? find(d->misc.data, d->misc.data + d->misc.len, dev_minor) : NULL;
}

const char *drivers_name(struct drivers *d, bool block, unsigned dev_major, unsigned dev_minor)
{
	const char *name, *middle, *end;

	/* /dev/null, which nearly every process has, is of the one that is always there (drivers/char/mem.c). */
	if (!block && dev_major == MEM_MAJOR)
		return "mem";
	read_devices(d);
	if (!d->devices.len)
		return NULL;
	middle = block_part(d);
	end = d->devices.data + d->devices.len;
	name = block ? find(middle, end, dev_major) : find(d->devices.data, middle, dev_major);
	if (!block && dev_major == MISC_MAJOR) {
		const char *misc = find_misc(d, dev_minor);

		name = misc ? misc : name;
	}
	return name;
}

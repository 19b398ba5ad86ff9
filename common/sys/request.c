/* SPDX-License-Identifier: MIT */
/* Apart from the other names: who needs none of these is not linked with their table, the largest there is. */
#include "sys/request.h"

#include <linux/ioctl.h>
#include <stddef.h>

#include "sys/tables.h"

/* As its parts, or false when they make no request that the macros could have written. */
static bool add_parts(struct buf *out, uint32_t request)
{
	static const char *const macros[] = {
		[_IOC_NONE] = "_IO",
		[_IOC_READ] = "_IOR",
		[_IOC_WRITE] = "_IOW",
		[_IOC_READ | _IOC_WRITE] = "_IOWR",
	};
	unsigned type = _IOC_TYPE(request), way = _IOC_DIR(request), size = _IOC_SIZE(request);

	if (!type || (way == _IOC_NONE && size))
		return false;
	buf_str(out, macros[way & 3]);
	if (type > 0x20 && type < 0x7f && type != '\'' && type != '\\')
		buf_fmt(out, "('%c', 0x%x", (char)type, _IOC_NR(request));
	else
		buf_fmt(out, "(0x%x, 0x%x", type, _IOC_NR(request));
	if (way == _IOC_NONE)
		buf_chr(out, ')');
	else
		buf_fmt(out, ", %u)", size);
	return true;
}

static const struct ioctl_name *first_request(
	const struct ioctl_name *table, unsigned count, uint32_t request)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (table[mid].request < request)
			low = mid + 1;
		else
			high = mid;
	}
	return low < count && table[low].request == request ? table + low : NULL;
}

void request_add(struct buf *out, uint32_t request, bool narrow)
{
	const struct ioctl_name *table = sys_ioctls, *at = NULL;
	unsigned count = sys_ioctls_count;

	if (narrow && sys_ioctls32_count) {
		table = sys_ioctls32;
		count = sys_ioctls32_count;
	}
	at = first_request(table, count, request);
	if (!at) {
		if (!add_parts(out, request))
			buf_fmt(out, "0x%.4X", request);
		return;
	}
	buf_str(out, at->name);
	for (const struct ioctl_name *more = at + 1;
		more < table + count && more->request == request; more++)
		buf_fmt(out, " or %s", more->name);
}

size_t request_total(void)
{
	return sys_ioctls_count;
}

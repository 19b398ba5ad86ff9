/* SPDX-License-Identifier: MIT */
#include "sys/memory.h"

#include <string.h>

enum { PAGE = 4096, STEP = 256 };

size_t memory_read(const struct memory *m, uint64_t addr, void *to, size_t n)
{
	size_t got;

	if (n > MEMORY_MAX)
		n = MEMORY_MAX;
	/* Nothing wraps around the end of the address space. */
	if (addr + n < addr)
		n = (size_t)(0 - addr);
	if (!m || !m->read || !n)
		return 0;
	got = m->read(m->ctx, addr, to, n);
	return got < n ? got : n;
}

bool memory_whole(const struct memory *m, uint64_t addr, void *to, size_t n)
{
	return n <= MEMORY_MAX && memory_read(m, addr, to, n) == n;
}

size_t memory_string(const struct memory *m, uint64_t addr, char *to, size_t n, bool *ended)
{
	size_t len = 0, step = STEP;

	*ended = false;
	while (len < n) {
		size_t want = n - len, page = PAGE - (size_t)((addr + len) % PAGE), got;
		const char *nul;

		/* Most strings are short: ask for little at first, and never beyond a page at once. */
		if (want > step)
			want = step;
		if (want > page)
			want = page;
		got = memory_read(m, addr + len, to + len, want);
		nul = memchr(to + len, 0, got);
		if (nul) {
			*ended = true;
			return (size_t)(nul - to);
		}
		len += got;
		if (got < want)
			break;
		step = PAGE;
	}
	return len;
}

bool memory_number(const struct memory *m, uint64_t addr, unsigned bytes, uint64_t *out)
{
	unsigned char raw[8] = {0};

	*out = 0;
	if (bytes > sizeof(raw) || !memory_whole(m, addr, raw, bytes))
		return false;
	for (unsigned i = bytes; i-- > 0;)
		*out = *out << 8 | raw[i];
	return true;
}

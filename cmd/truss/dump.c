/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include "sys/bytes.h"

static void add_size(void *ctx, uint64_t addr, uint64_t n)
{
	(void)addr;
	*(uint64_t *)ctx += n;
}

uint64_t dump_total(const struct args_call *call)
{
	uint64_t total = 0;

	args_each_buffer(call, add_size, &total);
	return total;
}

struct dumping {
	const struct args_call *call;
	struct buf *out;
	uint64_t left; /* of DUMP_MAX */
	uint64_t beyond;
};

static void dump_lines(struct buf *out, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += BYTES_DUMP) {
		bytes_add_line(out, bytes + i, n - i < BYTES_DUMP ? n - i : BYTES_DUMP);
		buf_chr(out, '\n');
	}
}

static void dump_buffer(void *ctx, uint64_t addr, uint64_t n)
{
	struct dumping *d = ctx;
	uint64_t done = 0, wanted = n < d->left ? n : d->left;
	unsigned char bytes[BYTES_DUMP * 128];

	d->beyond += n - wanted;
	while (done < wanted) {
		uint64_t some = wanted - done < sizeof bytes ? wanted - done : sizeof bytes;
		size_t got = memory_read(d->call->mem, addr + done, bytes, some);

		dump_lines(d->out, bytes, got);
		done += got;
		if (got < some) {
			bytes_add_address(d->out, addr + done);
			buf_str(d->out, ": cannot be read\n");
			break;
		}
	}
	d->left -= wanted;
}

void dump_add(const struct args_call *call, struct buf *out)
{
	struct dumping d = {.call = call, .out = out, .left = DUMP_MAX};

	args_each_buffer(call, dump_buffer, &d);
	if (d.beyond)
		buf_fmt(out, "(%llu more bytes)\n", (unsigned long long)d.beyond);
}

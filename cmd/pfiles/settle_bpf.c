/* SPDX-License-Identifier: MIT */
#include "settle_bpf.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kind.h"
#include "notes.h"

static int by_id(enum bpf_cmd cmd, uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id; /* prog_id lies at the same place */
	return (int)syscall(SYS_bpf, cmd, &attr, sizeof(attr));
}

/* map: else a program. */
static void add_name(int fd, bool map, struct buf *out)
{
	struct bpf_map_info m = {0};
	struct bpf_prog_info p = {0};
	const char *name = map ? m.name : p.name;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = map ? sizeof(m) : sizeof(p);
	attr.info.info = map ? (uintptr_t)&m : (uintptr_t)&p;
	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) == 0 && *name)
		note_text(out, "name", name, strnlen(name, BPF_OBJ_NAME_LEN));
}

void settle_bpf(const struct buf *info, const struct desc *d, struct buf *out)
{
	bool map = d->kind == KIND_BPF_MAP;
	size_t at = d->info.at;
	struct note n;

	while (note_next(info, &at, d->info.at + d->info.len, &n)) {
		int fd;

		if (n.kind != NOTE_NUM || strcmp(n.key, "id") != 0)
			continue;
		fd = by_id(map ? BPF_MAP_GET_FD_BY_ID : BPF_PROG_GET_FD_BY_ID, (uint32_t)n.num);
		if (fd < 0)
			continue;
		add_name(fd, map, out);
		close(fd);
	}
}

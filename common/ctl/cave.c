/* SPDX-License-Identifier: MIT */
#include "ctl/cave.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/machine.h"
#include "ctl/touch.h"
#include "proc/maps.h"
#include "proc/threads.h"

#define CODE_MAX  2048 /* more than machine_code_size() */
#define PAGE      4096u
#define PHDRS_MAX 64

uint64_t cave_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int cave_open_mem(const struct proc *p, pid_t tid, int *mem)
{
	char path[40];

	snprintf(path, sizeof path, "task/%d/mem", (int)tid);
	*mem = openat(proc_dirfd(p), path, O_RDWR | O_CLOEXEC);
	if (*mem >= 0)
		return 0;
	if (errno == ENOENT || errno == ESRCH)
		return ERR_GONE;
	return errno == EACCES || errno == EPERM ? ERR_PERM : -errno;
}

int cave_read(int mem, uint64_t addr, void *buf, size_t len)
{
	ssize_t n = pread(mem, buf, len, (off_t)addr);

	return n == (ssize_t)len ? 0 : -EIO;
}

int cave_write(int mem, uint64_t addr, const void *buf, size_t len)
{
	touch_point("memwrite");
	ssize_t n = pwrite(mem, buf, len, (off_t)addr);

	return n == (ssize_t)len ? 0 : -EIO;
}

/* ---- where ---- */

struct auxv {
	uint64_t vdso;
	bool narrow;
};

/*
 * The vector has no header that tells its width; AT_PAGESZ is in every one, and reading it in the
 * wrong width never gives the page size.
 */
static int auxv_read(const struct proc *p, pid_t tid, struct auxv *out)
{
	char path[40];
	struct buf b = {0};
	int err;

	snprintf(path, sizeof path, "task/%d/auxv", (int)tid);
	err = proc_read_file(p, path, 8192, &b);
	*out = (struct auxv){.narrow = true};
	for (size_t i = 0; !err && i + 16 <= b.len; i += 16) {
		uint64_t pair[2];
		memcpy(pair, b.data + i, sizeof pair);
		if (pair[0] == AT_PAGESZ && pair[1] == PAGE)
			out->narrow = false;
		if (pair[0] == AT_SYSINFO_EHDR)
			out->vdso = pair[1];
	}
	if (!err && out->narrow)
		out->vdso = 0;
	if (!err && !b.len)
		err = ERR_GONE;
	buf_free(&b);
	return err;
}

/* A leader that has died while its threads live has no vector any more; they have. */
int cave_is_narrow(const struct proc *p, bool *narrow)
{
	struct threads t = {0};
	struct auxv v = {0};
	int err = threads_list(p, &t);

	if (!err)
		err = ERR_GONE;
	for (size_t i = 0; i < t.n && err; i++)
		err = auxv_read(p, t.tid[i], &v);
	*narrow = v.narrow;
	threads_free(&t);
	return err;
}

/* Ends of an ELF image mapped at base: of what is loaded as executable, and of the section table.
 */
struct image_ends {
	uint64_t code, sections;
};

/* The fields of a program header that matter, of either class. */
struct segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, filesz;
};

static bool segment_at(int mem, uint64_t addr, bool wide, struct segment *s)
{
	Elf64_Phdr p64;
	Elf32_Phdr p32;

	if (wide && !cave_read(mem, addr, &p64, sizeof p64)) {
		*s = (struct segment){
			p64.p_type, p64.p_flags, p64.p_offset, p64.p_vaddr, p64.p_filesz};
		return true;
	}
	if (!wide && !cave_read(mem, addr, &p32, sizeof p32)) {
		*s = (struct segment){
			p32.p_type, p32.p_flags, p32.p_offset, p32.p_vaddr, p32.p_filesz};
		return true;
	}
	return false;
}

struct headers {
	uint64_t phoff, shoff;
	unsigned phnum, phentsize, shnum, shentsize;
	bool wide;
};

static bool headers_at(int mem, uint64_t base, struct headers *h)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr e64;
		Elf32_Ehdr e32;
	} e;

	if (cave_read(mem, base, &e, sizeof e) || memcmp(e.ident, ELFMAG, SELFMAG))
		return false;
	h->wide = e.ident[EI_CLASS] == ELFCLASS64;
	if (h->wide)
		*h = (struct headers){e.e64.e_phoff, e.e64.e_shoff, e.e64.e_phnum,
			e.e64.e_phentsize, e.e64.e_shnum, e.e64.e_shentsize, true};
	else
		*h = (struct headers){e.e32.e_phoff, e.e32.e_shoff, e.e32.e_phnum,
			e.e32.e_phentsize, e.e32.e_shnum, e.e32.e_shentsize, false};
	return h->phnum <= PHDRS_MAX;
}

static int image_ends(int mem, uint64_t base, struct image_ends *out)
{
	struct headers h;
	struct segment s;
	uint64_t bias = base;
	bool first = true;

	*out = (struct image_ends){0};
	if (!headers_at(mem, base, &h))
		return ERR_NOCAVE;
	for (unsigned i = 0; i < h.phnum; i++) {
		if (!segment_at(mem, base + h.phoff + i * h.phentsize, h.wide, &s))
			return ERR_NOCAVE;
		if (s.type != PT_LOAD)
			continue;
		if (first)
			bias = base - (s.vaddr - s.offset);
		first = false;
		if (s.flags & PF_X)
			out->code = bias + s.vaddr + s.filesz;
	}
	out->sections = base + h.shoff + (uint64_t)h.shnum * h.shentsize;
	return out->code ? 0 : ERR_NOCAVE;
}

/* Bytes that are zero, or our own code left behind. */
static bool is_free(const unsigned char *bytes, size_t n)
{
	if (machine_is_code(bytes))
		return true;
	return !bytes[0] && !memcmp(bytes, bytes + 1, n - 1);
}

/* The last machine_code_size() bytes before `end`, if nothing uses them. */
static int tail_of(int mem, uint64_t used, uint64_t end, struct cave *out)
{
	unsigned char bytes[CODE_MAX];
	size_t need = machine_code_size();

	if (need > sizeof bytes || end < used + need || cave_read(mem, end - need, bytes, need) ||
		!is_free(bytes, need))
		return ERR_NOCAVE;
	out->addr = end - need;
	return 0;
}

static uint64_t page_up(uint64_t addr)
{
	return (addr + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* The vDSO is one image, section table included, padded with zeros to whole pages. */
static int vdso_tail(int mem, uint64_t base, struct cave *out)
{
	struct image_ends ends;
	int err = image_ends(mem, base, &ends);

	if (err)
		return err;
	if (ends.sections < ends.code)
		ends.sections = ends.code;
	return tail_of(mem, ends.sections, page_up(ends.sections), out);
}

struct walk {
	int mem;
	uint64_t base, ino; /* the file whose beginning was mapped last */
	struct cave *out;
};

/* Padding behind the executable segment, up to the end of its last page. */
static int map_tail(const struct map *m, void *arg)
{
	struct walk *w = arg;
	struct image_ends ends;

	if (!strcmp(m->name, "[vdso]"))
		return vdso_tail(w->mem, m->start, w->out) ? 0 : 1;
	if (!m->ino)
		return 0;
	if (m->offset == 0) {
		w->base = m->start;
		w->ino = m->ino;
	}
	if (!m->exec || m->write || m->shared || m->ino != w->ino)
		return 0;
	if (image_ends(w->mem, w->base, &ends) || ends.code <= m->start || ends.code > m->end)
		return 0;
	return tail_of(w->mem, ends.code, m->end, w->out) ? 0 : 1;
}

int cave_find(const struct proc *p, pid_t tid, int mem, struct cave *out)
{
	struct walk w = {.mem = mem, .out = out};
	struct auxv v;
	int err = auxv_read(p, tid, &v);

	if (err)
		return err;
	if (v.vdso && !vdso_tail(mem, v.vdso, out))
		return 0;
	err = maps_each(p, map_tail, &w);
	return err == 1 ? 0 : err ? err : ERR_NOCAVE;
}

struct gap {
	uint64_t size, previous_end, addr, best;
};

static int map_gap(const struct map *m, void *arg)
{
	struct gap *g = arg;

	if (m->start > 0xf0000000u)
		return 1;
	if (m->start > g->previous_end && m->start - g->previous_end > g->best) {
		g->best = m->start - g->previous_end;
		g->addr = g->previous_end + g->best / 2;
	}
	g->previous_end = m->end;
	return 0;
}

/*
 * In 64 bits there is a wide stretch, above what sanitizers shadow and below libraries and stack,
 * that nobody uses; MAP_FIXED_NOREPLACE makes sure. In 32 bits: the middle of the largest gap.
 */
int cave_hole(const struct proc *p, bool narrow, uint64_t size, uint64_t *addr)
{
	struct gap g = {.size = size, .previous_end = 0x110000};
	int err;

	if (!narrow) {
		*addr = 0x2a0000000000u +
			(cave_clock() * 0x9e3779b97f4a7c15u >> 30 & 0x3ffff) * 0x1000000u;
		return 0;
	}
	err = maps_each(p, map_gap, &g);
	if (err < 0)
		return err;
	*addr = g.addr & ~(uint64_t)(PAGE - 1);
	return g.best > 4 * size ? 0 : ERR_NOCAVE;
}

int cave_clear(int mem, const struct cave *c)
{
	static const unsigned char zeros[CODE_MAX];

	return cave_write(mem, c->addr, zeros, machine_code_size());
}

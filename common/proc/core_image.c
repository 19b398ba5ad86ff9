/* SPDX-License-Identifier: MIT */
#include "proc/core_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define NOTES_MOST  (64U << 20) /* some for each thread, and one for all mapped files */
#define HEADERS_MAX (1U << 20)

/* Of both classes, what is used of them. */
struct headers {
	uint64_t at;
	uint64_t section_at;
	unsigned count, size;
};

static bool read_at(const struct core_image *c, void *to, size_t n, uint64_t at)
{
	return at <= INT64_MAX && pread(c->fd, to, n, (off_t)at) == (ssize_t)n;
}

static int read_head(struct core_image *c, struct headers *h)
{
	unsigned char ident[EI_NIDENT];
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (!read_at(c, ident, sizeof(ident), 0) || memcmp(ident, ELFMAG, SELFMAG) != 0 ||
		ident[EI_DATA] != ELFDATA2LSB)
		return ERR_FORMAT;
	c->wide = ident[EI_CLASS] == ELFCLASS64;
	if (c->wide) {
		if (!read_at(c, &wide, sizeof(wide), 0) || wide.e_type != ET_CORE)
			return ERR_FORMAT;
		*h = (struct headers){wide.e_phoff, wide.e_shoff, wide.e_phnum, wide.e_phentsize};
	} else {
		if (!read_at(c, &narrow, sizeof(narrow), 0) || narrow.e_type != ET_CORE)
			return ERR_FORMAT;
		*h = (struct headers){
			narrow.e_phoff, narrow.e_shoff, narrow.e_phnum, narrow.e_phentsize};
	}
	return h->size == (c->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) ? 0 : ERR_FORMAT;
}

/* With 65,535 segments or more their number is in the first section header (elf(5), PN_XNUM). */
static int count_headers(const struct core_image *c, struct headers *h)
{
	Elf64_Shdr wide;
	Elf32_Shdr narrow;

	if (h->count != PN_XNUM)
		return 0;
	if (c->wide ? !read_at(c, &wide, sizeof(wide), h->section_at)
		    : !read_at(c, &narrow, sizeof(narrow), h->section_at))
		return ERR_FORMAT;
	h->count = c->wide ? wide.sh_info : narrow.sh_info;
	return h->count <= HEADERS_MAX ? 0 : ERR_FORMAT;
}

static Elf64_Phdr header_at(const struct core_image *c, const unsigned char *table, size_t i)
{
	Elf64_Phdr wide;
	Elf32_Phdr narrow;

	if (c->wide) {
		memcpy(&wide, table + i * sizeof(wide), sizeof(wide));
		return wide;
	}
	memcpy(&narrow, table + i * sizeof(narrow), sizeof(narrow));
	return (Elf64_Phdr){
		.p_type = narrow.p_type,
		.p_flags = narrow.p_flags,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_filesz = narrow.p_filesz,
		.p_memsz = narrow.p_memsz,
	};
}

static int take_segment(struct core_image *c, const Elf64_Phdr *h)
{
	struct core_segment *s = &c->segment[c->segments];
	uint64_t want = h->p_filesz < h->p_memsz ? h->p_filesz : h->p_memsz, left;

	if (__builtin_add_overflow(h->p_vaddr, h->p_memsz, &s->end) || !h->p_memsz)
		return 0; /* no address is in it */
	left = h->p_offset < c->size ? c->size - h->p_offset : 0;
	s->start = h->p_vaddr;
	s->offset = h->p_offset;
	s->len = want < left ? want : left;
	s->lacks = want - s->len;
	s->read = h->p_flags & PF_R;
	s->write = h->p_flags & PF_W;
	s->exec = h->p_flags & PF_X;
	c->segments++;
	return 0;
}

static int take_notes(struct core_image *c, const Elf64_Phdr *h)
{
	uint64_t left = h->p_offset < c->size ? c->size - h->p_offset : 0;
	size_t n = h->p_filesz < left ? h->p_filesz : left;
	unsigned char *grown;

	c->notes_lost |= n < h->p_filesz;
	if (n > NOTES_MOST - c->notes_len)
		return ERR_FORMAT;
	grown = realloc(c->notes, c->notes_len + n + 1);
	if (!grown)
		return -ENOMEM;
	c->notes = grown;
	if (read_at(c, c->notes + c->notes_len, n, h->p_offset))
		c->notes_len += n;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	const struct core_segment *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int read_table(struct core_image *c, const struct headers *h)
{
	size_t n = (size_t)h->count * h->size;
	unsigned char *table = malloc(n ? n : 1);
	int err = 0;

	c->segment = calloc(h->count ? h->count : 1, sizeof(*c->segment));
	if (!table || !c->segment)
		err = -ENOMEM;
	else if (!read_at(c, table, n, h->at))
		err = ERR_FORMAT;
	for (size_t i = 0; !err && i < h->count; i++) {
		Elf64_Phdr p = header_at(c, table, i);

		if (p.p_type == PT_LOAD)
			err = take_segment(c, &p);
		else if (p.p_type == PT_NOTE)
			err = take_notes(c, &p);
	}
	free(table);
	if (!err)
		qsort(c->segment, c->segments, sizeof(*c->segment), ascending);
	return err;
}

int core_image_open(const char *path, struct core_image *out)
{
	struct headers h;
	struct stat s;
	int err;

	*out = (struct core_image){.fd = -1};
	/* A FIFO or a device must not make us wait. */
	out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (out->fd < 0)
		return -errno;
	err = fstat(out->fd, &s) < 0 ? -errno : S_ISREG(s.st_mode) ? 0 : ERR_FORMAT;
	if (!err) {
		out->size = (uint64_t)s.st_size;
		err = read_head(out, &h);
	}
	if (!err)
		err = count_headers(out, &h);
	if (!err)
		err = read_table(out, &h);
	if (err)
		core_image_close(out);
	return err;
}

void core_image_close(struct core_image *c)
{
	close(c->fd);
	free(c->segment);
	free(c->notes);
	*c = (struct core_image){.fd = -1};
}

const struct core_segment *core_image_find(const struct core_image *c, uint64_t addr)
{
	size_t lo = 0, hi = c->segments;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->segment[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->segments && c->segment[lo].start <= addr ? &c->segment[lo] : NULL;
}

size_t core_image_read(const struct core_image *c, uint64_t addr, void *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		const struct core_segment *s = core_image_find(c, addr + done);
		uint64_t skip = s ? addr + done - s->start : 0;
		size_t some = s && skip < s->len ? s->len - skip : 0;
		ssize_t got;

		if (some > n - done)
			some = n - done;
		if (!some || s->offset > INT64_MAX - s->len)
			break;
		got = pread(c->fd, (char *)to + done, some, (off_t)(s->offset + skip));
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

#define ALIGN4(n) (((size_t)(n) + 3) & ~(size_t)3)

int core_image_each_note(const struct core_image *c, core_note_fn *fn, void *arg)
{
	const unsigned char *p = c->notes;
	size_t n = c->notes_len;
	int err = 0;

	while (!err && n >= sizeof(Elf64_Nhdr)) {
		struct core_note note;
		Elf64_Nhdr h; /* the same in both classes */
		size_t name, desc;

		memcpy(&h, p, sizeof(h));
		name = ALIGN4(h.n_namesz);
		desc = ALIGN4(h.n_descsz);
		if (name > n || desc > n || sizeof(h) + name + desc > n)
			break;
		note = (struct core_note){h.n_type, p + sizeof(h) + name, h.n_descsz};
		err = fn(&note, arg);
		p += sizeof(h) + name + desc;
		n -= sizeof(h) + name + desc;
	}
	return err;
}

uint64_t core_image_lacks(const struct core_image *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->segments; i++)
		sum += c->segment[i].lacks;
	return sum;
}

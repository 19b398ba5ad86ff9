/* SPDX-License-Identifier: MIT */
/*
 * Debugging information that is kept apart: a file found by build-id or by .gnu_debuglink ("Separate Debug Files" in gdb's
 * manual), in the target's root and then in ours, and never believed without its proof: the same build-id, or the
 * checksum. And .gnu_debugdata, a small ELF file with symbols, packed by xz.
 */
#include <errno.h>
#include <libgen.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/mapped.h"
#include "sym/module.h"

#define DEBUG_ROOT "/usr/lib/debug"

/* What .gnu_debugdata may unpack to, and take for it. The largest known has some megabytes. */
#define MINI_MOST   ((size_t)64 << 20)
#define MINI_MEMORY ((uint64_t)128 << 20)

/* What proves that a file is the one that is looked for. */
struct proof {
	const unsigned char *id;
	size_t n;
	bool has_crc;
	uint32_t crc;
};

static bool proves(const struct elffile *f, const struct proof *p)
{
	size_t n = 0;
	const unsigned char *id = elffile_build_id(f, &n);

	if (p->id && id)
		return n == p->n && memcmp(id, p->id, n) == 0;
	return p->has_crc && lzma_crc32(f->image.data, f->image.size, 0) == p->crc;
}

/* Takes the descriptor. NULL: not the one. */
static struct elffile *open_proved(int fd, const struct mapped_file *of, const struct proof *p)
{
	struct elffile *out;
	struct image image;
	int err;

	if (fd < 0)
		return NULL;
	out = calloc(1, sizeof(*out));
	err = out ? image_map(fd, &image) : -ENOMEM;
	close(fd);
	if (!err)
		err = elffile_open(image, out);
	if (!err && out->machine == of->elf.machine && proves(out, p))
		return out;
	if (!err)
		elffile_free(out);
	free(out);
	return NULL;
}

/* In the target's root, then in ours. */
static struct elffile *open_path(
	struct space *s, const struct mapped_file *of, const char *path, const struct proof *p)
{
	struct elffile *out = NULL;

	if (s->target.live)
		out = open_proved(mapped_open_path(s->target.live, path), of, p);
	return out ? out : open_proved(mapped_open_ours(path), of, p);
}

static struct elffile *by_build_id(
	struct space *s, const struct mapped_file *f, const struct proof *p)
{
	struct elffile *out = NULL;
	struct buf path = {0};

	if (!p->id || p->n < 2 || p->n > 64)
		return NULL;
	buf_fmt(&path, DEBUG_ROOT "/.build-id/%02x/", p->id[0]);
	for (size_t i = 1; i < p->n; i++)
		buf_fmt(&path, "%02x", p->id[i]);
	buf_str(&path, ".debug");
	if (!path.failed)
		out = open_path(s, f, buf_cstr(&path), p);
	buf_free(&path);
	return out;
}

/* The section: a file name, and at the next multiple of four its checksum. */
static const char *debuglink(struct elffile *f, struct proof *p)
{
	const Elf64_Shdr *s = elffile_section(f, ".gnu_debuglink");
	size_t n, name;
	const char *bytes = s ? elffile_section_bytes(f, s, &n) : NULL;

	if (!bytes || n < 8)
		return NULL;
	name = strnlen(bytes, n);
	if (!name || name > 255 || memchr(bytes, '/', name) || ((name + 4) & ~(size_t)3) + 4 > n)
		return NULL;
	memcpy(&p->crc, bytes + ((name + 4) & ~(size_t)3), sizeof(p->crc));
	p->has_crc = true;
	return bytes;
}

static struct elffile *by_debuglink(struct space *s, struct mapped_file *f, struct proof *p)
{
	static const char *const places[][2] = {{"", ""}, {"", "/.debug"}, {DEBUG_ROOT, ""}};
	const char *link = debuglink(&f->elf, p);
	struct elffile *out = NULL;
	char *copy = link ? strdup(f->name) : NULL, *dir;

	if (!copy || *copy != '/') {
		free(copy);
		return NULL;
	}
	dir = dirname(copy);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !out; i++) {
		struct buf path = {0};

		buf_fmt(&path, "%s%s%s/%.255s", places[i][0], dir, places[i][1], link);
		if (!path.failed)
			out = open_path(s, f, buf_cstr(&path), p);
		buf_free(&path);
	}
	free(copy);
	return out;
}

struct elffile *debug_file(struct space *s, struct mapped_file *f)
{
	struct proof p = {0};

	if (f->debug_tried)
		return f->debug;
	f->debug_tried = true;
	p.id = elffile_build_id(&f->elf, &p.n);
	f->debug = by_build_id(s, f, &p);
	if (!f->debug)
		f->debug = by_debuglink(s, f, &p);
	return f->debug;
}

/* Unpacks into *image; the size is not known beforehand. */
static int unpack(const unsigned char *bytes, size_t n, struct image *image)
{
	lzma_stream z = LZMA_STREAM_INIT;
	unsigned char *to;
	int err = image_make(MINI_MOST, image, &to);
	lzma_ret ret;

	if (err)
		return err;
	ret = lzma_stream_decoder(&z, MINI_MEMORY, LZMA_CONCATENATED);
	z.next_in = bytes;
	z.avail_in = n;
	z.next_out = to;
	z.avail_out = MINI_MOST;
	if (ret == LZMA_OK)
		ret = lzma_code(&z, LZMA_FINISH);
	lzma_end(&z);
	if (ret == LZMA_STREAM_END)
		return 0;
	image_free(image);
	return ret == LZMA_MEM_ERROR ? -ENOMEM : ret == LZMA_OK ? ERR_TOOBIG : ERR_FORMAT;
}

struct elffile *debug_mini(struct mapped_file *f)
{
	const Elf64_Shdr *s = elffile_section(&f->elf, ".gnu_debugdata");
	const unsigned char *bytes;
	struct image image;
	size_t n;

	if (f->mini_tried || !s)
		return f->mini;
	f->mini_tried = true;
	bytes = elffile_section_bytes(&f->elf, s, &n);
	if (!bytes || unpack(bytes, n, &image) != 0)
		return NULL;
	f->mini = calloc(1, sizeof(*f->mini));
	if (!f->mini)
		image_free(&image);
	else if (elffile_open(image, f->mini) != 0) {
		free(f->mini);
		f->mini = NULL;
	}
	return f->mini;
}

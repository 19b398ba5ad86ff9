/* SPDX-License-Identifier: MIT */
/*
 * Which file is mapped. Names lie: a package was upgraded, a container has other files under the same paths, an executable
 * was deleted. So each way ends with a proof. A live process's file has the device and inode of the mapping, or it is reached
 * through the mapping itself; and whatever it is reached by, if the bytes that identify it (build-id, else the ELF
 * headers) are in the target's memory, they are compared. Where devices cannot be compared (overlayfs and btrfs show
 * another device in maps than stat(2) does) and for a core, the comparison must be possible, and agree.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/mapped.h"
#include "sym/module.h"

enum { PAGE = 4096, ID_MAX = 64 };

/* The file offset of a mapping is that of a page; a segment starts within its first. */
bool where_bias(const struct elffile *f, const struct mapping *m, uint64_t *bias)
{
	const Elf64_Phdr *found = NULL;

	for (size_t i = 0; i < f->nsegments; i++) {
		const Elf64_Phdr *p = &f->segments[i];
		uint64_t first = p->p_offset & -(uint64_t)PAGE;

		if (p->p_type != PT_LOAD || !p->p_filesz || m->offset < first ||
			m->offset >= p->p_offset + p->p_filesz)
			continue;
		/* A page of the file may be loaded twice, as the end of one segment and the start of another. */
		if (!found || (m->map.exec && !(found->p_flags & PF_X)) ||
			(m->map.write && !(found->p_flags & PF_W) && (p->p_flags & PF_W)))
			found = p;
	}
	if (found)
		*bias = m->map.start - (found->p_vaddr - found->p_offset + m->offset);
	return found;
}

static enum where_same compare_bytes(
	const struct space *s, uint64_t addr, const void *bytes, size_t n)
{
	unsigned char there[PAGE];

	if (!n || n > sizeof(there) || space_peek(s, addr, there, n) != n)
		return WHERE_UNKNOWN;
	return memcmp(there, bytes, n) == 0 ? WHERE_SAME : WHERE_DIFFERS;
}

/* Without a build-id: the ELF header and what follows it, with the sizes and offsets of everything in the file. */
static enum where_same compare_headers(
	const struct space *s, const struct elffile *f, uint64_t bias)
{
	size_t n = 512;

	for (size_t i = 0; i < f->nsegments; i++) {
		const Elf64_Phdr *p = &f->segments[i];

		if (p->p_type != PT_LOAD || p->p_offset != 0 || (p->p_flags & PF_W))
			continue;
		if (n > p->p_filesz)
			n = p->p_filesz;
		if (n > f->image.size)
			n = f->image.size;
		return compare_bytes(s, bias + p->p_vaddr, f->image.data, n);
	}
	return WHERE_UNKNOWN;
}

enum where_same where_compare(const struct space *s, const struct elffile *f, uint64_t bias)
{
	for (size_t i = 0; i < f->nsegments; i++) {
		const Elf64_Phdr *p = &f->segments[i];
		const unsigned char *notes = elffile_bytes(f, p->p_offset, p->p_filesz), *id;
		size_t n;

		if (p->p_type != PT_NOTE || !notes ||
			!(id = elffile_build_id_in(notes, p->p_filesz, &n)))
			continue;
		return n <= ID_MAX
			? compare_bytes(s, bias + p->p_vaddr + (uint64_t)(id - notes), id, n)
			: WHERE_UNKNOWN;
	}
	return compare_headers(s, f, bias);
}

static bool same_inode(int fd, const struct mapped_file *f)
{
	struct stat s;

	return fstat(fd, &s) == 0 && s.st_ino == f->ino && major(s.st_dev) == f->dev_major &&
		minor(s.st_dev) == f->dev_minor;
}

/* What a way has led to, and how much that proves by itself. */
struct candidate {
	enum module_source source;
	int fd;
	bool certain; /* the way cannot lead to another file */
};

/* Takes the descriptor. True: it is the one, and opened. */
static bool accept(struct space *s, const struct mapping *m, const struct candidate *c)
{
	struct mapped_file *f = m->file;
	bool certain = c->certain;
	struct image image;
	uint64_t bias;
	int err;

	if (c->fd < 0) {
		f->error = f->error ? f->error : c->fd;
		return false;
	}
	certain = certain || (s->target.live && f->ino && same_inode(c->fd, f));
	err = image_map(c->fd, &image);
	close(c->fd);
	if (!err)
		err = elffile_open(image, &f->elf);
	if (!err) {
		enum where_same same = where_bias(&f->elf, m, &bias)
			? where_compare(s, &f->elf, bias)
			: WHERE_DIFFERS;

		if (same == WHERE_SAME || (same == WHERE_UNKNOWN && certain)) {
			f->source = c->source;
			f->error = 0;
			return true;
		}
		elffile_free(&f->elf);
		err = -ESTALE;
	}
	f->error = f->error && err == -ESTALE ? f->error : err;
	return false;
}

#define DELETED " (deleted)"

static bool is_deleted(const char *name)
{
	size_t n = strlen(name);

	return n > strlen(DELETED) && strcmp(name + n - strlen(DELETED), DELETED) == 0;
}

static bool open_live(struct space *s, const struct mapping *m)
{
	const struct proc *p = s->target.live;
	struct candidate c = {MODULE_MAP_FILES, mapped_open(p, m->map.start, m->map.end), true};

	if (accept(s, m, &c))
		return true;
	if (!is_deleted(m->file->name)) {
		c = (struct candidate){MODULE_ROOT, mapped_open_path(p, m->file->name), false};
		if (accept(s, m, &c))
			return true;
	}
	c = (struct candidate){MODULE_EXE, mapped_open_exe(p), false};
	return accept(s, m, &c);
}

/* A file of the folder that the caller named, by its last name. */
static int open_in_dir(const char *dir, const char *name)
{
	const char *last = strrchr(name, '/');
	struct buf path = {0};
	int fd;

	buf_fmt(&path, "%s/%s", dir, last ? last + 1 : name);
	fd = path.failed ? -ENOMEM : mapped_open_ours(buf_cstr(&path));
	buf_free(&path);
	return fd;
}

static bool open_named(struct space *s, const struct mapping *m, const char *name)
{
	struct candidate c = {MODULE_PATH, -1, false};

	if (s->dir) {
		c.fd = open_in_dir(s->dir, name);
		if (accept(s, m, &c))
			return true;
	}
	c.fd = mapped_open_ours(name);
	if (accept(s, m, &c))
		return true;
	if (!s->exe)
		return false;
	c.fd = mapped_open_ours(s->exe);
	return accept(s, m, &c);
}

/* Deleted then, and moved to where somebody has kept it for the core, or made anew: whatever it is, it is checked. */
static bool open_core(struct space *s, const struct mapping *m)
{
	char *name = strdup(m->file->name);
	bool found;

	if (!name)
		return false;
	if (is_deleted(name))
		name[strlen(name) - strlen(DELETED)] = '\0';
	found = open_named(s, m, name);
	free(name);
	return found;
}

void where_open(struct space *s, const struct mapping *m)
{
	struct mapped_file *f = m->file;
	bool found = false;
	int err;

	f->opened = true;
	f->source = MODULE_NONE;
	if (f->name[0] == '/')
		found = s->target.live ? open_live(s, m) : open_core(s, m);
	if (found)
		return;
	err = memory_image(s, m, &f->elf);
	if (!err) {
		f->source = MODULE_MEMORY;
		f->error = 0;
	} else if (!f->error)
		f->error = err;
}

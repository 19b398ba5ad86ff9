/* SPDX-License-Identifier: MIT */
#include "sym/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sym/module.h"
#include "sym/reader.h"

/* Memory without a name that may belong to the file below it: as many mappings are looked back. */
enum { LOOK_BACK = 16 };

static unsigned bucket_of(const struct map *m)
{
	uint64_t h = 14695981039346656037u ^ m->ino ^ (uint64_t)m->dev_minor << 40;

	for (const char *s = m->name; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return (unsigned)(h >> 20) % FILE_BUCKETS;
}

/* Names in brackets are the kernel's, for what is no file; of them only the vDSO is an ELF file. */
static bool maybe_elf(const struct map *m)
{
	return m->name[0] == '/' || strcmp(m->name, "[vdso]") == 0;
}

static struct mapped_file *file_of(struct space *s, const struct map *m)
{
	struct mapped_file **bucket = &s->bucket[bucket_of(m)], *f;

	for (f = *bucket; f; f = f->hash_next) {
		if (f->ino == m->ino && f->dev_major == m->dev_major &&
			f->dev_minor == m->dev_minor && strcmp(f->name, m->name) == 0)
			return f;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	*f = (struct mapped_file){.name = strdup(m->name),
		.dev_major = m->dev_major,
		.dev_minor = m->dev_minor,
		.ino = m->ino,
		.maybe_elf = maybe_elf(m),
		.hash_next = *bucket,
		.next = s->files};
	if (!f->name) {
		free(f);
		return NULL;
	}
	*bucket = s->files = f;
	return f;
}

/*
 * The list of a live process is read in pieces, and mappings may have been joined meanwhile: then one begins before the
 * last one's end, and what was read later is right.
 */
static void make_way(struct space *s, uint64_t start)
{
	while (s->n && s->maps[s->n - 1].map.start >= start)
		s->n--;
	if (s->n && s->maps[s->n - 1].map.end > start)
		s->maps[s->n - 1].map.end = start;
}

static int add_map(const struct map *m, void *arg)
{
	struct space *s = arg;
	struct mapped_file *f = file_of(s, m);

	if (!f)
		return -ENOMEM;
	make_way(s, m->start);
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		struct mapping *v = reallocarray(s->maps, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->maps = v;
		s->cap = cap;
	}
	s->maps[s->n++] =
		(struct mapping){.map = {m->start, m->end, m->read, m->write, m->exec, f->name},
			.offset = m->offset,
			.file = f};
	return 0;
}

int space_refresh(struct space *s)
{
	struct mapping *maps = s->maps;
	size_t n = s->n, cap = s->cap;
	int err;

	s->maps = NULL;
	s->n = s->cap = 0;
	err = s->target.maps(s->target.ctx, add_map, s);
	if (err) {
		free(s->maps);
		s->maps = maps;
		s->n = n;
		s->cap = cap;
		return err;
	}
	free(maps);
	return 0;
}

int space_open(const struct space_target *target, struct space **out)
{
	struct space *s = calloc(1, sizeof(*s));
	int err = 0;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->target = *target;
	if ((target->exe && !(s->exe = strdup(target->exe))) ||
		(target->dir && !(s->dir = strdup(target->dir))))
		err = -ENOMEM;
	s->target.exe = s->exe;
	s->target.dir = s->dir;
	if (!err)
		err = space_refresh(s);
	if (err) {
		space_close(s);
		return err;
	}
	*out = s;
	return 0;
}

static int maps_of_proc(void *ctx, map_fn *fn, void *arg)
{
	return maps_each(ctx, fn, arg);
}

/* proc_read_mem() gives all or nothing; what there is ends at a page. */
static size_t read_of_proc(void *ctx, uint64_t addr, void *to, size_t n)
{
	enum { PAGE = 4096 };
	size_t done = 0;

	if (proc_read_mem(ctx, addr, to, n) == 0)
		return n;
	while (done < n) {
		size_t piece = PAGE - (size_t)((addr + done) % PAGE);

		if (piece > n - done)
			piece = n - done;
		if (proc_read_mem(ctx, addr + done, (char *)to + done, piece) != 0)
			break;
		done += piece;
	}
	return done;
}

int space_open_proc(const struct proc *p, const char *dir, struct space **out)
{
	struct space_target t = {.live = proc_is_live(p) ? p : NULL,
		.maps = maps_of_proc,
		.read = read_of_proc,
		.ctx = (void *)(uintptr_t)p,
		.dir = dir};

	return space_open(&t, out);
}

/* Names are short and many. */
struct text_block {
	struct text_block *next;
	size_t used, size;
	char bytes[];
};
enum { TEXT_BLOCK = 65536 - 64 };

const char *space_text(struct space *s, const char *name, size_t n)
{
	struct text_block *b = s->texts;
	char *to;

	if (!b || b->size - b->used <= n) {
		size_t size = n < TEXT_BLOCK ? TEXT_BLOCK : n + 1;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		b->used = 0;
		b->size = size;
		b->next = s->texts;
		s->texts = b;
	}
	to = b->bytes + b->used;
	memcpy(to, name, n);
	to[n] = '\0';
	b->used += n + 1;
	return to;
}

static void texts_free(struct space *s)
{
	while (s->texts) {
		struct text_block *b = s->texts;

		s->texts = b->next;
		free(b);
	}
}

static void free_file(struct mapped_file *f)
{
	while (f->modules) {
		struct module *m = f->modules;

		f->modules = m->next;
		free(m);
	}
	debuginfo_free(f->debuginfo);
	cfi_free(f->cfi);
	if (f->mini)
		elffile_free(f->mini);
	free(f->mini);
	if (f->debug)
		elffile_free(f->debug);
	free(f->debug);
	elffile_free(&f->elf);
	free(f->name);
	free(f);
}

void space_close(struct space *s)
{
	if (!s)
		return;
	reader_end(s->reader);
	while (s->files) {
		struct mapped_file *f = s->files;

		s->files = f->next;
		free_file(f);
	}
	source_memo_free(s->memo);
	texts_free(s);
	free(s->maps);
	free(s->exe);
	free(s->dir);
	free(s);
}

struct mapping *space_mapping(const struct space *s, uint64_t addr)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->maps[mid].map.end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && s->maps[low].map.start <= addr ? &s->maps[low] : NULL;
}

bool space_map_at(const struct space *s, uint64_t addr, struct space_map *out)
{
	const struct mapping *m = space_mapping(s, addr);

	if (m)
		*out = m->map;
	return m;
}

static struct module *module_at(struct mapped_file *f, uint64_t bias)
{
	struct module *m;

	for (m = f->modules; m; m = m->next) {
		if (m->bias == bias)
			return m;
	}
	m = calloc(1, sizeof(*m));
	if (m) {
		*m = (struct module){.file = f, .bias = bias, .next = f->modules};
		f->modules = m;
	}
	return m;
}

/* The module's first address: of its lowest segment that is mapped. */
static uint64_t start_of(const struct module *m)
{
	uint64_t low = UINT64_MAX;

	for (size_t i = 0; i < m->file->elf.nsegments; i++) {
		const Elf64_Phdr *p = &m->file->elf.segments[i];

		if (p->p_type == PT_LOAD && p->p_vaddr < low)
			low = p->p_vaddr & -(uint64_t)4096;
	}
	return low == UINT64_MAX ? m->bias : m->bias + low;
}

static struct module *module_of_file(struct space *s, const struct mapping *m)
{
	struct module *out;
	uint64_t bias;

	if (!m->file->opened)
		where_open(s, m);
	if (m->file->source == MODULE_NONE || !where_bias(&m->file->elf, m, &bias))
		return NULL;
	out = module_at(m->file, bias);
	if (out)
		out->start = start_of(out);
	return out;
}

/*
 * Memory without a file within what a module below has loaded: text that was copied to huge pages, or that a debugger or
 * relocations have written to.
 */
static struct module *module_around(struct space *s, const struct mapping *m)
{
	for (const struct mapping *below = m; below > s->maps && m - below < LOOK_BACK;) {
		struct module *found;

		below--;
		if (!below->file->maybe_elf)
			continue;
		found = space_module(s, below->map.start);
		if (found && elffile_segment(&found->file->elf, m->map.start - found->bias) &&
			elffile_segment(&found->file->elf, m->map.end - 1 - found->bias))
			return found;
		break;
	}
	return NULL;
}

struct module *space_module(struct space *s, uint64_t addr)
{
	struct mapping *m = space_mapping(s, addr);

	if (!m)
		return NULL;
	if (!m->asked) {
		m->asked = true;
		if (m->file->maybe_elf)
			m->module = module_of_file(s, m);
		else if (!m->file->ino && m->map.exec)
			m->module = module_around(s, m);
	}
	return m->module;
}

int space_read(struct space *s, uint64_t addr, void *to, size_t n)
{
	size_t got = space_peek(s, addr, to, n), there;

	while (got < n) {
		const struct mapping *m = space_mapping(s, addr + got);
		struct module *module = m && !m->map.write ? space_module(s, addr + got) : NULL;
		const void *bytes = module
			? elffile_at(&module->file->elf, addr + got - module->bias, &there)
			: NULL;

		if (!bytes)
			return -EFAULT;
		if (there > n - got)
			there = n - got;
		memcpy((char *)to + got, bytes, there);
		got += there;
	}
	return 0;
}

const char *module_name(const struct module *m)
{
	return m->file->name;
}

enum module_source module_source(const struct module *m)
{
	return m->file->source;
}

int module_error(const struct module *m)
{
	return m->file->error;
}

uint64_t module_bias(const struct module *m)
{
	return m->bias;
}

uint64_t module_start(const struct module *m)
{
	return m->start;
}

const unsigned char *module_build_id(const struct module *m, size_t *n)
{
	return elffile_build_id(&m->file->elf, n);
}

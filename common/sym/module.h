/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_MODULE_H
#define PTOOLS_SYM_MODULE_H

#include "base/buf.h"
#include "sym/elffile.h"
#include "sym/space.h"

/*
 * Inside common/sym: what a space is made of. A mapping is of a file; a file, once opened, is an ELF file or none; a
 * module is such a file at one bias, for the same file may be loaded twice.
 */
struct cfi;
struct debuginfo;
struct reader;
struct source_memo;

struct mapped_file {
	char *name; /* as the kernel prints it */
	unsigned dev_major, dev_minor;
	uint64_t ino;
	bool maybe_elf; /* a file, or the vDSO */
	bool opened;    /* or tried to be */
	bool memory_tried;
	enum module_source source;
	int error;
	struct elffile elf; /* if source is none of UNTRIED and NONE */

	/* What has been learnt of it, each when it is first asked for. */
	bool debug_tried, mini_tried;
	struct elffile *debug; /* separate debug file */
	struct elffile *mini;  /* out of .gnu_debugdata */
	struct cfi *cfi;
	struct debuginfo *debuginfo;
	int unread; /* error code: why its debugging information could not be read; 0 */

	struct module *modules; /* of this file */
	struct mapped_file *hash_next, *next;
};

struct module {
	struct mapped_file *file;
	uint64_t bias, start;
	struct module *next;
};

struct mapping {
	struct space_map map;
	uint64_t offset;
	struct mapped_file *file;
	struct module *module; /* NULL: none, or not asked for */
	bool asked;
};

enum { FILE_BUCKETS = 1024 };

struct space {
	struct space_target target;
	char *exe, *dir; /* the target's strings, ours */
	struct mapping *maps;
	size_t n, cap;
	struct mapped_file *files, *bucket[FILE_BUCKETS];
	struct text_block *texts; /* names that were handed out */
	struct reader *reader;    /* NULL: not asked for, or not any more */
	unsigned lost;            /* readers that have not answered */
	struct source_memo *memo; /* what has been read */
};

struct mapping *space_mapping(const struct space *s, uint64_t addr);

/*
 * Opens the file that is mapped there; f->source and f->error say what came of it (where.c). *bias: where the file's
 * address 0 is.
 */
void where_open(struct space *s, const struct mapping *m);

/* The bias that makes offset `m->offset` of the file be at m->start; false: no segment of the file is loaded from there. */
bool where_bias(const struct elffile *f, const struct mapping *m, uint64_t *bias);

/* Is the file the one that is in the target's memory at that bias? By build-id, else by its headers. */
enum where_same { WHERE_DIFFERS = -1, WHERE_UNKNOWN, WHERE_SAME };
enum where_same where_compare(const struct space *s, const struct elffile *f, uint64_t bias);

/* Rebuilds an ELF file from the target's memory (memory_image.c). ERR_FORMAT, -EFAULT, ERR_TOOBIG, -ENOMEM. */
int memory_image(const struct space *s, const struct mapping *m, struct elffile *out)
	__attribute__((warn_unused_result));

/* The separate debug file and the small one within the file itself; NULL: none. */
struct elffile *debug_file(struct space *s, struct mapped_file *f);
struct elffile *debug_mini(struct mapped_file *f);

/* Each frees what the file's or space's pointer holds; NULL is fine. */
void cfi_free(struct cfi *c);
void debuginfo_free(struct debuginfo *d);
/* Whether the file or its debug file has any. */
bool debuginfo_is_there(struct space *s, struct mapped_file *f);
void source_memo_free(struct source_memo *memo);

/* A copy of a name that lives as long as the space; of a file's bytes, which may change. NULL: out of memory. */
const char *space_text(struct space *s, const char *name, size_t n);

/* Memory of the target itself: the number of bytes there are, at most n. */
static inline size_t space_peek(const struct space *s, uint64_t addr, void *to, size_t n)
{
	return s->target.read(s->target.ctx, addr, to, n);
}

#endif

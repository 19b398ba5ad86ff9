/* SPDX-License-Identifier: MIT */
/* What the reader (reader.h) answers is kept by address: many threads stand in the same places. */
#include "sym/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sym/module.h"
#include "sym/reader.h"

/* Files that may end a reader; after those nothing more is read, for each may cost its time. */
enum { FILES_LOST = 4, MEMO_FIRST = 256 };

/* An open table: never full. */
struct source_memo {
	struct known {
		uint64_t addr; /* 0: free */
		struct source *v;
		unsigned n;
	} * slot;
	size_t n, slots; /* a power of two */
};

void source_memo_free(struct source_memo *memo)
{
	if (!memo)
		return;
	for (size_t i = 0; i < memo->slots; i++)
		free(memo->slot[i].v);
	free(memo->slot);
	free(memo);
}

static struct known *slot_of(const struct source_memo *memo, uint64_t addr)
{
	size_t i = (size_t)(addr * UINT64_C(0x9e3779b97f4a7c15) >> 20);

	while (memo->slot[i &= memo->slots - 1].addr && memo->slot[i].addr != addr)
		i++;
	return &memo->slot[i];
}

static bool grow(struct source_memo *memo)
{
	struct source_memo more = {.slots = memo->slots ? 2 * memo->slots : MEMO_FIRST};

	more.slot = calloc(more.slots, sizeof(*more.slot));
	if (!more.slot)
		return false;
	for (size_t i = 0; i < memo->slots; i++) {
		if (memo->slot[i].addr)
			*slot_of(&more, memo->slot[i].addr) = memo->slot[i];
	}
	free(memo->slot);
	memo->slot = more.slot;
	memo->slots = more.slots;
	return true;
}

/* Its place, free or taken; NULL: out of memory. */
static struct known *known_at(struct space *s, uint64_t addr)
{
	struct source_memo *memo = s->memo;

	if (!memo)
		memo = s->memo = calloc(1, sizeof(*memo));
	if (!memo || (2 * memo->n >= memo->slots && !grow(memo)))
		return NULL;
	return slot_of(memo, addr);
}

/* The next name of an answer; false: it is not all there. */
static bool take_name(
	struct space *s, const char **at, const char *end, uint32_t n, const char **out)
{
	*out = NULL;
	if (n == READER_NO_NAME)
		return true;
	if (n > READER_NAME_MOST || n > (size_t)(end - *at))
		return false;
	*out = space_text(s, *at, n);
	*at += n;
	return *out;
}

static bool take_source(struct space *s, const char **at, const char *end, struct source *out)
{
	struct reader_source head;

	if ((size_t)(end - *at) < sizeof(head))
		return false;
	memcpy(&head, *at, sizeof(head));
	*at += sizeof(head);
	out->line = head.line;
	out->column = head.column;
	out->inlined = head.inlined;
	return take_name(s, at, end, head.function, &out->function) &&
		take_name(s, at, end, head.file, &out->file);
}

static int take_all(struct space *s, const struct buf *b, struct known *out)
{
	const char *at = b->data, *end = at + b->len;
	struct source v[SOURCE_DEPTH];
	unsigned n = 0;

	while (at < end && n < SOURCE_DEPTH && take_source(s, &at, end, &v[n]))
		n++;
	if (!n)
		return 0;
	out->v = malloc(n * sizeof(*v));
	if (!out->v)
		return -ENOMEM;
	memcpy(out->v, v, n * sizeof(*v));
	out->n = n;
	return 0;
}

/* 1, or 0 for nothing; -ENOMEM. A file that ends the reader is not read again. */
static int ask(
	struct space *s, struct mapped_file *f, const struct reader_request *r, struct buf *out)
{
	int err;

	if (f->unread || !debuginfo_is_there(s, f))
		return 0;
	if (s->lost >= FILES_LOST) {
		f->unread = -ECANCELED;
		return 0;
	}
	err = reader_ask(s, r, out);
	if (err >= 0)
		return err;
	f->unread = err;
	s->lost++;
	buf_clear(out);
	return 0;
}

static int learn(struct space *s, struct mapped_file *f, uint64_t addr, struct known *out)
{
	const struct reader_request r = {.op = READER_SOURCE, .addr = addr};
	struct buf answer = {0};
	int err = ask(s, f, &r, &answer);

	if (err == 1)
		err = answer.len ? take_all(s, &answer, out) : 0;
	buf_free(&answer);
	return err;
}

int source_each(struct space *s, uint64_t addr, source_fn *fn, void *arg)
{
	struct module *m = space_module(s, addr);
	struct known *k = m && addr ? known_at(s, addr) : NULL;
	int err = 0;

	if (!k)
		return m && addr ? -ENOMEM : 0;
	if (!k->addr) {
		err = learn(s, m->file, addr, k);
		k->addr = addr;
		s->memo->n++;
	}
	for (unsigned i = 0; i < k->n && !err; i++)
		err = fn(&k->v[i], arg);
	return err;
}

bool source_add_args(struct space *s, uint64_t addr, const struct regs *regs,
	const struct source_memory *memory, struct buf *out)
{
	const struct reader_request r = {READER_ARGS, addr, *regs, memory};
	struct module *m = space_module(s, addr);
	struct buf answer = {0};
	bool known = m && ask(s, m->file, &r, &answer) == 1;

	if (known)
		buf_add(out, buf_cstr(&answer), answer.len);
	buf_free(&answer);
	return known;
}

void source_unread(const struct space *s, source_unread_fn *fn, void *arg)
{
	for (const struct mapped_file *f = s->files; f; f = f->next) {
		if (f->unread)
			fn(f->name, f->unread, arg);
	}
}

/* SPDX-License-Identifier: MIT */
#include "rwlock.h"

/* The words of the lock, 4 bytes each; after these the ABIs differ. */
enum { READERS, WRITERS, WRITE_PHASE_FUTEX, WRITERS_FUTEX, WORDS };

/* __readers: two bits beside the one that only readers wait by, then their number. */
#define WRITE_PHASE  1u
#define READER_SHIFT 3

/* __cur_writer. */
#define WRITER_AT(narrow) ((narrow) ? 28u : 24u)

/* What is waited for to change. */
enum {
	USED = 2,        /* a phase futex that has waiters, with the other phase's bit clear... */
	USED_AND_SET = 3 /* ...and set */
};

/*
 * A writer waits until it is the first of them (writers' futex is 1), then for the phase of readers to end (phase futex
 * is 0). A reader waits for the phase of writers to end (phase futex is 1), and, where writers are preferred, for the
 * flag in __readers that says that it waits itself (4, and something else with it).
 */
static unsigned word_waited_for(bool is_reader, uint32_t value)
{
	if (is_reader)
		return value == USED_AND_SET ? WRITE_PHASE_FUTEX : READERS;
	return value == USED_AND_SET ? WRITERS_FUTEX : value == USED ? WRITE_PHASE_FUTEX : WORDS;
}

struct rwlock rwlock_of(struct picture *pic, bool is_reader, uint64_t addr, uint32_t value)
{
	unsigned word = word_waited_for(is_reader, value);
	struct rwlock out = {.addr = addr - 4 * word};
	uint32_t readers;

	if (word == WORDS ||
		picture_read(pic, out.addr, &readers, sizeof(readers)) != sizeof(readers) ||
		picture_read(pic, out.addr + WRITER_AT(pic->narrow), &out.writer,
			sizeof(out.writer)) != sizeof(out.writer))
		return (struct rwlock){0};
	if (!out.writer && !(readers & WRITE_PHASE))
		out.readers = readers >> READER_SHIFT;
	return out;
}

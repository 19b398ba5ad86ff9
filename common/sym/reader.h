/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_READER_H
#define PTOOLS_SYM_READER_H

#include "sym/source.h"

/*
 * Inside common/sym: the reader, the process in which libdw works. Debugging information is what somebody wrote into
 * a file: libdw believes much of it, and a damaged or hostile file may make it crash, work for ever or take all memory
 * there is. In a process of its own, which has limits, that costs the answer and nothing else.
 */
struct reader;

enum reader_op { READER_SOURCE, READER_ARGS };

/* What is asked: of an address; READER_ARGS also with the registers and the memory of that frame. */
struct reader_request {
	enum reader_op op;
	uint64_t addr;
	struct regs regs;
	const struct source_memory
		*memory; /* asked from here, by the reader's word; NULL: there is none */
};

/*
 * Asks the space's reader, which is started for the first question, and appends its answer to *out: 1, or 0 where
 * nothing is known. ERR_LOST: it crashed or took more memory than it may have; ERR_TIMEOUT: it took too long. Either
 * way it is gone, and the next question starts another. -errno: it could not be started.
 */
int reader_ask(struct space *s, const struct reader_request *r, struct buf *out)
	__attribute__((warn_unused_result));

/* Ends it; NULL is fine. */
void reader_end(struct reader *r);

/*
 * In the reader: what is about to be read is a file of so many bytes, for which it may have as much memory more.
 */
void reader_allow(size_t bytes);

/* In the reader: there is debugging information, but it is not to be had. ERR_LOST for who asked. */
_Noreturn void reader_give_up(void);

/* READER_SOURCE's answer is one of these after the other, each with the bytes of its two names behind it. */
struct reader_source {
	uint32_t function, file; /* bytes of the name; READER_NO_NAME: not known */
	uint32_t line, column;
	uint32_t inlined;
};
#define READER_NO_NAME   UINT32_MAX
#define READER_NAME_MOST 65536u

#endif

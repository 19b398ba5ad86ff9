/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_PREY_H
#define TORTURE_PREY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A victim for one hazard: a forked function of the test itself, which writes what it sees into a
 * shared page. Its standard input is /dev/null, it dies with the test, and what it looked like from
 * outside before anybody touched it is kept for comparison.
 */
struct facts {
	volatile uint32_t ready, go, done;
	volatile int64_t ret;           /* of the call it made */
	volatile int err;               /* errno then */
	volatile uint64_t begun, ended; /* us */
	volatile uint64_t turns;        /* progress */
	volatile uint64_t gap_us; /* longest time between two turns, for those who measure it */
	volatile int64_t v[16];   /* whatever the test needs */
};

struct prey {
	pid_t pid;
	struct facts *f;
	char *maps; /* of the start, without the stack's line */
	unsigned char vdso[16384];
	size_t vdso_len;
	uint64_t vdso_at;
	long threads;
	char why[256];
};

/* Runs fn(facts) in a child and waits until it says it is ready. Exits the program if it never
 * does. */
void prey_start(struct prey *p, void (*fn)(struct facts *f));

/* Takes (again) the picture that prey_unharmed() compares with. */
void prey_picture(struct prey *p);

/* Not dead, and no thread stopped or traced, and threads, maps and vdso as in the picture, within
 * limit_ms; else why says what is not. `stopped`: a job-control stop is as it should be. */
bool prey_unharmed(struct prey *p, unsigned limit_ms, bool stopped);

/* turns grows within limit_ms. */
bool prey_moves(struct prey *p, unsigned limit_ms);

/* f->done within limit_ms. */
bool prey_done(struct prey *p, unsigned limit_ms);

bool prey_alive(struct prey *p);

/* State letter of its first thread, 0 if gone. */
char prey_state(struct prey *p);

/* Kills and frees. */
void prey_end(struct prey *p);

/* For the victim: one turn; sleeps a little. And for ever. */
void facts_turn(struct facts *f);
_Noreturn void facts_turn_forever(struct facts *f);

#endif

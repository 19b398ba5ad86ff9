/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TESTS_TAP_H
#define PTOOLS_TESTS_TAP_H

#include <stdio.h>

/*
 * The Test Anything Protocol for one unit test program: ok() for each fact, and main returns
 * tap_done(), which is 0 only if all held.
 */
struct tap {
	int ran, failed;
};

static inline int tap_ok(struct tap *t, int held, const char *what, const char *file, int line)
{
	printf("%sok %d - %s\n", held ? "" : "not ", ++t->ran, what);
	if (!held) {
		printf("#   at %s:%d\n", file, line);
		t->failed++;
	}
	fflush(stdout);
	return held;
}

#define ok(t, condition)            tap_ok(t, !!(condition), #condition, __FILE__, __LINE__)
#define ok_what(t, condition, what) tap_ok(t, !!(condition), what, __FILE__, __LINE__)

static inline int tap_done(const struct tap *t)
{
	printf("1..%d\n", t->ran);
	return t->failed || !t->ran;
}

#endif

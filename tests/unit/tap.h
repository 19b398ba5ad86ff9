/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TESTS_UNIT_TAP_H
#define PTOOLS_TESTS_UNIT_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The Test Anything Protocol for one C program: main() makes checks and returns tap_end(). A check
 * that fails says what it got. The plan comes last, so that a program that dies half way fails.
 */
static unsigned tap_count, tap_failed;

#define OK(cond, ...) tap_ok((cond), __FILE__, __LINE__, #cond, __VA_ARGS__)
#define IS(got, want, ...)                                                                         \
	tap_is((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)
#define IS_STR(got, want, ...) tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)

static inline bool __attribute__((format(printf, 5, 6)))
tap_ok(bool good, const char *file, int line, const char *cond, const char *fmt, ...)
{
	__builtin_va_list ap;
	char what[512];

	__builtin_va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	__builtin_va_end(ap);
	/* A description is one line, whatever odd text it quotes. */
	for (char *c = what; *c; c++)
		*c = (unsigned char)*c < ' ' || *c == 0x7f || *c == '#' ? '?' : *c;
	printf("%sok %u - %s\n", good ? "" : "not ", ++tap_count, what);
	if (!good) {
		tap_failed++;
		printf("# %s:%d: %s\n", file, line, cond);
	}
	fflush(stdout);
	return good;
}

static inline bool __attribute__((format(printf, 5, 6)))
tap_is(long long got, long long want, const char *file, int line, const char *fmt, ...)
{
	__builtin_va_list ap;
	char what[512], cond[64];

	__builtin_va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	__builtin_va_end(ap);
	snprintf(cond, sizeof(cond), "got %lld, want %lld", got, want);
	return tap_ok(got == want, file, line, cond, "%s", what);
}

static inline bool __attribute__((format(printf, 5, 6)))
tap_is_str(const char *got, const char *want, const char *file, int line, const char *fmt, ...)
{
	bool same = got && strcmp(got, want) == 0;
	__builtin_va_list ap;
	char what[512];

	__builtin_va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	__builtin_va_end(ap);
	tap_ok(same, file, line, "texts differ", "%s", what);
	if (!same)
		printf("# got  <%s>\n# want <%s>\n", got ? got : "(null)", want);
	return same;
}

/* One check that cannot be made here. */
static inline void tap_skip(const char *what, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++tap_count, what, why);
	fflush(stdout);
}

static inline int tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif

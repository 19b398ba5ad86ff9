/* SPDX-License-Identifier: MIT */
/* Growable text, escaping, widths, error words. */
#include <errno.h>
#include <locale.h>
#include <stdint.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/width.h"
#include "tap.h"

static void test_buf(void)
{
	struct buf b = {0};
	size_t room;

	IS_STR(buf_cstr(&b), "", "a buffer never used is empty text");
	buf_str(&b, "a");
	buf_chr(&b, '\0');
	buf_add(&b, "bc", 2);
	IS(b.len, 4, "a NUL counts");
	OK(memcmp(b.data, "a\0bc", 5) == 0, "and the end is one");
	buf_clear(&b);
	buf_dec(&b, 0);
	buf_chr(&b, ' ');
	buf_dec(&b, UINT64_MAX);
	buf_chr(&b, ' ');
	buf_hex(&b, 0);
	buf_chr(&b, ' ');
	buf_hex(&b, UINT64_MAX);
	IS_STR(buf_cstr(&b), "0 18446744073709551615 0 ffffffffffffffff", "numbers at both ends");
	buf_clear(&b);
	buf_fmt(&b, "%300d|", 1);
	IS(b.len, 301, "formatted text longer than the first room");
	room = b.cap;
	buf_clear(&b);
	IS(b.cap, room, "clearing keeps the memory");
	OK(!buf_room(&b, SIZE_MAX - 3) && b.failed, "what cannot be had is remembered");
	buf_str(&b, "x");
	IS(b.len, 0, "and later appends do nothing");
	buf_free(&b);
	OK(!b.data && !b.failed, "a freed buffer is a new one");
}

static void test_buf_grows(void)
{
	struct buf b = {0};
	bool good = true;

	for (unsigned i = 0; i < 100000; i++)
		buf_chr(&b, (char)('a' + i % 26));
	for (unsigned i = 0; i < 100000 && good; i++)
		good = b.data[i] == (char)('a' + i % 26);
	OK(good && b.len == 100000 && b.data[b.len] == '\0', "100,000 single bytes");
	buf_free(&b);
}

static void test_err(void)
{
	bool good = true;
	char beyond[40];

	IS_STR(err_str(-ENOENT), "No such file or directory", "an errno");
	IS_STR(err_str(ERR_NOPROC), "no such process", "the first of ours");
	IS_STR(err_str(ERR_LOST), "lost control of the process", "the last of ours");
	snprintf(beyond, sizeof(beyond), "unknown error %d", ERR_LOST - 1);
	IS_STR(err_str(ERR_LOST - 1), beyond, "one beyond");
	IS_STR(err_str(-4000), "unknown error -4000", "an errno that does not exist");
	for (int e = -6000; e < 10 && good; e++)
		good = err_str(e) && *err_str(e);
	good = good && *err_str(-2147483647 - 1) && *err_str(2147483647);
	OK(good, "words for every number");
}

static void check_escape(const char *in, size_t n, const char *want, const char *what)
{
	struct buf b = {0};

	escape_add(&b, in, n);
	IS_STR(buf_cstr(&b), want, "%s", what);
	buf_free(&b);
}

#define ESC(in, want, what) check_escape(in, sizeof(in) - 1, want, what)

static void test_escape(void)
{
	ESC("", "", "nothing");
	ESC("/usr/bin/a b", "/usr/bin/a b", "plain text stays");
	ESC("a\nb\tc\\d", "a\\nb\\tc\\\\d", "newline, tab, backslash");
	ESC("\033[2J\a\r\b\177", "\\x1b[2J\\x07\\x0d\\x08\\x7f", "control characters");
	ESC("a\0b", "a\\x00b", "NUL");
	ESC("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80",
		"gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80",
		"UTF-8 stays, in the C locale too");
	ESC("\xc2\x9b"
	    "2J",
		"\\xc2\\x9b2J", "C1: the one-character CSI");
	ESC("\xe2\x80\xae"
	    "gpj.exe",
		"\\xe2\\x80\\xaegpj.exe", "right-to-left override");
	ESC("\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f", "\\xe2\\x81\\xa6\\xd8\\x9c\\xe2\\x80\\x8f",
		"other bidi controls");
	ESC("a\xe2\x80\x8b"
	    "b\xef\xbb\xbf\xe2\x80\xa8",
		"a\\xe2\\x80\\x8bb\\xef\\xbb\\xbf\\xe2\\x80\\xa8",
		"zero width space, BOM, line separator");
	ESC("\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81", "tag characters");
	ESC("\xef\xbf\xbf\xef\xb7\x90", "\\xef\\xbf\\xbf\\xef\\xb7\\x90", "noncharacters");
	ESC("\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf", "\\xc0\\xaf\\xe0\\x80\\xaf\\xf0\\x80\\x80\\xaf",
		"overlong");
	ESC("\xed\xa0\x80", "\\xed\\xa0\\x80", "a surrogate");
	ESC("\xf4\x90\x80\x80\xf5\xff", "\\xf4\\x90\\x80\\x80\\xf5\\xff", "beyond U+10FFFF");
	ESC("\xe6\x97", "\\xe6\\x97", "a character cut at the end");
	ESC("\xe6"
	    "a\x97",
		"\\xe6a\\x97", "a character torn apart");
	ESC("e\xcc\x81", "e\xcc\x81", "a combining mark stays");
	ESC("\xcc\xb8"
	    "a\n\xcc\xb8",
		"\\xcc\\xb8a\\n\\xcc\\xb8", "but not where it would strike out ours");
}

static unsigned hexit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* The inverse, written apart from the code under test. */
static size_t unescape(const char *s, unsigned char *out)
{
	size_t n = 0;

	while (*s) {
		if (*s != '\\') {
			out[n++] = (unsigned char)*s++;
		} else if (s[1] == 'x') {
			out[n++] = (unsigned char)(hexit(s[2]) << 4 | hexit(s[3]));
			s += 4;
		} else {
			out[n++] = s[1] == 'n' ? '\n' : s[1] == 't' ? '\t' : '\\';
			s += 2;
		}
	}
	return n;
}

static bool holds_control(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++) {
		if ((unsigned char)b->data[i] < 0x20 || b->data[i] == 0x7f)
			return true;
	}
	return false;
}

static void test_escape_reversible(void)
{
	unsigned char in[64], back[64];
	bool good = true;

	srandom(1);
	for (int round = 0; round < 200000 && good; round++) {
		size_t n = (size_t)random() % sizeof(in);
		struct buf b = {0}, again = {0};

		/* Half of the bytes from where UTF-8 and its mistakes are made. */
		for (size_t i = 0; i < n; i++)
			in[i] = (unsigned char)(random() & 1 ? random() : 0x80 | (random() & 0x7f));
		escape_add(&b, in, n);
		escape_add_columns(&again, in, n, 1000);
		good = unescape(buf_cstr(&b), back) == n && memcmp(in, back, n) == 0 &&
			!holds_control(&b) && strcmp(buf_cstr(&b), buf_cstr(&again)) == 0;
		buf_free(&b);
		buf_free(&again);
	}
	OK(good,
		"200,000 random texts: reversible, nothing below 0x20, the same when cut at 1,000");
}

static void check_columns(const char *in, unsigned columns, const char *want, const char *what)
{
	struct buf b = {0};

	escape_add_columns(&b, in, strlen(in), columns);
	IS_STR(buf_cstr(&b), want, "%s", what);
	buf_free(&b);
}

static void test_columns(void)
{
	struct buf b = {0}, zalgo = {0};

	check_columns("abcdef", 3, "abc", "cut");
	check_columns("abc", 3, "abc", "just fits");
	check_columns("abc", 0, "", "no room");
	check_columns("ab\ncd", 3, "ab", "an escape is not cut in two");
	check_columns("ab\ncd", 4, "ab\\n", "an escape that fits");
	check_columns("a\033b", 4, "a", "a long escape neither");
	check_columns("\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5", "wide characters count two");
	check_columns("e\xcc\x81x", 1, "e\xcc\x81", "combining ones none");
	check_columns("\xe2\x80\xae", 11, "", "one character's bytes stay together");
	buf_chr(&zalgo, 'e');
	for (int i = 0; i < 5000; i++)
		buf_str(&zalgo, "\xcc\x81");
	escape_add_columns(&b, zalgo.data, zalgo.len, 70);
	OK(b.len <= 1 + 70 * 2, "5,000 marks on one letter are not all taken");
	buf_free(&b);
	buf_free(&zalgo);
}

/* Against the C library's tables, which are newer; new characters may differ, a few hundred at
 * most. */
static void test_width(void)
{
	unsigned differ = 0, compared = 0;

	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		tap_skip("widths agree with wcwidth(3)", "no C.UTF-8 locale");
		return;
	}
	for (uint32_t c = 0xa0; c < 0x110000; c++) {
		int theirs = wcwidth((wchar_t)c), ours = width_of(c);

		if (theirs < 0 || ours < 0)
			continue;
		compared++;
		differ += theirs != ours;
	}
	setlocale(LC_CTYPE, "C");
	printf("# %u of %u differ\n", differ, compared);
	OK(compared > 200000 && differ < 150, "widths agree with wcwidth(3)");
}

int main(void)
{
	test_buf();
	test_buf_grows();
	test_err();
	test_escape();
	test_escape_reversible();
	test_columns();
	test_width();
	return tap_end();
}

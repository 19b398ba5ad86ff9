/* SPDX-License-Identifier: MIT */
/* The parsers alone: whole, torn, hostile and random text. Meant to be run under ASan, too. */
#include <limits.h>
#include <stdint.h>

#include "base/err.h"
#include "proc/fds.h"
#include "proc/maps.h"
#include "proc/operand.h"
#include "proc/stat_line.h"
#include "proc/status.h"
#include "proc/threads.h"
#include "tap.h"

/* Parsers get memory that ends where the text ends, so that a sanitizer sees a read beyond it. */
static char *exact(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);

	if (!copy)
		exit(99);
	memcpy(copy, text, len);
	return copy;
}

static int status_of(const char *text, struct status *out)
{
	char *copy = exact(text, strlen(text));
	int err = status_parse(copy, strlen(text), out);

	free(copy);
	return err;
}

static const char whole_status[] =
	"Name:\tcat\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t42\nNgid:\t0\nPid:\t43\nPPid:\t1\n"
	"TracerPid:\t7\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t4294967294\nFDSize:\t64\nKthread:\t0\n"
	"VmSize:\t    5000 kB\nCoreDumping:\t1\nThreads:\t9\nSigPnd:\t0000000000000001\n"
	"ShdPnd:\t0000000000000002\nSigBlk:\tfffffffe7ffbfeff\nSigIgn:\t0000000000000004\n"
	"SigCgt:\t0000000000000008\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000080000\n"
	"Seccomp:\t2\nSeccomp_filters:\t1\n";

static void test_status_whole(void)
{
	struct status s;

	IS(status_of(whole_status, &s), 0, "a whole status");
	IS_STR(s.name, "cat", "name");
	OK(s.state == 'S' && s.tgid == 42 && s.pid == 43 && s.ppid == 1 && s.tracer == 7,
		"state and ids");
	OK(s.uid[0] == 1 && s.uid[3] == 4 && s.gid[3] == 4294967294u, "uids and gids");
	OK(s.threads == 9 && s.seccomp == 2 && s.core_dumping && !s.kthread && s.has_mm,
		"the rest");
	OK(s.sig_pending == 1 && s.shared_pending == 2 && s.sig_blocked == 0xfffffffe7ffbfeff &&
			s.sig_ignored == 4 && s.sig_caught == 8,
		"signal sets");
	OK(s.cap_permitted == 0x1ffffffffff && s.cap_effective == 0x80000, "capabilities");
}

static void test_status_odd(void)
{
	struct status s;

	IS(status_of("", &s), ERR_FORMAT, "empty");
	IS(status_of("Name:\tcat", &s), ERR_FORMAT, "torn in the first line");
	IS(status_of("hello\nworld\n:\n\n", &s), ERR_FORMAT, "something else");
	IS(status_of("Name:\tcat\n", &s), 0, "only a name");
	OK(s.state == '?' && s.seccomp == -1 && s.uid[0] == (uid_t)-1 && s.gid[3] == (gid_t)-1 &&
			!s.tgid && !s.threads,
		"absent fields keep what the header promises");
	IS(status_of("Name:\tcat\nState:\tS\nPid:\t12", &s), 0, "torn in a number");
	IS(s.pid, 0, "the torn number is not taken");
	IS(status_of("Name:\tx\nPid:\t99999999999999999999999\n", &s), ERR_FORMAT, "a huge number");
	IS(status_of("Name:\tx\nPid:\t4294967338\n", &s), ERR_FORMAT, "not cut to 32 bits");
	IS(status_of("Name:\tx\nPid:\t-5\n", &s), ERR_FORMAT, "a negative pid");
	IS(status_of("Name:\tx\nUid:\t1\t2\t3\n", &s), ERR_FORMAT, "three uids");
	IS(status_of("Name:\tx\nSigBlk:\t10000000000000000\n", &s), ERR_FORMAT, "65 signals");
	IS(status_of("Name:\tx\nState:\t\n", &s), ERR_FORMAT, "an empty state");
}

static void test_status_names(void)
{
	char text[600] = "Name:\t";
	struct status s;

	IS(status_of("Name:\ta\\nb\\\\c\\x\nState:\tS\n", &s), 0,
		"a name as the kernel escapes it");
	IS_STR(s.name, "a\nb\\c\\x", "unescaped");
	IS(status_of("Name:\ta\nTgid:\t1\nb\nUmask:\t0\nState:\tZ\nTgid:\t2\n", &s), 0,
		"a name with raw newlines that looks like a field");
	IS_STR(s.name, "a\nTgid:\t1\nb", "is a name");
	IS(s.tgid, 2, "and no field");
	IS(status_of("Name:\tx\nState:\tZ\nUmask:\t0\nState:\tR\n", &s), 0, "forged state");
	OK(s.state == 'R', "is not believed");
	memset(text + 6, 'n', 500);
	strcpy(text + 506, "\nState:\tS\n");
	IS(status_of(text, &s), 0, "a name of 500 bytes");
	IS(strlen(s.name), 63, "is cut, not overrun");
	IS(status_of("Name:\t\nState:\tS\n", &s), 0, "an empty name");
	IS_STR(s.name, "", "is empty");
	IS(status_of("Name:\t\x1b]0;\xff\nState:\tS\n", &s), 0, "bytes of any kind");
	IS_STR(s.name, "\x1b]0;\xff", "stay raw");
}

static int line_of(const char *text, struct stat_line *out)
{
	char *copy = exact(text, strlen(text));
	int err = stat_line_parse(copy, strlen(text), out);

	free(copy);
	return err;
}

static void test_stat_line(void)
{
	struct stat_line s;

	IS(line_of("7 (a) S b)) Z 1 2 3 0 -1 4194372 5 6 7 8 9 10 11 12 20 0 3 0 777 1 2\n", &s), 0,
		"a name with parentheses");
	OK(s.state == 'Z' && s.flags == 4194372 && s.threads == 3 && s.start == 777, "its fields");
	OK(stat_line_exiting(&s), "a zombie is exiting");
	IS(line_of("7 (a) R 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 3 0 777", &s), 0, "no newline");
	OK(stat_line_exiting(&s) && !stat_line_kthread(&s), "PF_EXITING alone says it, too");
	IS(line_of("2 (k) S 0 0 0 0 -1 2129984 5 6 7 8 9 10 11 12 20 0 1 0 9", &s), 0, "a kthread");
	OK(stat_line_kthread(&s) && !stat_line_exiting(&s), "PF_KTHREAD");
	IS(line_of("7 (a) R 1 2 3", &s), ERR_FORMAT, "torn");
	IS(line_of("", &s), ERR_FORMAT, "empty");
	IS(line_of(")", &s), ERR_FORMAT, "a parenthesis");
	IS(line_of(") S", &s), ERR_FORMAT, "and a letter");
	IS(line_of("7 (a) R 1 2 3 0 -1 x 5 6 7 8 9 10 11 12 20 0 3 0 777", &s), ERR_FORMAT,
		"no number");
	IS(line_of("7 (a) R 1 2 3 0 -1 99999999999999999999 5 6 7 8 9 10 11 12 20 0 3 0 7", &s),
		ERR_FORMAT, "too big a number");
}

static int info_of(const char *text, struct fdinfo *out)
{
	char *copy = exact(text, strlen(text));
	int err = fdinfo_parse(copy, strlen(text), out);

	free(copy);
	return err;
}

static void test_fdinfo(void)
{
	struct fdinfo i = {0};

	IS(info_of("pos:\t18446744073709551615\nflags:\t02100002\nmnt_id:\t15\nino:\t1057\n", &i),
		0, "a plain file");
	OK(i.pos == UINT64_MAX && i.flags == 02100002 && i.mnt_id == 15 && i.ino == 1057 &&
			!i.nlocks,
		"its fields");
	IS(info_of("pos:\t0\nflags:\t02\nmnt_id:\t15\neventfd-count:   3\npos:\t9\n", &i), 0,
		"an old kernel: no ino; a kind's own lines");
	OK(i.ino == 0 && i.pos == 0, "no ino, and nothing behind the first unknown line");
	IS(info_of("pos:\t0\nflags:\t02\n", &i), 0, "a very old kernel");
	IS(i.mnt_id, -1, "no mnt_id");
	IS(info_of("pos:\t0\nflags:\t08\n", &i), ERR_FORMAT, "flags are octal");
	IS(info_of("pos:\t0\nflags:\t0", &i), ERR_FORMAT, "torn");
	IS(info_of("", &i), ERR_FORMAT, "empty");
	IS(info_of("pos:\nflags:\t0\n", &i), ERR_FORMAT, "no number");
	IS(info_of("pos:\t99999999999999999999\nflags:\t0\n", &i), ERR_FORMAT, "too big a number");
	IS(info_of("pos:\t0\nflags:\t0\nmnt_id:\t-\n", &i), ERR_FORMAT, "a lone minus");
}

#define HEAD "pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t7\n"

static void test_locks(void)
{
	struct fdinfo i = {0};

	IS(info_of(HEAD "lock:\t1: POSIX  ADVISORY  WRITE 4242 08:01:1234 10 19\n"
			"lock:\t2: OFDLCK ADVISORY  READ -1 08:01:1234 0 EOF\n"
			"lock:\t3: FLOCK  ADVISORY  WRITE 77 08:01:1234 0 EOF\n"
			"lock:\t4: LEASE  ACTIVE    READ 78 08:01:1234 0 EOF\n"
			"lock:\t5: -> POSIX  MANDATORY READ 79 08:01:1234 0 9223372036854775807\n"
			"lock:\t6: DELEG  BREAKING  UNLCK 80 <none>:0 0 EOF\n"
			"tfd: 5\n",
		   &i),
		0, "locks of each kind");
	IS(i.nlocks, 6, "are counted");
	OK(i.lock[0].kind == FD_LOCK_POSIX && i.lock[0].write && i.lock[0].pid == 4242 &&
			i.lock[0].start == 10 && i.lock[0].end == 19 && !i.lock[0].blocked,
		"POSIX");
	OK(i.lock[1].kind == FD_LOCK_OFD && !i.lock[1].write && i.lock[1].pid == -1 &&
			i.lock[1].end == UINT64_MAX,
		"OFD");
	OK(i.lock[2].kind == FD_LOCK_FLOCK && i.lock[2].write && i.lock[2].pid == 77, "flock");
	OK(i.lock[3].kind == FD_LOCK_LEASE && !strcmp(i.lock[3].word, "READ"), "lease");
	OK(i.lock[4].blocked && i.lock[4].mandatory && i.lock[4].pid == 79 &&
			i.lock[4].end == INT64_MAX,
		"one that waits");
	OK(i.lock[5].kind == FD_LOCK_OTHER && !strcmp(i.lock[5].word, "UNLCK"), "an unknown kind");
}

static void test_locks_odd(void)
{
	struct fdinfo i = {0};
	struct buf b = {0};

	IS(info_of(HEAD "lock:\nlock:\t1:\nlock:\t1: POSIX\n"
			"lock:\t1: POSIX  ADVISORY  AVERYLONGWORDINDEEDFORALOCK 1 0:0:0 x y\n",
		   &i),
		0, "lines that say what we do not know");
	OK(i.nlocks == 4 && i.lock[0].kind == FD_LOCK_OTHER && !strcmp(i.lock[3].word, "?"),
		"are locks all the same");
	IS(info_of(HEAD "lock:\t1: POSIX  ADVISORY  AVERYLONGWORDINDEED 1 0:0:0 0 EOF\n", &i), 0,
		"a long word");
	IS_STR(i.lock[0].word, "AVERYLONGWORDIN", "is cut");
	buf_str(&b, HEAD);
	for (int n = 0; n < 1000; n++)
		buf_fmt(&b, "lock:\t%d: POSIX  ADVISORY  READ 1 0:0:0 %d %d\n", n + 1, n, n);
	IS(info_of(buf_cstr(&b), &i), 0, "1,000 locks");
	OK(i.nlocks == 1000 && i.lock[7].start == 7, "all counted, eight kept");
	buf_free(&b);
}

static void test_maps(void)
{
	char line[] = "7f00-8000 r-xs 1000 08:1f 42                       /a b\\012 (deleted)";
	struct map m;

	IS(maps_parse_line(line, &m), 0, "a line of maps");
	OK(m.start == 0x7f00 && m.end == 0x8000 && m.offset == 0x1000 && m.dev_major == 8 &&
			m.dev_minor == 0x1f && m.ino == 42,
		"its numbers");
	OK(m.read && !m.write && m.exec && m.shared, "its rights");
	IS_STR(m.name, "/a b\\012 (deleted)", "its name");
	IS(maps_parse_line("ffffffffff600000-ffffffffff601000 --xp 0 00:00 0", &m), 0, "no name");
	OK(!*m.name && m.start == 0xffffffffff600000 && !m.shared, "is empty");
	IS(maps_parse_line("", &m), ERR_FORMAT, "empty");
	IS(maps_parse_line("1-2", &m), ERR_FORMAT, "torn");
	IS(maps_parse_line("1-2 rw", &m), ERR_FORMAT, "torn rights");
	IS(maps_parse_line("1-2 rwxp 0 0:0 ", &m), ERR_FORMAT, "torn inode");
	IS(maps_parse_line("2-1 rwxp 0 0:0 0", &m), ERR_FORMAT, "backwards");
	IS(maps_parse_line("1-10000000000000000 rwxp 0 0:0 0", &m), ERR_FORMAT, "65 bits");
	IS(maps_parse_line("1-2 rwxp 0 0:0 0x", &m), ERR_FORMAT, "rubbish behind a number");
}

static void test_place(void)
{
	struct thread_place p;

	IS(thread_place_parse("running\n", &p), 0, "running");
	OK(p.running, "is running");
	IS(thread_place_parse("0 0x3 0x1 0xffffffffffffffff 0x0 0x5 0x6 0x7ff 0x400\n", &p), 0,
		"read");
	OK(!p.running && p.nr == 0 && p.arg[0] == 3 && p.arg[2] == UINT64_MAX && p.arg[5] == 6 &&
			p.sp == 0x7ff && p.pc == 0x400,
		"its place");
	IS(thread_place_parse("-1 0x7ff 0x400\n", &p), 0, "outside a call");
	OK(p.nr == -1 && p.sp == 0x7ff && p.pc == 0x400, "its place");
	IS(thread_place_parse("", &p), ERR_FORMAT, "empty");
	IS(thread_place_parse("0 0x3 0x1", &p), ERR_FORMAT, "torn");
	IS(thread_place_parse("0 3 1 1 1 1 1 1 1", &p), ERR_FORMAT, "not hexadecimal");
	IS(thread_place_parse("-1 0x10000000000000000 0x1\n", &p), ERR_FORMAT, "65 bits");
	IS(thread_place_parse("-1 0x1 0x1 0x1\n", &p), ERR_FORMAT, "too many");
	IS(thread_place_parse("99999999999999999999 0x1 0x1\n", &p), ERR_FORMAT, "a huge number");
}

/* Random changes of texts that once made sense; a crash or a sanitizer's word is the failure. */
static void mutate(const char *seed, unsigned char *text, size_t *len)
{
	static const unsigned char spice[] = "\n\t:- )0x9f\xff%/";

	*len = strlen(seed);
	memcpy(text, seed, *len + 1);
	for (long n = 1 + random() % 6; n--;) {
		size_t at = *len ? (size_t)random() % *len : 0;

		if (random() % 8 == 0)
			*len = at;
		else if (random() & 1)
			text[at] = spice[(size_t)random() % (sizeof(spice) - 1)];
		else
			text[at] = (unsigned char)random();
	}
	text[*len] = '\0';
}

/* How many of the parsers took it. */
static unsigned parse_all(const char *text, size_t len)
{
	static struct fdinfo info;
	char *copy = exact(text, len);
	struct tid_ranges ranges;
	struct thread_place place;
	struct stat_line line;
	struct status status;
	struct map map;
	unsigned taken = 0;

	if (status_parse(copy, len, &status) == 0) {
		taken++;
		if (strnlen(status.name, sizeof(status.name)) == sizeof(status.name))
			abort();
	}
	if (fdinfo_parse(copy, len, &info) == 0) {
		taken++;
		if (info.nlocks && !info.lock[0].word[0])
			abort();
	}
	taken += stat_line_parse(copy, len, &line) == 0;
	free(copy);
	copy = exact(text, len + 1);
	taken += thread_place_parse(copy, &place) == 0;
	taken += maps_parse_line(copy, &map) == 0 && map.start <= map.end;
	taken += tid_ranges_parse(copy, &ranges) == 0;
	tid_ranges_free(&ranges);
	free(copy);
	return taken;
}

static void test_mutations(void)
{
	static const char *const seeds[] = {
		whole_status,
		"7 (a) S b)) Z 1 2 3 0 -1 4194372 5 6 7 8 9 10 11 12 20 0 3 0 777 1 2\n",
		HEAD "lock:\t1: POSIX  ADVISORY  WRITE 4242 08:01:1234 10 19\nlock:\t2: -> FLOCK  "
		     "ADVISORY  READ 1 00:00:1 0 EOF\ntfd: 1\n",
		"7f00-8000 r-xs 1000 08:1f 42                       /a b",
		"0 0x3 0x1 0xffffffffffffffff 0x0 0x5 0x6 0x7ff 0x400\n",
		"1,3-5,8-,-2",
	};
	unsigned char text[2048];
	unsigned taken = 0;
	size_t len;

	srandom(2);
	for (int round = 0; round < 60000; round++) {
		mutate(seeds[round % 6], text, &len);
		taken += parse_all((const char *)text, len);
	}
	printf("# %u taken\n", taken);
	OK(taken > 1000 && taken < 50000, "60,000 changed texts through every parser");
}

/* "1-3,7-7" or "bad". */
static const char *ranges_of(const char *list, struct buf *out)
{
	struct tid_ranges r;
	int err = tid_ranges_parse(list, &r);

	buf_clear(out);
	if (err)
		return err == ERR_BADTIDS && !r.range && !r.n ? "bad" : "?";
	for (size_t i = 0; i < r.n; i++)
		buf_fmt(out, "%s%d-%d", i ? "," : "", r.range[i].from, r.range[i].to);
	tid_ranges_free(&r);
	return buf_cstr(out);
}

static void test_ranges(void)
{
	static const struct {
		const char *list, *want;
	} cases[] = {
		{"1", "1-1"},
		{"1-3", "1-3"},
		{"3-1", "1-3"},
		{"5-", "5-2147483647"},
		{"-5", "1-5"},
		{"1,3-5,8-", "1-1,3-5,8-2147483647"},
		{"007", "7-7"},
		{"2147483647", "2147483647-2147483647"},
		{"", "bad"},
		{"-", "bad"},
		{"0", "bad"},
		{",1", "bad"},
		{"1,", "bad"},
		{"1,,2", "bad"},
		{"1-2-3", "bad"},
		{"--1", "bad"},
		{"a", "bad"},
		{"1-x", "bad"},
		{" 1", "bad"},
		{"1 ", "bad"},
		{"+1", "bad"},
		{"-,1", "bad"},
		{"2147483648", "bad"},
		{"1-99999999999999999999", "bad"},
	};
	struct buf b = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		IS_STR(ranges_of(cases[i].list, &b), cases[i].want, "thread list <%s>",
			cases[i].list);
	buf_free(&b);
}

static void test_ranges_has(void)
{
	struct tid_ranges r = {0};

	OK(tid_ranges_has(&r, 5), "no list has every thread");
	if (!OK(tid_ranges_parse("3-5,9-", &r) == 0, "a list"))
		return;
	OK(!tid_ranges_has(&r, 2) && tid_ranges_has(&r, 3) && tid_ranges_has(&r, 5) &&
			!tid_ranges_has(&r, 6) && tid_ranges_has(&r, INT_MAX),
		"has what it says");
	tid_ranges_free(&r);
}

int main(void)
{
	test_status_whole();
	test_status_odd();
	test_status_names();
	test_stat_line();
	test_fdinfo();
	test_locks();
	test_locks_odd();
	test_maps();
	test_place();
	test_ranges();
	test_ranges_has();
	test_mutations();
	return tap_end();
}

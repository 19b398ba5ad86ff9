/* SPDX-License-Identifier: MIT */
/*
 * The part of /proc/PID/fdinfo/N that every descriptor has (proc_pid_fdinfo(5)): pos, flags,
 * mnt_id, ino, then the locks. What follows belongs to the kind of file, and in part is chosen by
 * programs (dma-buf names): nothing after the first unknown line is looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proc/fds.h"

struct text {
	const char *s, *end;
};

/* The next line without its newline; a torn one at the end of the text is none. */
static bool next_line(struct text *t, struct text *line)
{
	const char *eol = memchr(t->s, '\n', (size_t)(t->end - t->s));

	if (!eol)
		return false;
	*line = (struct text){t->s, eol};
	t->s = eol + 1;
	return true;
}

/* The next word of a line; false at its end. */
static bool next_word(struct text *line, struct text *word)
{
	const char *s = line->s;

	while (s < line->end && (*s == ' ' || *s == '\t'))
		s++;
	word->s = s;
	while (s < line->end && *s != ' ' && *s != '\t')
		s++;
	word->end = line->s = s;
	return word->s < word->end;
}

static bool is(const struct text *t, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(t->end - t->s) == n && memcmp(t->s, word, n) == 0;
}

static bool number(const struct text *t, unsigned base, uint64_t *out)
{
	uint64_t v = 0;

	if (t->s == t->end)
		return false;
	for (const char *p = t->s; p < t->end; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (digit >= base || __builtin_mul_overflow(v, base, &v) ||
			__builtin_add_overflow(v, digit, &v))
			return false;
	}
	*out = v;
	return true;
}

static bool signed_number(struct text t, int64_t *out)
{
	bool minus = t.s < t.end && *t.s == '-';
	uint64_t v;

	t.s += minus;
	if (!number(&t, 10, &v) || v > INT64_MAX)
		return false;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

static enum fd_lock_kind lock_kind(const struct text *word)
{
	static const struct {
		const char *word;
		enum fd_lock_kind kind;
	} kinds[] = {
		{"POSIX", FD_LOCK_POSIX},
		{"FLOCK", FD_LOCK_FLOCK},
		{"OFDLCK", FD_LOCK_OFD},
		{"LEASE", FD_LOCK_LEASE},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (is(word, kinds[i].word))
			return kinds[i].kind;
	}
	return FD_LOCK_OTHER;
}

/* The kernel's words are letters; a recording's may be anything. */
static void copy_word(const struct text *word, char *to, size_t size)
{
	size_t n = 0;

	for (const char *p = word->s; p < word->end && n < size - 1; p++)
		to[n++] = *p > ' ' && *p < 0x7f ? *p : '?';
	to[n] = '\0';
}

/*
 * "1: POSIX  ADVISORY  WRITE 4242 08:01:1234 0 EOF", after "lock:" (fs/locks.c of the kernel):
 * ordinal, "->" if it waits, type, how binding, what for, holder, file, first and last byte.
 */
static bool parse_lock(struct text line, struct fd_lock *l)
{
	struct text word;
	int64_t pid;

	*l = (struct fd_lock){0};
	if (!next_word(&line, &word) || !next_word(&line, &word))
		return false;
	if (is(&word, "->")) {
		l->blocked = true;
		if (!next_word(&line, &word))
			return false;
	}
	l->kind = lock_kind(&word);
	if (!next_word(&line, &word))
		return false;
	l->mandatory = is(&word, "MANDATORY");
	if (!next_word(&line, &word))
		return false;
	copy_word(&word, l->word, sizeof(l->word));
	l->write = is(&word, "WRITE") || is(&word, "RW");
	if (!next_word(&line, &word) || !signed_number(word, &pid) || (pid_t)pid != pid)
		return false;
	l->pid = (pid_t)pid;
	if (!next_word(&line, &word) || !next_word(&line, &word) || !number(&word, 10, &l->start))
		return false;
	if (!next_word(&line, &word))
		return false;
	l->end = UINT64_MAX;
	return is(&word, "EOF") || number(&word, 10, &l->end);
}

/* A line that says what we do not know is a lock all the same. */
static void take_lock(struct text line, struct fdinfo *out)
{
	struct fd_lock unused, *l = &unused;

	if (out->nlocks < sizeof(out->lock) / sizeof(out->lock[0]))
		l = &out->lock[out->nlocks];
	out->nlocks++;
	if (l != &unused && !parse_lock(line, l))
		*l = (struct fd_lock){
			.kind = FD_LOCK_OTHER, .word = "?", .pid = -1, .end = UINT64_MAX};
}

int fdinfo_parse(const char *text, size_t len, struct fdinfo *out)
{
	struct text t = {text, text + len}, line, key, value;
	bool pos = false, flags = false, good = true;

	out->pos = out->flags = out->ino = 0;
	out->mnt_id = -1;
	out->nlocks = 0;
	while (good && next_line(&t, &line) && next_word(&line, &key)) {
		if (is(&key, "lock:")) {
			take_lock(line, out);
			continue;
		}
		(void)next_word(&line, &value);
		if (is(&key, "pos:"))
			good = pos = number(&value, 10, &out->pos);
		else if (is(&key, "flags:"))
			good = flags = number(&value, 8, &out->flags);
		else if (is(&key, "mnt_id:"))
			good = signed_number(value, &out->mnt_id);
		else if (is(&key, "ino:"))
			good = number(&value, 10, &out->ino);
		else
			break;
	}
	return good && pos && flags ? 0 : ERR_FORMAT;
}

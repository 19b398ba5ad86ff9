/* SPDX-License-Identifier: MIT */
/*
 * The lines of fdinfo (proc_pid_fdinfo(5); kernel: the show_fdinfo function of each kind's file operations).
 * Most are `key: value`, and stand in a table; those of epoll, inotify and fanotify have a line for each
 * thing that is watched (info_watch.c).
 */
#include "info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "info_watch.h"
#include "notes.h"

#define LINE_MOST 4096 /* of a line that is not known, so much is kept */

enum form {
	FORM_NUM,  /* decimal */
	FORM_INT,  /* decimal with a sign */
	FORM_HEX,  /* hexadecimal without 0x, a number that people count with: shown in decimal */
	FORM_BITS, /* a number of any base, shown in the names of a group, or in hex */
	FORM_NAME, /* the same, one value */
	FORM_SET,  /* signals, in hex */
	FORM_TIME, /* "(seconds, nanoseconds)" */
	FORM_FLAG, /* a word if it is not 0 */
	FORM_TEXT,
	FORM_LIST, /* parts with tabs between them */
	FORM_SKIP,
};

struct field {
	enum kind kind;
	const char *line; /* the kernel's key */
	const char *key;  /* ours */
	enum form form;
	const char *group;
};

static const struct field fields[] = {
	{KIND_EVENTFD, "eventfd-count", "count", FORM_HEX, NULL},
	{KIND_EVENTFD, "eventfd-id", "id", FORM_INT, NULL},
	{KIND_EVENTFD, "eventfd-semaphore", "semaphore", FORM_FLAG, NULL},
	{KIND_SIGNALFD, "sigmask", "signals", FORM_SET, NULL},
	{KIND_TIMERFD, "clockid", "clock", FORM_NAME, "clockid"},
	{KIND_TIMERFD, "ticks", "ticks", FORM_NUM, NULL},
	{KIND_TIMERFD, "settime flags", "flags", FORM_BITS, "timerfd_settime"},
	{KIND_TIMERFD, "it_value", "remaining", FORM_TIME, NULL},
	{KIND_TIMERFD, "it_interval", "interval", FORM_TIME, NULL},
	{KIND_PIDFD, "Pid", "pid", FORM_INT, NULL},
	{KIND_PIDFD, "NSpid", "nspid", FORM_LIST, NULL},
	{KIND_IO_URING, "SqMask", "sq-mask", FORM_BITS, ""},
	{KIND_IO_URING, "SqHead", "sq-head", FORM_NUM, NULL},
	{KIND_IO_URING, "SqTail", "sq-tail", FORM_NUM, NULL},
	{KIND_IO_URING, "CachedSqHead", "cached-sq-head", FORM_NUM, NULL},
	{KIND_IO_URING, "CqMask", "cq-mask", FORM_BITS, ""},
	{KIND_IO_URING, "CqHead", "cq-head", FORM_NUM, NULL},
	{KIND_IO_URING, "CqTail", "cq-tail", FORM_NUM, NULL},
	{KIND_IO_URING, "CachedCqTail", "cached-cq-tail", FORM_NUM, NULL},
	{KIND_IO_URING, "SQEs", "sqes", FORM_NUM, NULL},
	{KIND_IO_URING, "CQEs", "cqes", FORM_NUM, NULL},
	{KIND_IO_URING, "SqThread", "sqpoll-thread", FORM_INT, NULL},
	{KIND_IO_URING, "SqThreadCpu", "sqpoll-cpu", FORM_INT, NULL},
	{KIND_IO_URING, "SqTotalTime", "sqpoll-time-us", FORM_NUM, NULL},
	{KIND_IO_URING, "SqWorkTime", "sqpoll-work-us", FORM_NUM, NULL},
	{KIND_IO_URING, "UserFiles", "registered-files", FORM_NUM, NULL},
	{KIND_IO_URING, "UserBufs", "registered-buffers", FORM_NUM, NULL},
	{KIND_IO_URING, "PollList", NULL, FORM_SKIP, NULL},
	{KIND_IO_URING, "CqOverflowList", NULL, FORM_SKIP, NULL},
	{KIND_IO_URING, "NAPI", "napi", FORM_TEXT, NULL},
	{KIND_BPF_MAP, "map_id", "id", FORM_NUM, NULL},
	{KIND_BPF_MAP, "map_type", "type", FORM_NAME, "bpf_map_type"},
	{KIND_BPF_MAP, "key_size", "key-size", FORM_NUM, NULL},
	{KIND_BPF_MAP, "value_size", "value-size", FORM_NUM, NULL},
	{KIND_BPF_MAP, "max_entries", "max-entries", FORM_NUM, NULL},
	{KIND_BPF_MAP, "map_flags", "flags", FORM_BITS, ""},
	{KIND_BPF_MAP, "map_extra", "extra", FORM_BITS, ""},
	{KIND_BPF_MAP, "memlock", "memory", FORM_NUM, NULL},
	{KIND_BPF_MAP, "frozen", "frozen", FORM_FLAG, NULL},
	{KIND_BPF_PROG, "prog_id", "id", FORM_NUM, NULL},
	{KIND_BPF_PROG, "prog_type", "type", FORM_NAME, "bpf_prog_type"},
	{KIND_BPF_PROG, "prog_tag", "tag", FORM_TEXT, NULL},
	{KIND_BPF_PROG, "prog_jited", "jited", FORM_FLAG, NULL},
	{KIND_BPF_PROG, "memlock", "memory", FORM_NUM, NULL},
	{KIND_BPF_PROG, "run_time_ns", "run-time-ns", FORM_NUM, NULL},
	{KIND_BPF_PROG, "run_cnt", "runs", FORM_NUM, NULL},
	{KIND_BPF_PROG, "recursion_misses", "recursion-misses", FORM_NUM, NULL},
	{KIND_BPF_PROG, "verified_insns", "instructions", FORM_NUM, NULL},
	{KIND_BPF_LINK, "link_type", "type", FORM_TEXT, NULL},
	{KIND_BPF_LINK, "link_id", "id", FORM_NUM, NULL},
	{KIND_BPF_LINK, "prog_id", "prog-id", FORM_NUM, NULL},
	{KIND_BPF_LINK, "prog_tag", "prog-tag", FORM_TEXT, NULL},
	{KIND_BPF_LINK, "tp_name", "tracepoint", FORM_TEXT, NULL},
	{KIND_BPF_LINK, "cookie", "cookie", FORM_NUM, NULL},
	{KIND_USERFAULTFD, "pending", "pending", FORM_NUM, NULL},
	{KIND_USERFAULTFD, "total", "total", FORM_NUM, NULL},
	{KIND_USERFAULTFD, "API", "api", FORM_TEXT, NULL},
	{KIND_PTY_MASTER, "tty-index", "index", FORM_NUM, NULL},
	{KIND_TUN, "iff", "interface", FORM_TEXT, NULL},
};

/* What every descriptor has, and is shown elsewhere. */
static bool is_common(const char *line, size_t len)
{
	static const char *const common[] = {"pos", "flags", "mnt_id", "ino", "lock"};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (strlen(common[i]) == len && memcmp(common[i], line, len) == 0)
			return true;
	}
	return false;
}

static const struct field *find(enum kind k, const char *line, size_t len)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *f = &fields[i];

		if (f->kind == k && strlen(f->line) == len && memcmp(f->line, line, len) == 0)
			return f;
	}
	return NULL;
}

/* Hostile or of a newer kernel: what does not fit its form is taken down as text. */
static bool take_time(const char *value, const char *key, struct buf *notes)
{
	struct note n = {.kind = NOTE_TIME, .key = key};
	long long seconds;

	if (sscanf(value, "(%lld, %u)", &seconds, &n.nsec) != 2)
		return false;
	n.num = (uint64_t)seconds;
	note(notes, &n);
	return true;
}

static bool take_number(const struct field *f, const char *value, struct buf *notes)
{
	char *end;
	int base = f->form == FORM_HEX || f->form == FORM_SET ? 16 : f->form == FORM_NUM ? 10 : 0;
	uint64_t v = f->form == FORM_INT ? (uint64_t)strtoll(value, &end, 10)
					 : strtoull(value, &end, base);

	if (end == value || *end)
		return false;
	switch (f->form) {
	case FORM_INT: note_int(notes, f->key, (int64_t)v); break;
	case FORM_BITS:
		if (*f->group)
			note_bits(notes, f->key, f->group, v);
		else
			note_hex(notes, f->key, v);
		break;
	case FORM_NAME: note_name(notes, f->key, f->group, v); break;
	case FORM_SET:
		note(notes, &(struct note){.kind = NOTE_SET, .key = f->key, .num = v});
		break;
	case FORM_FLAG:
		if (v)
			note_word(notes, f->key);
		break;
	default: note_num(notes, f->key, v);
	}
	return true;
}

/* One number for each namespace, of which there are at most 32 (pid_namespaces(7)). */
static void take_list(const char *value, const char *key, struct buf *notes)
{
	char list[512];

	snprintf(list, sizeof(list), "%s", value);
	for (char *tab; (tab = strchr(list, '\t'));)
		*tab = ',';
	note_text(notes, key, list, strlen(list));
}

static void take_value(const struct field *f, const char *value, struct buf *notes)
{
	bool taken = false;

	if (f->form == FORM_SKIP)
		return;
	if (f->form == FORM_LIST) {
		take_list(value, f->key, notes);
		return;
	}
	if (f->form == FORM_TIME)
		taken = take_time(value, f->key, notes);
	else if (f->form != FORM_TEXT)
		taken = take_number(f, value, notes);
	if (!taken)
		note_text(notes, f->key, value, strlen(value));
}

/* len: without the newline. */
static void take_line(enum kind k, const char *line, size_t len, struct buf *notes)
{
	char value[LINE_MOST];
	const char *colon = memchr(line, ':', len);
	const struct field *f = colon ? find(k, line, (size_t)(colon - line)) : NULL;
	size_t skip = f ? (size_t)(colon - line) + 1 : 0;

	if (colon && is_common(line, (size_t)(colon - line)))
		return;
	while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
		skip++;
	len = len - skip < sizeof(value) ? len - skip : sizeof(value) - 1;
	memcpy(value, line + skip, len);
	value[len] = '\0';
	if (f)
		take_value(f, value, notes);
	else if (len)
		note_one_text(notes, "fdinfo", value, len);
}

/* Indented lines are parts of the one above: what each is called. */
static const struct {
	enum kind kind;
	const char *above, *key;
} parts[] = {
	{KIND_IO_URING, "UserFiles:", "file"},
	{KIND_IO_URING, "UserBufs:", "buffer"},
	{KIND_IO_URING, "PollList:", "poll"},
	{KIND_IO_URING, "CqOverflowList:", "overflow"},
};

static const char *key_of_parts(enum kind k, const char *line)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].kind == k &&
			strncmp(line, parts[i].above, strlen(parts[i].above)) == 0)
			return parts[i].key;
	}
	return NULL;
}

static void take_fields(enum kind k, const char *text, struct buf *notes)
{
	const char *part = NULL;

	while (*text) {
		size_t len = strcspn(text, "\n"), blank = strspn(text, " ");

		if (part && blank && blank < len) {
			note_one_text(notes, part, text + blank, len - blank);
		} else {
			part = key_of_parts(k, text);
			take_line(k, text, len, notes);
		}
		text += len + (text[len] == '\n');
	}
}

/* Lines that only one sort has; without: some have none, or not at all times. */
static const struct {
	enum kind kind;
	const char *line;
	bool always;
} marks[] = {
	{KIND_EVENTFD, "eventfd-count:", true},
	{KIND_SIGNALFD, "sigmask:", true},
	{KIND_TIMERFD, "clockid:", true},
	{KIND_PIDFD, "Pid:", true},
	{KIND_EPOLL, "tfd:", false},
	{KIND_INOTIFY, "inotify ", false},
	{KIND_FANOTIFY, "fanotify ", false},
	{KIND_IO_URING, "SqMask:", false},
	{KIND_BPF_MAP, "map_type:", false},
	{KIND_BPF_PROG, "prog_type:", false},
	{KIND_BPF_LINK, "link_type:", false},
};

static bool has_line(const char *text, const char *begin)
{
	size_t len = strlen(begin);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, begin, len) == 0)
			return true;
		if (!*text)
			break;
	}
	return false;
}

bool info_is_of(enum kind k, const char *text)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		bool has = has_line(text, marks[i].line);

		if (has ? marks[i].kind != k : marks[i].kind == k && marks[i].always)
			return false;
	}
	return true;
}

bool info_has_more(enum kind k)
{
	if (info_watch_is(k))
		return true;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].kind == k)
			return true;
	}
	return false;
}

void info_take(enum kind k, const char *text, struct buf *notes)
{
	if (info_watch_is(k))
		info_watch_take(k, text, notes);
	else if (info_has_more(k))
		take_fields(k, text, notes);
}

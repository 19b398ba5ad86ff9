/* SPDX-License-Identifier: MIT */
#include "proc/status.h"

#include <errno.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/err.h"
#include "proc/handle.h"
#include "proc/stat_line.h"

/* "Groups:" alone may take 65,536 numbers of up to 10 digits. */
#define STATUS_MAX (1u << 20)
#define LIMITS_MAX (1u << 16)

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s;
}

/* A number in base 8, 10 or 16 that ends at a blank or the end of the line. */
static bool number(const char **s, const char *end, unsigned base, uint64_t *out)
{
	const char *p = skip_blanks(*s, end), *from = p;
	uint64_t v = 0;

	for (; p < end; p++) {
		unsigned digit = *p >= '0' && *p <= '9' ? (unsigned)(*p - '0')
			: *p >= 'a' && *p <= 'f'        ? (unsigned)(*p - 'a') + 10
							: 99;

		if (digit >= base)
			break;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v))
			return false;
	}
	if (p == from || (p < end && *p != ' ' && *p != '\t'))
		return false;
	*s = p;
	*out = v;
	return true;
}

/* How the value of a field is stored in struct status. */
enum how { HOW_STATE, HOW_PID, HOW_FLAG, HOW_SET, HOW_COUNT, HOW_IDS, HOW_PRESENT };

static const struct field {
	const char *key;
	enum how how;
	size_t offset;
} fields[] = {
	{"State", HOW_STATE, offsetof(struct status, state)},
	{"Tgid", HOW_PID, offsetof(struct status, tgid)},
	{"Pid", HOW_PID, offsetof(struct status, pid)},
	{"PPid", HOW_PID, offsetof(struct status, ppid)},
	{"TracerPid", HOW_PID, offsetof(struct status, tracer)},
	{"Uid", HOW_IDS, offsetof(struct status, uid)},
	{"Gid", HOW_IDS, offsetof(struct status, gid)},
	{"Kthread", HOW_FLAG, offsetof(struct status, kthread)},
	{"VmSize", HOW_PRESENT, offsetof(struct status, has_mm)},
	{"CoreDumping", HOW_FLAG, offsetof(struct status, core_dumping)},
	{"Threads", HOW_PID, offsetof(struct status, threads)},
	{"SigPnd", HOW_SET, offsetof(struct status, sig_pending)},
	{"ShdPnd", HOW_SET, offsetof(struct status, shared_pending)},
	{"SigBlk", HOW_SET, offsetof(struct status, sig_blocked)},
	{"SigIgn", HOW_SET, offsetof(struct status, sig_ignored)},
	{"SigCgt", HOW_SET, offsetof(struct status, sig_caught)},
	{"CapPrm", HOW_SET, offsetof(struct status, cap_permitted)},
	{"CapEff", HOW_SET, offsetof(struct status, cap_effective)},
	{"Seccomp", HOW_PID, offsetof(struct status, seccomp)},
	{"voluntary_ctxt_switches", HOW_COUNT, offsetof(struct status, slept)},
};

_Static_assert(
	sizeof(pid_t) == sizeof(int) && sizeof(uid_t) == sizeof(uint32_t), "HOW_PID, HOW_IDS");

static bool store_ids(const char *s, const char *end, uint32_t *to)
{
	uint32_t ids[4];
	uint64_t v;

	for (int i = 0; i < 4; i++) {
		if (!number(&s, end, 10, &v) || v > UINT32_MAX)
			return false;
		ids[i] = (uint32_t)v;
	}
	memcpy(to, ids, sizeof(ids));
	return true;
}

static bool store(const struct field *f, const char *s, const char *end, struct status *out)
{
	void *to = (char *)out + f->offset;
	uint64_t v;

	s = skip_blanks(s, end);
	switch (f->how) {
	case HOW_STATE:
		if (s == end || *s < 'A' || *s > 'z')
			return false;
		*(char *)to = *s;
		return true;
	case HOW_PRESENT: *(bool *)to = true; return true;
	case HOW_IDS: return store_ids(s, end, to);
	case HOW_SET: return number(&s, end, 16, to);
	case HOW_COUNT: return number(&s, end, 10, to);
	case HOW_PID:
		if (!number(&s, end, 10, &v) || v > INT32_MAX)
			return false;
		*(int *)to = (int)v;
		return true;
	case HOW_FLAG:
		if (!number(&s, end, 10, &v))
			return false;
		*(bool *)to = v != 0;
		return true;
	}
	return false;
}

/*
 * Where the name ends. Kernels write a newline in it as two characters, but other writers may not,
 * and a name must not be able to pass for fields: it reaches to the last line that can follow it.
 */
static const char *name_end(const char *text, const char *end)
{
	static const char *const next[] = {"\nUmask:\t", "\nState:\t"};

	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
		const char *found = NULL, *at = text;

		while ((at = memmem(at, (size_t)(end - at), next[i], strlen(next[i]))))
			found = at++;
		if (found)
			return found;
	}
	return memchr(text, '\n', (size_t)(end - text));
}

/* Undoes the kernel's escapes, \n and \\ (it makes no others here). */
static void store_name(const char *s, const char *end, struct status *out)
{
	size_t n = 0;

	while (s < end && *s && n < sizeof(out->name) - 1) {
		if (*s == '\\' && end - s > 1 && (s[1] == 'n' || s[1] == '\\')) {
			out->name[n++] = s[1] == 'n' ? '\n' : '\\';
			s += 2;
		} else {
			out->name[n++] = *s++;
		}
	}
	out->name[n] = '\0';
}

static const struct field *find_field(const char *key, size_t len)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strlen(fields[i].key) == len && memcmp(fields[i].key, key, len) == 0)
			return &fields[i];
	}
	return NULL;
}

/* A line without newline at the end of the text is torn: no line at all. */
static int parse(const char *text, size_t len, struct status *out, bool *kthread_known)
{
	const char *s = text, *end = text + len, *eol;
	bool any = false;

	*out = (struct status){.state = '?', .seccomp = -1};
	memset(out->uid, 0xff, sizeof(out->uid));
	memset(out->gid, 0xff, sizeof(out->gid));
	*kthread_known = false;
	if (len > 6 && memcmp(s, "Name:\t", 6) == 0 && (eol = name_end(s, end))) {
		store_name(s + 6, eol, out);
		s = eol + 1;
		any = true;
	}
	for (; s < end && (eol = memchr(s, '\n', (size_t)(end - s))); s = eol + 1) {
		const char *colon = memchr(s, ':', (size_t)(eol - s));
		const struct field *f = colon ? find_field(s, (size_t)(colon - s)) : NULL;

		if (!f)
			continue;
		if (!store(f, colon + 1, eol, out))
			return ERR_FORMAT;
		if (f->offset == offsetof(struct status, kthread))
			*kthread_known = true;
		any = true;
	}
	return any ? 0 : ERR_FORMAT;
}

int status_parse(const char *text, size_t len, struct status *out)
{
	bool kthread_known;

	return parse(text, len, out, &kthread_known);
}

int status_read(const struct proc *p, pid_t tid, struct status *out)
{
	char rel[40] = "status", stat_rel[40] = "stat";
	struct buf text = {0};
	struct stat_line line;
	bool kthread_known = true;
	int err;

	if (tid) {
		snprintf(rel, sizeof(rel), "task/%d/status", tid);
		snprintf(stat_rel, sizeof(stat_rel), "task/%d/stat", tid);
	}
	err = proc_read_file(p, rel, STATUS_MAX, &text);
	if (!err)
		err = parse(buf_cstr(&text), text.len, out, &kthread_known);
	buf_free(&text);
	if (tid && (err == -ENOENT || err == -ESRCH))
		return ERR_NOTHREAD;
	/* Before Linux 6.7; only what has no memory can be one. */
	if (!err && !kthread_known && !out->has_mm && !stat_line_read(p, stat_rel, &line))
		out->kthread = stat_line_kthread(&line);
	return err;
}

static bool limit(const char **s, const char *end, uint64_t *out)
{
	static const char none[] = "unlimited";
	const char *p = skip_blanks(*s, end);

	if ((size_t)(end - p) >= sizeof(none) - 1 && memcmp(p, none, sizeof(none) - 1) == 0) {
		*s = p + sizeof(none) - 1;
		*out = UINT64_MAX;
		return true;
	}
	return number(s, end, 10, out);
}

/* prlimit(2), where it is permitted; it knows the number only, which is nobody else's while the process lives. */
static bool ask_limit(const struct proc *p, uint64_t *soft, uint64_t *hard)
{
	struct rlimit r;

	if (!proc_is_live(p) || prlimit(p->pid, RLIMIT_NOFILE, NULL, &r) < 0 || proc_check(p) < 0)
		return false;
	*soft = r.rlim_cur == RLIM_INFINITY ? UINT64_MAX : r.rlim_cur;
	*hard = r.rlim_max == RLIM_INFINITY ? UINT64_MAX : r.rlim_max;
	return true;
}

int limits_nofile(const struct proc *p, uint64_t *soft, uint64_t *hard)
{
	static const char key[] = "\nMax open files ";
	struct buf text = {0};
	const char *s, *end;
	int err;

	if (ask_limit(p, soft, hard))
		return 0;
	buf_chr(&text, '\n');
	err = proc_read_file(p, "limits", LIMITS_MAX, &text);
	if (err)
		goto out;
	err = ERR_FORMAT;
	s = text.failed ? NULL : memmem(text.data, text.len, key, sizeof(key) - 1);
	if (!s)
		goto out;
	s += sizeof(key) - 1;
	end = memchr(s, '\n', (size_t)(text.data + text.len - s));
	if (end && limit(&s, end, soft) && limit(&s, end, hard))
		err = 0;
out:
	buf_free(&text);
	return err;
}

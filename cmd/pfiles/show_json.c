/* SPDX-License-Identifier: MIT */
#include "show_json.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/json.h"
#include "json_notes.h"
#include "json_sock.h"
#include "names.h"

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void set_number(json_t *o, const char *key, uint64_t n)
{
	set(o, key, json_integer((json_int_t)n));
}

static void set_device(json_t *o, const char *key, unsigned dev_major, unsigned dev_minor)
{
	set(o, key, json_pack("{s:i, s:i}", "major", (int)dev_major, "minor", (int)dev_minor));
}

/* What a function of names.h writes. */
static json_t *words(const struct buf *text)
{
	return json_stringn(buf_cstr(text), text->len);
}

/* Threads with a descriptor table of their own. */
static void add_apart(struct buf *out, const struct facts *f)
{
	if (f->err_apart) {
		buf_str(out, ",\"threads_apart_unknown\":");
		json_put(out, json_string(err_str(f->err_apart)));
	}
	for (size_t i = 0; i < f->apart.n; i++) {
		buf_str(out, i ? "," : ",\"threads_apart\":[");
		buf_dec(out, (uint64_t)f->apart.tid[i]);
	}
	if (f->apart.n)
		buf_chr(out, ']');
}

void json_begin(struct buf *out, pid_t pid, const struct facts *f)
{
	buf_fmt(out, "{\"pid\":%d,\"command\":", (int)pid);
	json_put(out, json_bytes(buf_cstr(&f->command), f->command.len));
	buf_str(out, ",\"rlimit\":");
	if (f->err_rlimit || f->rlimit == UINT64_MAX)
		buf_str(out, f->err_rlimit ? "null" : "\"unlimited\"");
	else
		buf_dec(out, f->rlimit);
	if (f->err_socks) {
		buf_str(out, ",\"sockets_unknown\":");
		json_put(out, json_stringn(buf_cstr(&f->why_socks), f->why_socks.len));
	}
	if (f->err_extras) {
		buf_str(out, ",\"calls_unknown\":");
		json_put(out, json_stringn(buf_cstr(&f->why_socks), f->why_socks.len));
	}
	if (f->err_twins) {
		buf_str(out, ",\"same_open_file_unknown\":");
		json_put(out, json_string(err_str(f->err_twins)));
	}
	add_apart(out, f);
	if (f->few_options)
		buf_fmt(out, ",\"sockets_asked_little\":%zu", f->few_options);
	if (f->far_hidden)
		buf_fmt(out, ",\"far_ends_hidden\":%zu", f->far_hidden);
	if (f->far_left)
		buf_fmt(out, ",\"far_ends_unsearched\":{\"processes\":%zu,\"descriptors\":%llu}",
			f->far_left, (unsigned long long)f->far_left_fds);
	if (f->err_waits) {
		buf_str(out, ",\"waits_unknown\":");
		json_put(out, json_string(err_str(f->err_waits)));
	}
	if (f->waits_left)
		buf_fmt(out, ",\"waits_unsearched\":%zu", f->waits_left);
	buf_str(out, ",\"descriptors\":[");
}

void json_end(struct buf *out)
{
	buf_str(out, "]}\n");
}

void json_system_process(struct buf *out, pid_t pid, const struct buf *command)
{
	buf_fmt(out, "{\"pid\":%d,\"command\":", (int)pid);
	json_put(out, json_bytes(buf_cstr(command), command->len));
	buf_str(out, ",\"system_process\":true,\"descriptors\":[]}\n");
}

static void set_first_line(json_t *o, const struct desc *d)
{
	struct buf text = {0};

	names_add_type(&text, d->mode);
	set(o, "type", words(&text));
	buf_clear(&text);
	buf_fmt(&text, "0%03o", d->mode & 07777U);
	set(o, "mode", words(&text));
	set_device(o, "dev", d->dev_major, d->dev_minor);
	set_number(o, "ino", d->ino);
	set_number(o, "uid", d->uid);
	set_number(o, "gid", d->gid);
	if (S_ISCHR(d->mode) || S_ISBLK(d->mode))
		set_device(o, "rdev", d->rdev_major, d->rdev_minor);
	else
		set_number(o, "size", d->size);
	buf_free(&text);
}

static void set_flags(json_t *o, const struct desc *d)
{
	struct buf text = {0};

	if (!d->err_flags) {
		names_add_flags(&text, d->flags);
		set(o, "flags", json_words(buf_cstr(&text)));
		if (!d->err_cloexec)
			set(o, "cloexec", json_boolean(d->cloexec));
	}
	buf_free(&text);
}

static json_t *lock(const struct lock *l)
{
	static const char *const kinds[] = {
		[LOCK_POSIX] = "posix",
		[LOCK_OFD] = "ofd",
		[LOCK_FLOCK] = "flock",
		[LOCK_LEASE] = "lease",
		[LOCK_DELEGATION] = "delegation",
		[LOCK_OTHER] = "other",
	};
	json_t *o = json_pack("{s:s, s:s, s:b, s:b}", "kind", kinds[l->kind], "type",
		l->write ? "write" : "read", "own", l->own, "mandatory", l->mandatory);

	if (l->pid > 0)
		set_number(o, "pid", (uint64_t)l->pid);
	set_number(o, "start", l->start);
	set(o, "end", l->end == UINT64_MAX ? json_null() : json_integer((json_int_t)l->end));
	return o;
}

static void set_locks(json_t *o, const struct facts *f, const struct desc *d)
{
	json_t *list;

	if (!d->locks && !d->more_locks)
		return;
	list = json_array();
	for (uint32_t i = 0; i < d->locks; i++)
		json_array_append_new(list, lock(&f->lock[d->lock_at + i]));
	set(o, "locks", list);
	if (d->more_locks)
		set_number(o, "more_locks", d->more_locks);
}

/* A path without the mark that the kernel puts behind a deleted one. */
static void set_path(json_t *o, const struct facts *f, const struct desc *d)
{
	static const char end[] = " (deleted)";
	size_t len = d->path.len;

	if (!len)
		return;
	if (d->deleted) {
		len -= sizeof(end) - 1;
		set(o, "deleted", json_true());
	}
	set(o, "path", json_bytes(f->paths.data + d->path.at, len));
}

static void set_reason(json_t *o, const char *what, int err)
{
	if (err)
		set(o, what, json_string(err_str(err)));
}

/* Why facts are missing. */
static void set_unknown(json_t *o, const struct facts *f, const struct desc *d)
{
	json_t *why = json_object();

	set_reason(why, "stat", d->err_stat);
	set_reason(why, "flags", d->err_flags);
	set_reason(why, "cloexec", d->err_flags ? 0 : d->err_cloexec);
	if (d->err_sock == -ENOENT)
		set(why, "socket", json_string("the kernel does not list it"));
	else
		set_reason(why, "socket", f->err_socks ? 0 : d->err_sock);
	set_reason(why, "path", d->err_path);
	set_reason(why, "offset_and_locks", d->sock ? 0 : d->err_pos);
	set_reason(why, "far_end", d->err_far);
	if (json_object_size(why))
		set(o, "unknown", why);
	else
		json_decref(why);
}

static void set_rest(
	json_t *o, const struct facts *f, const struct desc *d, struct show_names *names)
{
	set_flags(o, d);
	set_locks(o, f, d);
	if (d->sock)
		set(o, "socket", json_sock(f, &f->sock[d->sock - 1], names));
	set_path(o, f, d);
	if (d->has_pos && !d->err_pos)
		set_number(o, "offset", d->pos);
	json_notes(o, f, d->notes);
	set_unknown(o, f, d);
}

void json_desc(struct buf *out, const struct facts *f, const struct desc *d,
	struct show_names *names, bool first_line)
{
	json_t *o = json_object();

	set_number(o, "fd", (uint64_t)d->fd);
	if (d->state == DESC_CHANGED) {
		set(o, "changed", json_true());
	} else {
		if (!d->err_stat)
			set_first_line(o, d);
		if (!first_line)
			set_rest(o, f, d, names);
		else if (d->err_stat)
			set_unknown(o, f, d);
	}
	json_put(out, o);
}

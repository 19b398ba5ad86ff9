/* SPDX-License-Identifier: MIT */
#include "settle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "far_notes.h"
#include "kind.h"
#include "notes.h"
#include "same.h"
#include "settle_bpf.h"
#include "settle_watch.h"
#include "waits.h"
#include "watchers.h"

void settle_free(struct settle *s)
{
	drivers_free(&s->drivers);
}

struct settling {
	struct settle *s;
	struct far_notes far;
	struct watchers watchers;
	const struct proc *p;
	struct mount_table *mounts;
	const struct mount_table *own;
	struct facts *f;
};

static void copy(struct buf *out, const struct buf *from, struct span s)
{
	if (s.len)
		buf_add(out, from->data + s.at, s.len);
}

static void add_text(struct settling *g, const char *key, struct span text)
{
	note_text(&g->f->notes, key, mount_table_text(g->mounts, text), text.len);
}

/*
 * Of what lies in a file system that the process has mounted. `elsewhere`: it is not mounted in our own
 * namespace, so that the path leads nowhere, or to another file, for us.
 */
static void add_mount(struct settling *g, const struct desc *d)
{
	const struct mount_row *m = mount_table_find(g->mounts, d->mnt_id);

	if (!m)
		return;
	note_line(&g->f->notes, "mount");
	note_int(&g->f->notes, "id", m->id);
	add_text(g, "type", m->type);
	add_text(g, "source", m->source);
	if (g->own->n && !mount_table_find(g->own, m->id))
		note_word(&g->f->notes, "elsewhere");
}

/* "/memfd:name (deleted)" */
static void add_memfd_name(struct settling *g, const struct desc *d)
{
	static const char before[] = "/memfd:", after[] = " (deleted)";
	const char *path = g->f->paths.data + d->path.at;
	size_t from = sizeof(before) - 1, tail = sizeof(after) - 1;

	if (d->path.len >= from + tail && memcmp(path, before, from) == 0)
		note_text(&g->f->notes, "name", path + from, d->path.len - from - tail);
}

/* "mnt:[4026531832]" */
static void add_namespace_type(struct settling *g, const struct desc *d)
{
	const char *path = g->f->paths.data + d->path.at;
	const char *colon = d->path.len ? memchr(path, ':', d->path.len) : NULL;

	if (colon && path[0] != '/')
		note_text(&g->f->notes, "type", path, (size_t)(colon - path));
}

static void add_driver(struct settling *g, const struct desc *d)
{
	const char *name =
		drivers_name(&g->s->drivers, S_ISBLK(d->mode), d->rdev_major, d->rdev_minor);

	if (name)
		note_text(&g->f->notes, "driver", name, strlen(name));
}

static void add_of_kind(struct settling *g, const struct desc *d)
{
	switch (d->kind) {
	case KIND_MEMFD: add_memfd_name(g, d); break;
	case KIND_NAMESPACE: add_namespace_type(g, d); break;
	case KIND_PTY: note_num(&g->f->notes, "index", d->rdev_minor); break;
	case KIND_DEVICE: add_driver(g, d); break;
	default: break;
	}
}

/* All that is known of its kind, in one line or in as many as it has items. */
static void add_kind(struct settling *g, const struct desc *d)
{
	struct buf *out = &g->f->notes;
	size_t line = out->len, after;

	if (!kind_word((enum kind)d->kind) || d->kind == KIND_SOCKET)
		return;
	if (settle_watch_is((enum kind)d->kind)) {
		settle_watch(g->f, g->mounts, d, out);
		return;
	}
	note_line(out, kind_word((enum kind)d->kind));
	after = out->len;
	add_of_kind(g, d);
	copy(out, &g->f->info, d->info);
	copy(out, &g->f->asked, d->asked);
	if (d->kind == KIND_PIDFD)
		settle_pidfd(&g->f->info, d, out);
	if (d->kind == KIND_BPF_MAP || d->kind == KIND_BPF_PROG)
		settle_bpf(&g->f->info, d, out);
	if (out->len == after)
		out->len = line;
}

static int ascending(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* The other descriptors of the process that have the same open file. */
static void add_twins(struct settling *g, const struct desc *d)
{
	struct facts *f = g->f;
	struct note n = {.kind = NOTE_FDS, .key = "fd"};
	struct buf fds = {0};
	size_t self = (size_t)(d - f->desc);

	for (size_t i = d->twin; i != self && i < f->ndesc; i = f->desc[i].twin)
		buf_add(&fds, &f->desc[i].fd, sizeof(f->desc[i].fd));
	if (fds.len) {
		qsort(fds.data, fds.len / sizeof(int), sizeof(int), ascending);
		note_line(&f->notes, "same-open-file");
		n.text = fds.data;
		n.len = (uint32_t)fds.len;
		note(&f->notes, &n);
	}
	f->notes.failed |= fds.failed;
	buf_free(&fds);
}

/* Whether a name that ends like that of a deleted file is the file's name: then it leads to it. */
static bool leads_to(const struct proc *p, const struct desc *d, const char *path, size_t len)
{
	struct buf rel = {0};
	struct statx s;
	bool same;

	/* Through the process's own root; a file whose path is not seen from there was deleted in any case. */
	buf_str(&rel, "root");
	buf_add(&rel, path, len);
	same = !rel.failed &&
		statx(proc_dirfd(p), buf_cstr(&rel), AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
			STATX_INO, &s) == 0 &&
		s.stx_ino == d->ino && s.stx_dev_major == d->dev_major &&
		s.stx_dev_minor == d->dev_minor;
	buf_free(&rel);
	return same;
}

static void find_deleted(const struct proc *p, const struct facts *f, struct desc *d)
{
	static const char end[] = " (deleted)";
	const char *path = f->paths.data + d->path.at;
	size_t len = d->path.len, tail = sizeof(end) - 1;

	if (len <= tail || path[0] != '/' || memcmp(path + len - tail, end, tail) != 0)
		return;
	d->deleted = d->nlink == 0 || d->dev_major == 0 || !leads_to(p, d, path, len);
}

static int settle_desc(struct settling *g, struct desc *d)
{
	struct buf *out = &g->f->notes;
	size_t at = out->len;
	int err = 0;

	if (d->state != DESC_OK)
		return 0;
	find_deleted(g->p, g->f, d);
	add_mount(g, d);
	add_kind(g, d);
	if (!g->f->err_twins)
		add_twins(g, d);
	watchers_add(&g->watchers, d, out);
	waits_add(g->f, d, out);
	if (far_notes_has(d))
		err = far_notes(&g->far, d, out);
	d->notes = (struct span){.at = at, .len = (uint32_t)(out->len - at)};
	return err;
}

int settle_facts(struct settle *s, struct ends *ends, const struct proc *p,
	struct mount_table *mounts, struct facts *f)
{
	struct settling g = {.s = s, .p = p, .mounts = mounts, .own = &s->own->table, .f = f};
	int err = own_mounts_of(s->own, p, mounts);

	far_notes_begin(&g.far, ends, p, f);
	if (!err)
		err = same_find(p, f);
	if (!err)
		err = watchers_find(f, &g.watchers);
	for (size_t i = 0; i < f->ndesc && !err; i++)
		err = settle_desc(&g, &f->desc[i]);
	watchers_free(&g.watchers);
	far_notes_end(&g.far);
	ends_tell(ends, f);
	return err ? err : f->notes.failed ? -ENOMEM : 0;
}

int settle_names(const struct proc *p, struct facts *f)
{
	for (size_t i = 0; i < f->ndesc; i++) {
		if (f->desc[i].state == DESC_OK)
			find_deleted(p, f, &f->desc[i]);
	}
	return 0;
}

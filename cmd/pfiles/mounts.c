/* SPDX-License-Identifier: MIT */
#include "mounts.h"

#include <stdlib.h>
#include <string.h>

#include "special.h"

/* Those without a device of their own; the others have st_dev with a major number. */
static const char *const local_types[] = {"bcachefs", "btrfs", "cgroup", "cgroup2", "configfs",
	"debugfs", "devpts", "devtmpfs", "hugetlbfs", "mqueue", "overlay", "proc", "pstore",
	"ramfs", "rootfs", "securityfs", "sysfs", "tmpfs", "tracefs", "zfs"};

void mounts_free(struct mounts *m)
{
	free(m->local);
	own_mounts_free(&m->own);
	memset(m, 0, sizeof(*m));
}

static bool is_local_type(const char *type)
{
	for (size_t i = 0; i < sizeof(local_types) / sizeof(local_types[0]); i++) {
		if (strcmp(type, local_types[i]) == 0)
			return true;
	}
	return false;
}

static void take_row(struct mounts *m, const struct mount_table *t, const struct mount_row *row)
{
	if (!is_local_type(mount_table_text(t, row->type)))
		return;
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 32;
		struct mount *grown = reallocarray(m->local, cap, sizeof(*grown));

		if (!grown)
			return;
		m->local = grown;
		m->cap = cap;
	}
	m->local[m->n++] = (struct mount){row->dev_major, row->dev_minor};
}

static int by_device(const void *a, const void *b)
{
	const struct mount *x = a, *y = b;

	if (x->dev_major != y->dev_major)
		return x->dev_major < y->dev_major ? -1 : 1;
	return x->dev_minor < y->dev_minor ? -1 : x->dev_minor > y->dev_minor;
}

static void take_rows(struct mounts *m, const struct mount_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		take_row(m, t, &t->row[i]);
	if (m->n)
		qsort(m->local, m->n, sizeof(*m->local), by_device);
}

void mounts_read(struct mounts *m)
{
	if (m->read)
		return;
	m->read = true;
	if (own_mounts_read(&m->own) == 0)
		take_rows(m, &m->own.table);
}

bool mounts_local(const struct mounts *m, unsigned dev_major, unsigned dev_minor)
{
	const struct mount key = {dev_major, dev_minor};

	return dev_major != 0 || (m->n && bsearch(&key, m->local, m->n, sizeof(key), by_device));
}

/* -1: it is none of these. */
static int is_near_in(const struct mount_table *t, int64_t id)
{
	const struct mount_row *row = id < 0 ? NULL : mount_table_find(t, id);

	return !row ? -1 : row->dev_major || is_local_type(mount_table_text(t, row->type));
}

/* Ids are of the whole system. */
bool mounts_near(const struct mounts *m, const struct mount_table *t, int64_t id)
{
	int near = is_near_in(t, id);

	near = near < 0 ? is_near_in(&m->own.table, id) : near;
	return near < 0 ? special_mount(id) : near;
}

/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/err.h"

#define OPEN_FILES   "COREDUMP_OPEN_FDS="
#define TEXT_MOST    (16U << 20)
#define CURRENT_USER 0 /* flags of sd_journal_open(3): all journals that may be read */

/* The few functions of sd-journal(3) that are needed; the journal itself is opaque. */
struct library {
	void *handle, *journal;
	int (*open)(void **journal, int flags);
	void (*close)(void *journal);
	int (*add_match)(void *journal, const void *data, size_t size);
	int (*seek_tail)(void *journal);
	int (*previous)(void *journal);
	int (*get_data)(void *journal, const char *field, const void **data, size_t *length);
};

/* POSIX has it that an object pointer can hold a function's address (dlsym(3)). */
static void find(struct library *l, const char *name, void *function)
{
	void *at = dlsym(l->handle, name);

	memcpy(function, &at, sizeof(at));
}

static int load(struct library *l)
{
	l->handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return ERR_NOTSUP;
	find(l, "sd_journal_open", &l->open);
	find(l, "sd_journal_close", &l->close);
	find(l, "sd_journal_add_match", &l->add_match);
	find(l, "sd_journal_seek_tail", &l->seek_tail);
	find(l, "sd_journal_previous", &l->previous);
	find(l, "sd_journal_get_data", &l->get_data);
	if (!l->open || !l->close || !l->add_match || !l->seek_tail || !l->previous || !l->get_data)
		return ERR_NOTSUP;
	return l->open(&l->journal, CURRENT_USER);
}

static void unload(struct library *l)
{
	if (l->journal)
		l->close(l->journal);
	if (l->handle)
		dlclose(l->handle);
}

static int match(struct library *l, const char *field, const char *value, size_t len)
{
	struct buf text = {0};
	int err;

	buf_str(&text, field);
	buf_add(&text, value, len);
	err = text.failed ? -ENOMEM : l->add_match(l->journal, text.data, text.len);
	buf_free(&text);
	return err < 0 ? err : 0;
}

static int match_path(struct library *l, const char *core)
{
	char *path = realpath(core, NULL);
	int err = path ? match(l, "COREDUMP_FILENAME=", path, strlen(path)) : -errno;

	free(path);
	return err;
}

static int match_attribute(struct library *l, const char *core, const char *name, const char *field)
{
	char value[64];
	ssize_t n = getxattr(core, name, value, sizeof(value));

	return n <= 0 ? -ENOENT : match(l, field, value, (size_t)n);
}

static int take_last(struct library *l, struct buf *out)
{
	const char *data;
	size_t len;
	int err = l->seek_tail(l->journal);

	if (err >= 0)
		err = l->previous(l->journal);
	if (err <= 0)
		return err < 0 ? err : -ENOENT;
	err = l->get_data(l->journal, "COREDUMP_OPEN_FDS", (const void **)&data, &len);
	if (err < 0)
		return err;
	if (len < sizeof(OPEN_FILES) - 1 || len > TEXT_MOST)
		return -ENOENT;
	buf_add(out, data + sizeof(OPEN_FILES) - 1, len - (sizeof(OPEN_FILES) - 1));
	return out->failed ? -ENOMEM : 0;
}

static int by_path(const char *core, struct buf *out)
{
	struct library l = {0};
	int err = load(&l);

	if (!err)
		err = match_path(&l, core);
	if (!err)
		err = take_last(&l, out);
	unload(&l);
	return err;
}

static int by_attributes(const char *core, struct buf *out)
{
	struct library l = {0};
	int err = load(&l);

	if (!err)
		err = match_attribute(&l, core, "user.coredump.pid", "COREDUMP_PID=");
	if (!err)
		err = match_attribute(&l, core, "user.coredump.timestamp", "COREDUMP_TIMESTAMP=");
	if (!err)
		err = take_last(&l, out);
	unload(&l);
	return err;
}

int journal_open_files(const char *core, struct buf *out)
{
	int err = by_path(core, out);

	return err == -ENOENT ? by_attributes(core, out) : err;
}

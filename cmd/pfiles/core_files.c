/* SPDX-License-Identifier: MIT */
#include "core_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/escape.h"
#include "base/json.h"
#include "journal.h"
#include "json_notes.h"
#include "names.h"
#include "proc/core.h"
#include "proc/fds.h"

#define COLUMNS 70
#define INDENT  "      "

/* Numbers are processes, and so is what lies in /proc. */
bool core_files_is(const char *operand)
{
	struct stat s;

	return operand[strspn(operand, "0123456789")] != '\0' &&
		strncmp(operand, "/proc/", 6) != 0 && stat(operand, &s) == 0 && S_ISREG(s.st_mode);
}

/* One descriptor of the journal's list: "3:/path", then its fdinfo, up to an empty line. */
struct entry {
	int fd;
	const char *path;
	size_t path_len;
	struct fdinfo info;
	bool has_info;
};

static bool next_entry(const char **text, struct entry *e)
{
	const char *at = *text, *info, *end;
	char *colon;
	long fd = strtol(at, &colon, 10);

	if (colon == at || *colon != ':' || fd < 0)
		return false;
	e->fd = (int)fd;
	e->path = colon + 1;
	e->path_len = strcspn(e->path, "\n");
	info = e->path + e->path_len;
	info += *info == '\n';
	end = strstr(info, "\n\n");
	end = end ? end + 1 : info + strlen(info);
	e->has_info = fdinfo_parse(info, (size_t)(end - info), &e->info) == 0;
	*text = end + (*end == '\n');
	return true;
}

/* Of those that were asked for (-p). */
static bool next_wanted(const char **text, const struct fd_list *only, struct entry *e)
{
	while (next_entry(text, e)) {
		if (fd_list_has(only, e->fd))
			return true;
	}
	return false;
}

static void show_entry(struct buf *out, const struct entry *e)
{
	buf_fmt(out, "%4d: ", e->fd);
	buf_str(out, "(not known: type, device, inode, owner: the process has ended)\n");
	if (e->has_info) {
		buf_str(out, INDENT);
		names_add_flags(out, (uint32_t)e->info.flags & ~(uint32_t)O_CLOEXEC);
		buf_str(out, e->info.flags & O_CLOEXEC ? " FD_CLOEXEC\n" : "\n");
	}
	buf_str(out, INDENT);
	escape_add(out, e->path, e->path_len);
	buf_chr(out, '\n');
	if (e->has_info && e->path_len && e->path[0] == '/')
		buf_fmt(out, INDENT "offset:%llu\n", (unsigned long long)e->info.pos);
}

static json_t *entry_as_json(const struct entry *e)
{
	struct buf flags = {0};
	json_t *o = json_pack("{s:i, s:o}", "fd", e->fd, "path", json_bytes(e->path, e->path_len));

	if (e->has_info) {
		names_add_flags(&flags, (uint32_t)e->info.flags & ~(uint32_t)O_CLOEXEC);
		json_object_set_new(o, "flags", json_words(buf_cstr(&flags)));
		json_object_set_new(o, "cloexec", json_boolean(e->info.flags & O_CLOEXEC));
		if (e->path_len && e->path[0] == '/')
			json_object_set_new(o, "offset", json_integer((json_int_t)e->info.pos));
	}
	buf_free(&flags);
	return o;
}

/* What is shown of one core file. */
struct shown {
	const char *operand, *files; /* files: the list, NULL if there is none */
	const char *why;             /* there is none */
	const struct core *core;
	const struct fd_list *only;
};

static void show_text(struct buf *out, const struct shown *w)
{
	const char *files = w->files;
	struct entry e = {0};

	buf_str(out, "core '");
	escape_add(out, w->operand, strlen(w->operand));
	buf_fmt(out, "' of %d:\t", (int)w->core->pid);
	escape_add_columns(out, buf_cstr(&w->core->command), w->core->command.len, COLUMNS);
	buf_chr(out, '\n');
	if (!files)
		buf_fmt(out, "  [a core file tells nothing of descriptors; %s]\n", w->why);
	while (files && next_wanted(&files, w->only, &e))
		show_entry(out, &e);
	fdinfo_free(&e.info);
}

static void show_json(struct buf *out, const struct shown *w)
{
	const struct buf *command = &w->core->command;
	const char *files = w->files;
	json_t *list = json_array(), *o;
	struct entry e = {0};

	o = json_pack("{s:o, s:i, s:o}", "core", json_bytes(w->operand, strlen(w->operand)), "pid",
		(int)w->core->pid, "command", json_bytes(buf_cstr(command), command->len));
	while (files && next_wanted(&files, w->only, &e))
		json_array_append_new(list, entry_as_json(&e));
	fdinfo_free(&e.info);
	if (!files)
		json_object_set_new(o, "descriptors_unknown", json_string(w->why));
	json_object_set_new(o, "descriptors", list);
	json_put(out, o);
	buf_chr(out, '\n');
}

static void show(struct cli *c, const char *operand, const struct core *core, const struct opts *o)
{
	struct shown w = {.operand = operand, .core = core, .only = &o->only};
	struct buf page = {0}, files = {0};
	int err = journal_open_files(operand, &files);

	if (err == 0)
		w.files = buf_cstr(&files);
	w.why = err == ERR_NOTSUP ? "libsystemd, which reads the journal, is not there"
				  : "no journal has a list of them, either";
	(o->json ? show_json : show_text)(&page, &w);
	cli_write(c, &page);
	buf_free(&files);
	buf_free(&page);
}

void core_files_one(struct cli *c, const char *operand, const struct opts *o)
{
	struct core core;
	int err = core_read(operand, &core);

	if (err)
		cli_fail(c, err == ERR_FORMAT ? "neither a process nor a core file" : err_str(err),
			operand);
	else
		show(c, operand, &core, o);
	core_free(&core);
}

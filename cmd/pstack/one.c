/* SPDX-License-Identifier: MIT */
/* One operand: open, take, let go, understand, show. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/escape.h"
#include "ctl/cave.h"
#include "kernel.h"
#include "proc/access.h"
#include "proc/core_proc.h"
#include "pstack.h"
#include "report.h"
#include "show.h"
#include "stacks.h"

#define AUXV_MAX   4096
#define EXEC_TRIES 3

/* "pstack: <words>: <operand>: <cause and way out>", the original's order. p NULL: no such process. */
static void fail(struct cli *c, const char *operand, const struct proc *p, int err)
{
	struct buf rest = {0};

	proc_explain_operand(p, operand, err, &rest);
	cli_fail(c, err_str(err), buf_cstr(&rest));
	buf_free(&rest);
}

/* -H could not have all threads. */
static void fail_hold(struct cli *c, const char *operand, const struct picture *pic)
{
	struct buf rest = {0};

	escape_add(&rest, operand, strlen(operand));
	if (pic->culprit)
		buf_fmt(&rest, ": thread %d; without -H it need not stop", (int)pic->culprit);
	else
		buf_str(&rest, ": without -H it need not stop");
	cli_fail(c, err_str(ERR_TIMEOUT), buf_cstr(&rest));
	buf_free(&rest);
}

static int show(struct cli *c, const struct opts *o, struct picture *pic, const char *operand)
{
	if (o->json)
		return show_json(c, o, pic, operand);
	if (o->flame)
		return show_flame(c, o, pic);
	return show_text(c, o, pic, operand);
}

static int take_once(struct picture *pic, const struct opts *o, const struct tid_ranges *tids)
{
	struct taking t = {.pic = pic, .o = o, .tids = tids};
	int err = take_live(&t);

	if (!err && o->kernel)
		kernel_take(pic);
	if (!err && pic->n)
		err = stacks_understand(pic, o, &t, NULL);
	take_end(&t);
	return err;
}

/*
 * A process that executes another program meanwhile: what was copied before does not go with what is mapped
 * after. The auxiliary vector tells (its addresses are random anew), and everything is taken again.
 */
static int take_steady(struct picture *pic, const struct opts *o, const struct tid_ranges *tids)
{
	struct buf before = {0}, after = {0};
	int err = 0;

	for (int i = 0; i < EXEC_TRIES; i++) {
		picture_clear(pic);
		buf_clear(&before);
		buf_clear(&after);
		(void)!proc_read_file(pic->p, "auxv", AUXV_MAX, &before);
		err = cave_is_narrow(pic->p, &pic->narrow);
		if (!err)
			err = take_once(pic, o, tids);
		(void)!proc_read_file(pic->p, "auxv", AUXV_MAX, &after);
		if (err == -ENOMEM || !before.len || !after.len || cli_interrupted())
			break;
		if (before.len == after.len && memcmp(before.data, after.data, before.len) == 0)
			break;
		err = ERR_EXECED;
	}
	buf_free(&before);
	buf_free(&after);
	return err;
}

static void show_kernel_thread(struct cli *c, const struct opts *o, const struct proc *p)
{
	struct buf command = {0};

	(void)!proc_cmdline(p, AUXV_MAX, &command);
	show_system_process(c, o, proc_pid(p), &command);
	buf_free(&command);
}

static void look_at_live(struct cli *c, const struct opts *o, const char *operand, struct proc *p,
	const struct tid_ranges *tids)
{
	struct picture pic = {.p = p};
	int err = access_check(p);

	if (err == ERR_KTHREAD) {
		show_kernel_thread(c, o, p);
		return;
	}
	if (!err) {
		err = take_steady(&pic, o, tids);
		if (err && err != -ENOMEM && proc_check(p))
			err = ERR_GONE;
	}
	if (err == -EACCES || err == -EPERM)
		err = ERR_PERM;
	if (!err && !pic.n)
		err = tids->n ? ERR_NOTHREAD : ERR_GONE;
	if (!err)
		err = show(c, o, &pic, operand);
	if (err == ERR_TIMEOUT && o->hold)
		fail_hold(c, operand, &pic);
	else if (err)
		fail(c, operand, p, err);
	else if (o->report)
		report(&pic);
	picture_free(&pic);
}

/* ---- core files ---- */

/* Numbers are processes, and so is what lies in /proc. */
static bool is_core(const char *path)
{
	struct stat s;

	return path[strspn(path, "0123456789")] != '\0' && strncmp(path, "/proc/", 6) != 0 &&
		stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

/* "core", or "core/12,14-16": *path is to be freed. */
static int split_core(const char *operand, char **path, struct tid_ranges *tids)
{
	char *slash;
	int err;

	*path = strdup(operand);
	if (!*path)
		return -ENOMEM;
	if (is_core(*path))
		return 0;
	slash = strrchr(*path, '/');
	if (!slash)
		return ERR_BADPID;
	*slash = '\0';
	if (!is_core(*path))
		return ERR_BADPID;
	err = tid_ranges_parse(slash + 1, tids);
	return err;
}

static int look_at_core(
	struct cli *c, const struct opts *o, const char *path, const struct tid_ranges *tids)
{
	struct picture pic = {.core = true};
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
	int err = dir ? proc_open_core(path, &pic.p) : -ENOMEM;

	if (!err) {
		pic.narrow = proc_core_is_narrow(pic.p);
		err = take_core(&pic, tids->n ? tids : NULL);
		if (!err && !pic.n)
			err = ERR_NOTHREAD;
		if (!err)
			err = stacks_understand(&pic, o, NULL, dir);
		if (!err)
			err = show(c, o, &pic, path);
		if (!err && o->report)
			report(&pic);
		picture_free(&pic);
		proc_close(pic.p);
	}
	free(dir);
	return err;
}

/* True if the operand names a core file, or what cannot be anything else. */
static bool try_core(struct cli *c, const char *operand, const struct opts *o)
{
	struct tid_ranges tids = {0};
	char *path = NULL;
	int err = split_core(operand, &path, &tids);
	bool is = err != ERR_BADPID;

	if (!err)
		err = look_at_core(c, o, path, &tids);
	if (is && err == ERR_FORMAT)
		cli_fail(c, "neither a process nor a core file", operand);
	else if (is && err)
		fail(c, operand, NULL, err);
	tid_ranges_free(&tids);
	free(path);
	return is;
}

void pstack_one(struct cli *c, const char *operand, const struct opts *o)
{
	struct tid_ranges tids;
	struct proc *p;
	int err;

	if (try_core(c, operand, o))
		return;
	err = operand_open(operand, OPERAND_THREADS, &tids, &p);
	if (err) {
		fail(c, operand, NULL, err);
	} else {
		look_at_live(c, o, operand, p, &tids);
		proc_close(p);
	}
	tid_ranges_free(&tids);
}

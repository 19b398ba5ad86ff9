/* SPDX-License-Identifier: MIT */
/*
 * Why the kernel denies a look. Its order (ptrace(2), "Ptrace access mode checking"): the user and
 * group ids must all be ours, or we need CAP_SYS_PTRACE in the target's user namespace; a process
 * that may not dump core takes the capability in any case; then the security modules: a target with
 * capabilities that we lack takes it too, and Yama narrows it further. We look in the same order,
 * by what can be read without the right, and name the first that explains it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "proc/access.h"
#include "proc/handle.h"
#include "proc/status.h"

struct facts {
	struct status target;
	uid_t uid; /* ours */
	gid_t gid;
	bool can_ptrace;    /* CAP_SYS_PTRACE, effective */
	bool can_kill;      /* CAP_KILL, effective */
	uint64_t permitted; /* our capabilities */
	bool undumpable;    /* its files in /proc belong to root although it does not */
	bool other_ns;      /* it lives in another user namespace */
	int yama;           /* kernel.yama.ptrace_scope, 0 if there is none */
};

/* capget(2), which the C library has no function for. */
static void own_capabilities(struct facts *f)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return;
	f->can_ptrace = data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective & CAP_TO_MASK(CAP_SYS_PTRACE);
	f->can_kill = data[CAP_TO_INDEX(CAP_KILL)].effective & CAP_TO_MASK(CAP_KILL);
	f->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
}

static int yama_scope(void)
{
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char c = '0';

	if (fd < 0)
		return 0;
	if (read(fd, &c, 1) != 1 || c < '0' || c > '9')
		c = '0';
	close(fd);
	return c - '0';
}

static bool read_map(int dir, const char *rel, struct buf *out)
{
	int fd = openat(dir, rel, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	char *room;

	if (fd < 0)
		return false;
	while ((room = buf_room(out, 4096)) && (n = read(fd, room, 4096)) > 0)
		buf_grew(out, (size_t)n);
	close(fd);
	return n == 0;
}

/*
 * The link is hidden exactly when we ask; the map of ids is not, and tells nearly as much. It may
 * be empty: that of a namespace which nobody has set up.
 */
static bool in_other_ns(const struct proc *p)
{
	struct buf its = {0}, ours = {0};
	struct stat a, b;
	bool other;

	if (fstatat(p->dir, "ns/user", &a, 0) == 0 && stat("/proc/self/ns/user", &b) == 0)
		return a.st_ino != b.st_ino || a.st_dev != b.st_dev;
	other = read_map(p->dir, "uid_map", &its) &&
		read_map(AT_FDCWD, "/proc/self/uid_map", &ours) &&
		strcmp(buf_cstr(&its), buf_cstr(&ours)) != 0;
	buf_free(&its);
	buf_free(&ours);
	return other;
}

static int gather(const struct proc *p, struct facts *f)
{
	struct stat st;
	int err;

	*f = (struct facts){.uid = geteuid(), .gid = getegid()};
	err = status_read(p, 0, &f->target);
	if (err)
		return err;
	own_capabilities(f);
	f->yama = yama_scope();
	f->other_ns = in_other_ns(p);
	/* Not the directory itself: that always shows the effective uid. */
	f->undumpable = fstatat(p->dir, "status", &st, 0) == 0 && st.st_uid != f->target.uid[1];
	return 0;
}

static void add_uid(struct buf *out, uid_t uid)
{
	struct passwd pw, *found = NULL;
	char text[4096];

	buf_fmt(out, "uid %u", uid);
	if (getpwuid_r(uid, &pw, text, sizeof(text), &found) != 0 || !found)
		return;
	buf_str(out, " (");
	escape_add(out, found->pw_name, strlen(found->pw_name));
	buf_chr(out, ')');
}

/* How to get the capability, for who we are. */
static void add_way_to_capability(const struct facts *f, struct buf *out)
{
	if (f->uid == 0)
		buf_str(out, "give root CAP_SYS_PTRACE (in a container: --cap-add SYS_PTRACE)");
	else
		buf_str(out, "run as root (sudo)");
}

static bool ids_differ(const struct facts *f)
{
	const struct status *s = &f->target;

	for (int i = 0; i < 3; i++) {
		if (s->uid[i] != f->uid || s->gid[i] != f->gid)
			return true;
	}
	return false;
}

static void explain_ids(const struct facts *f, struct buf *out)
{
	const struct status *s = &f->target;

	if (s->uid[0] == f->uid && s->uid[1] == f->uid && s->uid[2] == f->uid) {
		buf_fmt(out, "its group ids (%u %u %u) are not yours (%u)", s->gid[0], s->gid[1],
			s->gid[2], f->gid);
	} else {
		buf_str(out, "it belongs to ");
		add_uid(out, s->uid[1]);
		if (s->uid[0] != s->uid[1]) {
			buf_str(out, ", started by ");
			add_uid(out, s->uid[0]);
		}
		buf_str(out, ", you are ");
		add_uid(out, f->uid);
	}
	buf_str(out, " without CAP_SYS_PTRACE; ");
	add_way_to_capability(f, out);
	if (f->uid != 0 && s->uid[0] != 0 && s->uid[0] == s->uid[1] && s->uid[0] != f->uid)
		buf_str(out, " or as its user");
}

static void explain_ns(const struct facts *f, struct buf *out)
{
	buf_str(out,
		"it lives in another user namespace, where your capabilities do not count; run "
		"as root of the host");
	if (f->uid == 0)
		buf_str(out, " or inside that namespace (nsenter)");
}

static void explain_yama(const struct facts *f, struct buf *out)
{
	if (f->yama >= 3) {
		buf_str(out, "kernel.yama.ptrace_scope is 3: nobody may until the next boot");
		return;
	}
	buf_fmt(out, "kernel.yama.ptrace_scope is %d: only %s may; ", f->yama,
		f->yama == 1 ? "its ancestors and CAP_SYS_PTRACE" : "CAP_SYS_PTRACE");
	add_way_to_capability(f, out);
	if (f->yama == 1)
		buf_str(out, ", or set it to 0 with sysctl(8)");
}

/* Holders of CAP_SYS_PTRACE: what else there is. */
static void explain_capable(const struct facts *f, struct buf *out)
{
	if (f->other_ns)
		explain_ns(f, out);
	else if (f->yama >= 3)
		explain_yama(f, out);
	else
		buf_str(out,
			"you have CAP_SYS_PTRACE; a security module (SELinux, AppArmor, Landlock), a seccomp "
			"filter or a user namespace around you denies it");
}

/* It is there, and /proc shows nothing of it. */
static void explain_hidden(const struct facts *f, struct buf *out)
{
	buf_str(out, "/proc is mounted to hide it (hidepid); ");
	add_way_to_capability(f, out);
}

void access_explain(const struct proc *p, struct buf *out)
{
	struct facts f;

	int err = gather(p, &f);

	if (err == -EACCES || err == -EPERM) {
		explain_hidden(&f, out);
	} else if (err) {
		buf_str(out, err_str(err));
	} else if (f.can_ptrace) {
		explain_capable(&f, out);
	} else if (ids_differ(&f)) {
		explain_ids(&f, out);
	} else if (f.undumpable) {
		buf_str(out,
			"it is not dumpable (prctl(2): set-id, file capabilities, unreadable "
			"program or its own choice), and you lack CAP_SYS_PTRACE; ");
		add_way_to_capability(&f, out);
	} else if (f.other_ns) {
		explain_ns(&f, out);
	} else if (f.target.cap_permitted & ~f.permitted) {
		buf_str(out, "it has capabilities that you lack, and you lack CAP_SYS_PTRACE; ");
		add_way_to_capability(&f, out);
	} else if (f.yama) {
		explain_yama(&f, out);
	} else {
		buf_str(out,
			"a security module (SELinux, AppArmor, Landlock) or a seccomp filter denies it");
	}
}

/* Without a handle: it could not even be opened. */
static void explain_unseen(struct buf *out)
{
	struct facts f = {.uid = geteuid()};

	buf_fmt(out, "%s: ", err_str(ERR_PERM));
	explain_hidden(&f, out);
}

void proc_explain_operand(const struct proc *p, const char *operand, int err, struct buf *out)
{
	const char *words = err_str(err);
	struct buf all = {0};

	if (p)
		proc_explain(p, err, &all);
	else if (err == ERR_PERM)
		explain_unseen(&all);
	escape_add(out, operand, strlen(operand));
	/* The explanation begins with the error's words, which are in front already. */
	if (strncmp(buf_cstr(&all), words, strlen(words)) == 0) {
		const char *why = buf_cstr(&all) + strlen(words);

		buf_str(out, *why == ' ' ? ":" : "");
		buf_str(out, why);
	}
	buf_free(&all);
}

/* kill(2): its real or saved user id must be our real or effective one. */
static bool may_signal(const struct facts *f)
{
	const struct status *s = &f->target;

	return s->uid[0] == f->uid || s->uid[2] == f->uid || s->uid[0] == getuid() ||
		s->uid[2] == getuid();
}

static void explain_kill(const struct facts *f, struct buf *out)
{
	if (f->can_kill || may_signal(f)) {
		buf_str(out,
			f->other_ns
				? "it lives in another user namespace, where your capabilities do not "
				  "count; run as root of the host"
				: "a security module (SELinux, AppArmor, Landlock) denies it");
		return;
	}
	buf_str(out, "it belongs to ");
	add_uid(out, f->target.uid[0]);
	buf_str(out, ", you are ");
	add_uid(out, f->uid);
	buf_str(out, f->uid ? " without CAP_KILL; run as root (sudo)" : " without CAP_KILL");
	if (f->target.uid[0])
		buf_str(out, " or as its user");
}

void access_explain_kill(const struct proc *p, const char *operand, struct buf *out)
{
	struct facts f;
	int err;

	if (!p) {
		proc_explain_operand(p, operand, ERR_PERM, out);
		return;
	}
	escape_add(out, operand, strlen(operand));
	buf_str(out, ": ");
	err = gather(p, &f);
	if (err == -EACCES || err == -EPERM)
		explain_hidden(&f, out);
	else if (err)
		buf_str(out, err_str(err));
	else
		explain_kill(&f, out);
}

/* SPDX-License-Identifier: MIT */
#include "proc/operand.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"

/* The inode of the root of every procfs (PROC_ROOT_INO in the kernel's include/linux/proc_ns.h). */
#define PROC_ROOT_INODE 1

/* Reads decimal digits; past INT_MAX it stays there: a number all the same, but nobody's. */
static const char *digits(const char *s, pid_t *out)
{
	int v = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *s - '0', &v))
			v = INT_MAX;
	}
	*out = v;
	return s;
}

/* A pid as typed; blanks in front as ps -o pid= prints them. Leading zeros as kill(1) takes them.
 */
static bool is_number(const char *s, pid_t *out)
{
	const char *end;

	s += strspn(s, " \t");
	end = digits(s, out);
	return end > s && !*end;
}

/*
 * The number in a procfs is ours only if that procfs shows our pid namespace: there "self" is us,
 * and we have one number and not one for each namespace in between.
 */
static bool shows_our_pids(int root)
{
	char self[32], text[4096];
	pid_t me, nspid;
	const char *line;
	ssize_t n;
	int fd;

	n = readlinkat(root, "self", self, sizeof(self) - 1);
	if (n <= 0)
		return false;
	self[n] = '\0';
	if (!is_number(self, &me) || me != getpid())
		return false;
	fd = openat(root, "self/status", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	line = strstr(text, "\nNSpid:\t");
	/* Absent before Linux 4.1 or without CONFIG_PID_NS: then there is nothing to mistake. */
	return !line || *digits(line + strlen("\nNSpid:\t"), &nspid) == '\n';
}

/* The pid whose directory fd (O_PATH) is, 0 if it is none. */
static pid_t directory_pid(int fd)
{
	char line[32];
	struct statfs fs;
	struct stat st;
	pid_t pid = 0;
	int root, file;
	ssize_t n;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return 0;
	root = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return 0;
	if (fstat(root, &st) < 0 || st.st_ino != PROC_ROOT_INODE || !shows_our_pids(root))
		goto out;
	/* Others in the root (sys, net, tty) have no such file. */
	file = openat(fd, "stat", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		goto out;
	n = read(file, line, sizeof(line) - 1);
	close(file);
	line[n > 0 ? n : 0] = '\0';
	if (*digits(line, &pid) != ' ')
		pid = 0;
out:
	close(root);
	return pid;
}

/* Whether path is <a procfs of ours>/<digits>: then what is missing there is a process. */
static bool names_missing_process(const char *path)
{
	size_t len = strlen(path);
	char *copy, *slash;
	struct stat st;
	struct statfs fs;
	bool yes = false;
	pid_t pid;

	while (len && path[len - 1] == '/')
		len--;
	copy = strndup(path, len);
	if (!copy)
		return false;
	slash = strrchr(copy, '/');
	if (slash && slash != copy && slash[1] >= '0' && slash[1] <= '9' &&
		is_number(slash + 1, &pid)) {
		*slash = '\0';
		yes = stat(copy, &st) == 0 && st.st_ino == PROC_ROOT_INODE &&
			statfs(copy, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
	}
	free(copy);
	return yes;
}

static int path_pid(const char *path, pid_t *out)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			return -errno;
		return errno == ENOENT && names_missing_process(path) ? ERR_NOPROC : ERR_BADPID;
	}
	*out = directory_pid(fd);
	close(fd);
	return *out ? 0 : ERR_BADPID;
}

/* The pid that an operand without list means. */
static int operand_pid(const char *s, pid_t *out)
{
	int err = 0;

	if (!*s)
		return ERR_BADPID;
	if (strcmp(s, "self") == 0)
		return ERR_SELF;
	if (!is_number(s, out))
		err = path_pid(s, out);
	return err ? err : *out == getpid() ? ERR_SELF : 0;
}

/*
 * The longest reading first: "/proc/12" is a process and not thread 12 of "/proc", and "12/" in
 * /proc is what the shell's completion makes of 12. Only what is no process as a whole is split.
 */
static int split(const char *operand, struct tid_ranges *tids, pid_t *out)
{
	const char *slash = strrchr(operand, '/');
	char *head;
	int err, list_err;

	if (!slash || slash == operand)
		return ERR_BADPID;
	head = strndup(operand, (size_t)(slash - operand));
	if (!head)
		return -ENOMEM;
	err = operand_pid(head, out);
	free(head);
	if (err == ERR_BADPID)
		return err;
	list_err = tid_ranges_parse(slash + 1, tids);
	return list_err ? list_err : err;
}

int operand_open(
	const char *operand, enum operand_accept accept, struct tid_ranges *tids, struct proc **out)
{
	pid_t pid = 0;
	int err;

	*out = NULL;
	if (tids)
		*tids = (struct tid_ranges){0};
	err = operand_pid(operand, &pid);
	if (err == ERR_BADPID && (accept & OPERAND_THREADS) && tids)
		err = split(operand, tids, &pid);
	if (!err)
		err = proc_open(pid, out);
	/* One of the threads of some process; as an operand it is as wrong as any other number. */
	return err == ERR_NOTHREAD ? ERR_BADPID : err;
}

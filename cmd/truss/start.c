/* SPDX-License-Identifier: MIT */
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/trace.h"
#include "exec.h"
#include "filter.h"

#define FAILED 127

static bool refuse(struct truss *t, const char *words, const char *what)
{
	cli_fail(t->cli, words, what);
	t->status = 2;
	return false;
}

static bool is_program(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 && S_ISREG(s.st_mode) && eaccess(path, X_OK) == 0;
}

/* Along PATH; "" is the current folder. False: not there. */
static bool search_path(const char *name, char path[PATH_MAX])
{
	const char *dirs = getenv("PATH");

	for (dirs = dirs ? dirs : "/usr/bin:/bin"; dirs; dirs = strchr(dirs, ':')) {
		int n;

		dirs += *dirs == ':';
		n = (int)strcspn(dirs, ":");
		snprintf(path, PATH_MAX, "%.*s%s%s", n, dirs, n ? "/" : "./", name);
		if (is_program(path))
			return true;
	}
	return false;
}

static bool find_program(struct truss *t, const char *name, char path[PATH_MAX])
{
	if (!strchr(name, '/')) {
		if (search_path(name, path))
			return true;
		return refuse(t, "cannot find program", name);
	}
	if (strlen(name) >= PATH_MAX || access(name, F_OK) < 0)
		return refuse(t, "cannot find program", name);
	strcpy(path, name);
	return is_program(path) || refuse(t, "cannot execute program", name);
}

/* The kernel would start it without its privileges; better not at all. */
static bool may_be_traced(struct truss *t, const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	bool special;

	if (fd < 0 || geteuid() == 0) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	special = exec_is_privileged(fd, geteuid(), getegid()) || eaccess(path, R_OK) < 0;
	close(fd);
	return !special || refuse(t, "cannot trace set-id or unreadable object file", path);
}

struct child {
	char *path, **argv;
	int sock; /* the tool's word to go, and what went wrong */
	const struct filter *filter;
	const sigset_t *mask; /* truss was started with it */
};

static _Noreturn void become(const struct child *c)
{
	int err = 0;
	char go;

	/* Truss is gone: then nothing has begun, either. */
	if (read(c->sock, &go, 1) != 1)
		_exit(FAILED);
	if (c->filter)
		err = filter_install(c->filter);
	sigprocmask(SIG_SETMASK, c->mask, NULL);
	if (!err) {
		execv(c->path, c->argv);
		err = -errno;
	}
	(void)!write(c->sock, &err, sizeof err);
	_exit(FAILED);
}

static bool take(struct truss *t, pid_t pid)
{
	struct process *p = process_get(&t->table, pid);
	struct thread *thr = p ? thread_add(&t->table, pid, p) : NULL;
	unsigned options = t->o->follow || t->filtered ? TRACE_CHILDREN : 0;
	int err = thr ? 0 : -ENOMEM;

	if (t->o->kill)
		options |= TRACE_KILL;
	if (t->filtered)
		options |= TRACE_FILTER;
	if (!err)
		err = trace_seize(pid, options);
	if (err) {
		kill(pid, SIGKILL);
		return refuse(t, "cannot trace the command", err_str(err));
	}
	p->command = p->born_here = true;
	p->quiet = true; /* until it is the program it is to be */
	thr->state = THREAD_GOES;
	t->command = pid;
	return true;
}

bool start_command(struct truss *t, char **argv)
{
	char path[PATH_MAX];
	struct child c = {.path = path, .argv = argv, .mask = &t->mask};
	struct filter filter = {0};
	int sock[2];
	pid_t pid;

	if (!find_program(t, argv[0], path) || !may_be_traced(t, path))
		return false;
	if (t->o->kill && filter_make(t->o, &filter)) {
		t->filtered = true;
		c.filter = &filter;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) < 0)
		return refuse(t, "cannot start the command", err_str(-errno));
	c.sock = sock[1];
	pid = fork();
	if (pid == 0) {
		close(sock[0]); /* or the end of truss would not be seen */
		become(&c);
	}
	close(sock[1]);
	filter_free(&filter);
	t->sock = sock[0];
	if (pid < 0)
		return refuse(t, "cannot start the command", err_str(-errno));
	return take(t, pid);
}

void start_go(struct truss *t)
{
	(void)!write(t->sock, "", 1);
}

void start_ended(struct truss *t)
{
	int err;

	if (t->sock < 0)
		return;
	if (recv(t->sock, &err, sizeof err, MSG_DONTWAIT) == (ssize_t)sizeof err) {
		t->status = 2;
		cli_fail(t->cli, "cannot execute program", err_str(err));
	}
	close(t->sock);
	t->sock = -1;
}

/* SPDX-License-Identifier: MIT */
/*
 * One call in the target: arguments by value, in, out, and both; what the calls say is true of the
 * target, not of us, and what must not be run is not. By a thread of its own and by a diverted one.
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"
#include "ctl/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static struct hazard h;

static void *turn_here(void *arg)
{
	facts_turn_forever(arg);
}

static const char name[] = "\0ptools-hazard-call";

/* A socket of its own on descriptor 17, and a second thread. */
static void with_socket(struct facts *f)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct stat s;
	pthread_t t;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(sun.sun_path, name, sizeof(name) - 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sa_family_t) + sizeof(name) - 1) ||
		dup2(fd, 17) != 17 || fstat(17, &s))
		_exit(3);
	f->v[0] = (int64_t)s.st_ino;
	pthread_create(&t, NULL, turn_here, f);
	f->ready = 1;
	facts_turn_forever(f);
}

/* The agent, and how to have another one: on a busy machine a diverted thread may not come back in time. */
struct asked {
	struct proc *proc;
	struct agent *agent; /* NULL: there is none */
	unsigned flags;
};

static int call(struct asked *a, struct call *c)
{
	int err = ERR_LOST;

	for (int i = 0; i < 20; i++) {
		if (!a->agent && agent_open(a->proc, a->flags, NULL, &a->agent))
			a->agent = NULL;
		err = a->agent ? agent_call(a->agent, c) : ERR_LOST;
		if (err == 0 || err == ERR_REFUSED)
			break;
		agent_close(a->agent);
		a->agent = NULL;
		sleep_us(20000);
	}
	return err;
}

static void ask(struct asked *a, const struct prey *p, const char *how)
{
	struct sockaddr_un sun = {0};
	struct statx stx = {0};
	socklen_t len = sizeof(sun);
	struct call pid = {.nr = SYS_getpid};
	struct call where = {
		.nr = SYS_getsockname,
		.arg = {ARG_VAL(17), ARG_OUT(&sun, sizeof(sun)), ARG_INOUT(&len, sizeof(len))},
	};
	struct call what = {
		.nr = SYS_statx,
		.arg = {ARG_VAL(17), ARG_IN("", 1), ARG_VAL(AT_EMPTY_PATH | AT_STATX_DONT_SYNC),
			ARG_VAL(STATX_INO), ARG_OUT(&stx, sizeof(stx))},
	};
	struct call bad = {.nr = SYS_fcntl, .arg = {ARG_VAL(9999), ARG_VAL(F_GETFD)}};
	struct call harm = {.nr = SYS_close, .arg = {ARG_VAL(17)}};

	hazard_ok(&h, call(a, &pid) == 0 && pid.ret == p->pid, "%s: its own pid", how);
	hazard_ok(&h, call(a, &where) == 0 && where.ret == 0, "%s: a socket's name", how);
	hazard_ok(&h,
		len == sizeof(sa_family_t) + sizeof(name) - 1 &&
			memcmp(sun.sun_path, name, sizeof(name) - 1) == 0,
		"%s: all of it, and its length", how);
	hazard_ok(&h, call(a, &what) == 0 && what.ret == 0 && stx.stx_ino == (uint64_t)p->f->v[0],
		"%s: the inode as the target knows it", how);
	hazard_ok(&h, call(a, &bad) == 0 && bad.ret == -EBADF,
		"%s: a call that fails is no failure of the agent", how);
	hazard_err(&h, call(a, &harm), how, ERR_REFUSED, LIST_END);
	hazard_ok(&h, call(a, &pid) == 0, "%s: and goes on after a refusal", how);
}

static void test(unsigned flags, const char *how)
{
	struct asked a = {.flags = flags | AGENT_RUNNERS};
	struct prey p;

	prey_start(&p, with_socket);
	if (proc_open(p.pid, &a.proc))
		exit(2);
	ask(&a, &p, how);
	agent_close(a.agent);
	proc_close(a.proc);
	hazard_unharmed(&h, &p, how);
	prey_end(&p);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	test(0, "a thread of its own");
	test(AGENT_MANY, "a thread of its own for many calls");
	test(AGENT_NO_THREAD, "a diverted thread");
	return tap_done(&h.tap);
}

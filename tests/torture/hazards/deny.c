/* SPDX-License-Identifier: MIT */
/* What the agent must never run: refused before anything happens, and the agent stays usable. */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"
#include "ctl/agent.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct hazard h;

static const struct {
	const char *name;
	long nr;
} denied[] = {
	{"fork", SYS_fork},
	{"vfork", SYS_vfork},
	{"clone", SYS_clone},
	{"clone3", SYS_clone3},
	{"execve", SYS_execve},
	{"execveat", SYS_execveat},
	{"exit", SYS_exit},
	{"exit_group", SYS_exit_group},
	{"nanosleep", SYS_nanosleep},
	{"clock_nanosleep", SYS_clock_nanosleep},
	{"poll", SYS_poll},
	{"futex", SYS_futex},
	{"read", SYS_read},
	{"write", SYS_write},
	{"pause", SYS_pause},
	{"wait4", SYS_wait4},
	{"restart_syscall", SYS_restart_syscall},
	{"rt_sigreturn", SYS_rt_sigreturn},
	{"rt_sigprocmask", SYS_rt_sigprocmask},
	{"kill", SYS_kill},
	{"munmap", SYS_munmap},
	{"mmap", SYS_mmap},
	{"close", SYS_close},
	{"dup2", SYS_dup2},
	{"open", SYS_open},
	{"epoll_wait", SYS_epoll_wait},
	{"unshare", SYS_unshare},
	{"setns", SYS_setns},
	{"ptrace", SYS_ptrace},
	{"reboot", SYS_reboot},
	{"no such call", 100000},
	{"negative", -1},
};
#define DENIED (sizeof(denied) / sizeof(denied[0]))

static void turning(struct facts *f)
{
	f->ready = 1;
	facts_turn_forever(f);
}

/* In the tool: each alone, then as the last of a batch whose others must not run either. */
static int try_all(struct visit *v)
{
	void *handle;
	int err = v->subject->open(v->target, v->flags, &handle);

	if (err)
		return err;
	for (size_t i = 0; i < DENIED && !err; i++) {
		struct call c[2] = {{.nr = SYS_getpid, .ret = -12345}, {.nr = denied[i].nr}};

		c[1].arg[1] = ARG_VAL(F_SETFD);
		if (v->subject->batch(handle, &c[1], 1) != ERR_REFUSED)
			err = -1 - (int)i;
		else if (v->subject->batch(handle, c, 2) != ERR_REFUSED || c[0].ret != -12345)
			err = -1 - (int)i;
	}
	if (!err) {
		struct call c = {.nr = SYS_getpid};

		err = v->subject->batch(handle, &c, 1);
		if (!err && c.ret != v->target)
			err = -1000;
	}
	v->subject->close(handle);
	return err;
}

static void test_denied(unsigned flags, const char *what)
{
	struct visit v = {.subject = h.subject, .plan = h.plan, .flags = flags, .body = try_all};
	struct prey p;
	int err;

	prey_start(&p, turning);
	v.target = p.pid;
	err = visit_plain(&v);
	hazard_ok(&h, err == 0, "%s: %zu calls refused%s%s", what, DENIED, err ? ", not " : "",
		err < 0 && (size_t)-err <= DENIED ? denied[-err - 1].name : "");
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
}

static void test_forms(void)
{
	struct call set_fd = {.nr = SYS_fcntl}, set_lock = {.nr = SYS_fcntl},
		    dup = {.nr = SYS_fcntl};
	struct call get_fd = {.nr = SYS_fcntl};

	set_fd.arg[1] = ARG_VAL(F_SETFD);
	set_lock.arg[1] = ARG_VAL(F_SETLKW);
	dup.arg[1] = ARG_VAL(F_DUPFD);
	get_fd.arg[1] = ARG_VAL(F_GETFD);
	hazard_ok(&h, call_allowed(&set_fd) == ERR_REFUSED, "fcntl F_SETFD");
	hazard_ok(&h, call_allowed(&set_lock) == ERR_REFUSED, "fcntl F_SETLKW");
	hazard_ok(&h, call_allowed(&dup) == ERR_REFUSED, "fcntl F_DUPFD");
	hazard_ok(&h, call_allowed(&get_fd) == 0, "fcntl F_GETFD is allowed");
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	test_denied(0, "deny-list");
	test_denied(AGENT_NO_THREAD, "deny-list, diverted");
	test_forms();
	return tap_done(&h.tap);
}

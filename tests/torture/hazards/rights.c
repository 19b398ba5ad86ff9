/* SPDX-License-Identifier: MIT */
/*
 * Who may: the target's own user without any privilege; not another user, not for a target that is not
 * dumpable, not from inside another user namespace. `--naive` fails (killed).
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"

#include "base/err.h"
#include "ctl/agent.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY   65534
#define SOMEBODY 12345

static struct hazard h;

static void become(uid_t uid)
{
	if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
		_exit(3);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void *turn_here(void *arg)
{
	facts_turn_forever(arg);
}

static void as_nobody(struct facts *f)
{
	become(NOBODY);
	f->ready = 1;
	facts_turn_forever(f);
}

static void as_nobody_threads(struct facts *f)
{
	pthread_t t;

	become(NOBODY);
	pthread_create(&t, NULL, turn_here, f);
	f->ready = 1;
	facts_turn_forever(f);
}

static void not_dumpable(struct facts *f)
{
	become(NOBODY);
	prctl(PR_SET_DUMPABLE, 0);
	f->ready = 1;
	facts_turn_forever(f);
}

static void in_user_namespace(struct facts *f)
{
	become(NOBODY);
	f->v[0] = unshare(CLONE_NEWUSER) ? errno : 0;
	f->ready = 1;
	facts_turn_forever(f);
}

static uid_t tool_uid;
static bool tool_in_namespace;

static int visit_as(struct visit *v)
{
	if (tool_uid)
		become(tool_uid);
	if (tool_in_namespace && unshare(CLONE_NEWUSER) != 0)
		return -errno;
	return subject_visit(v->subject, v->target, v->flags, 5, &v->plan->wrong);
}

static int visit_by(struct prey *p, uid_t uid)
{
	struct visit v = {.subject = h.subject, .plan = h.plan, .target = p->pid, .body = visit_as};
	int err;

	tool_uid = uid;
	err = visit_plain(&v);
	return err ? err : h.plan->wrong ? ERR_FORMAT : 0;
}

/* Kills of an unprivileged tool at every third call. */
static void kills_by(struct prey *p, uid_t uid, const char *what)
{
	struct visit v = {.subject = h.subject, .plan = h.plan, .target = p->pid, .body = visit_as};

	tool_uid = uid;
	for (long k = 2; k < 40; k += 3) {
		plan_set(h.plan, KILL_BEFORE, (unsigned)k % WHOS, k, 0);
		visit_run(&v);
		visit_reap(p->pid);
		if (k % WHOS == WHO_BOTH)
			sleep_us(400000);
	}
	sleep_us(400000);
	hazard_err(&h, visit_by(p, uid), what, 0, LIST_END);
	hazard_unharmed(&h, p, what);
}

static void test_own_user(void (*fn)(struct facts *f), const char *what)
{
	struct prey p;
	int err = ERR_TIMEOUT;

	prey_start(&p, fn);
	/* On a busy machine a visit may use up its budget; not every one. */
	for (unsigned i = 0; i < 5 && (err == ERR_TIMEOUT || err == ERR_LOST); i++)
		err = visit_by(&p, NOBODY);
	hazard_err(&h, err, what, 0, LIST_END);
	hazard_unharmed(&h, &p, what);
	kills_by(&p, NOBODY, what);
	prey_end(&p);
}

static void test_refused(void (*fn)(struct facts *f), uid_t uid, const char *what)
{
	struct prey p;

	prey_start(&p, fn);
	hazard_err(&h, visit_by(&p, uid), what, ERR_PERM, LIST_END);
	hazard_unharmed(&h, &p, what);
	prey_end(&p);
}

static void test_namespaces(void)
{
	struct prey p;

	prey_start(&p, in_user_namespace);
	if (p.f->v[0]) {
		hazard_ok(&h, true, "user namespace # SKIP unshare is not allowed here");
		prey_end(&p);
		return;
	}
	hazard_err(&h, visit_by(&p, 0), "target in a user namespace, as root", 0, LIST_END);
	hazard_err(&h, visit_by(&p, SOMEBODY), "target in a user namespace, as another", ERR_PERM,
		LIST_END);
	hazard_unharmed(&h, &p, "target in a user namespace");
	prey_end(&p);
	prey_start(&p, as_nobody);
	tool_in_namespace = true;
	hazard_err(&h, visit_by(&p, SOMEBODY), "tool in a user namespace", ERR_PERM, LIST_END);
	tool_in_namespace = false;
	hazard_unharmed(&h, &p, "tool in a user namespace");
	prey_end(&p);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	if (geteuid() != 0) {
		hazard_ok(&h, true, "rights # SKIP only root can become others");
		return tap_done(&h.tap);
	}
	test_own_user(as_nobody, "same user");
	test_own_user(as_nobody_threads, "same user, two threads");
	test_refused(as_nobody, SOMEBODY, "other user");
	test_refused(not_dumpable, NOBODY, "not dumpable");
	test_namespaces();
	return tap_done(&h.tap);
}

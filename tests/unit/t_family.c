/* SPDX-License-Identifier: MIT */
/* Descendants: those of a parent that has ended since, generations, numbers that belong to nobody. */
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/family.h"

/* A child that makes one itself; both wait to be killed. Returns the child's id, *grandchild its child's. */
static pid_t start(pid_t *grandchild)
{
	int told[2];
	pid_t child;

	if (pipe(told))
		exit(2);
	child = fork();
	if (!child) {
		pid_t mine = fork();

		if (mine > 0 && write(told[1], &mine, sizeof mine) != sizeof mine)
			_exit(1);
		prctl(PR_SET_PDEATHSIG, mine ? SIGKILL : 0);
		for (;;)
			pause();
	}
	if (read(told[0], grandchild, sizeof *grandchild) != sizeof *grandchild)
		exit(2);
	close(told[0]);
	close(told[1]);
	return child;
}

static const struct family_member *member(const struct family *f, pid_t pid)
{
	size_t n;
	const struct family_member *m = family_members(f, &n);

	for (size_t i = 0; i < n; i++)
		if (m[i].pid == pid)
			return m + i;
	return NULL;
}

int main(void)
{
	pid_t child, grandchild, other;
	const struct family_member *m;
	struct family *f = NULL;
	struct proc *p = NULL;
	size_t fresh, n;

	other = start(&grandchild);
	kill(grandchild, SIGKILL);
	child = start(&grandchild);
	OK(proc_open(child, &p) == 0 && family_open(p, &f) == 0, "a process becomes a family");
	proc_close(p);
	m = family_members(f, &n);
	OK(n == 1 && m->pid == child && m->depth == 0, "the ancestor alone");
	OK(family_pass(f, &fresh) == 0 && fresh == 1, "its child is found");
	m = member(f, grandchild);
	OK(m && m->depth == 1 && (m->state == 'S' || m->state == 'R'), "one generation below");
	OK(!member(f, other) && !member(f, getpid()), "strangers are none");
	kill(child, SIGKILL);
	OK(waitpid(child, NULL, 0) == child, "the ancestor ends");
	/* It belongs to somebody else by now, and is known all the same. */
	OK(family_pass(f, &fresh) == 0 && fresh == 0, "nobody new");
	m = member(f, child);
	OK(m && m->state == 'X', "its end is known");
	m = member(f, grandchild);
	OK(m && m->depth == 1 && m->state != 'X' && m->state != 'Z',
		"the orphan is still one of them");
	kill(grandchild, SIGKILL);
	kill(other, SIGKILL);
	family_close(f);
	family_close(NULL);
	return tap_end();
}

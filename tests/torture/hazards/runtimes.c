/* SPDX-License-Identifier: MIT */
/*
 * Real programs (tests/torture/programs) that check their own results while they are visited, with
 * tool, warden or both killed at random: python3, node, java, as they are. `--naive` fails.
 */
#include "../lib/clock.h"
#include "../lib/hazard.h"
#include "../lib/target.h"

#include "base/err.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS  "4"
#define START_MS 1200 /* until its threads are there */
#define END_MS   30000

static struct hazard h;

static pid_t start(const char *program, const char *script)
{
	char path[PATH_MAX + 64];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/../../../tests/torture/programs/%s", target_dir(), script);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 0);
		dup2(null, 1);
		execlp(program, program, path, SECONDS, (char *)NULL);
		_exit(127);
	}
	return pid;
}

struct outcome {
	unsigned visits, kills, refused, failed, wrong;
	int status, last;
};

static void visit_until(struct prey *p, struct outcome *out)
{
	struct visit v = {.subject = h.subject, .plan = h.plan, .target = p->pid};
	uint64_t end = now_ms() + 1000u * (unsigned)atoi(SECONDS) - 500;

	while (now_ms() < end && waitpid(p->pid, &out->status, WNOHANG) == 0) {
		bool kill_it = out->visits % 2;

		plan_set(h.plan, kill_it ? KILL_RANDOM : KILL_NONE, (out->visits / 2) % WHOS, 0, 0);
		v.random_us = (unsigned)rand() % 4000;
		visit_run(&v);
		out->visits++;
		out->kills += h.plan->fired;
		out->wrong += (unsigned)h.plan->wrong;
		if (h.plan->done && h.plan->err) {
			out->refused++;
			out->last = h.plan->err;
		}
		visit_reap(p->pid);
		sleep_us(5000);
	}
}

static void test(const char *program, const char *script)
{
	struct outcome out = {0};
	struct prey p = {0};
	uint64_t end;
	pid_t got = 0;

	p.pid = start(program, script);
	sleep_us(START_MS * 1000);
	if (waitpid(p.pid, &out.status, WNOHANG) == p.pid && WEXITSTATUS(out.status) == 127) {
		hazard_ok(&h, true, "%s # SKIP not installed", program);
		return;
	}
	visit_until(&p, &out);
	for (end = now_ms() + END_MS; got == 0 && now_ms() < end; sleep_us(5000))
		got = waitpid(p.pid, &out.status, WNOHANG);
	if (got == 0)
		kill(p.pid, SIGKILL);
	hazard_ok(&h, got != 0 && WIFEXITED(out.status) && WEXITSTATUS(out.status) == 0,
		"%s: its own results, status %#x", program, out.status);
	hazard_ok(&h, out.wrong == 0 && out.visits - out.refused >= out.visits / 4,
		"%s: %u visits, %u kills, %u refused%s%s, %u wrong", program, out.visits, out.kills,
		out.refused, out.refused ? ", last: " : "", out.refused ? err_str(out.last) : "",
		out.wrong);
	visit_reap(0);
}

int main(int argc, char **argv)
{
	hazard_init(&h, argc, argv);
	test("python3", "check.py");
	test("node", "check.js");
	test("java", "Check.java");
	return tap_done(&h.tap);
}

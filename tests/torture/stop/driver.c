/* SPDX-License-Identifier: MIT */
/*
 * usage: torture-stop [--short | --storms]
 *
 * pstop and prun come to victims that examine themselves: for the whole process, or for some threads. They, or the
 * keeper, are killed before each of their kernel calls or at random. After each round a prun of the process must
 * succeed, the victim be alive, going on, untraced, with every signal that was sent to it, and no keeper be left.
 * Several at once; victims that execute programs and make threads all the time; numbers that are given anew at once.
 * A naive holder must do harm, or the torture sees nothing. TAP.
 */
#include "storms.h"
#include "tool.h"

#include "../lib/clock.h"
#include "../lib/target.h"
#include "../../lib/tap.h"

#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum dies { DIES_NOBODY, DIES_STOP, DIES_RUN, DIES_KEEPER };
static const char *const dies_names[] = {
	"nobody killed", "pstop killed", "prun killed", "keeper killed"};

#define STORM 400

struct row {
	const char *program;
	unsigned flags; /* enum victim_flags */
	bool threads;   /* some of them, not the whole process */
	void (*storm)(void *target);
	const char *storm_name;
	enum dies dies;
	bool at_random;        /* else before each kernel call */
	unsigned rounds, full; /* short, full */
};

static const struct row rows[] = {
	{"runner", 0, false, NULL, "", DIES_NOBODY, false, 10, 100},
	{"runner", 0, false, NULL, "", DIES_STOP, false, 8, 40},
	{"runner", 0, false, NULL, "", DIES_RUN, false, 8, 40},
	{"runner", VICTIM_SIGNALS, false, target_storm_signals, ", signals", DIES_STOP, true, 10,
		150},
	{"runner", 0, false, storm_continues, ", SIGCONT", DIES_STOP, true, 10, 100},
	{"runner", 0, true, NULL, "", DIES_NOBODY, false, 15, 200},
	{"runner", 0, true, NULL, "", DIES_STOP, false, 12, 60},
	{"runner", 0, true, NULL, "", DIES_RUN, false, 8, 40},
	{"runner", 0, true, NULL, "", DIES_KEEPER, false, 30, 250},
	{"runner", 0, true, NULL, "", DIES_KEEPER, true, 15, 300},
	{"runner", 0, true, NULL, "", DIES_STOP, true, 15, 100},
	{"runner", VICTIM_SIGNALS, true, target_storm_signals, ", signals", DIES_KEEPER, false, 20,
		250},
	{"runner", VICTIM_SIGNALS, true, target_storm_signals, ", signals", DIES_NOBODY, false, 15,
		200},
	{"runner", 0, true, target_storm_stops, ", stops", DIES_NOBODY, false, 15, 200},
	{"runner", 0, true, target_storm_stops, ", stops", DIES_KEEPER, true, 15, 250},
	{"runner", 0, true, storm_continues, ", SIGCONT", DIES_KEEPER, false, 20, 200},
	{"runner.32", 0, true, NULL, "", DIES_KEEPER, false, 20, 150},
	{"runner.static", 0, true, NULL, "", DIES_STOP, true, 8, 100},
	{"runner", VICTIM_SINGLE, true, NULL, "", DIES_KEEPER, false, 20, 150},
	{"runner", VICTIM_SINGLE | VICTIM_HANDLER, true, NULL, "", DIES_KEEPER, true, 8, 100},
	{"runner", VICTIM_RSEQ, true, NULL, "", DIES_KEEPER, true, 15, 150},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct tap tap;
static struct order *order;
static bool is_short;

__attribute__((format(printf, 2, 3))) static void check(bool held, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	ok_what(&tap, held, what);
}

/* ---- one round ---- */

/* Those threads whose bit is set, first thread first. */
static void operand(
	const struct row *r, const struct target *t, unsigned round, char *text, size_t size)
{
	pid_t tid[8];
	unsigned n = thread_ids(t->pid, tid, 8), bits = round % ((1u << n) - 1) + 1;
	size_t at = (size_t)snprintf(text, size, "%d", (int)t->pid);

	for (unsigned i = 0; r->threads && i < n; i++)
		if (bits & 1u << i)
			at += (size_t)snprintf(text + at, size - at, "%c%d",
				bits & ((1u << i) - 1) ? ',' : '/', (int)tid[i]);
}

/* Runs it, to be killed as the row and the round say. */
static int run_tool(const struct row *r, struct target *t, unsigned round, const char *name,
	const char *who, char *says)
{
	bool prey = r->dies == (name[1] == 's' ? DIES_STOP : DIES_RUN);
	uint64_t end = now_us() + (r->at_random && prey ? (unsigned)rand() % 6000 : 60000000u);
	struct tool tool;

	if (prey)
		order_set(order, ORDER_TOOL,
			r->at_random ? -1 : (long)(round % (r->threads ? 12 : 4)));
	tool_start(&tool, name, who);
	/* The storm ends after a while: a stop may not be seen for as long as it blows. */
	for (unsigned i = 0; !tool_over(&tool) && now_us() < end; i++) {
		if (r->storm && i < STORM)
			r->storm(t);
		else
			sleep_us(50);
		if (i == STORM)
			target_storm_over(t);
	}
	if (!tool_over(&tool) && r->at_random && prey)
		kill(tool.pid, SIGKILL);
	return tool_wait(&tool, says);
}

static void kill_keepers(void)
{
	pid_t pid[16];
	unsigned n = keepers_now(pid, 16);

	for (unsigned i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
}

/* False: t->why says what is wrong. */
static bool is_unharmed(struct target *t)
{
	char who[32], says[256] = "";
	struct tool tool;
	int status;

	target_storm_over(t);
	order_set(order, ORDER_NOBODY, 0);
	snprintf(who, sizeof who, "%d", (int)t->pid);
	tool_start(&tool, "prun", who);
	status = tool_wait(&tool, says);
	if (status) {
		snprintf(t->why, sizeof t->why, "prun in the end: %d: %s", status, says);
		return false;
	}
	if (!target_progress(t) || !target_settled(t, 0, 3000))
		return false;
	if (keepers_gone(t->pid, 6000))
		return true;
	snprintf(t->why, sizeof t->why, "a keeper is left");
	return false;
}

/* What it said of itself must be so, where nobody interferes. */
static bool is_as_said(struct target *t, const char *who, int status, const char *says)
{
	if (status == 0 && threads_stand(t->pid, who))
		return true;
	snprintf(t->why, sizeof t->why, "pstop %s: %d: %s; stands: %d", who, status, says,
		threads_stand(t->pid, who));
	return false;
}

static bool visit(const struct row *r, struct target *t, unsigned round, bool *killed)
{
	char who[128], says[256] = "";
	bool well = true;
	int status;

	/* What a stop shows to a call with a time limit is in signal(7), and no harm. */
	t->board->stops = 1;
	operand(r, t, round, who, sizeof who);
	order_set(order, r->dies == DIES_KEEPER && !r->at_random ? ORDER_KEEPER : ORDER_NOBODY,
		(long)round);
	status = run_tool(r, t, round, "pstop", who, says);
	*killed = order->fired || status < 0;
	if (status == -1000) {
		snprintf(t->why, sizeof t->why, "pstop does not end: %s", says);
		return false;
	}
	if (!*killed && !r->storm)
		well = is_as_said(t, who, status, says);
	if (r->at_random && r->dies == DIES_KEEPER) {
		sleep_us((unsigned)rand() % 3000);
		kill_keepers();
		*killed = true;
	}
	status = run_tool(r, t, round, "prun", who, says);
	*killed |= order->fired || status < 0;
	if (well && !*killed && !r->storm && status) {
		snprintf(t->why, sizeof t->why, "prun %s: %d: %s", who, status, says);
		well = false;
	}
	return well && status != -1000 && is_unharmed(t);
}

static void run(const struct row *r)
{
	struct target t = {.program = r->program, .flags = r->flags, .patience_ms = 6000};
	unsigned rounds = is_short ? r->rounds : r->full, failed = 0, eintr = 0, kills = 0;

	target_start(&t);
	for (unsigned i = 0; i < rounds; i++) {
		bool killed, well = visit(r, &t, i, &killed);

		kills += killed;
		if (!well && failed++ < 3)
			printf("# round %u: %s\n", i, t.why);
		if (t.pid > 0)
			eintr += target_eintr(&t);
		if (well)
			continue;
		kill_keepers();
		target_stop(&t);
		target_start(&t);
	}
	target_free(&t);
	check(!failed,
		"%s%s, flags %u, %s, %s %s: %u rounds, %u kills, %u failed, %u calls interrupted",
		r->program, r->storm_name, r->flags, r->threads ? "threads" : "process",
		dies_names[r->dies], r->at_random ? "at random" : "before each call", rounds, kills,
		failed, eintr);
	/* Killed in the moment between the stop and its settling: the known price, and seldom. */
	check(eintr <= (kills ? 1 + rounds / 50 : 0), "and %u calls showed it", eintr);
	/* At random it may have ended before: how fast it is is not asserted. */
	if (r->dies != DIES_NOBODY && !r->at_random)
		check(kills >= rounds / 10, "and %u times somebody was killed", kills);
}

/* ---- that it would be seen ---- */

static void naive(void)
{
	struct target t = {.program = "runner", .patience_ms = 2000};
	unsigned rounds = is_short ? 4 : 20, harmed = 0;

	for (unsigned i = 0; i < rounds; i++) {
		pid_t holder;

		target_start(&t);
		holder = fork();
		if (holder == 0) {
			ptrace(PTRACE_ATTACH, t.pid, 0, 0);
			_exit(0);
		}
		waitpid(holder, NULL, 0);
		harmed += !(target_progress(&t) && target_settled(&t, 0, 500));
		target_stop(&t);
	}
	check(harmed * 2 >= rounds, "a naive holder harms: %u of %u", harmed, rounds);
	target_free(&t);
}

int main(int argc, char **argv)
{
	is_short = argc > 1 && !strcmp(argv[1], "--short");
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Keepers are found by names that belong to the network namespace: those of others are not ours to kill. */
	(void)!unshare(CLONE_NEWNET);
	/* Whom the tools leave behind comes to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	order = order_new();
	/* The storms alone, in full: for whoever looks for what they have found. */
	for (size_t i = 0; i < ROWS && !(argc > 1 && !strcmp(argv[1], "--storms")); i++)
		run(&rows[i]);
	storms_run(&tap, order, is_short);
	naive();
	return tap_done(&tap);
}

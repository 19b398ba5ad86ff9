/* SPDX-License-Identifier: MIT */
/*
 * usage: torture [--short] [--only SUBSTRING]
 *
 * Visits victims with the agent, and as pstack does, kills it (its tool, its warden, both) at random and at each of its
 * kernel calls, and looks whether the victims were harmed or anything was left behind. Then does
 * the same with a naive injection, which must harm: else the torture sees nothing. One line per
 * mode; exit status 1 if the agent failed once or the naive injection too seldom.
 *
 * What links to what: tests/torture/rules.mk.
 */
#include "row.h"

#include "ctl/agent.h"
#include "../lib/clock.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum cond_id {
	PLAIN,
	DIVERTED,
	SIGNALS,
	STOPS,
	STATIC,
	SINGLE,
	BITS32,
	SINGLE32,
	HANDLER,
	RSEQ,
	SECOND,
	CONDITIONS
};

static const struct condition conditions[CONDITIONS] = {
	[PLAIN] = {.name = "plain", .program = "runner"},
	[DIVERTED] = {.name = "diverted", .program = "runner", .agent_flags = AGENT_NO_THREAD},
	[SIGNALS] = {.name = "signals",
		.program = "runner",
		.agent_flags = AGENT_RUNNERS,
		.storm = target_storm_signals},
	/* Hardly anybody sleeps for a millisecond without a break there (victim_calm). */
	[STOPS] = {.name = "stops",
		.program = "runner",
		.storm = target_storm_stops,
		.mostly_refused = true},
	[STATIC] = {.name = "static", .program = "runner.static"},
	[SINGLE] = {.name = "single",
		.program = "runner",
		.flags = VICTIM_SINGLE,
		.agent_flags = AGENT_RUNNERS,
		.mostly_refused = true},
	[BITS32] = {.name = "32-bit", .program = "runner.32"},
	[SINGLE32] = {.name = "32-single",
		.program = "runner.32",
		.flags = VICTIM_SINGLE,
		.agent_flags = AGENT_RUNNERS,
		.mostly_refused = true},
	[HANDLER] = {.name = "handler",
		.program = "runner",
		.flags = VICTIM_SINGLE | VICTIM_HANDLER,
		.agent_flags = AGENT_RUNNERS,
		.mostly_refused = true},
	[RSEQ] = {.name = "rseq",
		.program = "runner",
		.flags = VICTIM_RSEQ,
		.agent_flags = AGENT_RUNNERS},
	[SECOND] = {.name = "second", .program = "runner", .second = true},
};

/* What the short run does; the full one does everything. */
static const struct row brief[] = {
	{&subject_agent, &conditions[PLAIN], KILL_NONE, WHO_TOOL, 40, 0},
	{&subject_agent, &conditions[DIVERTED], KILL_NONE, WHO_TOOL, 30, 0},
	{&subject_agent, &conditions[SIGNALS], KILL_NONE, WHO_TOOL, 20, 0},
	{&subject_agent, &conditions[STATIC], KILL_NONE, WHO_TOOL, 15, 0},
	{&subject_agent, &conditions[BITS32], KILL_NONE, WHO_TOOL, 15, 0},
	{&subject_agent, &conditions[HANDLER], KILL_NONE, WHO_TOOL, 15, 0},
	{&subject_agent, &conditions[RSEQ], KILL_NONE, WHO_TOOL, 60, 0},
	{&subject_agent, &conditions[PLAIN], KILL_BEFORE, WHO_TOOL, 1, 0},
	{&subject_agent, &conditions[PLAIN], KILL_BEFORE, WHO_WARDEN, 1, 0},
	{&subject_agent, &conditions[PLAIN], KILL_BEFORE, WHO_BOTH, 1, 2},
	{&subject_agent, &conditions[SINGLE], KILL_BEFORE, WHO_BOTH, 1, 2},
	{&subject_agent, &conditions[SINGLE32], KILL_BEFORE, WHO_WARDEN, 1, 3},
	{&subject_agent, &conditions[DIVERTED], KILL_AFTER, WHO_TOOL, 1, 2},
	{&subject_agent, &conditions[SIGNALS], KILL_RANDOM, WHO_BOTH, 30, 0},
	{&subject_agent, &conditions[STOPS], KILL_RANDOM, WHO_TOOL, 30, 0},
	{&subject_agent, &conditions[SECOND], KILL_RANDOM, WHO_BOTH, 30, 0},
	{&subject_stacks, &conditions[PLAIN], KILL_NONE, WHO_TOOL, 30, 0},
	{&subject_stacks, &conditions[SIGNALS], KILL_NONE, WHO_TOOL, 15, 0},
	{&subject_stacks, &conditions[BITS32], KILL_NONE, WHO_TOOL, 10, 0},
	{&subject_stacks, &conditions[PLAIN], KILL_BEFORE, WHO_TOOL, 1, 2},
	{&subject_stacks, &conditions[PLAIN], KILL_BEFORE, WHO_WARDEN, 1, 2},
	{&subject_stacks, &conditions[STOPS], KILL_RANDOM, WHO_BOTH, 20, 0},
	{&subject_stacks, &conditions[SIGNALS], KILL_RANDOM, WHO_BOTH, 20, 0},
	{&subject_crew, &conditions[PLAIN], KILL_NONE, WHO_TOOL, 20, 0},
	{&subject_crew, &conditions[PLAIN], KILL_BEFORE, WHO_WARDEN, 1, 3},
	{&subject_crew, &conditions[SINGLE], KILL_BEFORE, WHO_BOTH, 1, 4},
	{&subject_naive, &conditions[PLAIN], KILL_RANDOM, WHO_TOOL, 40, 0},
	{&subject_naive, &conditions[SINGLE], KILL_BEFORE, WHO_TOOL, 1, 8},
};
#define BRIEF_ROWS (sizeof(brief) / sizeof(brief[0]))

/* Rounds of the full run, for at least 10,000 in all; sweeps count each kernel call once. */
enum { FULL_NONE = 150, FULL_RANDOM = 110, NAIVE_RANDOM = 150 };
enum { NEED_DEAD_FULL = 200, NEED_DEAD_BRIEF = 20 };

struct total {
	struct tally agent, naive;
};

static struct {
	bool is_short;
	const char *only;
} options;

static void add(struct tally *sum, const struct tally *t)
{
	sum->rounds += t->rounds;
	sum->kills += t->kills;
	sum->done += t->done;
	sum->refused += t->refused;
	sum->dead += t->dead;
	sum->leaks += t->leaks;
	sum->other += t->other;
	sum->eintr += t->eintr;
	sum->known += t->known;
	sum->inert += t->inert;
	if (t->settle_ms > sum->settle_ms)
		sum->settle_ms = t->settle_ms;
}

static void print_tally(
	const char *a, const char *b, const char *c, const char *d, const struct tally *t)
{
	printf("%-6s %-9s %-7s %-7s %7u %6u %6u %8u %6u %6u %6u %6u %6u %7u %5u\n", a, b, c, d,
		t->rounds, t->kills, t->done, t->refused, t->points, t->dead, t->eintr, t->inert,
		t->leaks, t->other, t->settle_ms);
}

static void run(const struct row *row, struct plan *plan, struct total *total)
{
	const char *who = row->kill == KILL_NONE ? "-" : plan_who_names[row->who];
	const char *kill = plan_kill_names[row->kill];
	struct tally t;
	char name[64];

	snprintf(name, sizeof(name), "%s %s %s %s", row->subject->name, row->cond->name, kill, who);
	if (options.only && !strstr(name, options.only))
		return;
	row_run(row, plan, &t);
	print_tally(row->subject->name, row->cond->name, kill, who, &t);
	add(row->subject == &subject_naive ? &total->naive : &total->agent, &t);
}

static void run_all_kills(const struct subject *subject, const struct condition *cond,
	struct plan *plan, struct total *total)
{
	struct row row = {subject, cond, KILL_NONE, WHO_TOOL, FULL_NONE, 0};

	run(&row, plan, total);
	for (row.kill = KILL_RANDOM; row.kill < KILLS; row.kill++)
		for (row.who = WHO_TOOL; row.who < WHOS; row.who++) {
			row.rounds = row.kill == KILL_RANDOM ? FULL_RANDOM
				: row.kill == KILL_BEFORE    ? 3
							     : 1;
			run(&row, plan, total);
		}
}

static void run_full(struct plan *plan, struct total *total)
{
	static const unsigned naive[] = {PLAIN, SIGNALS, STATIC, SINGLE}, crew[] = {PLAIN, SINGLE};
	static const unsigned stacks[] = {PLAIN, SIGNALS, STOPS, STATIC, SINGLE, BITS32, RSEQ};

	for (unsigned c = 0; c < CONDITIONS; c++)
		run_all_kills(&subject_agent, &conditions[c], plan, total);
	for (unsigned i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
		run_all_kills(&subject_stacks, &conditions[stacks[i]], plan, total);
	for (unsigned i = 0; i < sizeof(crew) / sizeof(crew[0]); i++) {
		struct row row = {&subject_crew, &conditions[crew[i]], KILL_BEFORE, WHO_TOOL, 1, 0};

		for (; row.who < WHOS; row.who++)
			run(&row, plan, total);
	}
	for (unsigned i = 0; i < sizeof(naive) / sizeof(naive[0]); i++) {
		struct row row = {&subject_naive, &conditions[naive[i]], KILL_RANDOM, WHO_TOOL,
			NAIVE_RANDOM, 0};

		run(&row, plan, total);
		row.kill = KILL_BEFORE;
		row.rounds = 1;
		row.stride = 3;
		run(&row, plan, total);
	}
}

static int judge(const struct total *total)
{
	unsigned need = options.is_short ? NEED_DEAD_BRIEF : NEED_DEAD_FULL;
	unsigned failures = tally_failures(&total->agent);
	bool blind = total->naive.dead < need && !options.only;

	print_tally("agent", "TOTAL", "", "", &total->agent);
	print_tally("naive", "TOTAL", "", "", &total->naive);
	printf("agent: %u failures in %u rounds, %u kills\n", failures, total->agent.rounds,
		total->agent.kills);
	printf("naive: %u dead targets in %u rounds (at least %u must be seen)%s\n",
		total->naive.dead, total->naive.rounds, need,
		blind ? ": THE TORTURE IS BLIND" : "");
	return failures || blind;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"short", no_argument, NULL, 's'},
		{"only", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
	struct total total = {0};
	uint64_t start = now_ms();
	struct plan *plan = plan_new();
	int c, status;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (c == '?')
			return 2;
		if (c == 's')
			options.is_short = true;
		else
			options.only = optarg;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	visit_adopt();
	printf("%-6s %-9s %-7s %-7s %7s %6s %6s %8s %6s %6s %6s %6s %6s %7s %5s\n", "what",
		"victim", "kill", "whom", "rounds", "kills", "done", "refused", "points", "dead",
		"EINTR", "inert", "leaks", "errors", "ms");
	if (options.is_short)
		for (size_t i = 0; i < BRIEF_ROWS; i++)
			run(&brief[i], plan, &total);
	else
		run_full(plan, &total);
	status = judge(&total);
	printf("%.1f s\n", (double)(now_ms() - start) / 1000);
	return status;
}

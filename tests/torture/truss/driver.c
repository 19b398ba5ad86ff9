/* SPDX-License-Identifier: MIT */
/*
 * usage: torture-truss [--short]
 *
 * Truss comes to victims that examine themselves, stays for some milliseconds, and is killed: before each of its kernel
 * calls, at random, or is told to go. After each round the victim must be alive, going on, untraced, with every signal
 * that was sent to it. Commands that truss started must run to their end as if never touched. A naive tracer must do
 * harm, or the torture sees nothing. TAP.
 */
#include "left.h"
#include "tracer.h"

#include "../lib/clock.h"
#include "../lib/target.h"
#include "../../lib/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum end { END_BEFORE, END_RANDOM, END_TOLD, ENDS };
static const char *const end_names[ENDS] = {
	"killed before each kernel call", "killed at random", "told to go"};

struct row {
	const char *program;
	unsigned flags; /* enum victim_flags */
	void (*storm)(void *target);
	const char *storm_name;
	enum end end;
	const char *options;   /* of truss, one word */
	unsigned rounds, full; /* short, full; END_BEFORE: kernel calls tried */
};

static const struct row rows[] = {
	{"runner", 0, NULL, "", END_BEFORE, "-f", 60, 400},
	{"runner", 0, NULL, "", END_RANDOM, "-fy", 20, 150},
	{"runner", 0, NULL, "", END_TOLD, "-f", 20, 150},
	{"runner", 0, NULL, "", END_TOLD, "-c", 10, 100},
	{"runner", VICTIM_SIGNALS, target_storm_signals, ", signals", END_BEFORE, "-f", 30, 200},
	{"runner", VICTIM_SIGNALS, target_storm_signals, ", signals", END_RANDOM, "-f", 30, 200},
	{"runner", VICTIM_SIGNALS, target_storm_signals, ", signals", END_TOLD, "-f", 10, 100},
	{"runner", 0, target_storm_stops, ", stops", END_RANDOM, "-f", 20, 150},
	{"runner", 0, target_storm_stops, ", stops", END_TOLD, "-f", 10, 100},
	{"runner.static", 0, NULL, "", END_RANDOM, "-f", 10, 100},
	{"runner.32", 0, NULL, "", END_BEFORE, "-f", 30, 300},
	{"runner.32", VICTIM_SINGLE, NULL, "", END_RANDOM, "-f", 10, 100},
	{"runner", VICTIM_SINGLE, NULL, "", END_BEFORE, "-f", 40, 300},
	{"runner", VICTIM_SINGLE | VICTIM_HANDLER, NULL, "", END_RANDOM, "-f", 10, 100},
	{"runner", VICTIM_RSEQ, NULL, "", END_RANDOM, "-f", 20, 150},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct tap tap;
static struct tracer tracer;
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

/* What truss is given: the whole process, or the thread that works. */
static void operand(const struct target *t, unsigned round, char *text, size_t size)
{
	if (round % 4 == 3)
		snprintf(text, size, "%d/%d-", (int)t->pid, (int)t->pid + 1);
	else
		snprintf(text, size, "%d", (int)t->pid);
}

/* The storm blows until truss has ended, or `ms` are over. */
static void weather(const struct row *r, struct target *t, unsigned us)
{
	uint64_t end = now_us() + us;

	while (now_us() < end && !tracer_over(&tracer)) {
		if (r->storm)
			r->storm(t);
		else
			sleep_us(100);
	}
}

/* Everything is as before; else why says what is not. */
static bool is_unharmed(struct target *t)
{
	target_storm_over(t);
	return target_progress(t) && target_settled(t, 0, 3000);
}

static bool visit(const struct row *r, struct target *t, unsigned round)
{
	char who[64];
	const char *args[] = {r->options, "-p", who, NULL};
	bool ended;

	operand(t, round, who, sizeof who);
	tracer_start(&tracer, args, r->end == END_BEFORE ? (long)round : -1);
	/* Each other early, while it takes its threads; those that are told have had time to catch SIGTERM. */
	if (r->end == END_TOLD)
		weather(r, t, 20000 + (unsigned)rand() % 60000);
	else
		weather(r, t, (unsigned)rand() % (round % 2 ? 5000 : 60000));
	if (r->end == END_BEFORE)
		weather(r, t, 300000);
	ended = tracer_end(&tracer, r->end == END_TOLD ? SIGTERM : SIGKILL);
	if (!ended)
		snprintf(t->why, sizeof t->why, "truss does not end");
	return is_unharmed(t) && ended;
}

static void run(const struct row *r)
{
	struct target t = {.program = r->program, .flags = r->flags, .patience_ms = 6000};
	unsigned rounds = is_short ? r->rounds : r->full, failed = 0, eintr = 0, kills = 0;

	target_start(&t);
	for (unsigned i = 0; i < rounds; i++) {
		bool well = visit(r, &t, i);

		kills += tracer.order->fired;
		if (!well && failed++ < 3)
			printf("# round %u: %s\n", i, t.why);
		if (t.pid > 0)
			eintr += target_eintr(&t);
		if (well)
			continue;
		target_stop(&t);
		target_start(&t);
	}
	target_free(&t);
	check(!failed, "%s%s, flags %u, truss %s %s: %u rounds, %u failed, %u calls interrupted",
		r->program, r->storm_name, r->flags, r->options, end_names[r->end], rounds, failed,
		eintr);
	if (r->end == END_BEFORE)
		check(kills >= rounds / 2, "and %u of them were killed there", kills);
	if (r->end == END_TOLD && !r->storm)
		check(eintr <= rounds / 10, "told to go, it interrupts hardly any call: %u", eintr);
}

/* ---- commands that truss starts ---- */

static const char *story(void)
{
	static char path[PATH_MAX + 32];

	snprintf(path, sizeof path, "%s/../targets/story", target_dir());
	return path;
}

/* The last line that the command wrote, whoever still ran it; waits for its end. */
static void facts_of(int out, char *text, size_t size)
{
	size_t n = 0;
	ssize_t r;

	while ((r = read(out, text + n, size - 1 - n)) > 0)
		n += (size_t)r;
	text[n] = '\0';
}

/* mode: of the program, three words, those that it does not need NULL. */
static void command_row(const char *options, const char *const *mode, const char *want)
{
	const char *args[] = {options, story(), mode[0], mode[1], mode[2], NULL};
	unsigned rounds = is_short ? 60 : 600, failed = 0, begun = 0;
	char text[8192];

	for (unsigned i = 0; i < rounds; i++) {
		int pipe_end[2], old = dup(STDOUT_FILENO);

		if (old < 0 || pipe2(pipe_end, O_CLOEXEC) != 0)
			exit(2);
		fflush(NULL);
		dup2(pipe_end[1], STDOUT_FILENO);
		/* The start, each call; then further and further on. */
		tracer_start(&tracer, args, i < 40 ? (long)i : (long)i * 7);
		dup2(old, STDOUT_FILENO);
		close(old);
		close(pipe_end[1]);
		facts_of(pipe_end[0], text, sizeof text);
		close(pipe_end[0]);
		tracer_end(&tracer, 0);
		/* Killed before the program was begun there is none. */
		if (!text[0])
			continue;
		begun++;
		if (!strstr(text, want) && failed++ < 3)
			printf("# round %u: no %s in: %.200s\n", i, want, text);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	check(!failed,
		"truss %s of a command killed before its kernel calls: %u rounds, %u had begun, %u harmed",
		options, rounds, begun, failed);
	check(begun > rounds / 4, "and many had begun");
}

/* ---- processes that it leaves at an event ---- */

static void left_row(const struct left *l)
{
	unsigned rounds = is_short ? 30 : 150, failed = 0, kills = 0;
	int status;

	for (unsigned i = 0; i < rounds; i++) {
		status = left_round(&tracer, l, (long)i);
		kills += tracer.order->fired;
		if (status != l->status && failed++ < 3)
			printf("# round %u: status %d\n", i, status);
	}
	check(!failed,
		"%s %s, truss %s %s killed before each kernel call: %u rounds, %u ended otherwise",
		l->program, l->mode, l->option, l->list, rounds, failed);
	check(kills >= 15, "and %u of them were killed there", kills);
}

static void left_rows(void)
{
	static const struct left lefts[] = {
		{"events", "asleep", "-S", "TERM", SIGTERM, 128 + SIGTERM},
		{"events.32", "asleep", "-S", "TERM", SIGTERM, 128 + SIGTERM},
		{"events", "crash", "-M", "FLTBOUNDS", 0, 128 + SIGSEGV},
		{"events", "ends", "-T", "exit_group", 0, 7},
		{"events.32", "ends", "-T", "exit_group", 0, 7},
		{"events", "spawns", "-T", "vfork", 0, 0},
	};

	for (size_t i = 0; i < sizeof(lefts) / sizeof(lefts[0]); i++)
		left_row(&lefts[i]);
}

/* ---- that it would be seen ---- */

/* A thread that does something all the time. */
static pid_t busy_thread(pid_t pid)
{
	char path[64];
	struct dirent *d;
	pid_t tid = pid;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (atoi(d->d_name) > pid && (tid == pid || atoi(d->d_name) < tid))
			tid = atoi(d->d_name);
	if (dir)
		closedir(dir);
	return tid;
}

static void naive(void)
{
	struct target t = {.program = "runner", .patience_ms = 2000};
	unsigned rounds = is_short ? 6 : 30, harmed = 0;

	for (unsigned i = 0; i < rounds; i++) {
		target_start(&t);
		tracer_start_naive(&tracer, busy_thread(t.pid));
		sleep_us(2000 + (unsigned)rand() % 20000);
		tracer_end(&tracer, SIGKILL);
		harmed += !is_unharmed(&t);
		target_stop(&t);
	}
	check(harmed * 2 >= rounds, "a naive tracer harms: %u of %u", harmed, rounds);
	target_free(&t);
}

int main(int argc, char **argv)
{
	is_short = argc > 1 && !strcmp(argv[1], "--short");
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Whom truss leaves behind comes to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	tracer_init(&tracer);
	for (size_t i = 0; i < ROWS; i++)
		run(&rows[i]);
	command_row("-f", (const char *const[]){"forks", "20", NULL}, "sigchld=20");
	command_row("-c", (const char *const[]){"signals", NULL, NULL}, "handled=3");
	command_row("-fy", (const char *const[]){"threads", "4", "50"}, "tid=");
	left_rows();
	naive();
	return tap_done(&tap);
}

/* SPDX-License-Identifier: MIT */
/*
 * bench BUILD DIR [REPETITIONS]: how long pfiles and its peers take, and what the process that they look at
 * notices.
 *
 * The victim is BUILD/tests/targets/many, which has DIR for its files and measures its own longest pause. In
 * each repetition every command runs once, one after the other, so that what else happens on the machine
 * happens to all of them; the medians of the repetitions are shown. Before each pfiles the victim's pause is
 * also measured over the same time with nobody looking.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPETITIONS = 9, MOST = 100, WORDS = 6, LINE = 128 };

extern char **environ;

struct command {
	const char *name;
	const char *words[WORDS]; /* the pid comes behind them */
	bool missing;
	double ms[MOST], median;
};

static struct command commands[] = {
	{.name = "pfiles", .words = {"pfiles"}},
	{.name = "pfiles -O", .words = {"pfiles", "-O"}},
	{.name = "pfiles -b", .words = {"pfiles", "-b"}},
	{.name = "lsof -p", .words = {"lsof", "-p"}},
	{.name = "lsof -nP -p", .words = {"lsof", "-nP", "-p"}},
	{.name = "lsfd -p", .words = {"lsfd", "-p"}},
};
enum { PFILES, ORIGINAL, BORROW, LSOF, LSOF_NP, LSFD, COMMANDS };

struct victim {
	pid_t pid;
	FILE *to, *from;
};

/* What the victim noticed, in microseconds. */
struct pauses {
	double undisturbed[MOST], during[MOST];
};

static _Noreturn void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(2);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void sleep_ms(double ms)
{
	struct timespec t = {(time_t)(ms / 1e3), (long)(ms * 1e6) % 1000000000};

	nanosleep(&t, NULL);
}

/* --- the victim --- */

static const char *victim_line(struct victim *v, char line[LINE])
{
	if (!fgets(line, LINE, v->from))
		die("the victim has died");
	return line;
}

static void victim_start(struct victim *v, const char *build, const char *dir, int n, int threads)
{
	char path[4096], count[16], number[16];
	char *argv[] = {path, count, number, (char *)dir, NULL};
	posix_spawn_file_actions_t act;
	char line[LINE];
	int in[2], out[2], err, pid, opened;

	snprintf(path, sizeof(path), "%s/tests/targets/many", build);
	snprintf(count, sizeof(count), "%d", n);
	snprintf(number, sizeof(number), "%d", threads);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_adddup2(&act, in[0], 0);
	posix_spawn_file_actions_adddup2(&act, out[1], 1);
	err = posix_spawn(&v->pid, path, &act, NULL, argv, environ);
	if (err)
		die("%s: %s", path, strerror(err));
	posix_spawn_file_actions_destroy(&act);
	close(in[0]);
	close(out[1]);
	v->to = fdopen(in[1], "w");
	v->from = fdopen(out[0], "r");
	if (sscanf(victim_line(v, line), "pid=%d descriptors=%d", &pid, &opened) != 2 ||
		opened != n)
		die("the victim did not start");
}

static void victim_reset(struct victim *v)
{
	char line[LINE];

	fprintf(v->to, "reset\n");
	fflush(v->to);
	if (strcmp(victim_line(v, line), "reset\n") != 0)
		die("the victim does not answer");
}

static double victim_longest_us(struct victim *v)
{
	unsigned long long us;
	char line[LINE];

	fprintf(v->to, "longest\n");
	fflush(v->to);
	if (sscanf(victim_line(v, line), "longest=%llu", &us) != 1)
		die("the victim does not answer");
	return (double)us;
}

/* The victim counts its descriptors: what it says is the only thing here that can fail. */
static void victim_end(struct victim *v)
{
	int status;

	fclose(v->to);
	fclose(v->from);
	if (waitpid(v->pid, &status, 0) != v->pid || status)
		die("the victim was harmed: status %#x", (unsigned)status);
}

/* --- the commands --- */

/* Runs it to its end with its output thrown away; how long it took, or -1 where there is no such command. */
static double run(const struct command *c, const char *build, pid_t victim, bool report)
{
	char own[4096], pid[16];
	const char *argv[WORDS + 3];
	posix_spawn_file_actions_t act;
	double start;
	int i, err, status = 0;
	pid_t child;

	for (i = 0; i < WORDS && c->words[i]; i++)
		argv[i] = c->words[i];
	if (report)
		argv[i++] = "-s"; /* what it says on standard error goes below the row */
	snprintf(pid, sizeof(pid), "%d", victim);
	argv[i++] = pid;
	argv[i] = NULL;
	snprintf(own, sizeof(own), "%s/pfiles", build);
	if (strcmp(argv[0], "pfiles") == 0)
		argv[0] = own;
	posix_spawn_file_actions_init(&act);
	if (report)
		posix_spawn_file_actions_adddup2(&act, 1, 2);
	posix_spawn_file_actions_addopen(&act, 1, "/dev/null", O_WRONLY, 0);
	if (!report)
		posix_spawn_file_actions_addopen(&act, 2, "/dev/null", O_WRONLY, 0);
	start = now_ms();
	err = posix_spawnp(&child, argv[0], &act, NULL, (char **)argv, environ);
	if (!err)
		waitpid(child, &status, 0);
	posix_spawn_file_actions_destroy(&act);
	if (err == ENOENT)
		return -1;
	if (err || status)
		die("%s: status %#x", c->name, (unsigned)status);
	return now_ms() - start;
}

/* --- numbers --- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *values, int n)
{
	double sorted[MOST];

	memcpy(sorted, values, (size_t)n * sizeof(*values));
	qsort(sorted, (size_t)n, sizeof(*sorted), ascending);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static double largest(const double *values, int n)
{
	double most = values[0];

	for (int i = 1; i < n; i++)
		if (values[i] > most)
			most = values[i];
	return most;
}

/* --- one row --- */

static void repeat_once(struct victim *v, const char *build, int i, struct pauses *p)
{
	double took = i ? commands[PFILES].ms[0] : 20;

	victim_reset(v);
	sleep_ms(took);
	p->undisturbed[i] = victim_longest_us(v);
	for (int c = 0; c < COMMANDS; c++) {
		victim_reset(v);
		commands[c].ms[i] = run(&commands[c], build, v->pid, false);
		commands[c].missing = commands[c].ms[i] < 0;
		if (c == PFILES)
			p->during[i] = victim_longest_us(v);
	}
}

static void print_row(int n, int threads, const struct pauses *p, int repetitions)
{
	printf("%11d %7s", n, threads == 2 ? "2" : threads == 1 ? "1" : "2 idle");
	for (int c = 0; c < COMMANDS; c++) {
		commands[c].median = median(commands[c].ms, repetitions);
		if (commands[c].missing)
			printf(" %11s", "-");
		else
			printf(" %11.1f", commands[c].median);
	}
	if (commands[LSOF].missing)
		printf(" %11s %9s %9s", "-", "-", "-");
	else
		printf(" %11.2f %9.2f %9.2f", commands[PFILES].median / commands[LSOF].median,
			commands[ORIGINAL].median / commands[LSOF].median,
			commands[BORROW].median / commands[LSOF].median);
	if (!threads) {
		printf(" %9s %7s %9s %7s\n", "-", "-", "-", "-");
		return;
	}
	printf(" %9.0f %7.0f %9.0f %7.0f\n", median(p->undisturbed, repetitions),
		largest(p->undisturbed, repetitions), median(p->during, repetitions),
		largest(p->during, repetitions));
	fflush(stdout);
}

static void measure(const char *build, const char *dir, int n, int threads, int repetitions)
{
	struct pauses p;
	struct victim v;

	victim_start(&v, build, dir, n, threads);
	/* Once for the caches, not counted. */
	for (int c = 0; c < COMMANDS; c++)
		run(&commands[c], build, v.pid, false);
	for (int i = 0; i < repetitions; i++)
		repeat_once(&v, build, i, &p);
	print_row(n, threads, &p, repetitions);
	run(&commands[PFILES], build, v.pid, true);
	victim_end(&v);
}

int main(int argc, char **argv)
{
	static const int sizes[] = {10, 1000, 10000};
	int repetitions = argc > 3 ? atoi(argv[3]) : REPETITIONS;

	if (argc < 3 || repetitions < 1 || repetitions > MOST)
		die("usage: bench BUILD DIR [REPETITIONS]");
	printf("Medians of %d, in milliseconds; the victim's longest pause in microseconds (median, worst).\n\n",
		repetitions);
	printf("%11s %7s", "descriptors", "threads");
	for (int c = 0; c < COMMANDS; c++)
		printf(" %11s", commands[c].name);
	printf(" %11s %9s %9s %17s %17s\n", "pfiles/lsof", "-O/lsof", "-b/lsof", "pause: alone",
		"with pfiles");
	fflush(stdout);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int threads = 0; threads <= 2; threads++)
			measure(argv[1], argv[2], sizes[i], threads, repetitions);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * rounds TITLE REPETITIONS COMMAND... [++ COMMAND...] [-- COMMAND...]: runs the commands, so often, in another order
 * each time (who comes behind a slow one finds the caches full of other things), their output thrown away, and prints
 * a line: the median time of each in milliseconds, and the first one's as a ratio to the fastest of those behind a --.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS = 8, MOST = 100 };

extern char **environ;

struct command {
	char **argv;
	bool peer; /* what the first one is compared with */
	double ms[MOST];
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Milliseconds; below 0 if it could not be run. */
static double run(char **argv)
{
	posix_spawn_file_actions_t quiet;
	double begin = now_ms();
	pid_t pid;
	int err;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (err || waitpid(pid, NULL, 0) != pid)
		return -1;
	return now_ms() - begin;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

static int parse(char **argv, struct command *c)
{
	int n = 0;

	c[n++].argv = argv;
	for (; *argv; argv++) {
		bool peer = strcmp(*argv, "--") == 0;

		if (!peer && strcmp(*argv, "++") != 0)
			continue;
		*argv = NULL;
		if (n == COMMANDS || !argv[1])
			exit(2);
		c[n].peer = peer;
		c[n++].argv = argv + 1;
	}
	return n;
}

/* Of the numbers below n; the same ones in each run of this program. */
static void shuffle(int *order, int n)
{
	static unsigned state = 1;

	for (int i = n - 1; i > 0; i--) {
		int with, was = order[i];

		state = state * 1103515245 + 12345;
		with = (int)(state >> 16) % (i + 1);
		order[i] = order[with];
		order[with] = was;
	}
}

int main(int argc, char **argv)
{
	static struct command c[COMMANDS];
	int order[COMMANDS] = {0};
	double best = 0, first = 0;
	int n, times;

	if (argc < 4 || (times = atoi(argv[2])) < 1 || times > MOST)
		return 2;
	n = parse(argv + 3, c);
	for (int k = 0; k < n; k++)
		order[k] = k;
	for (int i = 0; i < times; i++) {
		shuffle(order, n);
		for (int k = 0; k < n; k++)
			c[order[k]].ms[i] = run(c[order[k]].argv);
	}
	printf("%-44s", argv[1]);
	for (int k = 0; k < n; k++) {
		double m = median(c[k].ms, times);

		if (c[k].ms[0] < 0)
			printf("%10s", "-");
		else
			printf("%10.1f", m);
		if (k == 0)
			first = m;
		else if (c[k].peer && c[k].ms[0] >= 0 && (best == 0 || m < best))
			best = m;
	}
	if (best > 0)
		printf("%8.2f", first / best);
	puts("");
	return 0;
}

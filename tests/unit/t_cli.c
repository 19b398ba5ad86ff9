/* SPDX-License-Identifier: MIT */
/* The command line as a user meets it: a tool of its own in a child, its output and its end. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>

#include "base/cli.h"
#include "kids.h"
#include "tap.h"

static const struct cli_option options[] = {
	{'n', NULL, "do not look up names"},
	{'t', "ms", "give up after so many milliseconds"},
	{0},
};
static const struct cli_spec spec = {
	.name = "tool",
	.synopsis = "[-n] [-t ms] pid ...",
	.purpose = "shows what a tool does",
	.options = options,
};

#define USAGE "usage: tool [-n] [-t ms] pid ...\n  (shows what a tool does)\n"

/* Prints what it understood. Operands "bad..." fail. */
static int tool(int argc, char **argv)
{
	struct buf out = {0};
	struct cli c;
	int letter;

	cli_start(&c, &spec, argc, argv);
	while ((letter = cli_next(&c))) {
		if (letter == 't')
			buf_fmt(&out, "t=%lu ", cli_number(&c, 't', 1, 1000));
		else
			buf_fmt(&out, "%c ", letter);
	}
	for (char **o = cli_operands(&c, 1); *o; o++) {
		if (strncmp(*o, "bad", 3) == 0)
			cli_fail(&c, *o, "no such process");
		else if (strcmp(*o, "usage") == 0)
			cli_usage_error(&c, "%s and\n%s", *o, "more");
		else
			buf_fmt(&out, "<%s> ", *o);
	}
	cli_write(&c, &out);
	buf_free(&out);
	return cli_finish(&c);
}

struct run {
	int status;
	char out[4096], err[4096];
};

static void drain(int fd, char *to, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size - 1 && (got = read(fd, to + n, size - 1 - n)) > 0)
		n += (size_t)got;
	to[n] = '\0';
	close(fd);
}

static struct run run_with(int (*fn)(int, char **), const char *line, void (*before)(void))
{
	char copy[200], *argv[20] = {(char *)(uintptr_t) "tool"};
	int out[2], err[2], argc = 1;
	struct run r = {0};
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *s = strtok(copy, " "); s && argc < 19; s = strtok(NULL, " "))
		argv[argc++] = strcmp(s, "''") == 0 ? s + 2 : s;
	if (pipe(out) < 0 || pipe(err) < 0)
		exit(99);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], 1);
		dup2(err[1], 2);
		close_range(3, ~0u, 0);
		if (before)
			before();
		_exit(fn(argc, argv));
	}
	close(out[1]);
	close(err[1]);
	drain(out[0], r.out, sizeof(r.out));
	drain(err[0], r.err, sizeof(r.err));
	waitpid(pid, &r.status, 0);
	return r;
}

static void check(const char *line, int code, const char *out, const char *err)
{
	struct run r = run_with(tool, line, NULL);

	OK(WIFEXITED(r.status) && WEXITSTATUS(r.status) == code, "<tool %s> exits %d", line, code);
	IS_STR(r.out, out, "its output");
	IS_STR(r.err, err, "its messages");
}

static void test_options(void)
{
	check("1", 0, "<1> ", "");
	check("-n 1 2", 0, "n <1> <2> ", "");
	check("-nt5 1", 0, "n t=5 <1> ", "");
	check("-t 1000 -n 1", 0, "t=1000 n <1> ", "");
	check("-- -n", 0, "<-n> ", "");
	check("1 -n", 0, "<1> <-n> ", "");
	check("", 2, "", USAGE);
	check("-n", 2, "", USAGE);
	check("-x 1", 2, "", "tool: unknown option -x\n" USAGE);
	check("-nx 1", 2, "", "tool: unknown option -x\n" USAGE);
	check("--wrong 1", 2, "", "tool: unknown option --wrong\n" USAGE);
	check("--help=x", 2, "", "tool: unknown option --help=x\n" USAGE);
	check("-t", 2, "", "tool: option -t needs an argument\n" USAGE);
	check("-V", 0, "tool " VERSION "\n", "");
	check("--version 1", 0, "tool " VERSION "\n", "");
	check("usage", 2, "", "tool: usage and\\nmore\n" USAGE);
}

static void test_help(void)
{
	static const char help[] = USAGE "  -n           do not look up names\n"
					 "  -t ms        give up after so many milliseconds\n"
					 "  -h           show this help\n"
					 "  -V           show the version\n";

	check("-h", 0, help, "");
	check("--help", 0, help, "");
	check("-n -h -x", 0, help, "");
}

static void test_numbers(void)
{
	static const char *const bad[] = {
		"0", "1001", "x", "5x", "-5", "+5", "0x5", "5.0", "99999999999999999999999", "''"};
	char line[100], err[300];

	check("-t 1 1", 0, "t=1 <1> ", "");
	check("-t 007 1", 0, "t=7 <1> ", "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "-t %s 1", bad[i]);
		snprintf(err, sizeof(err),
			"tool: option -t wants a number from 1 to 1000, not %s\n%s",
			strcmp(bad[i], "''") ? bad[i] : "", USAGE);
		check(line, 2, "", err);
	}
}

static void test_failures(void)
{
	check("bad", 1, "", "tool: bad: no such process\n");
	check("1 bad 2 bad2", 1, "<1> <2> ",
		"tool: bad: no such process\ntool: bad2: no such process\n");
	check("bad\033[2J\n", 1, "", "tool: bad\\x1b[2J\\n: no such process\n");
}

static void full(void)
{
	dup2(open("/dev/full", O_WRONLY), 1);
}

static void closed(void)
{
	close(0);
	close(1);
	close(2);
}

static void broken_pipe(void)
{
	int q[2];

	if (pipe(q) < 0)
		_exit(98);
	close(q[0]);
	dup2(q[1], 1);
}

static void broken_pipe_ignored(void)
{
	signal(SIGPIPE, SIG_IGN);
	broken_pipe();
}

static void test_output(void)
{
	struct run r = run_with(tool, "1", full);

	OK(WEXITSTATUS(r.status) == 1, "a full disk fails");
	IS_STR(r.err, "tool: standard output: No space left on device\n", "and is told once");
	r = run_with(tool, "1", broken_pipe);
	OK(WIFSIGNALED(r.status) && WTERMSIG(r.status) == SIGPIPE, "SIGPIPE ends it silently");
	IS_STR(r.err, "", "without a word");
	r = run_with(tool, "1", broken_pipe_ignored);
	OK(WEXITSTATUS(r.status) == 1, "ignored, it is an error");
	IS_STR(r.err, "tool: standard output: Broken pipe\n", "with words");
}

/* What is opened next must not get the number of a closed standard descriptor. */
static int opener(int argc, char **argv)
{
	struct cli c;
	int fd;

	cli_start(&c, &spec, argc, argv);
	fd = open("/", O_RDONLY);
	return fd > 2 && fcntl(0, F_GETFD) == 0 && fcntl(2, F_GETFD) == 0 ? 0 : 1;
}

static int leaker(int argc, char **argv)
{
	struct cli c;

	cli_start(&c, &spec, argc, argv);
	return open("/", O_RDONLY) == 3 ? 0 : 1;
}

static void test_closed(void)
{
	IS(run_with(opener, "1", closed).status, 0, "closed standard descriptors are filled");
	IS(run_with(leaker, "1", NULL).status, 0, "and nothing is left open else");
}

static int many_writes(int argc, char **argv)
{
	struct buf out = {0};
	struct cli c;

	cli_start(&c, &spec, argc, argv);
	for (int i = 0; i < 5; i++) {
		buf_str(&out, "text");
		cli_write(&c, &out);
		if (out.len)
			return 7;
	}
	return cli_finish(&c);
}

static void test_told_once(void)
{
	struct run r = run_with(many_writes, "", full);

	IS(WEXITSTATUS(r.status), 1, "five writes that fail");
	IS_STR(r.err, "tool: standard output: No space left on device\n", "are told once");
	r = run_with(many_writes, "", NULL);
	IS_STR(r.out, "texttexttexttexttext", "five writes that do not");
}

/* A slow reader on a nonblocking pipe gets every byte. */
static int writer(const struct kid_side *k, void *arg)
{
	char *argv[] = {(char *)(uintptr_t) "tool", NULL};
	struct buf out = {0};
	struct cli c;

	dup2(*(int *)arg, 1);
	fcntl(1, F_SETFL, O_NONBLOCK);
	cli_start(&c, &spec, 1, argv);
	for (int i = 0; i < 300000; i++)
		buf_chr(&out, (char)i);
	kid_ready(k);
	cli_write(&c, &out);
	buf_free(&out);
	return cli_finish(&c);
}

static void test_nonblocking(void)
{
	size_t n = 0;
	struct kid k;
	bool good = true;
	ssize_t got;
	char b[1000];
	int q[2];

	if (pipe(q) < 0)
		exit(99);
	k = kid_start(writer, &q[1]);
	close(q[1]);
	while ((got = read(q[0], b, sizeof(b))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			good = good && b[i] == (char)(n + (size_t)i);
		n += (size_t)got;
	}
	OK(good && n == 300000, "300,000 bytes through a nonblocking pipe");
	IS(kid_end(&k), 0, "without an error");
	close(q[0]);
}

static int catcher(const struct kid_side *k, void *arg)
{
	char *argv[] = {(char *)(uintptr_t) "tool", NULL};
	struct cli c;

	(void)arg;
	cli_start(&c, &spec, 1, argv);
	cli_catch_signals(&c);
	if (cli_interrupted())
		return 1;
	kid_ready(k);
	while (!cli_interrupted())
		usleep(1000);
	/* Here a tool lets its target go. */
	cli_die_if_interrupted(&c);
	return 2;
}

static void test_signals(void)
{
	static const int which[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

	for (size_t i = 0; i < 4; i++) {
		struct kid k = kid_start(catcher, NULL);
		int status;

		kill(k.pid, which[i]);
		status = kid_end(&k);
		OK(WIFSIGNALED(status) && WTERMSIG(status) == which[i], "dies of %s in the end",
			strsignal(which[i]));
	}
}

static int ignorer(const struct kid_side *k, void *arg)
{
	char *argv[] = {(char *)(uintptr_t) "tool", NULL};
	struct cli c;

	(void)arg;
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	cli_start(&c, &spec, 1, argv);
	cli_catch_signals(&c);
	raise(SIGHUP);
	raise(SIGINT);
	kid_ready(k);
	return cli_interrupted() ? 1 : 0;
}

/* Blocked in write(2) on a pipe that nobody reads: a flag would never be looked at. */
static int blocked_writer(const struct kid_side *k, void *arg)
{
	char *argv[] = {(char *)(uintptr_t) "tool", NULL};
	struct buf out = {0};
	struct cli c;

	dup2(*(int *)arg, 1);
	cli_start(&c, &spec, 1, argv);
	cli_catch_signals(&c);
	for (int i = 0; i < 300000; i++)
		buf_chr(&out, 'x');
	kid_ready(k);
	cli_write(&c, &out);
	return 3;
}

static void test_signals_otherwise(void)
{
	struct kid k = kid_start(ignorer, NULL);
	int q[2], status;

	IS(kid_end(&k), 0, "what was ignored on entry stays ignored");
	if (pipe(q) < 0)
		exit(99);
	k = kid_start(blocked_writer, &q[1]);
	usleep(50000);
	kill(k.pid, SIGTERM);
	status = kid_end(&k);
	OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "a blocked write does not save it");
	close(q[0]);
	close(q[1]);
}

int main(void)
{
	test_options();
	test_help();
	test_numbers();
	test_failures();
	test_output();
	test_closed();
	test_told_once();
	test_nonblocking();
	test_signals();
	test_signals_otherwise();
	return tap_end();
}

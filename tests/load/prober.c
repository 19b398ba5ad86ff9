/* SPDX-License-Identifier: MIT */
/*
 * prober [-k] TOOL PID: until SIGTERM, `TOOL -s`, a pfiles or pstack, on each process of the tree under PID, one run after
 * the other without a pause. With -k runs are ended by SIGKILL at a random instant: each other one within
 * 3 ms, each other one within the time that a whole run takes here and now, and one in 16 not at all, to
 * know that time.
 * What it counted goes to stdout, as lines "WORD NUMBER", "why REASON: NUMBER" and "bad WORDS".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tree.h"

#define KILL_AFTER_US 3000
#define LEARN_EACH    16
#define DYING_MS      5000
#define HUNG_S        20
#define MAX_REASONS   16
#define MAX_BAD       8

struct reason {
	char text[160];
	unsigned long n;
};

struct count {
	unsigned long runs, agent, diverted, borrowed, proc, gone, killed, bad;
	unsigned long asleep, stopped; /* pstack: nobody was stopped; somebody was */
	unsigned long longest_us;
	long typical_us; /* how long a whole run takes */
	struct reason why[MAX_REASONS];
	char words[MAX_BAD][256];
};

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

/* Whether it has ended. One that is about to, and whose descriptors are closed, may take its time. */
static bool gone(pid_t pid)
{
	for (int ms = 0; ms < DYING_MS; ms++) {
		char state = tree_state(pid);

		if (state == 0 || state == 'Z' || state == 'X')
			return true;
		usleep(1000);
	}
	return false;
}

static void add_bad(struct count *c, pid_t pid, const char *what, const char *said)
{
	if (c->bad < MAX_BAD)
		snprintf(c->words[c->bad], sizeof(c->words[0]), "%d (%s): %.160s", (int)pid, what,
			said);
	c->bad++;
}

static void add_reason(struct count *c, const char *said)
{
	char text[160];
	const char *open = strchr(said, '('), *close = open ? strstr(open, "): ") : NULL;

	snprintf(text, sizeof(text), "%.*s", close ? (int)(close - open - 1) : 0,
		open ? open + 1 : "");
	for (size_t i = 0; i < MAX_REASONS; i++) {
		if (c->why[i].n && strcmp(c->why[i].text, text))
			continue;
		strcpy(c->why[i].text, text);
		c->why[i].n++;
		return;
	}
}

/* What -s said of a run that ended with status 0. */
static void add_way(struct count *c, pid_t pid, const char *said)
{
	const char *stopped = strstr(said, "longest ");

	if (stopped)
		stopped += strlen("longest ");
	else if ((stopped = strstr(said, "stopped for ")))
		stopped += strlen("stopped for ");
	if (stopped && strtoul(stopped, NULL, 10) > c->longest_us)
		c->longest_us = strtoul(stopped, NULL, 10);

	if (strstr(said, " read asleep; nobody stopped"))
		c->asleep++;
	else if (strstr(said, " read asleep; "))
		c->stopped++;
	else if (strstr(said, ": agent (a thread of its own)"))
		c->agent++;
	else if (strstr(said, ": agent ("))
		c->diverted++;
	else if (strstr(said, ": borrowed descriptors ("))
		c->borrowed++, add_reason(c, said);
	else if (strstr(said, ": /proc only ("))
		c->proc++, add_reason(c, said);
	else
		add_bad(c, pid, "said nothing of the way", said);
}

static void add_run(struct count *c, pid_t pid, int status, const char *said)
{
	char what[64];

	c->runs++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		add_way(c, pid, said);
	} else if (WIFEXITED(status) && gone(pid)) {
		c->gone++;
	} else {
		snprintf(what, sizeof(what), "%s %d", WIFEXITED(status) ? "status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		add_bad(c, pid, what, said);
	}
}

static pid_t start(const char *pfiles, pid_t pid, int err)
{
	char operand[16];
	pid_t child;
	int null;

	snprintf(operand, sizeof(operand), "%d", (int)pid);
	child = fork();
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execl(pfiles, "pfiles", "-s", operand, (char *)NULL);
	_exit(127);
}

/* True if the child has ended before the time was up. */
static bool ended(int pidfd, long us)
{
	struct timespec ts = {us / 1000000, us % 1000000 * 1000};
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int n;

	do {
		n = ppoll(&p, 1, &ts, NULL);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static long kill_before(const struct count *c)
{
	if (c->runs % 2 && c->typical_us > KILL_AFTER_US)
		return c->typical_us;
	return KILL_AFTER_US;
}

/* Where each thread of a process is, to stderr: for a run that hangs. */
static void dump(const char *who, pid_t pid)
{
	char command[256];

	snprintf(command, sizeof(command),
		"for t in /proc/%d/task/*; do echo \"# %s $(sed 's/.*) //' $t/stat | cut -c1-2) "
		"$(cat $t/wchan) $(grep TracerPid $t/status) $(cat $t/syscall)\"; done >&2",
		(int)pid, who);
	if (system(command))
		fprintf(stderr, "# %s %d is gone\n", who, (int)pid);
}

static void run(struct count *c, const char *pfiles, pid_t pid, bool to_kill)
{
	char said[512];
	int status = 0, pidfd;
	int err = memfd_create("said", MFD_CLOEXEC);
	pid_t child = start(pfiles, pid, err);
	bool hung = false, killed = false;
	long started = now_us();
	ssize_t n;

	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	if (to_kill && c->runs % LEARN_EACH && !ended(pidfd, random() % kill_before(c)))
		killed = kill(child, SIGKILL) == 0;
	else if (!ended(pidfd, HUNG_S * 1000000L)) {
		dump("pfiles", child);
		dump("target", pid);
		hung = kill(child, SIGKILL) == 0;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!killed && !hung)
		c->typical_us = now_us() - started;
	n = pread(err, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	close(pidfd);
	close(err);
	if (hung) {
		c->runs++;
		add_bad(c, pid, "hung", said);
	} else if (killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		c->runs++;
		c->killed++;
	} else {
		add_run(c, pid, status, said);
	}
	/* Whatever a killed run left to clean up after it is a child of ours now. */
	while (waitpid(-1, &status, WNOHANG) > 0)
		;
}

/* Nothing of a pfiles lives longer than two seconds after its end. */
static void await_rest(struct count *c)
{
	for (int i = 0; i < 200; i++) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			return;
		if (pid == 0)
			usleep(10000);
	}
	add_bad(c, getpid(), "end", "a run left a process behind");
}

static void print(const struct count *c)
{
	printf("runs %lu\nagent %lu\ndiverted %lu\nborrowed %lu\nproc %lu\ngone %lu\nkilled %lu\n"
	       "longest_us %lu\nasleep %lu\nstopped %lu\n",
		c->runs, c->agent, c->diverted, c->borrowed, c->proc, c->gone, c->killed,
		c->longest_us, c->asleep, c->stopped);
	for (size_t i = 0; i < MAX_REASONS && c->why[i].n; i++)
		printf("why %s: %lu\n", c->why[i].text, c->why[i].n);
	for (size_t i = 0; i < MAX_BAD && i < c->bad; i++)
		printf("bad %s\n", c->words[i]);
	if (c->bad > MAX_BAD)
		printf("bad and %lu more\n", c->bad - MAX_BAD);
}

int main(int argc, char **argv)
{
	static struct count c;
	struct sigaction sa = {.sa_handler = on_term};
	pid_t tree[TREE_MAX];
	bool to_kill = argc == 4 && strcmp(argv[1], "-k") == 0;

	if (argc != 3 + to_kill)
		return 2;
	srandom((unsigned)time(NULL) ^ (unsigned)getpid());
	sigaction(SIGTERM, &sa, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (!stop) {
		size_t n = tree_list((pid_t)atoi(argv[argc - 1]), tree);

		if (n == 0)
			break;
		for (size_t i = 0; i < n && !stop; i++)
			run(&c, argv[argc - 2], tree[i], to_kill);
	}
	await_rest(&c);
	print(&c);
	return 0;
}

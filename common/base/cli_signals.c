/* SPDX-License-Identifier: MIT */
#include "base/cli_signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/cli.h"

/*
 * The one place in common/ with file-scope state: a signal handler can reach nothing else. `caught`
 * is the first signal that came, 0 for none; `kill_now` says that nothing needs to be put back.
 */
static volatile sig_atomic_t caught, kill_now;

static void die_of(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void on_signal(int sig)
{
	if (!caught)
		caught = sig;
	if (kill_now)
		die_of(sig);
}

void cli_catch_signals(struct cli *c)
{
	static const int which[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction old, sa = {.sa_handler = on_signal};

	(void)c;
	/* Without SA_RESTART: what waits is to be woken and to look at the flag. */
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		if (sigaction(which[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(which[i], &sa, NULL);
	}
}

bool cli_interrupted(void)
{
	return caught != 0;
}

void cli_die_if_interrupted(struct cli *c)
{
	(void)c;
	if (!caught)
		return;
	die_of(caught);
	_exit(128 + caught); /* not reached unless raise(3) failed */
}

void cli_signals_kill(bool now)
{
	kill_now = now;
	if (now && caught)
		die_of(caught);
}

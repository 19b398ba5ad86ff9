/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t count, ticked;

static void on_end(int sig)
{
	(void)sig;
	count++;
}

static void on_tick(int sig)
{
	(void)sig;
	ticked = 1;
}

/* Without SA_RESTART: what waits is to be woken. */
static void handle(int sig, void (*handler)(int))
{
	struct sigaction sa = {.sa_handler = handler};

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static void handle_unless_ignored(int sig)
{
	struct sigaction old;

	if (sigaction(sig, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		handle(sig, on_end);
}

void interrupt_catch(bool keyboard_is_ours)
{
	static const int keyboard[] = {SIGHUP, SIGINT, SIGQUIT},
			 other[] = {SIGTERM, SIGPIPE, SIGUSR1};

	for (size_t i = 0; i < sizeof(keyboard) / sizeof(keyboard[0]); i++) {
		if (keyboard_is_ours)
			handle_unless_ignored(keyboard[i]);
		else
			signal(keyboard[i], SIG_IGN);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		handle(other[i], on_end);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	handle(SIGALRM, on_tick);
}

unsigned interrupt_count(void)
{
	return (unsigned)count;
}

void interrupt_tick(unsigned ms)
{
	struct timeval t = {ms / 1000, ms % 1000 * 1000};

	setitimer(ITIMER_REAL, &(struct itimerval){t, t}, NULL);
}

bool interrupt_ticked(void)
{
	if (!ticked)
		return false;
	ticked = 0;
	return true;
}

/* SPDX-License-Identifier: MIT */
/* Wardens are known as our own as long as they are there, and nobody else is. */
#include <unistd.h>

#include "ctl/warden.h"
#include "tap.h"

/* Ends with the tool, which it tells its number. */
static void job(int sock, void *arg)
{
	struct warden_message m;

	(void)arg;
	warden_answer(sock, 0, (uint64_t)getpid());
	while (warden_receive(sock, &m) == 0)
		;
}

int main(void)
{
	struct warden *w[2];
	struct warden_message m;
	pid_t pid[2];

	OK(!warden_is_ours(getpid()) && !warden_is_ours(0), "nobody is one before there are any");
	for (int i = 0; i < 2; i++) {
		IS(warden_start(job, NULL, NULL, 0, &w[i]), 0, "a warden");
		IS(warden_await(w[i], &m, 5000), 0, "its first word");
		pid[i] = (pid_t)m.value;
	}
	OK(warden_is_ours(pid[0]) && warden_is_ours(pid[1]), "both are ours");
	OK(!warden_is_ours(getppid()) && !warden_is_ours(0), "others are not");
	OK(warden_stop(w[0], 5000), "one ends");
	OK(!warden_is_ours(pid[0]) && warden_is_ours(pid[1]), "the other one still is");
	OK(warden_stop(w[1], 5000), "and ends");
	OK(!warden_is_ours(pid[1]), "none is left");
	return tap_end();
}

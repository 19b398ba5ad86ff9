/* SPDX-License-Identifier: MIT */
/*
 * restless: executes itself again and again; under its first name it has the descriptor 10 open and
 * not 11, under its second one 11 and not 10. A page that shows one name and the other's descriptor
 * was put together from two programs.
 */
#include "victim.h"

int main(int argc, char **argv)
{
	char *const one[] = {"one", "-", NULL}, *const two[] = {"two", "-", NULL};
	bool first = strcmp(argv[0], "two") != 0;
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	if (argc == 1) {
		puts("ready");
		must(fflush(stdout) == 0);
	}
	put_at(open("/dev/null", O_RDONLY | O_CLOEXEC), first ? 10 : 11);
	/* Some time in each program, so that it is more than exec that one meets. */
	must(poll(&in, 1, 25) >= 0);
	if (in.revents)
		return 0;
	execv("/proc/self/exe", first ? two : one);
	must(!"exec");
	return 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * odd KIND: processes that are not as others. Each prints what is to be known, "ready", and waits for
 * the end of its input (`bare`, which has none, for SIGTERM).
 *   zombie    a child that has ended and is not waited for; its pid is the fact
 *   bare      no descriptor at all
 *   seccomp   a filter that kills for anything but what waiting needs
 *   traced    a child traced by this process; its pid is the fact
 *   mortal    children that live for some milliseconds, one after the other
 *   threads N a process with N more threads, for all of which the facts are the same
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "victim.h"

static int zombie(void)
{
	pid_t child = fork();
	siginfo_t info;

	must(child >= 0);
	if (child == 0)
		_exit(0);
	must(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
	printf("pid=%d\n", (int)child);
	victim_wait();
	return waitpid(child, NULL, 0) != child;
}

static int bare(void)
{
	sigset_t term;
	int sig;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	must(sigprocmask(SIG_BLOCK, &term, NULL) == 0);
	puts("ready");
	must(fflush(stdout) == 0);
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	return sigwait(&term, &sig) != 0 || open("/dev/null", O_RDONLY) != 0;
}

#define ALLOW(call)                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                     \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int confined(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(read),
		ALLOW(write),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	char c;

	put_at(open("/dev/zero", O_RDONLY | O_CLOEXEC), 10);
	expect(10, "O_RDONLY|O_LARGEFILE FD_CLOEXEC", "      /dev/zero\n");
	puts("ready");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	must(fflush(stdout) == 0);
	while (read(STDIN_FILENO, &c, 1) == 1)
		continue;
	return 0;
}

static int traced(void)
{
	int status, hold[2];
	pid_t child;

	must(pipe(hold) == 0);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		char c;

		close(hold[1]);
		put_at(open("/dev/zero", O_RDONLY), 10);
		_exit(read(hold[0], &c, 1) != 0);
	}
	close(hold[0]);
	must(ptrace(PTRACE_SEIZE, child, 0, 0) == 0);
	printf("pid=%d\n", (int)child);
	victim_wait();
	close(hold[1]);
	return waitpid(child, &status, 0) != child || status != 0;
}

static int mortal(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	puts("ready");
	must(fflush(stdout) == 0);
	for (;;) {
		pid_t child = fork();

		must(child >= 0);
		if (child == 0) {
			for (int i = 0; i < 500; i++)
				must(open("/dev/null", O_RDONLY) >= 0);
			usleep(1000);
			_exit(0);
		}
		must(waitpid(child, NULL, 0) == child);
		must(poll(&in, 1, 0) >= 0);
		if (in.revents)
			return 0;
	}
}

static void *sleeper(void *arg)
{
	(void)arg;
	while (pause() != 0)
		continue;
	return NULL;
}

static int threads(int n)
{
	pthread_t thread;

	put_at(open("/dev/zero", O_RDONLY | O_CLOEXEC), 10);
	expect(10, "O_RDONLY|O_LARGEFILE FD_CLOEXEC", "      /dev/zero\n");
	for (int i = 0; i < n; i++)
		must(pthread_create(&thread, NULL, sleeper, NULL) == 0);
	victim_wait();
	return 0;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";

	if (strcmp(kind, "zombie") == 0)
		return zombie();
	if (strcmp(kind, "bare") == 0)
		return bare();
	if (strcmp(kind, "seccomp") == 0)
		return confined();
	if (strcmp(kind, "traced") == 0)
		return traced();
	if (strcmp(kind, "mortal") == 0)
		return mortal();
	if (strcmp(kind, "threads") == 0 && argc == 3)
		return threads(atoi(argv[2]));
	return 64;
}

/* SPDX-License-Identifier: MIT */
/*
 * without CALL,... PROGRAM ARG...: executes the program with system calls that fail with EPERM, as a
 * container's seccomp profile makes them: ptrace, pidfd_getfd, ...
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "victim.h"

static const struct {
	const char *name;
	unsigned nr;
} calls[] = {
	{"ptrace", SYS_ptrace},
	{"pidfd_getfd", SYS_pidfd_getfd},
	{"process_vm_readv", SYS_process_vm_readv},
	{"kcmp", SYS_kcmp},
};

static unsigned nr_of(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].nr;
	}
	must(!"a call of the table");
	return 0;
}

int main(int argc, char **argv)
{
	must(argc > 2);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	/* One filter for each call; the kernel takes the strictest answer. */
	for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ",")) {
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr_of(name), 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	}
	execvp(argv[2], argv + 2);
	must(!"exec");
	return 71;
}

/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sysent.h"

/* What truss itself has to see, whatever the user asked for. */
static bool is_needed(const struct opts *o, const struct sysent *e)
{
	unsigned move = SYSENT_READ | SYSENT_WRITE;

	if (set_has(&o->trace, options_call_bit(e)))
		return true;
	/* Of 32-bit programs, each of which stands for many (args_unwrap()). */
	if (!strcmp(e->name, "socketcall") || !strcmp(e->name, "ipc"))
		return true;
	/* -r and -w show calls on their descriptors; -y has to know who is closed. */
	if (e->flags & move && !(set_is_empty(&o->reads) && set_is_empty(&o->writes)))
		return true;
	return o->names && (e->ret == SYSENT_RET_FD || e->flags & SYSENT_CLOSE);
}

/*
 * libseccomp takes the numbers of the machine it runs on, and finds those of the other tables by name. One whose name it
 * does not know yet can only be asked for by its own number.
 */
static int number_of(const struct sysent *e)
{
	int nr = seccomp_syscall_resolve_name(e->name);

	return nr == __NR_SCMP_ERROR ? e->number : nr;
}

static int add_calls(scmp_filter_ctx ctx, const struct opts *o, enum abi abi)
{
	unsigned n = 0;
	const struct sysent *e = sysent_table(abi, &n);
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		if (e[i].name && is_needed(o, &e[i]))
			err = seccomp_rule_add_exact(ctx, SCMP_ACT_TRACE(0), number_of(&e[i]), 0);
	return err;
}

/* One filter for each table of numbers, merged into one program. */
static scmp_filter_ctx make_for(const struct opts *o, enum abi abi, uint32_t arch)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (!ctx)
		return NULL;
	/* What is neither (x32, or a machine we do not know) is seen, not killed. */
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRACE(0));
	if (!err)
		(void)!seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!err && arch != seccomp_arch_native()) {
		err = seccomp_arch_add(ctx, arch);
		if (!err)
			err = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
	}
	if (!err)
		err = add_calls(ctx, o, abi);
	if (err) {
		seccomp_release(ctx);
		return NULL;
	}
	return ctx;
}

/* The program's bytes, by way of a file: that is how libseccomp gives them. */
static bool export_code(scmp_filter_ctx ctx, struct filter *f)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	struct stat s;
	bool ok = false;

	if (fd < 0)
		return false;
	if (seccomp_export_bpf(ctx, fd) == 0 && fstat(fd, &s) == 0 && s.st_size > 0 &&
		s.st_size / sizeof *f->code <= BPF_MAXINSNS) {
		f->code = malloc((size_t)s.st_size);
		f->n = (unsigned short)((size_t)s.st_size / sizeof *f->code);
		ok = f->code && pread(fd, f->code, (size_t)s.st_size, 0) == s.st_size;
	}
	close(fd);
	return ok;
}

bool filter_make(const struct opts *o, struct filter *f)
{
	scmp_filter_ctx wide, narrow;
	bool ok = false;

	if (set_is_full(&o->trace))
		return false;
	wide = make_for(o, ABI_X86_64, SCMP_ARCH_X86_64);
	narrow = make_for(o, ABI_I386, SCMP_ARCH_X86);
	/* The second is part of the first from then on. */
	if (wide && narrow && seccomp_merge(wide, narrow) == 0) {
		narrow = NULL;
		ok = export_code(wide, f);
	}
	seccomp_release(wide);
	seccomp_release(narrow);
	if (!ok)
		filter_free(f);
	return ok;
}

void filter_free(struct filter *f)
{
	free(f->code);
	*f = (struct filter){0};
}

int filter_install(const struct filter *f)
{
	struct sock_fprog program = {f->n, f->code};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return 0;
	/* Without CAP_SYS_ADMIN: seccomp(2). */
	if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -errno;
}

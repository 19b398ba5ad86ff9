/* SPDX-License-Identifier: MIT */
/* common/sys: the tables against two that know better: the running kernel, and libseccomp. */
#include <dlfcn.h>
#include <linux/audit.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "sys/abi.h"
#include "sys/sysent.h"
#include "tap.h"

typedef char *resolve_fn(uint32_t arch, int number);

/* Names that functions of the kernel have, and what the calls are called outside. */
static const char *outside(const char *name)
{
	static const char *const renamed[][2] = {{"newstat", "stat"}, {"newlstat", "lstat"},
		{"newfstat", "fstat"}, {"newuname", "uname"}, {"umount", "umount2"},
		{"sendfile64", "sendfile"}};

	for (size_t i = 0; i < sizeof(renamed) / sizeof(*renamed); i++)
		if (!strcmp(renamed[i][0], name))
			return renamed[i][1];
	return name;
}

/* Found as it is, or as a 32-bit program's variant: ia32_pread64, clock_gettime32, chown16, stime32... */
static bool known(const char *name)
{
	char base[256];
	size_t len;

	if (!strncmp(name, "ia32_", 5))
		name += 5;
	name = outside(name);
	if (sysent_named(ABI_X86_64, name) || sysent_named(ABI_I386, name))
		return true;
	snprintf(base, sizeof(base), "%s", name);
	len = strlen(base);
	if (len > 7 && !strcmp(base + len - 7, "_time32"))
		base[len - 7] = 0;
	else if (len > 2 && (!strcmp(base + len - 2, "32") || !strcmp(base + len - 2, "16")))
		base[len - 2] = 0;
	return sysent_named(ABI_I386, base) || sysent_named(ABI_X86_64, base);
}

/*
 * Every call that this kernel has a function for. A kernel that is newer than the tables may have more of them
 * than 470: those are for whoever brings data/protos.tsv up to date, and fail here.
 */
static void test_kallsyms(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	unsigned seen = 0, strange = 0;

	while (f && fgets(line, sizeof(line), f)) {
		/* Not calls of this machine, or entries with other names outside. */
		static const char *const others[] = {"ni_syscall", "uprobe", "uretprobe",
			"old_readdir", "old_select", "old_mmap", "old_getrlimit", "old_msgctl",
			"old_semctl", "old_shmctl", "gethostname", "oldumount", "pciconfig_read",
			"pciconfig_write", "pciconfig_iobase", "s390_pci_mmio_read",
			"s390_pci_mmio_write", "s390_ipc", "rtas", "spu_run", "spu_create",
			"subpage_prot", "mmap_pgoff", "llseek", "sync_file_range2", "send", "recv"};
		bool other = false;

		if (sscanf(line, "%*s %*c __x64_sys_%255s", name) != 1)
			continue;
		other = strchr(name, '.'); /* what the compiler has split off */
		for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
			other |= !strcmp(others[i], name);
		seen++;
		if (!other && !known(name)) {
			strange++;
			printf("# the kernel has %s\n", name);
		}
	}
	if (f)
		fclose(f);
	if (seen < 300)
		tap_skip("the kernel's names", "no /proc/kallsyms here");
	else
		IS(strange, 0, "every one of %u calls of this kernel has a name", seen);
}

static void test_seccomp(void)
{
	static const struct {
		enum abi abi;
		uint32_t arch; /* SCMP_ARCH_* are AUDIT_ARCH_*, x32's but for a bit */
		int base;
	} arches[] = {
		{ABI_X86_64, AUDIT_ARCH_X86_64, 0},
		{ABI_I386, AUDIT_ARCH_I386, 0},
		{ABI_X32, AUDIT_ARCH_X86_64 & ~0x80000000u, 0x40000000},
		{ABI_AARCH64, AUDIT_ARCH_AARCH64, 0},
		{ABI_RISCV64, AUDIT_ARCH_RISCV64, 0},
	};
	void *lib = dlopen("libseccomp.so.2", RTLD_NOW);
	resolve_fn *resolve = NULL;

	if (lib)
		*(void **)&resolve = dlsym(lib, "seccomp_syscall_resolve_num_arch");
	for (size_t k = 0; k < sizeof(arches) / sizeof(*arches); k++) {
		unsigned seen = 0, wrong = 0;

		if (!resolve) {
			tap_skip("libseccomp's numbers", "no libseccomp here");
			break;
		}
		for (int n = 0; n < 600; n++) {
			const struct sysent *e = sysent_find(arches[k].abi, (unsigned)n);
			char *name = resolve(arches[k].arch, arches[k].base + n);

			if (!name)
				continue;
			seen++;
			if (!e || strcmp(e->name, name)) {
				wrong++;
				printf("# %d is %s, not %s\n", n, name, e ? e->name : "unknown");
			}
			free(name);
		}
		OK(seen > 290, "%s: libseccomp knows %u calls", abi_name(arches[k].abi), seen);
		IS(wrong, 0, "%s: all under the same numbers", abi_name(arches[k].abi));
	}
	if (lib)
		dlclose(lib);
}

int main(void)
{
	test_kallsyms();
	test_seccomp();
	return tap_end();
}

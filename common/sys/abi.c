/* SPDX-License-Identifier: MIT */
#include "sys/abi.h"

#include <linux/audit.h>

enum { X32_BIT = 0x40000000 };

enum abi abi_of(uint32_t arch, uint64_t nr)
{
	switch (arch) {
	case AUDIT_ARCH_X86_64: return (nr & X32_BIT) && nr < 2u * X32_BIT ? ABI_X32 : ABI_X86_64;
	case AUDIT_ARCH_I386: return ABI_I386;
	case AUDIT_ARCH_AARCH64: return ABI_AARCH64;
	case AUDIT_ARCH_RISCV64: return ABI_RISCV64;
	default: return ABI_COUNT;
	}
}

const char *abi_name(enum abi abi)
{
	static const char *const names[] = {
		[ABI_X86_64] = "x86_64",
		[ABI_I386] = "i386",
		[ABI_X32] = "x32",
		[ABI_AARCH64] = "aarch64",
		[ABI_RISCV64] = "riscv64",
	};

	return (unsigned)abi < ABI_COUNT ? names[abi] : "unknown";
}

unsigned abi_pointer(enum abi abi)
{
	return abi == ABI_I386 || abi == ABI_X32 ? 4 : 8;
}

unsigned abi_long(enum abi abi)
{
	return abi == ABI_I386 ? 4 : 8;
}

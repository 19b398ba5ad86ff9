/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYS_ABI_H
#define PTOOLS_SYS_ABI_H

#include <stdint.h>

/*
 * The ways in which a program calls the kernel. A process may change from one to the other with
 * each exec, and an x86_64 program may use ABI_I386 (int 0x80) and ABI_X32 for single calls.
 */
enum abi {
	ABI_X86_64,
	ABI_I386,
	ABI_X32,
	ABI_AARCH64,
	ABI_RISCV64,
	ABI_COUNT, /* how many there are, and: none of them */
};

/*
 * Of what PTRACE_GET_SYSCALL_INFO reports: `arch` is an AUDIT_ARCH_* of <linux/audit.h>, nr the
 * number, whose bit 30 tells x32 from x86_64 (__X32_SYSCALL_BIT). ABI_COUNT for an unknown machine.
 */
enum abi abi_of(uint32_t arch, uint64_t nr);

/* "x86_64", "i386"...; "unknown" for anything else. Static. */
const char *abi_name(enum abi abi);

/* Bytes in a pointer of that ABI: 4 or 8 (x32: 4). 8 for anything unknown. */
unsigned abi_pointer(enum abi abi);

/* Bytes in the kernel's `long` as that ABI's structures have it: 4 or 8 (x32 structures: 8). */
unsigned abi_long(enum abi abi);

#endif

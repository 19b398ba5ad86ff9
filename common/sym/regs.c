/* SPDX-License-Identifier: MIT */
#include "sym/regs.h"

#include <stddef.h>
#include <sys/user.h>

#define CS_USER32 0x23 /* __USER32_CS, asm/segment.h */

static const struct machine {
	unsigned count, pc, sp, fp;
	const char *names[REGS_COUNT];
} machines[] = {
	[REGS_X86_64] = {17, REGS64_PC, REGS64_RSP, REGS64_RBP,
		{"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11",
			"r12", "r13", "r14", "r15", "rip"}},
	[REGS_I386] = {9, REGS32_PC, REGS32_ESP, REGS32_EBP,
		{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip"}},
};

unsigned regs_count(enum regs_machine machine)
{
	return machines[machine].count;
}

uint32_t regs_all(enum regs_machine machine)
{
	return (1u << machines[machine].count) - 1;
}

unsigned regs_pc(enum regs_machine machine)
{
	return machines[machine].pc;
}

unsigned regs_sp(enum regs_machine machine)
{
	return machines[machine].sp;
}

unsigned regs_fp(enum regs_machine machine)
{
	return machines[machine].fp;
}

const char *regs_name(enum regs_machine machine, unsigned number)
{
	return number < machines[machine].count ? machines[machine].names[number] : "?";
}

static void take64(struct regs *out, const struct user_regs_struct *u)
{
	const uint64_t v[REGS_COUNT] = {u->rax, u->rdx, u->rcx, u->rbx, u->rsi, u->rdi, u->rbp,
		u->rsp, u->r8, u->r9, u->r10, u->r11, u->r12, u->r13, u->r14, u->r15, u->rip};

	for (unsigned i = 0; i < REGS_COUNT; i++)
		out->v[i] = v[i];
}

static void take32(struct regs *out, const uint32_t v[9])
{
	for (unsigned i = 0; i < 9; i++)
		out->v[i] = v[i];
}

void regs_from_user(struct regs *out, const struct user_regs_struct *u)
{
	*out = (struct regs){.machine = u->cs == CS_USER32 ? REGS_I386 : REGS_X86_64};
	out->have = regs_all(out->machine);
	if (out->machine == REGS_X86_64)
		take64(out, u);
	else
		take32(out,
			(const uint32_t[9]){(uint32_t)u->rax, (uint32_t)u->rcx, (uint32_t)u->rdx,
				(uint32_t)u->rbx, (uint32_t)u->rsp, (uint32_t)u->rbp,
				(uint32_t)u->rsi, (uint32_t)u->rdi, (uint32_t)u->rip});
}

void regs_from_user32(struct regs *out, const uint32_t u[17])
{
	enum { EBX, ECX, EDX, ESI, EDI, EBP, EAX, EIP = 12, ESP = 15 };

	*out = (struct regs){.machine = REGS_I386, .have = regs_all(REGS_I386)};
	take32(out,
		(const uint32_t[9]){
			u[EAX], u[ECX], u[EDX], u[EBX], u[ESP], u[EBP], u[ESI], u[EDI], u[EIP]});
}

void regs_from_sleep(struct regs *out, enum regs_machine machine, uint64_t pc, uint64_t sp)
{
	*out = (struct regs){.machine = machine};
	out->v[regs_pc(machine)] = pc;
	out->v[regs_sp(machine)] = sp;
	out->have = 1u << regs_pc(machine) | 1u << regs_sp(machine);
}

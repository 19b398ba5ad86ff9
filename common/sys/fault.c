/* SPDX-License-Identifier: MIT */
#include "sys/fault.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

/* What of a signal's codes is which fault; the first line that fits, 0 being any code. */
static const struct {
	int signal, code;
	enum fault fault;
} rules[] = {
	{SIGILL, ILL_PRVOPC, FAULT_PRIV},
	{SIGILL, ILL_PRVREG, FAULT_PRIV},
	{SIGILL, 0, FAULT_ILL},
	{SIGTRAP, TRAP_TRACE, FAULT_TRACE},
	{SIGTRAP, TRAP_BRANCH, FAULT_TRACE},
	{SIGTRAP, TRAP_HWBKPT, FAULT_WATCH},
	{SIGTRAP, SI_KERNEL, FAULT_BPT}, /* int3 */
	{SIGTRAP, TRAP_BRKPT, FAULT_BPT},
	{SIGSEGV, SEGV_MAPERR, FAULT_BOUNDS},
	{SIGSEGV, SI_KERNEL,
		FAULT_BOUNDS}, /* a general protection fault: no address of this kind */
	{SIGSEGV, 0, FAULT_ACCESS},
	{SIGBUS, 0, FAULT_ACCESS},
	{SIGFPE, FPE_INTDIV, FAULT_IZDIV},
	{SIGFPE, FPE_INTOVF, FAULT_IOVF},
	{SIGFPE, 0, FAULT_FPE},
};

static const char *const names[FAULT_COUNT] = {
	[FAULT_ILL] = "FLTILL",
	[FAULT_PRIV] = "FLTPRIV",
	[FAULT_BPT] = "FLTBPT",
	[FAULT_TRACE] = "FLTTRACE",
	[FAULT_ACCESS] = "FLTACCESS",
	[FAULT_BOUNDS] = "FLTBOUNDS",
	[FAULT_IOVF] = "FLTIOVF",
	[FAULT_IZDIV] = "FLTIZDIV",
	[FAULT_FPE] = "FLTFPE",
	[FAULT_STACK] = "FLTSTACK",
	[FAULT_PAGE] = "FLTPAGE",
	[FAULT_WATCH] = "FLTWATCH",
	[FAULT_CPCOVF] = "FLTCPCOVF",
};

enum fault fault_of(int signal, int code)
{
	if (code <= 0)
		return FAULT_NONE;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].signal == signal && (!rules[i].code || rules[i].code == code))
			return rules[i].fault;
	return FAULT_NONE;
}

const char *fault_name(int fault)
{
	return fault > 0 && fault < FAULT_COUNT ? names[fault] : NULL;
}

enum fault fault_number(const char *word)
{
	char *end;
	long n = strtol(word, &end, 0);

	if (*word && !*end)
		return n > 0 && n < FAULT_COUNT ? (enum fault)n : FAULT_NONE;
	for (int i = 1; i < FAULT_COUNT; i++)
		if (!strcasecmp(word, names[i]) || !strcasecmp(word, names[i] + 3))
			return (enum fault)i;
	return FAULT_NONE;
}

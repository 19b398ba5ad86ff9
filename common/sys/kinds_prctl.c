/* SPDX-License-Identifier: MIT */
/* Part of kinds_by.h: prctl(2), whose first argument says what the others are. */
#include <linux/prctl.h>

#include "sys/bytes.h"
#include "sys/group.h"
#include "sys/kinds_by.h"
#include "sys/signame.h"

/* What prctl(2) says of the options that a program uses most: how many arguments, and what the second is. */
static const struct {
	int option;
	unsigned count;
	enum { AS_HEX, AS_DEC, AS_STRING, AS_OUTSTRING, AS_SIGNAL, AS_GROUP } second;
	const char *group;
} prctls[] = {
	{PR_SET_NAME, 2, AS_STRING, NULL},
	{PR_GET_NAME, 2, AS_OUTSTRING, NULL},
	{PR_SET_PDEATHSIG, 2, AS_SIGNAL, NULL},
	{PR_GET_PDEATHSIG, 2, AS_HEX, NULL},
	{PR_SET_DUMPABLE, 2, AS_DEC, NULL},
	{PR_GET_DUMPABLE, 1, AS_HEX, NULL},
	{PR_SET_KEEPCAPS, 2, AS_DEC, NULL},
	{PR_GET_KEEPCAPS, 1, AS_HEX, NULL},
	{PR_CAPBSET_READ, 2, AS_GROUP, "capability"},
	{PR_CAPBSET_DROP, 2, AS_GROUP, "capability"},
	{PR_CAP_AMBIENT, 3, AS_GROUP, "prctl_cap"},
	{PR_SET_MM, 5, AS_GROUP, "prctl_mm"},
	{PR_SET_SECUREBITS, 2, AS_GROUP, "securebits"},
	{PR_GET_SECUREBITS, 1, AS_HEX, NULL},
	{PR_SET_CHILD_SUBREAPER, 2, AS_DEC, NULL},
	{PR_GET_CHILD_SUBREAPER, 2, AS_HEX, NULL},
	{PR_SET_TIMERSLACK, 2, AS_DEC, NULL},
	{PR_GET_TIMERSLACK, 1, AS_HEX, NULL},
	{PR_SET_SECCOMP, 3, AS_DEC, NULL},
	{PR_GET_SECCOMP, 1, AS_HEX, NULL},
	{PR_GET_TID_ADDRESS, 2, AS_HEX, NULL},
	{PR_SET_PTRACER, 2, AS_DEC, NULL},
};

static size_t prctl_row(uint64_t option)
{
	size_t k = 0;

	while (k < sizeof(prctls) / sizeof(*prctls) && (uint64_t)prctls[k].option != option)
		k++;
	return k;
}

unsigned kinds_prctl_count(uint64_t option)
{
	size_t k = prctl_row(option);

	return k < sizeof(prctls) / sizeof(*prctls) ? prctls[k].count : 5;
}

bool kinds_prctl_late(const struct args_call *c)
{
	return kinds_value(c, 0) == PR_GET_NAME;
}

void kinds_prctlarg(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i);
	size_t k = prctl_row(kinds_value(c, 0));

	switch (k < sizeof(prctls) / sizeof(*prctls) ? prctls[k].second : AS_HEX) {
	case AS_DEC: bytes_add_decimal(out, (int64_t)v); break;
	case AS_STRING: bytes_add_string(out, c->mem, v); break;
	case AS_OUTSTRING:
		if (c->done && !c->error)
			bytes_add_string(out, c->mem, v);
		else
			bytes_add_address(out, v);
		break;
	case AS_SIGNAL:
		if (v)
			signame_add(out, (int)v);
		else
			buf_chr(out, '0');
		break;
	case AS_GROUP: group_add(out, group_find(prctls[k].group), v); break;
	case AS_HEX: bytes_add_address(out, v); break;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * A line is text with holes: what the call reads is put into words at entry, and where it writes
 * something only the place is noted. At exit the holes are filled. So what is shown of a path is what the
 * kernel was given, whatever other threads did to it since, and an exec can be shown although
 * all that it was called with is gone.
 */
#include "sys/args.h"

#include <linux/fcntl.h>
#include <string.h>

#include "sys/bytes.h"
#include "sys/errname.h"
#include "sys/fold.h"
#include "sys/group.h"
#include "sys/kinds.h"
#include "sys/kinds_by.h"
#include "sys/signame.h"
#include "sys/tables.h"

/* O_CREAT or O_TMPFILE without the O_DIRECTORY that it is made of, somewhere in the flags: a mode follows. */
static bool makes_file(const struct args_call *c)
{
	const struct sysent_arg *a;

	for (unsigned i = 0; (a = kinds_arg(c, i)); i++)
		if (a->kind == ARG_OPEN)
			return kinds_value(c, i) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
	return true;
}

unsigned args_count(const struct args_call *call)
{
	const struct sysent_arg *a;

	if (!call->ent || call->ent->nargs == SYSENT_NONE)
		return SYSENT_ARGS;
	for (unsigned i = 0; (a = kinds_arg(call, i)); i++)
		switch (a->kind) {
		case ARG_MODE:
			if (!makes_file(call))
				return i;
			break;
		case ARG_FCNTLARG: return kinds_fcntl_count(kinds_value(call, 1));
		case ARG_FUTEX: return kinds_futex_count(kinds_value(call, i));
		case ARG_PRCTLARG: return kinds_prctl_count(kinds_value(call, 0));
		default: break;
		}
	return call->ent->nargs;
}

static unsigned count_of(const struct args_call *call, unsigned options)
{
	if (!(options & ARGS_RAW))
		return args_count(call);
	return call->ent && call->ent->nargs != SYSENT_NONE ? call->ent->nargs : SYSENT_ARGS;
}

void args_add_name(const struct args_call *call, unsigned options, struct buf *out)
{
	unsigned hidden;
	const char *classic;

	if (!call->ent) {
		buf_fmt(out, "sys#%llu", (unsigned long long)call->nr);
		return;
	}
	classic = options & (ARGS_UNFOLDED | ARGS_RAW) ? NULL : fold_name(call, &hidden);
	buf_str(out, classic ? classic : call->ent->name);
}

void args_add(const struct args_call *call, unsigned i, unsigned options, struct buf *out)
{
	kinds_add(call, i, options, out);
}

void args_enter(struct args_line *line, const struct args_call *call, unsigned options)
{
	unsigned hidden = 0, count = count_of(call, options);
	const char *classic = NULL;
	bool first = true;

	buf_clear(&line->text);
	line->options = options;
	line->shown = 0;
	line->count = count;
	if (call->ent) {
		if (!(options & (ARGS_UNFOLDED | ARGS_RAW)))
			classic = fold_name(call, &hidden);
		buf_str(&line->text, classic ? classic : call->ent->name);
	} else
		args_add_name(call, options, &line->text);
	buf_chr(&line->text, '(');
	for (unsigned i = 0; i < count; i++) {
		const struct sysent_arg *a = kinds_arg(call, i);

		if ((hidden >> i & 1) || (a && a->kind == ARG_HI && !(options & ARGS_RAW)))
			continue;
		if (!first)
			buf_add(&line->text, ", ", 2);
		first = false;
		if (kinds_late(call, i, options)) {
			line->shown |= 1u << i;
			line->at[i] = (uint32_t)line->text.len;
		} else
			kinds_add(call, i, options, &line->text);
	}
	buf_chr(&line->text, ')');
}

void args_leave(const struct args_line *line, const struct args_call *call, struct buf *out)
{
	size_t from = 0;

	for (unsigned i = 0; line->shown >> i && i < SYSENT_ARGS; i++) {
		if (!(line->shown >> i & 1))
			continue;
		buf_add(out, line->text.data + from, line->at[i] - from);
		from = line->at[i];
		kinds_add(call, i, line->options, out);
	}
	if (line->text.len > from)
		buf_add(out, line->text.data + from, line->text.len - from);
}

void args_free(struct args_line *line)
{
	buf_free(&line->text);
}

static void add_success(const struct args_call *c, struct buf *out)
{
	const struct sysent *e = c->ent;
	int64_t v = c->result;

	switch (e ? e->ret : SYSENT_RET_DEC) {
	case SYSENT_RET_HEX:
		bytes_add_address(out, abi_long(c->abi) == 4 ? (uint32_t)v : (uint64_t)v);
		break;
	case SYSENT_RET_OCT: buf_fmt(out, v ? "0%llo" : "%llo", (unsigned long long)v); break;
	case SYSENT_RET_UNSIGNED:
		buf_dec(out, abi_long(c->abi) == 4 ? (uint32_t)v : (uint64_t)v);
		break;
	case SYSENT_RET_FD: kinds_add_fd(c, (int)v, out); break;
	case SYSENT_RET_SIGNAL: signame_add(out, v); break;
	case SYSENT_RET_GROUP: group_add(out, sys_group(e->group), (uint64_t)v); break;
	case SYSENT_RET_SMALL:
		if (v < 0)
			bytes_add_decimal(out, (int64_t)v);
		else
			bytes_add_small(out, (uint64_t)v, 8);
		break;
	default: bytes_add_decimal(out, (int64_t)v);
	}
}

/* The original's second result: what wait(2) and its like say of the child. */
static void add_second(const struct args_call *c, struct buf *out)
{
	const struct sysent_arg *a;
	uint64_t status;

	for (unsigned i = 0; (a = kinds_arg(c, i)); i++)
		if (a->kind == ARG_WAITSTAT && c->result > 0 && kinds_value(c, i) &&
			memory_number(c->mem, kinds_value(c, i), 4, &status))
			buf_fmt(out, " [ 0x%.4X ]", (unsigned)status);
}

bool args_looks_back(const struct args_line *line, const struct args_call *call)
{
	const struct sysent_arg *a;

	for (unsigned i = 0; (a = kinds_arg(call, i)); i++)
		if (a->kind == ARG_WAITSTAT)
			return true;
	return line->shown;
}

/* What a fcntl(2) gives back depends on what was asked. */
static bool is_new_descriptor(const struct args_call *c)
{
	uint64_t cmd = kinds_value(c, 1);

	return c->ent && c->ent->nargs == 3 && c->ent->args[2].kind == ARG_FCNTLARG &&
		(cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC);
}

void args_add_result(const struct args_call *call, struct buf *out)
{
	const char *name;

	if (!call->error) {
		buf_add(out, "= ", 2);
		if (is_new_descriptor(call))
			kinds_add_fd(call, (int)call->result, out);
		else
			add_success(call, out);
		add_second(call, out);
		return;
	}
	buf_fmt(out, "Err#%d", call->error);
	name = errname(call->error);
	if (name)
		buf_fmt(out, " %s", name);
}

void args_add_strings(const struct args_call *call, struct buf *out)
{
	const struct sysent_arg *a;
	unsigned count = args_count(call);

	for (unsigned i = 0; i < count && (a = kinds_arg(call, i)); i++) {
		bool at_exit = a->kind == ARG_OUTSTR || (a->kind == ARG_DATA && (a->way & ARG_OUT));

		if (a->kind != ARG_STR && a->kind != ARG_OUTSTR && a->kind != ARG_DATA)
			continue;
		if (at_exit != call->done || !kinds_value(call, i) || (at_exit && call->error))
			continue;
		buf_str(out, "     ");
		bytes_add_address(out, kinds_value(call, i));
		buf_str(out, ": ");
		kinds_add(call, i, 0, out);
		buf_chr(out, '\n');
	}
}

bool args_has_string(
	const struct args_call *call, bool (*fits)(void *ctx, const char *string), void *ctx)
{
	const struct sysent_arg *a;
	char text[MEMORY_STRING + 1];
	bool ended;

	for (unsigned i = 0; (a = kinds_arg(call, i)); i++) {
		if (a->kind != ARG_STR)
			continue;
		text[memory_string(call->mem, kinds_value(call, i), text, MEMORY_STRING, &ended)] =
			'\0';
		if (ended && fits(ctx, text))
			return true;
	}
	return false;
}

uint64_t args_vector(const struct args_call *call, unsigned which)
{
	const struct sysent_arg *a;

	for (unsigned i = 0; (a = kinds_arg(call, i)); i++)
		if (a->kind == ARG_STRS && !which--)
			return kinds_value(call, i);
	return 0;
}

int args_vector_count(const struct args_call *call, uint64_t vector, int max)
{
	unsigned size = abi_pointer(call->abi);

	for (int n = 0; n < max; n++) {
		uint64_t at;

		if (!memory_number(call->mem, vector + (uint64_t)n * size, size, &at))
			return -1;
		if (!at)
			return n;
	}
	return max;
}

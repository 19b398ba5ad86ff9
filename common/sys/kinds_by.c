/* SPDX-License-Identifier: MIT */
#include "sys/kinds_by.h"

#include <arpa/inet.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/bytes.h"
#include "sys/group.h"
#include "sys/request.h"
#include "sys/signame.h"

/* A value of one group, and bits of another beside it, left out where there are none. */
static void add_two(
	struct buf *out, const char *group, uint64_t value, const char *more, uint64_t bits)
{
	group_add(out, group_find(group), value);
	if (!bits)
		return;
	buf_chr(out, '|');
	group_add(out, group_find(more), bits);
}

void kinds_mmap(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i), bits = v & ~(uint64_t)MAP_TYPE;
	unsigned huge = (unsigned)(bits >> MAP_HUGE_SHIFT & MAP_HUGE_MASK);

	/* The size of a huge page lies in six bits that mean nothing without it (mmap(2)). */
	if (!(bits & MAP_HUGETLB))
		huge = 0;
	bits &= ~((uint64_t)(huge ? MAP_HUGE_MASK : 0) << MAP_HUGE_SHIFT);
	add_two(out, "mmap_type", v & MAP_TYPE, "mmap_flags", bits);
	if (huge)
		buf_fmt(out, "|%u<<MAP_HUGE_SHIFT", huge);
}

void kinds_ioctl(const struct args_call *c, unsigned i, struct buf *out)
{
	request_add(out, (uint32_t)kinds_value(c, i), abi_pointer(c->abi) == 4);
}

void kinds_fcntlarg(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i);

	switch (kinds_value(c, 1)) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETOWN:
	case F_SETPIPE_SZ: bytes_add_decimal(out, (int)v); break;
	case F_SETFD:
		if (v)
			group_add(out, group_find("fd_flags"), (uint32_t)v);
		else
			buf_chr(out, '0');
		break;
	case F_SETFL: kinds_add_open(out, (uint32_t)v); break;
	case F_SETSIG: signame_add(out, (int)v); break;
	case F_SETLEASE: group_add(out, group_find("lock_type"), (uint32_t)v); break;
	case F_ADD_SEALS: group_add(out, group_find("seals"), (uint32_t)v); break;
	case F_NOTIFY: group_add(out, group_find("notify_events"), (uint32_t)v); break;
	default: bytes_add_address(out, v);
	}
}

unsigned kinds_fcntl_count(uint64_t cmd)
{
	switch (cmd) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS: return 2;
	default: return 3;
	}
}

void kinds_socktype(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = (uint32_t)kinds_value(c, i);

	add_two(out, "sock_type", v & 0xf, "sock_flags", v & ~(uint64_t)0xf);
}

void kinds_sockproto(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i);

	switch (kinds_value(c, 0)) {
	case AF_INET:
	case AF_INET6: group_add(out, group_find("ip_proto"), v); break;
	case AF_NETLINK: group_add(out, group_find("netlink_family"), v); break;
	case AF_BLUETOOTH: group_add(out, group_find("bt_proto"), v); break;
	case AF_PACKET:
		buf_str(out, "htons(");
		group_add(out, group_find("ether_type"), ntohs((uint16_t)v));
		buf_chr(out, ')');
		break;
	default: bytes_add_decimal(out, (int64_t)v);
	}
}

const struct group *kinds_sockopts(uint64_t level)
{
	static const struct {
		unsigned level;
		const char *group;
	} levels[] = {
		{SOL_SOCKET, "so_opt"},
		{0, "ip_opt"},
		{6, "tcp_opt"},
		{17, "udp_opt"},
		{41, "ipv6_opt"},
		{132, "sctp_opt"},
		{SOL_PACKET, "packet_opt"},
		{270, "netlink_opt"},
		{282, "tls_opt"},
		{AF_VSOCK, "vsock_opt"},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (levels[i].level == level)
			return group_find(levels[i].group);
	return NULL;
}

void kinds_sockopt(const struct args_call *c, unsigned i, struct buf *out)
{
	const struct group *g = kinds_sockopts((uint32_t)kinds_value(c, 1));
	uint64_t v = kinds_value(c, i);

	if (g)
		group_add(out, g, v);
	else
		bytes_add_decimal(out, (int64_t)v);
}

void kinds_clone(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i), flags = v & ~(uint64_t)CSIGNAL, signal = v & CSIGNAL;

	if (flags || !signal)
		group_add(out, group_find("clone_flags"), flags);
	if (flags && signal)
		buf_chr(out, '|');
	if (signal)
		signame_add(out, (int64_t)signal);
}

static uint64_t futex_command(uint64_t op)
{
	return (uint32_t)op & (uint32_t)FUTEX_CMD_MASK;
}

void kinds_futex(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = (uint32_t)kinds_value(c, i), command = futex_command(v);

	add_two(out, "futex_op", command, "futex_flags", v & ~command);
}

bool kinds_futex_timed(uint64_t op)
{
	switch (futex_command(op)) {
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_CMP_REQUEUE_PI:
	case FUTEX_WAKE_OP: return false;
	default: return true;
	}
}

unsigned kinds_futex_count(uint64_t op)
{
	switch (futex_command(op)) {
	case FUTEX_WAKE:
	case FUTEX_UNLOCK_PI:
	case FUTEX_TRYLOCK_PI: return 3;
	case FUTEX_WAIT:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2: return 4;
	case FUTEX_REQUEUE: return 5;
	default: return 6;
	}
}

void kinds_futextime(const struct args_call *c, unsigned i, struct buf *out)
{
	if (kinds_futex_timed(kinds_value(c, 1)))
		bytes_add_address(out, kinds_value(c, i));
	else
		buf_dec(out, (uint32_t)kinds_value(c, i));
}

void kinds_futexval3(const struct args_call *c, unsigned i, struct buf *out)
{
	uint32_t v = (uint32_t)kinds_value(c, i);

	if (futex_command(kinds_value(c, 1)) != FUTEX_WAKE_OP) {
		if (v == FUTEX_BITSET_MATCH_ANY)
			buf_str(out, "FUTEX_BITSET_MATCH_ANY");
		else
			bytes_add_address(out, v);
		return;
	}
	/* FUTEX_OP() of <linux/futex.h>: operation, its argument, comparison, its argument. */
	buf_str(out, "FUTEX_OP(");
	group_add(out, group_find("futex_wake_op"), v >> 28 & 7);
	if (v >> 31)
		buf_str(out, "|FUTEX_OP_OPARG_SHIFT");
	buf_fmt(out, ", %u, ", v >> 12 & 0xfff);
	group_add(out, group_find("futex_wake_cmp"), v >> 24 & 0xf);
	buf_fmt(out, ", %u)", v & 0xfff);
}

void kinds_ipckey(const struct args_call *c, unsigned i, struct buf *out)
{
	uint32_t v = (uint32_t)kinds_value(c, i);

	if (v)
		bytes_add_address(out, v);
	else
		buf_str(out, "IPC_PRIVATE");
}

void kinds_ipcflag(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = (uint32_t)kinds_value(c, i), flags = v & ~(uint64_t)0777;

	if (flags) {
		group_add(out, group_find("shm_flags"), flags);
		buf_chr(out, '|');
	}
	buf_fmt(out, "0%o", (unsigned)(v & 0777));
}

void kinds_ipccmd(const struct args_call *c, unsigned i, struct buf *out)
{
	const char *name = c->ent->name;
	uint64_t v = kinds_value(c, i);

	/* IPC_64 (ipc(2)): the new layout, on which the C library of 32-bit programs insists. */
	if (abi_long(c->abi) == 4)
		v &= ~(uint64_t)0x100;
	group_add(out,
		group_find(!strncmp(name, "shm", 3)        ? "shm_cmd"
				: !strncmp(name, "sem", 3) ? "sem_cmd"
							   : "msg_cmd"),
		v);
}

void kinds_sched(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = (uint32_t)kinds_value(c, i), reset = v & SCHED_RESET_ON_FORK;

	add_two(out, "sched_policy", v & ~reset, "sched_policy_flags", reset);
}

void kinds_personality(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = (uint32_t)kinds_value(c, i);

	/* Asks, and changes nothing. */
	if (v == UINT32_MAX)
		bytes_add_address(out, v);
	else
		add_two(out, "personality", v & 0xff, "personality_flags", v & ~(uint64_t)0xff);
}

void kinds_mpol(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i), flags = v & 0xe000;

	add_two(out, "mpol", v & ~(uint64_t)0xe000, "mpol_flags", flags);
}

void kinds_closemax(const struct args_call *c, unsigned i, struct buf *out)
{
	uint32_t v = (uint32_t)kinds_value(c, i);

	if (v == UINT32_MAX)
		bytes_add_address(out, v);
	else
		buf_dec(out, v);
}

void kinds_quotacmd(const struct args_call *c, unsigned i, struct buf *out)
{
	uint32_t v = (uint32_t)kinds_value(c, i);

	buf_str(out, "QCMD(");
	group_add(out, group_find("quota_cmd"), v >> 8);
	buf_str(out, ", ");
	group_add(out, group_find("quota_type"), v & 0xff);
	buf_chr(out, ')');
}

void kinds_fsconfigarg(const struct args_call *c, unsigned i, struct buf *out)
{
	uint64_t v = kinds_value(c, i);

	switch (kinds_value(c, 1)) {
	case FSCONFIG_SET_STRING:
	case FSCONFIG_SET_PATH:
	case FSCONFIG_SET_PATH_EMPTY: bytes_add_string(out, c->mem, v); break;
	case FSCONFIG_SET_BINARY:
		bytes_add_peek(out, c->mem, v, (uint32_t)kinds_value(c, 4));
		break;
	default: bytes_add_address(out, v);
	}
}

/* ioprio_set(2): a class above bit 13, what it makes of the others below. */
void kinds_ioprio(const struct args_call *c, unsigned i, struct buf *out)
{
	uint32_t v = (uint32_t)kinds_value(c, i);

	buf_str(out, "IOPRIO_PRIO_VALUE(");
	group_add(out, group_find("ioprio_class"), v >> 13);
	buf_fmt(out, ", %u)", v & 0x1fff);
}

void kinds_keyring(const struct args_call *c, unsigned i, struct buf *out)
{
	const char *name = group_word(group_find("key_spec"), kinds_value(c, i));

	if (name)
		buf_str(out, name);
	else
		bytes_add_decimal(out, (int)kinds_value(c, i));
}

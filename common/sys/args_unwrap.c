/* SPDX-License-Identifier: MIT */
/* Part of args.h: two calls of 32-bit programs that stand for many (socketcall(2), ipc(2)). */
#include <linux/ipc.h>
#include <linux/net.h>
#include <string.h>

#include "sys/args.h"
#include "sys/kinds.h"

/* SYS_* of <linux/net.h>; send and recv are sendto and recvfrom without an address. */
static const struct {
	const char *name;
	unsigned args;
} sockets[] = {
	[SYS_SOCKET] = {"socket", 3},
	[SYS_BIND] = {"bind", 3},
	[SYS_CONNECT] = {"connect", 3},
	[SYS_LISTEN] = {"listen", 2},
	[SYS_ACCEPT] = {"accept", 3},
	[SYS_GETSOCKNAME] = {"getsockname", 3},
	[SYS_GETPEERNAME] = {"getpeername", 3},
	[SYS_SOCKETPAIR] = {"socketpair", 4},
	[SYS_SEND] = {"sendto", 4},
	[SYS_RECV] = {"recvfrom", 4},
	[SYS_SENDTO] = {"sendto", 6},
	[SYS_RECVFROM] = {"recvfrom", 6},
	[SYS_SHUTDOWN] = {"shutdown", 2},
	[SYS_SETSOCKOPT] = {"setsockopt", 5},
	[SYS_GETSOCKOPT] = {"getsockopt", 5},
	[SYS_SENDMSG] = {"sendmsg", 3},
	[SYS_RECVMSG] = {"recvmsg", 3},
	[SYS_ACCEPT4] = {"accept4", 4},
	[SYS_RECVMMSG] = {"recvmmsg", 5},
	[SYS_SENDMMSG] = {"sendmmsg", 4},
};

/* The table of 32-bit programs, else of the others: accept(2) has a number of its own only there. */
static bool become(struct args_call *c, const char *name, const uint64_t arg[SYSENT_ARGS])
{
	const struct sysent *e = sysent_named(c->abi, name);

	if (!e)
		e = sysent_named(ABI_X86_64, name);
	if (!e)
		return false;
	c->ent = e;
	memcpy(c->arg, arg, sizeof(c->arg));
	return true;
}

static bool socket_call(struct args_call *c)
{
	uint64_t which = (uint32_t)c->arg[0], arg[SYSENT_ARGS] = {0};

	if (which >= sizeof(sockets) / sizeof(*sockets) || !sockets[which].name)
		return false;
	for (unsigned i = 0; i < sockets[which].args; i++)
		if (!memory_number(c->mem, (uint32_t)c->arg[1] + 4 * i, 4, &arg[i]))
			return false;
	return become(c, sockets[which].name, arg);
}

/* ipc(2): call, first, second, third, ptr, fifth; each call takes its own choice of them. */
static bool ipc_call(struct args_call *c)
{
	uint64_t first = c->arg[1], second = c->arg[2], third = c->arg[3], ptr = c->arg[4], word,
		 more;

	switch ((uint32_t)c->arg[0]) {
	case SEMOP: return become(c, "semop", (uint64_t[6]){first, ptr, second});
	case SEMTIMEDOP:
		return become(c, "semtimedop", (uint64_t[6]){first, ptr, second, c->arg[5]});
	case SEMGET: return become(c, "semget", (uint64_t[6]){first, second, third});
	case SEMCTL:
		return memory_number(c->mem, (uint32_t)ptr, 4, &word) &&
			become(c, "semctl", (uint64_t[6]){first, second, third, word});
	case MSGSND: return become(c, "msgsnd", (uint64_t[6]){first, ptr, second, third});
	case MSGRCV:
		return memory_number(c->mem, (uint32_t)ptr, 4, &word) &&
			memory_number(c->mem, (uint32_t)ptr + 4, 4, &more) &&
			become(c, "msgrcv", (uint64_t[6]){first, word, second, more, third});
	case MSGGET: return become(c, "msgget", (uint64_t[6]){first, second});
	case MSGCTL: return become(c, "msgctl", (uint64_t[6]){first, second, ptr});
	case SHMGET: return become(c, "shmget", (uint64_t[6]){first, second, third});
	/* Where its result goes is kept behind its own arguments. */
	case SHMAT: return become(c, "shmat", (uint64_t[6]){first, ptr, second, third});
	case SHMDT: return become(c, "shmdt", (uint64_t[6]){ptr});
	case SHMCTL: return become(c, "shmctl", (uint64_t[6]){first, second, ptr});
	default: return false;
	}
}

bool args_unwrap(struct args_call *call)
{
	if (call->abi != ABI_I386 || !call->ent)
		return false;
	if (!strcmp(call->ent->name, "socketcall"))
		return socket_call(call);
	if (!strcmp(call->ent->name, "ipc"))
		return ipc_call(call);
	return false;
}

void args_unwrap_result(struct args_call *call)
{
	uint64_t address;

	if (call->abi != ABI_I386 || call->error || !call->ent ||
		strcmp(call->ent->name, "shmat") != 0)
		return;
	/* i386 has a shmat(2) of its own, too, which has its own number. */
	if (call->nr != call->ent->number &&
		memory_number(call->mem, (uint32_t)call->arg[3], 4, &address))
		call->result = (int64_t)address;
}

/* SPDX-License-Identifier: MIT */
/* The calls that wait for a descriptor, by either table of numbers, beside the table of all calls. */
#include <fcntl.h>
#include <linux/net.h>

#include "proc/waits.h"
#include "sys/sysent.h"
#include "tap.h"

/* Every call that is taken for one is that one, and its descriptors are arguments that it has. */
static void beside(enum wait_table table, enum abi abi)
{
	int found = 0, wrong = 0;

	for (long nr = 0; nr < 600; nr++) {
		const struct wait_call *c = waits_call(table, nr);
		const struct sysent *e = sysent_find(abi, (uint64_t)nr);

		if (!c)
			continue;
		found++;
		if (!e || strcmp(e->name, c->name) != 0 || (e->nargs < 6 && c->fds >> e->nargs))
			wrong++;
		if (c->form == WAIT_FDS && c->fds == 1 && e && e->fd != SYSENT_NONE && e->fd != 0)
			wrong++;
	}
	OK(found > 30, "%s: %d calls", abi_name(abi), found);
	IS(wrong, 0, "%s: numbers", abi_name(abi));
	OK(!strcmp(waits_poll(table)->name, "poll"), "%s: poll", abi_name(abi));
}

int main(void)
{
	beside(WAIT_TABLE_64, ABI_X86_64);
	beside(WAIT_TABLE_32, ABI_I386);
	OK(!waits_call(WAIT_TABLE_NONE, 0), "not behind a call");
	IS(waits_call(WAIT_TABLE_64, 23)->form, WAIT_SELECT, "select");
	IS(waits_call(WAIT_TABLE_32, 82)->form, WAIT_OLD_SELECT, "the select of old");
	IS(waits_call(WAIT_TABLE_32, 142)->form, WAIT_SELECT, "the new one");
	IS(waits_table((const unsigned char[]){0x0f, 0x05}), WAIT_TABLE_64, "syscall");
	IS(waits_table((const unsigned char[]){0xcd, 0x80}), WAIT_TABLE_32, "int 0x80");
	IS(waits_table((const unsigned char[]){0x90, 0x90}), WAIT_TABLE_NONE, "neither");
	OK(waits_fcntl(WAIT_TABLE_64, F_OFD_SETLKW) && waits_fcntl(WAIT_TABLE_64, F_SETLKW),
		"locks that are waited for");
	OK(!waits_fcntl(WAIT_TABLE_64, F_SETLK) && !waits_fcntl(WAIT_TABLE_64, F_GETFL), "others");
	OK(waits_fcntl(WAIT_TABLE_32, 14) && !waits_fcntl(WAIT_TABLE_64, 14), "F_SETLKW64");
	OK(!strcmp(waits_socketcall(SYS_ACCEPT4), "accept4"), "socketcall");
	OK(!waits_socketcall(SYS_BIND) && !waits_socketcall(0) && !waits_socketcall(0xffffffff),
		"those that wait for nothing, and none");
	return tap_end();
}

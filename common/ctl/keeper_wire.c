/* SPDX-License-Identifier: MIT */
#include "ctl/keeper_wire.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ctl/keeper.h"

socklen_t keeper_address(uid_t uid, unsigned slot, struct sockaddr_un *out)
{
	int n;

	memset(out, 0, sizeof *out);
	out->sun_family = AF_UNIX;
	n = snprintf(out->sun_path + 1, sizeof out->sun_path - 1, KEEPER_NAME "-%u-%u", uid, slot);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

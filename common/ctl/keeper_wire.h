/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_KEEPER_WIRE_H
#define PTOOLS_CTL_KEEPER_WIRE_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "ctl/kept.h"

/* Between tool and keeper: one question, one answer, over SOCK_SEQPACKET. */
enum keeper_op { KEEPER_HOLD = 1, KEEPER_LET_GO, KEEPER_REGISTERS };

struct keeper_ask {
	uint32_t version;
	uint32_t op;
	int32_t me; /* as the sender sees itself: another number for the other end is another pid namespace */
	struct kept_name name;
};

struct keeper_answer {
	int32_t err;
	uint32_t state;               /* enum kept_state */
	struct user_regs_struct regs; /* KEEPER_REGISTERS */
};

#define KEEPER_VERSION 1
#define KEEPER_SLOTS   4 /* addresses that a user's keeper may have, in case a stranger sits on one */
#define KEEPER_FD      3   /* the bound socket that a keeper is started with */
#define KEEPER_TITLE   240 /* bytes of argv[0], which it writes its title into */

socklen_t keeper_address(uid_t uid, unsigned slot, struct sockaddr_un *out);

#endif

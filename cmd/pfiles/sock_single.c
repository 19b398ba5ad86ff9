/* SPDX-License-Identifier: MIT */
#include "sock_single.h"

#include <net/if.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "sock_kind.h"
#include "sock_slot.h"

struct device_slot {
	struct ifreq request;
	struct statx inode;
};

int sock_single_device(struct way *w, struct facts *f, struct desc *d)
{
	struct sock *k = &f->sock[d->sock - 1];
	struct sockaddr_ll ll = {0};
	struct device_slot s = {0};
	struct call c[2] = {
		{.nr = SYS_ioctl,
			.arg = {ARG_VAL(d->fd), ARG_VAL(SIOCGIFNAME),
				ARG_INOUT(&s.request, sizeof(s.request))}},
		slot_inode_call(&s.inode),
	};
	int err;

	memcpy(&ll, f->names.data + k->name.at,
		k->name.len < sizeof(ll) ? k->name.len : sizeof(ll));
	if (ll.sll_ifindex == 0)
		return 0;
	s.request.ifr_ifindex = ll.sll_ifindex;
	c[1].arg[0] = ARG_VAL(d->fd);
	err = way_batch(w, c, 2);
	if (!err && c[0].ret == 0 && c[1].ret == 0 && s.inode.stx_ino == d->ino)
		k->device = facts_keep(&f->names, s.request.ifr_name,
			strnlen(s.request.ifr_name, sizeof(s.request.ifr_name)));
	return err == ERR_NOTSUP ? 0 : err;
}

int sock_single_family(struct way *w, struct desc *d, struct sock *k)
{
	int family = -1;
	socklen_t len = sizeof(family);
	struct call c = {
		.nr = SYS_getsockopt,
		.arg = {ARG_VAL(d->fd), ARG_VAL(SOL_SOCKET), ARG_VAL(SO_DOMAIN),
			ARG_OUT(&family, sizeof(family)), ARG_INOUT(&len, sizeof(len))},
	};
	int err = way_batch(w, &c, 1);

	if (err || c.ret != 0)
		return err == ERR_NOTSUP ? 0 : err;
	k->family = family;
	k->kind = (uint8_t)sock_kind_of(k->family, k->type, k->protocol);
	return 0;
}

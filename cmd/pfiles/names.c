/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "facts.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The kernel's own values, where the C library has another one or none (asm-generic/fcntl.h). */
#define KERNEL_O_LARGEFILE 00100000
#define KERNEL_O_TMPFILE   020000000

#ifndef AF_MCTP
#define AF_MCTP 45
#endif

void names_add_type(struct buf *out, unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFCHR: buf_str(out, "S_IFCHR"); return;
	case S_IFBLK: buf_str(out, "S_IFBLK"); return;
	case S_IFIFO: buf_str(out, "S_IFIFO"); return;
	case S_IFDIR: buf_str(out, "S_IFDIR"); return;
	case S_IFREG: buf_str(out, "S_IFREG"); return;
	case S_IFLNK: buf_str(out, "S_IFLNK"); return;
	case S_IFSOCK: buf_str(out, "S_IFSOCK"); return;
	case 0: buf_str(out, "anon_inode"); return; /* epoll, eventfd and their like have no type */
	default: buf_fmt(out, "0x%04x", mode & S_IFMT);
	}
}

/* Bits that contain other bits of the table stand before them. */
static const struct {
	uint32_t bits;
	const char *name;
} flag_names[] = {
	{O_NONBLOCK, "|O_NONBLOCK"},
	{O_APPEND, "|O_APPEND"},
	{O_SYNC, "|O_SYNC"},
	{O_DSYNC, "|O_DSYNC"},
	{O_CREAT, "|O_CREAT"},
	{O_TRUNC, "|O_TRUNC"},
	{O_EXCL, "|O_EXCL"},
	{O_NOCTTY, "|O_NOCTTY"},
	{KERNEL_O_LARGEFILE, "|O_LARGEFILE"},
	{O_DIRECT, "|O_DIRECT"},
	{O_NOATIME, "|O_NOATIME"},
	{O_PATH, "|O_PATH"},
	{KERNEL_O_TMPFILE | O_DIRECTORY, "|O_TMPFILE"},
	{O_ASYNC, "|O_ASYNC"},
	{O_DIRECTORY, "|O_DIRECTORY"},
	{O_NOFOLLOW, "|O_NOFOLLOW"},
	{O_CLOEXEC, "|O_CLOEXEC"},
};

static const char *const access_names[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "0x3"};

/* A descriptor opened with O_PATH has no access mode: it can neither be read nor written. */
void names_add_flags(struct buf *out, uint32_t flags)
{
	size_t start = out->len;

	if (!(flags & O_PATH) || flags & O_ACCMODE)
		buf_str(out, access_names[flags & O_ACCMODE]);
	flags &= ~(uint32_t)O_ACCMODE;
	for (size_t i = 0; flags && i < COUNT(flag_names); i++) {
		if ((flags & flag_names[i].bits) == flag_names[i].bits) {
			buf_str(out, flag_names[i].name + (out->len == start));
			flags &= ~flag_names[i].bits;
		}
	}
	if (flags) {
		buf_str(out, "|0x");
		buf_hex(out, flags);
	}
}

static const char *const sock_types[] = {
	[SOCK_STREAM] = "SOCK_STREAM",
	[SOCK_DGRAM] = "SOCK_DGRAM",
	[SOCK_RAW] = "SOCK_RAW",
	[SOCK_RDM] = "SOCK_RDM",
	[SOCK_SEQPACKET] = "SOCK_SEQPACKET",
	[SOCK_DCCP] = "SOCK_DCCP",
	[SOCK_PACKET] = "SOCK_PACKET",
};

void names_add_sock_type(struct buf *out, int type)
{
	if (type >= 0 && (size_t)type < COUNT(sock_types) && sock_types[type])
		buf_str(out, sock_types[type]);
	else
		buf_fmt(out, "unknown socket type %d", type);
}

#define FAMILY(name) [name] = #name
static const char *const families[] = {
	FAMILY(AF_UNSPEC),
	FAMILY(AF_UNIX),
	FAMILY(AF_INET),
	FAMILY(AF_AX25),
	FAMILY(AF_IPX),
	FAMILY(AF_APPLETALK),
	FAMILY(AF_NETROM),
	FAMILY(AF_BRIDGE),
	FAMILY(AF_ATMPVC),
	FAMILY(AF_X25),
	FAMILY(AF_INET6),
	FAMILY(AF_ROSE),
	FAMILY(AF_DECnet),
	FAMILY(AF_NETBEUI),
	FAMILY(AF_SECURITY),
	FAMILY(AF_KEY),
	FAMILY(AF_NETLINK),
	FAMILY(AF_PACKET),
	FAMILY(AF_ASH),
	FAMILY(AF_ECONET),
	FAMILY(AF_ATMSVC),
	FAMILY(AF_RDS),
	FAMILY(AF_SNA),
	FAMILY(AF_IRDA),
	FAMILY(AF_PPPOX),
	FAMILY(AF_WANPIPE),
	FAMILY(AF_LLC),
	FAMILY(AF_IB),
	FAMILY(AF_MPLS),
	FAMILY(AF_CAN),
	FAMILY(AF_TIPC),
	FAMILY(AF_BLUETOOTH),
	FAMILY(AF_IUCV),
	FAMILY(AF_RXRPC),
	FAMILY(AF_ISDN),
	FAMILY(AF_PHONET),
	FAMILY(AF_IEEE802154),
	FAMILY(AF_CAIF),
	FAMILY(AF_ALG),
	FAMILY(AF_NFC),
	FAMILY(AF_VSOCK),
	FAMILY(AF_KCM),
	FAMILY(AF_QIPCRTR),
	FAMILY(AF_SMC),
	FAMILY(AF_XDP),
	FAMILY(AF_MCTP),
};

void names_add_family(struct buf *out, int family)
{
	if (family >= 0 && (size_t)family < COUNT(families) && families[family])
		buf_str(out, families[family]);
	else
		buf_fmt(out, "AF_%d", family);
}

static const char *const options[OPT_COUNT] = {
	[OPT_DEBUG] = "SO_DEBUG",
	[OPT_REUSEADDR] = "SO_REUSEADDR",
	[OPT_KEEPALIVE] = "SO_KEEPALIVE",
	[OPT_DONTROUTE] = "SO_DONTROUTE",
	[OPT_BROADCAST] = "SO_BROADCAST",
	[OPT_OOBINLINE] = "SO_OOBINLINE",
	[OPT_LINGER] = "SO_LINGER",
	[OPT_SNDBUF] = "SO_SNDBUF",
	[OPT_RCVBUF] = "SO_RCVBUF",
	[OPT_REUSEPORT] = "SO_REUSEPORT",
	[OPT_ACCEPTCONN] = "SO_ACCEPTCONN",
};

const char *names_option(unsigned option)
{
	return options[option];
}

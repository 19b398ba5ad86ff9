/* SPDX-License-Identifier: MIT */
#include "ctl/keeper_peer.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/proc.h"
#include "proc/status.h"

static bool credentials(int fd, struct ucred *out)
{
	socklen_t len = sizeof *out;

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &len);
}

pid_t keeper_peer_pid(int fd)
{
	struct ucred peer;

	return credentials(fd, &peer) ? peer.pid : 0;
}

/*
 * All capabilities in a user namespace of one's own look the same as those here. Who may not look at that link is refused:
 * for the same user that means that the peer has more, there or here.
 */
static bool same_user_namespace(const struct proc *p)
{
	struct stat theirs, ours;

	return !fstatat(proc_dirfd(p), "ns/user", &theirs, 0) &&
		!stat("/proc/self/ns/user", &ours) && theirs.st_ino == ours.st_ino &&
		theirs.st_dev == ours.st_dev;
}

/*
 * The socket says who has connected; the process may have executed a set-id program since. That would show other ids;
 * or be root's, which may do as it likes with its own.
 */
static bool is_plainly(const struct status *s, uid_t uid)
{
	return !uid ||
		(s->uid[0] == uid && s->uid[1] == uid && s->uid[2] == uid && s->uid[3] == uid);
}

static bool has_our_power(pid_t pid, uid_t uid)
{
	struct status us, them;
	struct proc *p = NULL, *self = NULL;
	bool good = !proc_open(pid, &p) && !proc_open(getpid(), &self);

	good = good && !status_read(p, 0, &them) && !status_read(self, 0, &us);
	good = good && is_plainly(&them, uid) && !(us.cap_effective & ~them.cap_permitted) &&
		same_user_namespace(p);
	proc_close(p);
	proc_close(self);
	return good;
}

bool keeper_peer_is_entitled(int fd)
{
	struct ucred peer;

	if (!credentials(fd, &peer) || (peer.uid != geteuid() && peer.uid != 0))
		return false;
	if (peer.uid == 0 && geteuid() != 0)
		return true;
	return has_our_power(peer.pid, peer.uid);
}

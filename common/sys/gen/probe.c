/* SPDX-License-Identifier: MIT */
/*
 * The structures that programs hand to the kernel, as the kernel's own headers have them: a variable
 * VS__name for each, whose layout facts.c reads out of the debugging information. Compiled for 64 and
 * for 32 bits, never linked. Nothing of the C library is included: its structures are not always the
 * kernel's.
 */
#define _SYS_SOCKET_H 1
typedef unsigned short sa_family_t;
struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};
#include <linux/types.h>
#include <linux/posix_types.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/signal.h>
#include <asm/siginfo.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <asm/poll.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/times.h>
#include <linux/timex.h>
#include <linux/resource.h>
#include <linux/uio.h>
#include <linux/utsname.h>
#include <linux/utime.h>
#include <linux/eventpoll.h>
#include <linux/sched.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <linux/ipc.h>
#include <linux/msg.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/mqueue.h>
#include <linux/perf_event.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/un.h>
#include <linux/netlink.h>
#include <linux/if_packet.h>

#define S(name) struct name VS__##name;
S(stat)
S(statfs)
S(statfs64)
S(statx)
S(timespec)
S(timeval)
S(itimerspec)
S(itimerval)
S(timezone)
S(__kernel_timespec)
S(__kernel_itimerspec)
S(__kernel_timex)
S(timex)
S(tms)
S(rlimit)
S(rlimit64)
S(rusage)
S(iovec)
S(new_utsname)
S(old_utsname)
S(oldold_utsname)
S(utimbuf)
S(epoll_event)
S(pollfd)
S(sched_param)
S(flock)
S(f_owner_ex)
S(robust_list_head)
S(iocb)
S(io_event)
S(__user_cap_header_struct)
S(__user_cap_data_struct)
S(msqid64_ds)
S(semid64_ds)
S(shmid64_ds)
S(sembuf)
S(seminfo)
S(msginfo)
S(shminfo)
S(mq_attr)
S(winsize)
S(termios)
S(termio)
S(perf_event_attr)
S(sockaddr_in)
S(sockaddr_in6)
S(sockaddr_nl)
S(sockaddr_ll)
S(in_pktinfo)
siginfo_t VS__siginfo;
stack_t VS__stack;
struct sigevent VS__sigevent;
#ifdef __i386__
S(stat64)
S(__old_kernel_stat)
S(flock64)
#endif

/* What a header may lack is left out. */
#if __has_include(<linux/sched/types.h>)
#include <linux/sched/types.h>
S(sched_attr)
#endif
#ifdef CLONE_ARGS_SIZE_VER0
S(clone_args)
#endif
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
S(open_how)
#endif
#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
S(io_uring_params)
S(io_uring_sqe)
#endif
#if __has_include(<linux/rseq.h>)
#include <linux/rseq.h>
S(rseq)
#endif
#if __has_include(<linux/sysinfo.h>)
#include <linux/sysinfo.h>
S(sysinfo)
#endif
#ifdef FUTEX_WAITV_MAX
S(futex_waitv)
#endif
#if __has_include(<linux/mount.h>)
#include <linux/mount.h>
#ifdef MOUNT_ATTR_IDMAP
S(mount_attr)
#endif
#endif
#if __has_include(<linux/vm_sockets.h>)
#include <linux/vm_sockets.h>
S(sockaddr_vm)
#endif
#if __has_include(<linux/if_alg.h>)
#include <linux/if_alg.h>
S(sockaddr_alg)
#endif
#if __has_include(<linux/if_xdp.h>)
#include <linux/if_xdp.h>
S(sockaddr_xdp)
#endif
#if __has_include(<linux/can.h>)
#include <linux/can.h>
S(sockaddr_can)
#endif
#if __has_include(<linux/tipc.h>)
#include <linux/tipc.h>
S(sockaddr_tipc)
#endif
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
S(landlock_ruleset_attr)
#endif
#if __has_include(<asm/ldt.h>)
#include <asm/ldt.h>
S(user_desc)
#endif
#if __has_include(<linux/filter.h>)
#include <linux/filter.h>
S(sock_fprog)
#endif
#if __has_include(<linux/hdreg.h>)
#include <linux/hdreg.h>
S(hd_geometry)
#endif
#if __has_include(<linux/fs.h>)
#include <linux/fs.h>
S(file_clone_range)
S(fsxattr)
#endif

/*
 * No header for programs has these: include/linux/socket.h, include/linux/signal_types.h,
 * include/linux/dirent.h, fs/readdir.c, fs/select.c, mm/mmap.c, include/linux/syscalls.h, net/core/sock.c.
 */
#undef sa_handler
struct kernel_sigaction {
	void *sa_handler;
	unsigned long sa_flags;
	void *sa_restorer;
	__u64 sa_mask;
} __attribute__((packed, aligned(4)));
struct kernel_sigaction VS__sigaction;
struct old_sigaction_layout {
	void *sa_handler;
	unsigned long sa_mask;
	unsigned long sa_flags;
	void *sa_restorer;
} VS__old_sigaction;
struct user_msghdr {
	void *msg_name;
	int msg_namelen;
	struct iovec *msg_iov;
	__kernel_size_t msg_iovlen;
	void *msg_control;
	__kernel_size_t msg_controllen;
	unsigned int msg_flags;
};
struct user_msghdr VS__msghdr;
struct mmsghdr {
	struct user_msghdr msg_hdr;
	unsigned int msg_len;
} VS__mmsghdr;
struct cmsghdr {
	__kernel_size_t cmsg_len;
	int cmsg_level;
	int cmsg_type;
} VS__cmsghdr;
struct linux_dirent {
	unsigned long d_ino;
	unsigned long d_off;
	unsigned short d_reclen;
	char d_name[1];
} VS__linux_dirent;
struct linux_dirent64 {
	__u64 d_ino;
	__s64 d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[1];
} VS__linux_dirent64;
struct sigset_arg {
	void *sigmask;
	__kernel_size_t size;
} VS__sigset_arg;
struct mmap_arg_struct {
	unsigned long addr, len, prot, flags, fd, offset;
} VS__mmap_arg_struct;
struct sel_arg_struct {
	unsigned long n;
	void *inp, *outp, *exp, *tvp;
} VS__sel_arg_struct;
struct ucred {
	__u32 pid, uid, gid;
} VS__ucred;
struct linger {
	int l_onoff, l_linger;
} VS__linger;
struct file_handle {
	__u32 handle_bytes;
	__s32 handle_type;
	unsigned char f_handle[];
} VS__file_handle;
struct in6_pktinfo_layout {
	__u8 ipi6_addr[16];
	int ipi6_ifindex;
} VS__in6_pktinfo;
/* From include/uapi of later kernels: linux/mount.h 6.8, linux/mman.h 6.5, linux/fs.h 6.17, linux/xattr.h 6.13. */
struct mnt_id_req_layout {
	__u32 size, mnt_ns_fd;
	__u64 mnt_id, param, mnt_ns_id;
} VS__mnt_id_req;
struct cachestat_range_layout {
	__u64 off, len;
} VS__cachestat_range;
struct cachestat_layout {
	__u64 nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
} VS__cachestat;
struct file_attr_layout {
	__u64 fa_xflags;
	__u32 fa_extsize, fa_nextents, fa_projid, fa_cowextsize;
} VS__file_attr;
struct xattr_args_layout {
	__u64 value;
	__u32 size, flags;
} VS__xattr_args;

/* SPDX-License-Identifier: MIT */
/* build: static 32 */
/*
 * special DIR: descriptors of the kinds that only Linux has. Prints of each its number and the lines that
 * pfiles has to show beyond the original's.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <mqueue.h>
#include <net/if.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "victim.h"

static const char *dir;

__attribute__((format(printf, 2, 3))) static void notes(int fd, const char *format, ...)
{
	va_list ap;

	victim_first_line(fd);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
}

/* "      mount id:..." of a file that is in a mounted file system. */
static void mount_line(int fd)
{
	long id = victim_fdinfo(fd, "mnt_id:\t");
	char line[4096], type[64], source[1024];
	FILE *f;

	must((f = fopen("/proc/self/mountinfo", "r")));
	while (fgets(line, sizeof(line), f)) {
		char *dash = strstr(line, " - ");

		if (strtol(line, NULL, 10) == id && dash &&
			sscanf(dash, " - %63s %1023s", type, source) == 2)
			printf("      mount id:%ld type:%s source:%s\n", id, type, source);
	}
	fclose(f);
}

static int file(const char *name, int want)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return put_at(open(path, O_RDWR | O_CREAT, 0600), want);
}

static void files(void)
{
	victim_first_line(file("plain", 10));
	mount_line(10);
	printf("      same-open-file fd:12\n");
	victim_first_line(file("plain", 11));
	mount_line(11);
	must(dup2(10, 12) == 12);
	victim_first_line(12);
	mount_line(12);
	printf("      same-open-file fd:10\n");
	victim_first_line(put_at(open("/dev/null", O_RDWR), 13));
	mount_line(13);
	printf("      device driver:mem\n");
	must(fcntl(put_at(memfd_create("na \"me", MFD_ALLOW_SEALING), 14), F_ADD_SEALS,
		     F_SEAL_GROW | F_SEAL_SEAL) == 0);
	notes(14, "      memfd name:\"na \\x22me\" seals:F_SEAL_SEAL|F_SEAL_GROW\n");
	notes(put_at(open("/proc/self/ns/user", O_RDONLY), 15),
		"      namespace type:user owner:%s\n", getenv("OWNER") ? getenv("OWNER") : "0");
	notes(put_at(open("/proc/self/ns/mnt", O_RDONLY), 16), "      namespace type:mnt\n");
}

static void pipes(void)
{
	int end[2], pid = (int)getpid();
	char fifo[4096];

	must(pipe(end) == 0);
	put_at(end[0], 20);
	put_at(end[1], 21);
	must(fcntl(20, F_SETPIPE_SZ, 16384) == 16384 && write(21, "abc", 3) == 3);
	notes(20,
		"      pipe capacity:16384 unread:3\n"
		"      end process:%s[%d] fd:21 access:write\n",
		program_invocation_short_name, pid);
	notes(21,
		"      pipe capacity:16384 unread:3\n"
		"      watched-by fd:30 events:EPOLLOUT|EPOLLERR|EPOLLHUP\n"
		"      end process:%s[%d] fd:20 access:read\n",
		program_invocation_short_name, pid);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	must(mkfifo(fifo, 0600) == 0);
	victim_first_line(put_at(open(fifo, O_RDWR), 22));
	mount_line(22);
	printf("      fifo capacity:%d unread:0\n", fcntl(22, F_GETPIPE_SZ));
}

static void anonymous(void)
{
	struct epoll_event in = {.events = EPOLLIN | EPOLLET, .data = {.u64 = 0x1234}};
	struct epoll_event out = {.events = EPOLLOUT, .data = {.u64 = 7}};
	struct itimerspec never = {.it_interval = {2, 500}};
	struct stat s;
	sigset_t set;
	int e = put_at(epoll_create1(0), 30), ev = put_at(eventfd(9, EFD_SEMAPHORE), 31);
	struct stat p;

	must(epoll_ctl(e, EPOLL_CTL_ADD, ev, &in) == 0 && fstat(ev, &s) == 0);
	must(epoll_ctl(e, EPOLL_CTL_ADD, 21, &out) == 0 && fstat(21, &p) == 0);
	victim_first_line(e);
	printf("      epoll fd:21 events:EPOLLOUT|EPOLLERR|EPOLLHUP data:0x7 ino:%llu dev:%u,%u "
	       "file:pipe:[%llu]\n",
		(unsigned long long)p.st_ino, major(p.st_dev), minor(p.st_dev),
		(unsigned long long)p.st_ino);
	printf("      epoll fd:31 events:EPOLLIN|EPOLLERR|EPOLLHUP|EPOLLET data:0x1234 ino:%llu "
	       "dev:%u,%u file:anon_inode:[eventfd]\n",
		(unsigned long long)s.st_ino, major(s.st_dev), minor(s.st_dev));
	notes(ev,
		"      eventfd count:9 id:%ld semaphore\n"
		"      watched-by fd:30 events:EPOLLIN|EPOLLERR|EPOLLHUP|EPOLLET\n",
		victim_fdinfo(ev, "eventfd-id:"));
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR2);
	notes(put_at(signalfd(-1, &set, 0), 32), "      signalfd signals:SIGINT|SIGUSR2\n");
	put_at(timerfd_create(CLOCK_BOOTTIME, 0), 33);
	must(timerfd_settime(33, 0, &never, NULL) == 0);
	notes(33,
		"      timerfd clock:CLOCK_BOOTTIME ticks:0 flags:0 remaining:0.000000000 "
		"interval:2.000000500\n");
	notes(put_at((int)syscall(SYS_pidfd_open, getpid(), 0), 34),
		"      pidfd pid:%d nspid:%d command:%s\n", (int)getpid(), (int)getpid(),
		program_invocation_short_name);
}

/* With a path where handles may be opened: by root. */
static void watches(void)
{
	struct stat s;
	int fd = put_at(inotify_init1(0), 40), wd;

	must((wd = inotify_add_watch(fd, dir, IN_CREATE | IN_DELETE)) > 0 && stat(dir, &s) == 0);
	notes(fd, "      inotify wd:%d ino:%llu dev:%u,%u mask:IN_CREATE|IN_DELETE", wd,
		(unsigned long long)s.st_ino, major(s.st_dev), minor(s.st_dev));
	if (geteuid() == 0)
		printf(" path:%s", dir);
	puts("");
}

static void queue(void)
{
	struct mq_attr a = {.mq_maxmsg = 3, .mq_msgsize = 50};
	char name[64];
	mqd_t q;

	snprintf(name, sizeof(name), "/ptools-test-%d", (int)getpid());
	q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a);
	if (q < 0)
		return; /* a kernel without, or no room for one more */
	must(mq_unlink(name) == 0 && mq_send(q, "hello", 5, 0) == 0);
	victim_first_line(put_at((int)q, 50));
	mount_line(50);
	printf("      mqueue messages:1 most:3 message-size:50\n");
}

static void terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), pid = (int)getpid(), n;
	const char *slave;

	if (master < 0)
		return;
	put_at(master, 60);
	must(grantpt(60) == 0 && unlockpt(60) == 0 && (slave = ptsname(60)));
	n = atoi(slave + strlen("/dev/pts/"));
	put_at(open(slave, O_RDWR | O_NOCTTY), 61);
	victim_first_line(60);
	mount_line(60);
	printf("      pty index:%d\n      end process:%s[%d] fd:61 access:read-write\n", n,
		program_invocation_short_name, pid);
	victim_first_line(61);
	mount_line(61);
	printf("      pty index:%d\n      end process:%s[%d] fd:60 access:read-write\n", n,
		program_invocation_short_name, pid);
}

static void tunnel(void)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0)
		return;
	strcpy(r.ifr_name, "ptools%d");
	if (ioctl(fd, TUNSETIFF, &r) < 0) {
		close(fd);
		return;
	}
	victim_first_line(put_at(fd, 70));
	mount_line(70);
	printf("      tun interface:%s flags:IFF_TAP|IFF_NO_PI\n", r.ifr_name);
}

int main(int argc, char **argv)
{
	char three[3];

	must(argc == 2);
	dir = argv[1];
	files();
	pipes();
	anonymous();
	watches();
	queue();
	terminal();
	tunnel();
	victim_wait();
	/* Nothing was read, nothing was moved. */
	must(read(20, three, 3) == 3 && memcmp(three, "abc", 3) == 0);
	must(lseek(10, 0, SEEK_CUR) == 0 && fcntl(14, F_GET_SEALS) == (F_SEAL_GROW | F_SEAL_SEAL));
	return 0;
}

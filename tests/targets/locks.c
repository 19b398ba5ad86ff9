/* SPDX-License-Identifier: MIT */
/* locks DIR: locks of all kinds, its own and those of a child. */
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "victim.h"

static const char *dir;

static int file(const char *name, int flags, int want)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return put_at(open(path, flags | O_CREAT, 0600), want);
}

static int lock(int fd, int command, int type, off_t start, off_t len)
{
	struct flock l = {.l_type = (short)type, .l_start = start, .l_len = len};

	return fcntl(fd, command, &l);
}

/* Holds a read lock on bytes 100 to 199 until its parent ends it. */
static pid_t start_reader(int ready[2])
{
	pid_t parent = getpid(), child = fork();

	must(child >= 0);
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || lock(file("posix", O_RDWR, 10), F_SETLK, F_RDLCK, 100, 100))
		_exit(1);
	if (write(ready[1], "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t posix_locks(void)
{
	int ready[2];
	char c;
	pid_t child;

	must(pipe(ready) == 0);
	child = start_reader(ready);
	must(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	/* First all open files: to close any of them, as put_at() may, gives up the locks of all.
	 */
	file("posix", O_RDWR, 10);
	file("posix", O_RDONLY, 11);
	must(lock(10, F_SETLK, F_WRLCK, 0, 10) == 0);
	expect(10, "O_RDWR|O_LARGEFILE",
		"      advisory write lock set by process %d bytes:0-9\n"
		"      advisory read lock set by process %d bytes:100-199\n"
		"      %s/posix\n      offset:0\n",
		(int)getpid(), (int)child, dir);
	/* Another open file: the locks are on the inode all the same. */
	expect(11, "O_RDONLY|O_LARGEFILE",
		"      advisory write lock set by process %d bytes:0-9\n"
		"      advisory read lock set by process %d bytes:100-199\n"
		"      %s/posix\n      offset:0\n",
		(int)getpid(), (int)child, dir);
	must(lock(file("whole", O_RDWR, 12), F_SETLK, F_WRLCK, 0, 0) == 0);
	expect(12, "O_RDWR|O_LARGEFILE",
		"      advisory write lock set by process %d\n      %s/whole\n      offset:0\n",
		(int)getpid(), dir);
	must(lock(file("tail", O_RDWR, 13), F_SETLK, F_RDLCK, 7, 0) == 0);
	expect(13, "O_RDWR|O_LARGEFILE",
		"      advisory read lock set by process %d bytes:7-\n      %s/tail\n      offset:0\n",
		(int)getpid(), dir);
	return child;
}

static void open_file_locks(void)
{
	must(lock(file("ofd", O_RDWR, 20), F_OFD_SETLK, F_WRLCK, 0, 0) == 0);
	expect(20, "O_RDWR|O_LARGEFILE",
		"      advisory write lock set by this open file (OFD)\n      %s/ofd\n"
		"      offset:0\n",
		dir);
	file("ofd", O_RDWR, 21);
	expect(21, "O_RDWR|O_LARGEFILE",
		"      advisory write lock set by another open file (OFD)\n      %s/ofd\n"
		"      offset:0\n",
		dir);
	/* Two read locks, one through each: they look the same but for who has them. */
	must(lock(file("both", O_RDWR, 22), F_OFD_SETLK, F_RDLCK, 0, 0) == 0);
	must(lock(file("both", O_RDWR, 23), F_OFD_SETLK, F_RDLCK, 0, 0) == 0);
	for (int fd = 22; fd <= 23; fd++)
		expect(fd, "O_RDWR|O_LARGEFILE",
			"      advisory read lock set by this open file (OFD)\n"
			"      advisory read lock set by another open file (OFD)\n"
			"      %s/both\n      offset:0\n",
			dir);
	must(flock(file("flock", O_RDWR, 30), LOCK_EX) == 0);
	must(dup2(30, 31) == 31);
	for (int fd = 30; fd <= 31; fd++)
		expect(fd, "O_RDWR|O_LARGEFILE",
			"      advisory write lock set by this open file (flock)\n"
			"      %s/flock\n      offset:0\n",
			dir);
	file("flock", O_RDONLY, 32);
	expect(32, "O_RDONLY|O_LARGEFILE",
		"      advisory write lock set by process %d (flock)\n"
		"      %s/flock\n      offset:0\n",
		(int)getpid(), dir);
}

static void lease(void)
{
	close(file("lease", O_RDWR, 40));
	file("lease", O_RDONLY, 40);
	must(fcntl(40, F_SETLEASE, F_RDLCK) == 0);
	/* A lease sends a signal when it is broken. */
	expect(40, "O_RDONLY|O_LARGEFILE|O_ASYNC",
		"      read lease set by this open file\n      %s/lease\n      offset:0\n", dir);
}

/* More than anybody wants to read. */
static void many_locks(void)
{
	int fd = file("many", O_RDWR, 50);

	for (int i = 0; i < 30; i++)
		must(lock(fd, F_SETLK, F_WRLCK, 2 * i, 1) == 0);
	victim_first_line(fd);
	puts("      O_RDWR|O_LARGEFILE");
	for (int i = 0; i < 8; i++)
		printf("      advisory write lock set by process %d bytes:%d-%d\n", (int)getpid(),
			2 * i, 2 * i);
	printf("      and 22 more locks\n      %s/many\n      offset:0\n", dir);
}

int main(int argc, char **argv)
{
	struct flock l = {.l_type = F_WRLCK, .l_len = 0};
	pid_t child;

	must(argc == 2);
	dir = argv[1];
	child = posix_locks();
	open_file_locks();
	lease();
	many_locks();
	victim_wait();
	/* Everything is still locked: by the child, and by the other open files. */
	must(fcntl(10, F_GETLK, &l) == 0 && l.l_type == F_RDLCK && l.l_pid == child);
	must(lock(21, F_OFD_SETLK, F_WRLCK, 0, 0) == -1 && errno == EAGAIN);
	must(flock(32, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK);
	must(fcntl(40, F_GETLEASE) == F_RDLCK);
	must(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	return 0;
}

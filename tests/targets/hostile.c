/* SPDX-License-Identifier: MIT */
/*
 * hostile DIR: names that would like to be something else: another line, another descriptor, a terminal's
 * commands. Prints the path that pfiles has to show of each.
 */
#include <sys/mman.h>

#include "victim.h"

static void shown(int fd, const char *path)
{
	victim_first_line(fd);
	printf("      %s\n", path);
}

int main(int argc, char **argv)
{
	char path[8192], deep[8192], name[256];
	int fd;

	must(argc == 2);
	fd = put_at(memfd_create("x\n  99: S_IFREG mode:0600\033[2J", 0), 10);
	shown(fd, "/memfd:x\\n  99: S_IFREG mode:0600\\x1b[2J (deleted)");
	/* Right-to-left override, byte order mark, and bytes that are no UTF-8. */
	snprintf(path, sizeof(path), "%s/\xe2\x80\xaetxt.exe\xef\xbb\xbf\xff\xc3(", argv[1]);
	fd = put_at(open(path, O_RDWR | O_CREAT, 0600), 11);
	snprintf(
		deep, sizeof(deep), "%s/\\xe2\\x80\\xaetxt.exe\\xef\\xbb\\xbf\\xff\\xc3(", argv[1]);
	shown(fd, deep);
	/* A path of more than 4,096 bytes has no name that the kernel could give. */
	memset(name, 'n', 255);
	name[255] = '\0';
	must(chdir(argv[1]) == 0);
	for (int i = 0; i < 15; i++)
		must(mkdir(name, 0700) == 0 && chdir(name) == 0);
	fd = put_at(open("end", O_RDWR | O_CREAT, 0600), 12);
	snprintf(path, sizeof(path), "%s", argv[1]);
	for (int i = 0; i < 15; i++)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", name);
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/end");
	shown(fd, path);
	victim_wait();
	return 0;
}

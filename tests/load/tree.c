/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct entry {
	pid_t pid, parent;
};

#define MAX_PROCESSES 32768

static char read_stat(pid_t pid, pid_t *parent)
{
	char path[32], text[512], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The name may hold anything, also parentheses. */
	end = strrchr(text, ')');
	if (!end || strlen(end) < 5)
		return 0;
	*parent = (pid_t)atoi(end + 4);
	return end[2];
}

char tree_state(pid_t pid)
{
	pid_t parent;

	return read_stat(pid, &parent);
}

static size_t read_all(struct entry *all)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	size_t n = 0;

	while (dir && n < MAX_PROCESSES && (d = readdir(dir))) {
		pid_t pid = (pid_t)atoi(d->d_name);
		pid_t parent;
		char state = pid > 0 ? read_stat(pid, &parent) : 0;

		if (state && state != 'Z' && state != 'X')
			all[n++] = (struct entry){pid, parent};
	}
	if (dir)
		closedir(dir);
	return n;
}

size_t tree_list(pid_t root, pid_t list[TREE_MAX])
{
	struct entry *all = calloc(MAX_PROCESSES, sizeof(*all));
	size_t n = all ? read_all(all) : 0, found = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].pid == root)
			list[found++] = root;
	for (size_t done = 0; done < found; done++)
		for (size_t i = 0; i < n && found < TREE_MAX; i++)
			if (all[i].parent == list[done] && all[i].pid != root)
				list[found++] = all[i].pid;
	free(all);
	return found;
}

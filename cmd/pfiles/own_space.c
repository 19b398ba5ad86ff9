/* SPDX-License-Identifier: MIT */
#include "own_space.h"

#include <string.h>
#include <unistd.h>

/* Ours stay ours. */
static const char *own_namespace(struct own_space *own, const char *rel)
{
	char path[32] = "/proc/self/";

	strncat(path, rel, sizeof(path) - strlen(path) - 1);
	if (!own->known && readlink(path, own->text, sizeof(own->text) - 1) < 0)
		own->text[0] = '\0';
	own->known = true;
	return own->text;
}

bool own_space_same(const struct proc *p, struct own_space *own, const char *rel)
{
	const char *ours = own_namespace(own, rel);
	struct buf theirs = {0};
	bool same = true;

	if (*ours && proc_read_link(p, rel, &theirs) == 0)
		same = strcmp(buf_cstr(&theirs), ours) == 0;
	buf_free(&theirs);
	return same;
}

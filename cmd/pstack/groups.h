/* SPDX-License-Identifier: MIT */
#ifndef PSTACK_GROUPS_H
#define PSTACK_GROUPS_H

#include "picture.h"

/* Threads with the same stack, together; in the order of the first of each. */
struct groups {
	size_t *member; /* indices of threads, group by group */
	size_t *from;   /* of group i: member[from[i]] to member[from[i + 1] - 1] */
	size_t n;
};

enum groups_by {
	GROUPS_ALONE, /* each thread by itself */
	GROUPS_STACK, /* the same program counters in the same call */
	GROUPS_NAME,  /* and the same name of the thread */
};
int groups_make(const struct picture *pic, enum groups_by by, struct groups *out)
	__attribute__((warn_unused_result));
void groups_free(struct groups *g);

#endif

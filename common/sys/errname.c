/* SPDX-License-Identifier: MIT */
#include "sys/errname.h"

#include <stddef.h>
#include <strings.h>

#include "sys/group.h"

const char *errname(int number)
{
	return number > 0 ? group_word(group_find("errno"), (uint64_t)number) : NULL;
}

int errname_number(const char *name)
{
	const struct group *g = group_find("errno");

	for (size_t i = 0; i < g->count; i++) {
		const char *text = group_text(&g->names[i]);

		if (!strcasecmp(text, name) || !strcasecmp(text + 1, name))
			return (int)g->names[i].value;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Indexed by ordinal: ERR_OWN_FIRST - code. */
static const char *const own_words[] = {
#define X(code, words) [code##_ORDINAL] = words,
	ERR_LIST(X)
#undef X
};

const char *err_str(int err)
{
	static _Thread_local char unknown[40];
	const char *words = NULL;

	if (err == 0)
		return "no error";
	if (err < 0 && err >= -4095) {
		words = strerrordesc_np(-err);
	} else if (err < ERR_OWN_FIRST) {
		long ordinal = (long)ERR_OWN_FIRST - err;

		if (ordinal < (long)(sizeof(own_words) / sizeof(own_words[0])))
			words = own_words[ordinal];
	}
	if (words)
		return words;
	snprintf(unknown, sizeof(unknown), "unknown error %d", err);
	return unknown;
}

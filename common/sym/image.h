/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_SYM_IMAGE_H
#define PTOOLS_SYM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Inside common/sym: the bytes of a file, or bytes of our own. A file is mapped, so that of a library of a hundred
 * megabytes only the pages that are looked at are read. Pages that are not there when they are looked at, because the file
 * was cut short meanwhile or its disk fails, read as zeroes from then on, where else SIGBUS would end us.
 */
struct image {
	const unsigned char *data;
	size_t size;
};

/*
 * Maps a regular file of at least one byte; fd stays the caller's. ERR_FORMAT: not regular or empty, ERR_TOOBIG,
 * -errno.
 */
int image_map(int fd, struct image *out) __attribute__((warn_unused_result));

/* Zeroes to be filled in through *bytes; memory is taken where something is written. -ENOMEM, ERR_TOOBIG. */
int image_make(size_t size, struct image *out, unsigned char **bytes)
	__attribute__((warn_unused_result));
/*
 * Lets whoever has the bytes without const write to them (libelf does, to section headers, once it has expanded a
 * section): to copies of its own. False: not enough memory.
 */
bool image_may_write(const struct image *i);
void image_free(struct image *i);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_BASE_WIDTH_H
#define PTOOLS_BASE_WIDTH_H

#include <stdint.h>

/*
 * How many columns a terminal gives to a Unicode character: 0 (combining), 1, 2 (wide), or -1 for
 * what must not reach it: control, invisible and reordering characters, surrogates, noncharacters,
 * and everything beyond U+10FFFF. The same in every locale, unlike wcwidth(3) and iswprint(3).
 */
int width_of(uint32_t c);

#endif

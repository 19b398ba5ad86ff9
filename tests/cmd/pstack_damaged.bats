#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Debugging information that would crash, hold up or fill whoever reads it: it costs lines and arguments of that file, in
# bounded time, and pstack says so. And a process that changes under our eyes.

# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a shell of its own; run sets $stderr

bats_require_minimum_version 1.5.0
load ../lib/target
load ../lib/stack

setup() {
	target_setup
	STACKS=$TARGETS/stacks
}

teardown() {
	target_teardown
}

unread() {
	shows "^	\\*\\* debug information of $1 could not be read: $2 \\*\\*\$"
}

# A hundred thousand functions that have a million pieces each, in 16 megabytes.
endless() {
	cat >"$DIR/endless.s" <<-'END'
		.text
		.globl	endless
		.type	endless, @function
		endless:
		.cfi_startproc
		subq	$8, %rsp
		.cfi_adjust_cfa_offset 8
		call	victim_wait
		addq	$8, %rsp
		.cfi_adjust_cfa_offset -8
		ret
		.cfi_endproc
		.size	endless, .-endless
		.Lend:
		.section .note.GNU-stack,"",@progbits
		.section .debug_abbrev,"",@progbits
		.byte	1, 0x11, 1, 0x11, 0x01, 0x12, 0x07, 0, 0
		.byte	2, 0x2e, 0, 0x55, 0x17, 0, 0
		.byte	0
		.section .debug_info,"",@progbits
		.long	2f-1f
		1: .value 4
		.long	.debug_abbrev
		.byte	8
		.uleb128 1
		.quad	endless, .Lend-endless
		.rept	100000
		.uleb128 2
		.long	0
		.endr
		.byte	0
		2:
		.section .debug_ranges,"",@progbits
		.rept	1000000
		.quad	1, 2
		.endr
		.quad	0, 0
	END
	cat >"$DIR/main.c" <<-'END'
		#include <stdio.h>
		#include <unistd.h>
		void endless(void);
		void victim_wait(void);
		void victim_wait(void) { char c; while (read(0, &c, 1) == 1); }
		int main(void) { puts("ready"); fflush(stdout); endless(); return 0; }
	END
	gcc -O1 -o "$DIR/endless" "$DIR/main.c" "$DIR/endless.s"
}

@test "debugging information without end: the frames, what is known of others, and a word" {
	local option
	endless
	start_target "$DIR/endless"
	for option in -v -a -va; do
		# Less time than a reader has, so that the test need not wait for it.
		(
			ulimit -S -t 1
			look $option "$TARGET"
			chain victim_wait endless main
			unread "$DIR/endless" 'it takes too long'
		)
	done
	look "$TARGET"
	shows_not 'could not be read'
	(
		ulimit -S -t 1
		look -vj "$TARGET"
		jq -e '.notes | length == 1' "$OUT"
		jq -e '[.threads[0].frames[].function] | index("endless")' "$OUT"
	)
	[ -z "$(pgrep -f ptools-reader)" ]
	finish_target
}

@test "a section that says that it expands to more than there is memory; one that is packed in no known way" {
	local at what
	for what in '\377\377\377\377\377\377\377\077 8' '\377\377\377\377 0'; do
		objcopy --compress-debug-sections=zlib "$STACKS" "$DIR/packed"
		at=$(readelf -SW "$DIR/packed" | sed -n 's/.* \.debug_info *PROGBITS *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')
		# shellcheck disable=SC2059 # the bytes
		printf "${what% *}" | dd of="$DIR/packed" bs=1 seek=$((16#$at + ${what##* })) conv=notrunc status=none
		start_target "$DIR/packed" plain
		look -va "$TARGET"
		told_chain
		unread "$DIR/packed" 'it is damaged, too large, or of an unknown kind'
		finish_target
	done
}

@test "many such files: after some of them the others are not tried" {
	local at n libs=()
	cat >"$DIR/part.c" <<-'END'
		#include <pthread.h>
		#include <stdio.h>
		void part(void (*next)(void), FILE *f, pthread_attr_t *a);
		void part(void (*next)(void), FILE *f, pthread_attr_t *a)
		{
			next();
			__asm__("" : : "r"(f), "r"(a));
		}
	END
	gcc -g -gz -O1 -shared -fPIC -o "$DIR/part.so" "$DIR/part.c"
	at=$(readelf -SW "$DIR/part.so" | sed -n 's/.* \.debug_info *PROGBITS *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')
	# shellcheck disable=SC2059 # the bytes
	printf '\377\377\377\377' | dd of="$DIR/part.so" bs=1 seek=$((16#$at)) conv=notrunc status=none
	for n in 1 2 3 4 5 6; do
		cp "$DIR/part.so" "$DIR/part$n.so"
		libs+=("$DIR/part$n.so")
	done
	cat >"$DIR/main.c" <<-'END'
		#include <dlfcn.h>
		#include <stdio.h>
		#include <unistd.h>
		static int at, count;
		static char **libs;
		static void next(void)
		{
			char c;
			if (at == count) {
				puts("ready");
				fflush(stdout);
				while (read(0, &c, 1) == 1);
				return;
			}
			void (*part)(void (*)(void)) = dlsym(dlopen(libs[at++], RTLD_NOW), "part");
			part(next);
		}
		int main(int argc, char **argv) { count = argc - 1; libs = argv + 1; next(); return 0; }
	END
	gcc -O1 -fno-optimize-sibling-calls -o "$DIR/main" "$DIR/main.c" -ldl
	start_target "$DIR/main" "${libs[@]}"
	look -v "$TARGET"
	[ "$(functions | grep -cx part)" = 6 ]
	[ "$(grep -c 'part[1-6]\.so could not be read: it is damaged, too large' "$OUT")" = 4 ]
	[ "$(grep -c 'part[1-6]\.so could not be read: not tried, after that of others' "$OUT")" = 2 ]
	finish_target
}

@test "a process that writes garbage over a stack and maps and cuts programs meanwhile" {
	local option
	start_target "$TARGETS/rewriter"
	for _ in {1..25}; do
		for option in '' -v -va -j; do
			# shellcheck disable=SC2086 # one or none
			look $option "$TARGET"
			[ "$(wc -c <"$OUT")" -lt 10000000 ]
		done
	done
	for _ in {1..5}; do
		look -H "$TARGET"
	done
	finish_target
}

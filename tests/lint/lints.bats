#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every lint is green on the tree as it is and red on a copy with one breach planted in it.
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own

bats_require_minimum_version 1.8.0

setup() {
	top=$BATS_TEST_DIRNAME/../..
	cp -r "$top"/{cmd,common,man,completions,tests,.ci,.clang-format,Makefile,README.md} "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || exit 1
}

# green LINT, red LINT WORDS: the lint's verdict on the copy; a red one must name the breach.
green() {
	run "tests/lint/$1"
	printf '%s\n' "$output"
	[ "$status" = 0 ]
}

red() {
	run "tests/lint/$1"
	printf '%s\n' "$output"
	[ "$status" = 1 ] && [[ $output == *"$2"* ]]
}

# plant FILE TEXT: the text becomes the file's second line, below its SPDX line.
plant() {
	sed -i "1a\\
$2" "$1"
}

# new FILE LINE...: a C file that the tree did not have.
new() {
	local file=$1
	shift
	mkdir -p "$(dirname "$file")"
	printf '%s\n' '/* SPDX-License-Identifier: MIT */' "$@" >"$file"
}

@test "the tree passes: format" { green format; }
@test "the tree passes: layers" { green layers; }
@test "the tree passes: headers" { green headers; }
@test "the tree passes: man" { green man; }
@test "the tree passes: shell" { green shell; }
@test "the tree passes: options" { green options; }
@test "the tree passes: packages" { green packages; }
@test "the tree passes: paths" { green paths; }

@test "layers: base must not include proc" {
	plant common/base/buf.c '#include "proc/proc.h"'
	red layers 'common/base/buf.c:2: base must not include proc'
}

@test "layers: proc must not include ctl" {
	new common/proc/breach.c '#include "ctl/agent.h"'
	red layers 'common/proc/breach.c:2: proc must not include ctl'
}

@test "layers: the sides do not know each other: sym and ctl, sys and proc" {
	new common/sym/breach.c '#include "ctl/agent.h"'
	red layers 'sym must not include ctl'
	rm common/sym/breach.c
	new common/sys/breach.c '#include "proc/proc.h"'
	red layers 'sys must not include proc'
	rm common/sys/breach.c
	plant common/ctl/way.c '#include "sys/names.h"'
	new common/sys/names.h
	red layers 'ctl must not include sys'
}

@test "layers: a header is as bound as a source" {
	plant common/base/buf.h '#include "proc/proc.h"'
	red layers 'common/base/buf.h:2: base must not include proc'
}

@test "layers: an upward include in angle brackets" {
	plant common/base/buf.c '#include <proc/proc.h>'
	red layers 'base must not include proc'
}

@test "layers: an upward include by way of .." {
	plant common/base/buf.c '#include "../proc/proc.h"'
	red layers 'climbs out of its folder'
}

@test "layers: common must not include a tool, nor a tool another tool" {
	new cmd/other/other.h
	plant common/base/buf.c '#include "other/other.h"'
	red layers 'neither of this folder nor of common/'
	cp "$top/common/base/buf.c" common/base/buf.c
	plant cmd/pfiles/main.c '#include "../other/other.h"'
	red layers 'cmd/pfiles/main.c:2: include "../other/other.h" climbs'
}

@test "layers: an include that hides its file behind a macro" {
	plant common/base/buf.c '#include UPWARD'
	red layers 'cannot be seen'
}

@test "layers: ptrace called outside tracee.c" {
	new common/ctl/breach.c 'void breach(void);' 'void breach(void) { ptrace (16, 0, 0, 0); }'
	red layers 'common/ctl/breach.c:3: ptrace outside common/ctl/tracee.c'
}

@test "layers: ptrace by its number or by syscall(2)" {
	new cmd/pfiles/breach.c 'long a = syscall(SYS_ptrace, 0);'
	red layers 'ptrace outside'
	new cmd/pfiles/breach.c 'long a = syscall(__NR_ptrace, 0);'
	red layers 'ptrace outside'
	new cmd/pfiles/breach.c 'long a = syscall(101, 0);'
	red layers 'ptrace outside'
}

@test "layers: the headers of ptrace" {
	new common/ctl/breach.c '#include <sys/ptrace.h>'
	red layers 'common/ctl/breach.c:2: <sys/ptrace.h>'
	new common/ctl/breach.c '#include <linux/ptrace.h>'
	green layers
	mv common/ctl/breach.c common/proc/breach.c
	red layers 'only ctl knows of ptrace'
}

@test "layers: ptrace in prose or in a string is no call" {
	new common/proc/breach.c '/* ptrace(2) says no' '   ptrace(1) */' 'const char *a = "ptrace(16)"; // ptrace()'
	green layers
}

@test "layers: elfutils outside sym" {
	new common/proc/breach.c '#include <elfutils/libdw.h>'
	red layers 'only sym includes elfutils'
	new common/proc/breach.c '#include <gelf.h>'
	red layers 'only sym includes elfutils'
	mkdir -p common/sym
	mv common/proc/breach.c common/sym/breach.c
	green layers
}

@test "layers: printing and exiting in common" {
	new common/proc/breach.c 'void a(void) { printf("x"); }'
	red layers 'only cmd/ prints'
	new common/ctl/breach.c 'void a(void) { exit(1); }'
	red layers 'only cmd/ prints'
	rm common/proc/breach.c common/ctl/breach.c
	new common/ctl/breach.c 'void a(void) { _exit(1); snprintf(b, 1, ""); }'
	green layers
}

@test "layers: a folder that is no layer" {
	new common/misc/breach.c 'int a;'
	red layers 'no such layer: misc'
}

@test "headers: one that needs another before it" {
	new common/base/breach.h '#ifndef BREACH' '#define BREACH' 'size_t breach(void);' '#endif'
	red headers 'common/base/breach.h: does not compile alone'
}

@test "headers: one without a guard" {
	new common/base/breach.h 'enum { BREACH };'
	red headers 'common/base/breach.h: no include guard'
}

@test "headers: one with the guard of another" {
	sed 's/buf_add/buf_more/' common/base/buf.h >common/base/breach.h
	red headers 'has the include guard of'
}

@test "format: a line that clang-format would change" {
	sed -i '0,/^\t/s//    /' common/base/buf.c
	red format 'common/base/buf.c'
}

@test "format: a file without its licence" {
	sed -i 1d common/base/buf.h
	red format 'common/base/buf.h: no SPDX line'
}

@test "man: a macro that mandoc does not know" {
	echo '.Xy zzy' >>man/pfiles.1
	red man 'pfiles.1'
}

@test "man: a section that is missing, a page that is missing" {
	sed -i 's/^\.Sh CAVEATS/.Sh BUGS/' man/pfiles.1
	red man 'man/pfiles.1: no section CAVEATS'
	mkdir cmd/other
	red man 'man/other.1: missing'
}

@test "shell: an unquoted word, and a completion that its shell cannot read" {
	# shellcheck disable=SC2016 # the breach itself
	printf '#!/bin/sh\nrm $1\n' >tests/lib/breach
	red shell 'tests/lib/breach'
	rm tests/lib/breach
	echo 'if true' >>completions/zsh/_pfiles
	red shell '_pfiles'
	cp "$top/completions/zsh/_pfiles" completions/zsh/_pfiles
	echo 'if true' >>completions/fish/pfiles.fish
	red shell 'pfiles.fish'
}

@test "options: one that only the man page knows" {
	sed -i 's/^\.It Fl h/.It Fl z\nNothing.\n&/' man/pfiles.1
	red options 'but man names'
}

@test "options: one that the synopsis forgets" {
	sed -i '/^\.Sh SYNOPSIS/,/^\.Sh DESC/s/\(Fl [A-Za-z]*\)n/\1/' man/pfiles.1
	red options 'but synopsis names'
}

@test "options: one that a completion forgets, in each of the three shells" {
	sed -i 's/ -n\b//' completions/bash/pfiles
	sed -i '/-n\[/d' completions/zsh/_pfiles
	sed -i '/-s n /d' completions/fish/pfiles.fish
	for shell in bash zsh fish; do
		red options "but $shell names"
	done
}

@test "options: one that only the tool knows" {
	mkdir tool
	printf '#!/bin/sh\n%s -h; echo "  -z   nothing"\n' "$B/pfiles" >tool/pfiles
	chmod +x tool/pfiles
	B=$PWD/tool red options 'pfiles: -h names'
}

@test "packages: one that README does not explain" {
	echo 'test  cowsay  nothing' >>tests/lib/packages
	red packages 'cowsay'
}

@test "paths: a folder of somebody's machine, a name with a blank" {
	new common/base/breach.c '/* see /home/joe/notes */'
	red paths 'common/base/breach.c:2'
	rm common/base/breach.c
	: >'common/base/a b.c'
	red paths 'a b.c'
}

@test "groups: a name that no group has" {
	green groups
	sed -i 's/FORM_NAME, "clockid"/FORM_NAME, "clock_id"/' cmd/pfiles/info.c
	red groups 'clock_id: no such group'
}

@test "a lint that goes red makes the run red" {
	plant common/base/buf.c '#include "proc/proc.h"'
	run env B="$PWD/out" tests/lib/tally lint tests/lib/run-lint layers
	[ "$status" = 1 ]
	[[ $output == *'not ok 1 - layers'*'0 passed, 1 failed, 0 skipped; '* ]]
}

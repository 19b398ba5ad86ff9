#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the three shells offer behind "pfiles ".

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

bats_require_minimum_version 1.8.0

setup() {
	cd "$BATS_TEST_DIRNAME/../../completions" || exit 1
}

# in_bash TYPE WORD: what bash offers; TYPE is COMP_TYPE, 9 for a tab, 63 for the list after two.
in_bash() {
	bash -c '. bash/pfiles; COMP_TYPE=$1; COMP_WORDS=(pfiles "$2"); COMP_CWORD=1; _pfiles
		printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}

in_fish() {
	fish --no-config -c "source fish/pfiles.fish; complete -C 'pfiles $1'"
}

@test "bash: options" {
	run in_bash 9 -
	[ "${lines[*]}" = '-F -H -O -a -b -d -j -n -p -s -h -V' ]
}

@test "bash: process ids, with names in the list only" {
	run in_bash 63 ''
	[[ $output == *$'\n'"$$ ($(cat /proc/$$/comm))"$'\n'* ]]
	run in_bash 9 ''
	[[ $output == *$'\n'"$$"$'\n'* && $output != *'('* ]]
}

@test "bash: /proc/pid" {
	run in_bash 9 "/proc/$$"
	[[ $'\n'$output$'\n' == *$'\n'"/proc/$$"$'\n'* ]]
}

@test "fish: options and process ids" {
	run in_fish -
	[[ $output == *$'-n\t'* && $output == *$'-V\t'* ]]
	run in_fish "$$"
	[[ $output == *"$$"$'\t'* ]]
}

@test "zsh: options and process ids" {
	run zsh -f -c '_arguments() { print -l -- "$@"; _pfiles_pids }
		_describe() { print -l -- ${(P)${@[-1]}} }
		. zsh/_pfiles'
	[ "$status" = 0 ]
	[[ $output == *'-n[only the first line'* ]]
	[[ $output == *$'\n'"$$:$(cat /proc/$$/comm)"* ]]
}

# pstack_in_bash WORD
pstack_in_bash() {
	bash -c '. bash/pstack; COMP_TYPE=9; COMP_WORDS=(pstack "$1"); COMP_CWORD=1; _pstack
		printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}

@test "pstack: options, process ids, threads, core files" {
	run pstack_in_bash -
	[ "${lines[*]}" = '-F -H -a -f -j -k -n -r -s -u -v -h -V' ]
	run pstack_in_bash "$$"
	[[ $'\n'$output$'\n' == *$'\n'"$$"$'\n'* ]]
	run pstack_in_bash "$$/"
	[ "$output" = "$$/$$" ]
	run pstack_in_bash bash/psta
	[ "$output" = bash/pstack ]
	run fish --no-config -c 'source fish/pstack.fish; complete -C "pstack -"'
	[[ $output == *$'-u\t'* ]]
	run zsh -f -c '_arguments() { print -l -- "$@" }
		. zsh/_pstack'
	[[ $output == *'-u[show a stack'* ]]
}

# truss_in_bash WORD...: what bash offers for the last one, with the tool in build/ answering for its words.
truss_in_bash() {
	PATH=${B:-$BATS_TEST_DIRNAME/../../build}:$PATH bash -c '. bash/truss; COMP_WORDS=(truss "$@"); COMP_CWORD=$#
		compopt() { :; }; _truss truss; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}

@test "truss, bash: words of lists come from the tool, also behind a comma" {
	run truss_in_bash -t opena
	[ "${lines[0]}" = openat ]
	run truss_in_bash -t 'read,!ope'
	[[ $'\n'$output$'\n' == *$'\n''read,!openat'$'\n'* ]]
	run truss_in_bash -s SIGTE
	[ "$output" = SIGTERM ]
	run truss_in_bash -m FLTBO
	[ "$output" = FLTBOUNDS ]
}

@test "truss, bash: options, process ids behind -p" {
	run truss_in_bash -
	[ "${lines[0]}" = -D ]
	run truss_in_bash -p "$$"
	[[ $'\n'$output$'\n' == *$'\n'"$$"$'\n'* ]]
}

@test "truss, fish: options and words" {
	export PATH=${B:-$BATS_TEST_DIRNAME/../../build}:$PATH
	run fish --no-config -c "source fish/truss.fish; complete -C 'truss -t opena'"
	[[ $output == *openat* ]]
	run fish --no-config -c "source fish/truss.fish; complete -C 'truss -'"
	[[ $output == *$'-f\t'* ]]
}

@test "truss, zsh: options and words" {
	export PATH=${B:-$BATS_TEST_DIRNAME/../../build}:$PATH
	run zsh -f -c '_arguments() { print -l -- "$@"; words=(truss -t x); _truss_names calls }
		compset() { return 1 }; _call_program() { shift; "$@" }; compadd() { print -l -- ${(P)${@[-1]}} }
		. zsh/_truss'
	[ "$status" = 0 ]
	[[ $output == *'-f[follow children]'* ]]
	[[ $output == *$'\n'openat$'\n'* ]]
}

@test "pstop and prun: options and process ids in three shells" {
	for tool in pstop prun; do
		run bash -c '. bash/$1; COMP_TYPE=9; COMP_WORDS=($1 -); COMP_CWORD=1; _$1; echo "${COMPREPLY[@]}"
			COMP_WORDS=($1 $$); _$1; echo "${COMPREPLY[@]} $$"
			COMP_WORDS=($1 -t ""); COMP_CWORD=2; _$1; echo "none:${COMPREPLY[*]}"' - "$tool"
		[ "${lines[0]}" = '-r -t -h -V' ]
		[[ ${lines[1]} == *"${lines[1]##* } "* ]]
		[ "${lines[2]}" = none: ]
		run fish --no-config -c "source fish/$tool.fish; complete -C '$tool -'; complete -C '$tool $$'"
		[[ $output == *$'-r\t'* && $output == *"$$"$'\t'* ]]
		run zsh -f -c "_arguments() { print -l -- \"\$@\"; _${tool}_pids }
			_describe() { print -l -- \${(P)\${@[-1]}} }
			. zsh/_$tool"
		[[ $output == *'-r[the descendants too'* && $output == *$'\n'"$$:$(cat /proc/$$/comm)"* ]]
	done
}

@test "pstop and prun: the threads of a process, behind it and behind others of a list" {
	for tool in pstop prun; do
		run bash -c '. bash/$1; COMP_TYPE=9; COMP_CWORD=1
			for word in $$/ $$/1, $$/1-$$; do COMP_WORDS=($1 "$word"); _$1; echo "${COMPREPLY[@]}"; done
			COMP_WORDS=($1 99999999/); _$1; echo "none:${COMPREPLY[*]}"; echo $$' - "$tool"
		local pid=${lines[4]}
		[ "${lines[0]}" = "$pid/$pid" ]
		[ "${lines[1]}" = "$pid/1,$pid" ]
		[ "${lines[2]}" = "$pid/1-$pid" ]
		[ "${lines[3]}" = none: ]
		run fish --no-config -c "source fish/$tool.fish; complete -C '$tool $$/1,$$'"
		[[ $output == *"$$/1,$$"$'\t'"$(cat /proc/$$/comm)"* ]]
		run zsh -f -c "_arguments() { PREFIX=$$/1,; _${tool}_pids }
			_describe() { print -l -- \${(P)\${@[-1]}} }
			compset() { print -- compset \"\$@\" }
			. zsh/_$tool"
		[[ $output == *'compset -P *[/,-]'* ]]
		[[ $output == *"$$:$(cat /proc/$$/comm)"* ]]
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the three shells offer behind "pfiles ".

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
	[ "${lines[*]}" = '-F -H -b -n -s -h -V' ]
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

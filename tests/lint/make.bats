#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What make promises: installation, dependencies, the demo, and the counting of tests.
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own

bats_require_minimum_version 1.8.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 1
	fake=$BATS_TEST_TMPDIR/bin
	mkdir "$fake"
}

# stand_in NAME LINE...: a command found before the real one.
stand_in() {
	local name=$1
	shift
	printf '%s\n' '#!/bin/sh' "$@" >"$fake/$name"
	chmod +x "$fake/$name"
}

below() {
	(cd "$1" && find . ! -type d | sort)
}

@test "install puts everything below DESTDIR and prefix, uninstall takes it away and nothing else" {
	local root=$BATS_TEST_TMPDIR/root
	make -s install DESTDIR="$root" prefix=/usr >/dev/null
	run below "$root"
	printf '%s\n' "$output"
	[ "$output" = "$(
		for tool in "$BATS_TEST_DIRNAME"/../../cmd/*; do
			tool=${tool##*/}
			printf './usr/%s\n' "bin/$tool" "share/bash-completion/completions/$tool" "share/fish/vendor_completions.d/$tool.fish" \
				"share/man/man1/$tool.1" "share/zsh/vendor-completions/_$tool"
		done | cat - <(echo ./usr/share/man/man7/ptools.7) | sort)" ]
	[ "$(stat -c %a "$root/usr/bin/pfiles" "$root/usr/share/man/man1/pfiles.1" | tr '\n' ' ')" = '755 644 ' ]
	run "$root/usr/bin/pfiles" -V
	[ "$status" = 0 ]
	: >"$root/usr/bin/another"
	make -s uninstall DESTDIR="$root" prefix=/usr >/dev/null
	run below "$root"
	[ "$output" = ./usr/bin/another ]
}

@test "deps: nothing missing, nothing done" {
	stand_in dpkg-query 'echo installed'
	stand_in apt-get 'echo "apt-get $*"; exit 9'
	PATH=$fake:$PATH run tests/lib/deps build test ci bench
	[ "$status" = 0 ] && [ -z "$output" ]
}

@test "deps: what is missing is installed, after the lists have been fetched, by root" {
	stand_in dpkg-query 'case $* in *libjansson-dev) exit 1 ;; *) echo installed ;; esac'
	stand_in apt-get 'echo "apt-get $*"'
	stand_in id 'echo 0'
	PATH=$fake:$PATH run tests/lib/deps build
	printf '%s\n' "$output"
	[ "$status" = 0 ]
	[[ ${lines[1]} == 'apt-get update'* ]]
	[[ ${lines[2]} == 'apt-get install -y '*' libjansson-dev' && ${#lines[@]} = 3 ]]
}

@test "deps: a package that was removed but left its configuration is missing" {
	stand_in dpkg-query 'echo config-files'
	stand_in apt-get 'echo "apt-get $*"'
	stand_in id 'echo 0'
	PATH=$fake:$PATH run tests/lib/deps build
	[[ $output == *'install'*'gcc libc6-dev libseccomp-dev '* ]]
}

@test "deps: another user asks sudo, and without it is told what to do" {
	stand_in dpkg-query 'exit 1'
	stand_in apt-get 'exit 9'
	stand_in id 'echo 1000'
	stand_in sudo 'echo "sudo $*"'
	PATH=$fake:$PATH run tests/lib/deps build
	[ "$status" = 0 ] && [[ $output == *'sudo env DEBIAN_FRONTEND=noninteractive apt-get install'* ]]
	rm "$fake/sudo"
	for tool in dirname awk sh; do
		ln -s "$(command -v $tool)" "$fake/$tool"
	done
	PATH=$fake run tests/lib/deps build
	[ "$status" = 1 ] && [[ $output == 'deps: as root, please: apt-get install gcc'* ]]
}

@test "deps: a failed installation fails" {
	stand_in dpkg-query 'exit 1'
	stand_in apt-get 'exit 9'
	stand_in id 'echo 0'
	PATH=$fake:$PATH run tests/lib/deps build
	[ "$status" = 9 ]
}

samples() {
	pgrep -f "^$B/tests/targets/sample " || true
}

@test "the demo shows the sample, says that it was not harmed, and leaves nothing, twice" {
	for _ in 1 2; do
		TMPDIR=$BATS_TEST_TMPDIR run tests/lib/demo
		printf '%s\n' "$output"
		[ "$status" = 0 ]
		[[ $output == *'S_IFSOCK'*'peername: AF_INET 127.0.0.1'*': unharmed:'* ]]
		[ -z "$(samples)" ]
		[ "$(ls "$BATS_TEST_TMPDIR")" = bin ]
	done
}

@test "the demo leaves nothing when it is interrupted" {
	local old=$B
	mkdir -p "$BATS_TEST_TMPDIR/b" "$BATS_TEST_TMPDIR/t"
	ln -s "$old/tests" "$BATS_TEST_TMPDIR/b/tests"
	printf '#!/bin/sh\necho looking\nexec sleep 60\n' >"$BATS_TEST_TMPDIR/b/pfiles"
	chmod +x "$BATS_TEST_TMPDIR/b/pfiles"
	for signal in INT TERM; do
		B=$BATS_TEST_TMPDIR/b TMPDIR=$BATS_TEST_TMPDIR/t env --default-signal=INT \
			setsid tests/lib/demo >"$BATS_TEST_TMPDIR/out" 3>&- &
		for _ in {1..50}; do
			grep -q looking "$BATS_TEST_TMPDIR/out" && break
			sleep 0.1
		done
		kill -"$signal" -- "-$!"
		wait $! && status=0 || status=$?
		[ "$status" = 130 ] || [ "$status" = 143 ]
		[ -z "$(pgrep -f "^$BATS_TEST_TMPDIR/b/tests/targets/sample ")" ]
		[ -z "$(ls "$BATS_TEST_TMPDIR/t")" ]
	done
}

tally() {
	B=$BATS_TEST_TMPDIR/b run tests/lib/tally name "$@"
	printf '%s\n' "$output"
}

@test "tally counts what passed, failed and was skipped" {
	tally printf '1..4\nok 1\nnot ok 2\nok 3 - x # skip why\nok 4 - y\n'
	[ "$status" = 1 ] && [[ $output == *'name: 2 passed, 1 failed, 1 skipped; '* ]]
	tally printf '1..1\nok 1 - all\n'
	[ "$status" = 0 ] && [ "$(cat "$BATS_TEST_TMPDIR/b/tally/name")" = '1 0 0' ]
}

@test "tally fails what ended early, with a status, or without a test" {
	tally printf '1..4\nok 1\n'
	[ "$status" = 1 ] && [[ $output == *'4 tests planned, 1 ran'* ]]
	tally sh -c 'echo ok 1; exit 3'
	[ "$status" = 1 ] && [[ $output == *'ended with status 3'* ]]
	tally true
	[ "$status" = 1 ] && [[ $output == *'nothing ran'* ]]
}

@test "tally ends what a test left running, and fails for it" {
	tally sh -c 'echo 1..1; setsid sleep 321 & echo ok 1'
	[ "$status" = 1 ] && [[ $output == *'left a process running'*'sleep 321'* ]]
	[ -z "$(pgrep -f '^sleep 321')" ]
}

@test "tally ends what takes too long" {
	TALLY_TIMEOUT=1 tally sh -c 'echo ok 1; exec sleep 321'
	[ "$status" = 1 ] && [[ $output == *'0 skipped; '* ]]
}

@test "tally-sum adds up, and fails if a test failed or nothing was counted" {
	local d=$BATS_TEST_TMPDIR/sum
	mkdir "$d"
	run tests/lib/tally-sum "$d"
	[ "$status" = 1 ]
	echo '2 0 0' >"$d/a"
	echo '3 0 1' >"$d/b"
	echo 'ok 1' >"$d/b.tap"
	run tests/lib/tally-sum "$d"
	[ "$status" = 0 ] && [ "$output" = '5 passed, 0 failed, 1 skipped' ]
	echo '0 1 0' >"$d/c"
	printf '%s\n' 'ok 1' 'not ok 2 - a thing' >"$d/c.tap"
	run tests/lib/tally-sum "$d"
	[ "$status" = 1 ] && [ "$output" = $'c: not ok 2 - a thing\n5 passed, 1 failed, 1 skipped' ]
}

@test "help names the targets that people expect" {
	run make -s help
	for target in all deps demo check asan torture bench install uninstall format clean; do
		[[ $output == *"make $target "* ]]
	done
}

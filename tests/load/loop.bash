#!/bin/bash
# SPDX-License-Identifier: MIT
# loop.bash IN OUT: a shell at work. For each number that comes by the pipe IN it forks, pipes, substitutes,
# reads with a time limit and catches a signal, checks all of it, and answers by OUT with "ok NUMBER" or with
# what went wrong.
set -u
caught=0
trap 'caught=$((caught + 1))' USR1
exec 3<"$1" 4>"$2"
while read -r number <&3; do
	wrong=
	# shellcheck disable=SC2116 # the fork is the point
	a=$(echo "$number")
	[ "$a" = "$number" ] || wrong="substitution gave $a"
	b=$(printf '%s\n' "$number" "$a" | cat | (
		read -r x
		read -r y
		echo $((x + y))
	))
	[ "$b" = $((number * 2)) ] || wrong="a pipe gave $b"
	(exit $((number % 200)))
	c=$?
	[ $c = $((number % 200)) ] || wrong="status $c"
	read -r -t 0.002 <>"$1.silent"
	c=$?
	[ $c -gt 128 ] || wrong="read with a limit gave $c"
	(exit 3) &
	wait $!
	c=$?
	[ $c = 3 ] || wrong="wait gave $c"
	before=$caught
	kill -USR1 $$
	[ "$caught" = $((before + 1)) ] || wrong="$((caught - before)) signals instead of one"
	echo "${wrong:-ok} $number" >&4
done

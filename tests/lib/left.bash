# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For the tests of truss -T, -S and -M: a process that is left at an event. Behind `load ../lib/target`; $TRACE is set.

states() {
	sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/task/"*/status | sort -u | tr -d '\n'
}

stands() {
	[ "$(states "$1")" = T ]
}

# leave ARGUMENT...: truss -f with them; it ends with 0, and LEFT is the process of the last line, which stands.
leave() {
	"$TRUSS" -f -o "$TRACE" "$@" >"$DIR/out" 2>"$DIR/err" </dev/null
	LEFT=$(sed -n '$s/^\([0-9]*\)[:/].*/\1/p' "$TRACE")
	STARTED+=("$LEFT")
	wait_for stands "$LEFT"
	grep -q '^TracerPid:.0$' "/proc/$LEFT/status"
}

# It has ended; whoever is its parent by now.
ends() {
	# shellcheck disable=SC2317 # wait_for calls it
	over() { [ ! -e "/proc/$1" ] || is_zombie "$1"; }
	wait_for over "$1"
	is_over "$1"
}

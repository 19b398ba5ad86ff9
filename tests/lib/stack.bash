# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For the tests of pstack, after target.bash: what is on a page of stacks.

# look OPTION... OPERAND: pstack's page in $OUT, its words on standard error in $ERR; fails if it does.
look() {
	OUT=$DIR/page ERR=$DIR/words
	timeout --foreground "$PATIENCE" "$PSTACK" "$@" >"$OUT" 2>"$ERR" || {
		local status=$?
		cat "$OUT" "$ERR" >&2
		return $status
	}
}

# The functions on a page, in order, those of thread TID only if given.
functions() {
	awk -v tid="${1-}" '/^-.* thread# / { here = ($3 == tid) } !tid { here = 1 }
		here && /^ +[0-9a-f]+ / { print $2 }' "$OUT"
}

# chain FUNCTION...: they are on the page in this order, others may stand between.
# chain_of TID FUNCTION...: on the stack of that thread.
chain() {
	chain_of '' "$@"
}
chain_of() {
	local tid=$1 name want
	shift
	want=("$@")
	while read -r name; do
		[ ${#want[@]} = 0 ] && break
		[[ $name == "${want[0]}" || $name == "${want[0]}("* ]] && want=("${want[@]:1}")
	done < <(functions "$tid")
	[ ${#want[@]} = 0 ] && return
	echo "not there, or not in order: ${want[0]}" >&2
	cat "$OUT" >&2
	return 1
}

# The functions that the target says its thread is in.
told_chain() {
	local names
	read -ra names <<<"$(fact chain)"
	chain_of "${1-}" "${names[@]}"
}

# shows EXPRESSION, shows_not EXPRESSION: a line of the page is, or is not, like it.
shows() {
	grep -qE -- "$1" "$OUT" || {
		echo "nothing like: $1" >&2
		cat "$OUT" >&2
		return 1
	}
}
shows_not() {
	! grep -E -- "$1" "$OUT" >&2
}

# note_of NAME EXPRESSION: a note of the thread of that name is like it.
note_of() {
	awk -v name="[$1]" '/^-.* thread# / { here = ($6 == name || $7 == name) } here && /^\t\*\*/' "$OUT" | grep -qE -- "$2" || {
		echo "no such note of $1: $2" >&2
		cat "$OUT" >&2
		return 1
	}
}

# Every thread's stack is there to its end: no note says otherwise.
whole() {
	shows_not '\*\* (stack cut|no stack|callers not known|more frames)'
}

# until_page EXPRESSION: looks until a line of the page is like it.
until_page() {
	wait_for page_has "$1"
}
page_has() {
	look -s "$TARGET" && grep -qE -- "$1" "$OUT"
}

# until_state LETTER: until the target is in that state.
until_state() {
	wait_for in_state "$1"
}
in_state() {
	[ "$(state_of "$TARGET")" = "$1" ]
}

nobody_stopped() {
	grep -q 'nobody stopped$' "$ERR" || {
		cat "$ERR" >&2
		return 1
	}
}

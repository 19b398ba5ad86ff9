# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Read by the scripts here: asks the compiler for values of names. $CC may hold arguments.
export LC_ALL=C

# All errors are wanted, each at the line that names the thing; the two compilers say that differently.
case $($CC --version 2>/dev/null) in
*clang*) probe_flags='-ferror-limit=0' ;;
*) probe_flags='-fmax-errors=0 -ftrack-macro-expansion=0' ;;
esac
probe_flags="$probe_flags -std=gnu17 -D_GNU_SOURCE -w -gdwarf-5 -fno-eliminate-unused-debug-types"

# probe BASE [FLAG...]: compiles BASE.c into BASE.o. Lines of it that do not compile are taken out and named in
# BASE.dropped; fails, with the compiler's words in BASE.err, when something else is wrong.
probe() {
	probe_base=$1
	shift
	: >"$probe_base.dropped"
	for _ in 1 2 3 4; do
		# shellcheck disable=SC2086 # flags are words
		$CC $probe_flags "$@" -c -o "$probe_base.o" "$probe_base.c" 2>"$probe_base.err" && return 0
		awk -v file="$probe_base.c" '
			FNR == NR { n = split($0, p, ":"); if (p[1] == file && / error: /) bad[p[2]] = 1; next }
			FNR in bad && /^(enum|S\()/ { print > (file ".out"); next }
			{ print > (file ".new") }' "$probe_base.err" "$probe_base.c"
		[ -s "$probe_base.c.out" ] || { rm -f "$probe_base.c.new"; return 1; }
		cat "$probe_base.c.out" >>"$probe_base.dropped"
		rm "$probe_base.c.out"
		mv "$probe_base.c.new" "$probe_base.c"
	done
	return 1
}

# read_objects: what stands in the objects of $work, if it has any.
read_objects() {
	# shellcheck disable=SC2154 # of who reads this
	set -- "$work"/*.o
	[ ! -e "$1" ] || "$facts" "$@"
}

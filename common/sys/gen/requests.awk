# SPDX-License-Identifier: MIT
# Names of macros that may be ioctl requests: data/ioctls.spec, then what `cc -E -dD` says.
# A macro is one if its value goes back to _IO, _IOR, _IOW or _IOWR, over other macros too, or if the
# spec says so of its header. It never needs to know what a value is: the compiler does.

function regex(glob) {
	gsub(/\*/, "[A-Za-z0-9_]*", glob)
	return "^" glob "$"
}

FILENAME ~ /ioctls\.spec$/ {
	if ($1 == "number")
		number[++numbers] = $2 SUBSEP regex($3)
	else if ($1 == "drop")
		drop = drop (drop == "" ? "" : "|") regex($2)
	next
}

/^# [0-9]+ "/ {
	header = $3
	gsub(/"/, "", header)
	next
}

# Macros that make a request: _IO itself, and those with arguments that use one that does.
$1 == "#define" && $2 ~ /^[A-Za-z_0-9]+\(/ {
	name = $2
	sub(/\(.*/, "", name)
	body = $0
	sub(/^#define [A-Za-z_0-9]+\([^)]*\)/, "", body)
	if (uses(body))
		maker[name] = 1
	next
}

$1 == "#define" && NF > 2 && $2 ~ /[A-Z]/ {
	body = substr($0, index($0, $2) + length($2))
	if ((uses(body) || listed($2)) && $2 !~ drop && $2 !~ /^_/)
		print $2
}

function uses(text,   word, is) {
	while (match(text, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
		word = substr(text, RSTART, RLENGTH)
		gsub(/[ \t(]/, "", word)
		if (word ~ /^_IO(R|W|WR)?(_BAD)?$/ || word in maker)
			return 1
		text = substr(text, RSTART + RLENGTH)
	}
	return 0
}

function listed(name,   i, part) {
	for (i = 1; i <= numbers; i++) {
		split(number[i], part, SUBSEP)
		if (index(header, part[1]) && substr(header, length(header) - length(part[1]) + 1) == part[1] && name ~ part[2])
			return 1
	}
	return 0
}

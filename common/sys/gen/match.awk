# SPDX-License-Identifier: MIT
# Which names belong to which group. First file: the wanted groups, `unit kind group headers pattern...`.
#
# With macros=1 the second is what `cc -E -dM` says of unit `unit`: prints `group name` for each
# macro that might be a number and belongs there. Otherwise it is the facts of the objects of all units, followed by
# groups.spec and newer.spec: prints `kind group name value preferred`.

function regex(glob) {
	gsub(/\*/, "[A-Za-z0-9_]*", glob)
	gsub(/\?/, "[A-Za-z0-9_]", glob)
	return "^" glob "$"
}

# Patterns of a group: alternatives of one expression each.
function learn(group, from,   i, c) {
	yes[group] = no[group] = "^$"
	for (i = from; i <= NF; i++) {
		c = substr($i, 1, 1)
		if (c == "!")
			no[group] = no[group] "|" regex(substr($i, 2))
		else if (c == "~")
			prefer[group, substr($i, 2)] = 1
		else
			yes[group] = yes[group] "|" regex($i)
	}
}

function belongs(group, name) {
	return (name ~ yes[group] || (group, name) in prefer) && name !~ no[group]
}

function wrong(words) {
	print "sys: " words > "/dev/stderr"
	failed = 1
	exit 1
}

# A name of a group, known once; two sources must agree.
function add(group, name, value) {
	if ((group, name) in known) {
		# As text: 1e01 and 10 would be one number.
		if ("x" known[group, name] != "x" value)
			wrong(group ": " name " is " known[group, name] " and " value)
		return
	}
	known[group, name] = value
	print kind[group], group, name, value, ((group, name) in prefer) + 0
}

FILENAME ~ /wanted$/ {
	if (!macros || $1 == unit) {
		of[$1] = of[$1] " " $3
		kind[$3] = $2
		learn($3, 5)
	}
	next
}

macros {
	if ($1 != "#define" || $2 ~ /\(/ || NF < 3 || $2 ~ /^__.*__$/ || $2 ~ /_H_*$/)
		next
	n = split(of[unit], group, " ")
	for (i = 1; i <= n; i++)
		if (belongs(group[i], $2))
			print group[i], $2
	next
}

FILENAME ~ /facts$/ && $1 == "O" {
	unit_of = $2
	sub(/.*\//, "", unit_of)
	sub(/\.o$/, "", unit_of)
	n = split(of[unit_of], group, " ")
	next
}
FILENAME ~ /facts$/ && $1 == "E" {
	if ($2 ~ /^XL__/) {
		split(substr($2, 5), part, "__")
		name = substr($2, length(part[1]) + 7)
		add(part[1], name, $3)
		next
	}
	for (i = 1; i <= n; i++)
		if (belongs(group[i], $2))
			add(group[i], $2, $3)
	next
}
FILENAME ~ /facts$/ { next }

FILENAME ~ /groups\.spec$/ {
	if ($1 !~ /^(bits|down|enum)$/) {
		if (NF && $1 !~ /^#/)
			wrong("groups.spec: what is " $0)
		next
	}
	if ($2 in listed)
		wrong("groups.spec: " $2 " twice")
	listed[$2] = 1
	kind[$2] = $1
	print $1, $2, "-"
	next
}

# Newer names; hex of up to 16 digits made as long as the others.
/^#/ || !NF { next }
!($1 in listed) { wrong("newer.spec: no group " $1) }
{
	for (i = 2; i <= NF; i++) {
		if ($i !~ /^[A-Z][A-Z0-9_]*=0x[0-9a-f]+$/)
			wrong("newer.spec: what is " $i)
		split($i, part, "=")
		value = substr(part[2], 3)
		add($1, part[1], substr("0000000000000000", 1, 16 - length(value)) value)
	}
}

END { if (failed) exit 1 }

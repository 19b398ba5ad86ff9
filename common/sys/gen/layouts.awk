# SPDX-License-Identifier: MIT
# Layouts into C: the index of groups, data/fields.spec, data/calls.spec (which layouts it names), and the facts of the
# probe for 64 and for 32 bits. `name index` goes into the file `index_file`.

function wrong(words) {
	print "sys: " words > "/dev/stderr"
	failed = 1
	exit 1
}

function regex(glob) {
	gsub(/\./, "\\.", glob)
	gsub(/\*/, "[A-Za-z0-9_]*", glob)
	return "^" glob "$"
}

FILENAME ~ /groups\.index$/ {
	group[$1] = $2
	next
}

FILENAME ~ /fields\.spec$/ {
	if (!NF || $1 ~ /^#/)
		next
	if ($1 == "special")
		special[$2] = $3
	else if ($1 == "bare")
		bare[$2] = 1
	else if ($1 == "order")
		order[$2] = substr($0, index($0, $3))
	else if ($1 ~ /\./ && NF >= 2) {
		hints++
		if ($1 !~ /\*/) {
			exact[$1] = hints
		}
		pattern[hints] = regex($1)
		how[hints] = $2
		label[hints] = $3
	} else
		wrong("fields.spec: what is " $0)
	next
}

FILENAME ~ /calls\.spec$/ {
	for (i = 2; i <= NF && $1 !~ /^#/; i++)
		if (match($i, /=ptr:[A-Za-z0-9_]+/))
			wanted[substr($i, RSTART + 5, RLENGTH - 5)] = 1
	next
}

$1 == "O" {
	side++
	next
}

# A layout seen twice in one file is the same.
$1 == "S" {
	here = $2
	if ((side, here) in size) {
		here = ""
		next
	}
	size[side, here] = $3
	wanted[here] = 1
	count[side, here] = 0
	skip = -1
	next
}

$1 == "F" && here != "" {
	depth = $2
	if (skip >= 0 && depth > skip)
		next
	skip = -1
	# Of a union the first member and what is in it, unless it had a line of its own.
	while (unions && depth <= union_depth[unions])
		unions--
	if (unions && depth == union_depth[unions] + 1) {
		if (union_taken[unions]) {
			skip = depth
			next
		}
		union_taken[unions] = 1
	}
	found = hint(here "." $6)
	way = found ? how[found] : ""
	if (way == "hide") {
		skip = depth
		next
	}
	if (way == "" && ($5 == "struct" || $5 == "union") && $7 < 0) {
		if ($5 == "union") {
			union_depth[++unions] = depth
			union_taken[unions] = 0
		}
		next
	}
	skip = depth
	emit(way, found ? label[found] : "")
}

# The first line that matches; lines without a * are found at once.
function hint(name,   i) {
	if (name in hinted)
		return hinted[name]
	for (i = 1; i <= hints; i++)
		if (name ~ pattern[i]) {
			matched[i] = 1
			return hinted[name] = i
		}
	return hinted[name] = 0
}

function emit(way, text,   flags, width, kind, g, n, part) {
	flags = ""
	if (sub(/^\//, "", way))
		flags = "FIELD_LINE"
	if (sub(/^\?/, "", way))
		flags = flags (flags == "" ? "" : " | ") "FIELD_NONZERO"
	width = 0
	if (text == "")
		text = $6
	else if (match(text, /:[0-9]+$/)) {
		width = substr(text, RSTART + 1) + 0
		text = substr(text, 1, RSTART - 1)
	}
	if (text == "-")
		text = ""
	g = 0
	if (way ~ /^(bits|enum):/) {
		n = split(way, part, ":")
		if (!(part[2] in group))
			wrong("fields.spec: no group " part[2])
		g = group[part[2]]
		way = part[1]
	}
	if (way == "") {
		if ($5 == "int")
			way = "int"
		else if ($5 == "ptr")
			way = "addr"
		else if ($5 == "char" && $7 >= 0)
			way = "str"
		else if ($5 == "struct" || $5 == "union" || $5 == "other")
			way = "bytes"
		else
			way = "uint"
	}
	if (way !~ /^(int|uint|hex|addr|oct|mode|dev|bits|enum|str|bytes|sigset|signal|date|xdate|time|utime|rlim|handler|fd|port|ipv4|ipv6|cflag)$/)
		wrong("fields.spec: what is " way)
	kind = "FIELD_" toupper(way)
	if (way ~ /^(ipv6|bytes|str)$/ && $5 == "struct" && $7 >= 0)
		$4 = $4 * $7
	# The second number is the next field.
	if (way ~ /^u?time$/ && $5 != "struct")
		$4 *= 2
	row_name[side, here, count[side, here]] = $6
	row[side, here, count[side, here]++] = sprintf("\t{\"%s\", %d, %d, %d, %d, %s, %s, %d, %d, %d},", text, $3, $4, \
		$7, g, kind, flags == "" ? "0" : flags, width, $8, $9)
}

END {
	if (failed)
		exit 1
	for (i = 1; i <= hints; i++)
		if (!(i in matched) && strict && pattern[i] !~ strict)
			print "sys: fields.spec: no field is " pattern[i] > "/dev/stderr"
	for (name in special)
		wanted[name] = 1
	n = 0
	for (name in wanted)
		sorted[++n] = name
	# Few enough for the plainest sort.
	for (i = 2; i <= n; i++) {
		name = sorted[i]
		for (j = i - 1; j >= 1 && sorted[j] > name; j--)
			sorted[j + 1] = sorted[j]
		sorted[j + 1] = name
	}
	print "#include \"sys/tables.h\"\n"
	for (s = 1; s <= 2; s++)
		for (i = 1; i <= n; i++) {
			name = sorted[i]
			if (!count[s, name])
				continue
			printf "static const struct field %s_%s[] = {\n", (s == 1 ? "wide" : "narrow"), name
			rows(s, name)
			print "};"
		}
	print "\nconst struct layout sys_layouts[] = {"
	for (i = 1; i <= n; i++) {
		name = sorted[i]
		printf "\t{\"%s\", SPECIAL_%s, %d, %s, %s},\n", name, ((name in special) ? special[name] : "NONE"), (name in bare) + 0, \
			fields(1, "wide", name), fields(2, "narrow", name)
		print name, i - 1 > index_file
	}
	printf "};\nconst unsigned sys_layouts_count = %d;\n", n
}

# Those that an `order` names, then the others.
function rows(s, name,   n, part, i, j, done) {
	n = split(order[name], part, " ")
	for (i = 1; i <= n; i++)
		for (j = 0; j < count[s, name]; j++)
			if (row_name[s, name, j] == part[i]) {
				print row[s, name, j]
				done[j] = 1
			}
	for (j = 0; j < count[s, name]; j++)
		if (!(j in done))
			print row[s, name, j]
}

function fields(s, prefix, name) {
	if (!count[s, name])
		return "{" size[s, name] + 0 ", 0, 0}"
	return "{" size[s, name] ", " count[s, name] ", " prefix "_" name "}"
}

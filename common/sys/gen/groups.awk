# SPDX-License-Identifier: MIT
# groups.tsv into C, in two steps around a sort (gen/tables):
#	step=1: `group rank name value kind`, to be sorted; step=2: C, and `group index` into the file `index`.
# Bits are ranked by how many they are, most first, so that a name made of several is found before its
# parts; of two names for one value only the preferred stays.

BEGIN {
	split("0 1 1 2 1 2 2 3 1 2 2 3 2 3 3 4", ones, " ")
}

function bits_in(hex,   i, n) {
	for (i = 1; i <= 16; i++)
		n += ones[index("0123456789abcdef", substr(hex, i, 1))]
	return n
}

function complement(hex,   i, text) {
	for (i = 1; i <= 16; i++)
		text = text substr("fedcba9876543210", index("0123456789abcdef", substr(hex, i, 1)), 1)
	return text
}

step == 1 {
	if ($3 == "-") {
		print $2, 0, "-", "-", "-", $1
		next
	}
	value = $4
	# A bit written as a negative int is 32 bits wide.
	if ($1 != "enum" && value ~ /^ffffffff[89a-f]/)
		value = "00000000" substr(value, 9)
	rank = $1 != "enum" ? 100 - bits_in(value) : 0
	printf "%s %03d %s %s %d %02d %s %s\n", $2, rank, ($1 == "down" ? complement(value) : "0"), value, 1 - $5, length($3), $3, $1
	next
}

step == 2 && $3 == "-" {
	kinds[++groups] = $6
	names[groups] = $1
	first[groups] = n + 0
	last_value = ""
	next
}
step == 2 {
	# As text: some of these look like numbers, 1e01 among them.
	if ("x" $4 == last_value)
		next
	last_value = "x" $4
	text[n + 0] = $7
	row[n++] = sprintf("\t{0x%sull, %d},", $4, at)
	at += length($7) + 1
}
END {
	if (step != 2)
		exit
	print "#include \"sys/tables.h\"\n"
	# One text and no pointers: those would be written to by the linker at each start of a program.
	print "const char sys_group_texts[] ="
	for (i = 0; i < n; i++)
		printf "\t\"%s\\0\"\n", text[i]
	print "\t\"\";\n"
	print "static const struct group_name names[] = {"
	for (i = 0; i < n; i++)
		print row[i]
	print "\t{0, 0},\n};\n\nconst struct group sys_groups[] = {"
	first[groups + 1] = n
	for (i = 1; i <= groups; i++) {
		printf "\t{\"%s\", %s, %d, names + %d},\n", names[i], (kinds[i] != "enum" ? "true" : "false"), \
			first[i + 1] - first[i], first[i]
		print names[i], i - 1 > index_file
	}
	printf "};\nconst unsigned sys_groups_count = %d;\n", groups
}

# SPDX-License-Identifier: MIT
# groups.tsv into C, in three steps around two sorts (gen/tables):
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

step == 1 {
	if ($3 == "-") {
		print $2, 0, "-", "-", $1, 0
		next
	}
	value = $4
	# A bit written as a negative int is 32 bits wide.
	if ($1 == "bits" && value ~ /^ffffffff[89a-f]/)
		value = "00000000" substr(value, 9)
	rank = $1 == "bits" ? 100 - bits_in(value) : 0
	printf "%s %03d %s %d %02d %s %s\n", $2, rank, value, 1 - $5, length($3), $3, $1
	next
}

step == 2 && $3 == "-" {
	kinds[++groups] = $5
	names[groups] = $1
	first[groups] = n + 0
	last_value = ""
	next
}
step == 2 {
	if ($3 == last_value)
		next
	last_value = $3
	row[n++] = sprintf("\t{0x%sull, \"%s\"},", $3, $6)
}
END {
	if (step != 2)
		exit
	print "#include \"sys/tables.h\"\n"
	print "static const struct group_name names[] = {"
	for (i = 0; i < n; i++)
		print row[i]
	print "};\n\nconst struct group sys_groups[] = {"
	first[groups + 1] = n
	for (i = 1; i <= groups; i++) {
		printf "\t{\"%s\", %s, %d, names + %d},\n", names[i], kinds[i] == "bits" ? "true" : "false", \
			first[i + 1] - first[i], first[i]
		print names[i], i - 1 > index_file
	}
	printf "};\nconst unsigned sys_groups_count = %d;\n", groups
}

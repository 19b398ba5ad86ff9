# SPDX-License-Identifier: MIT
# ioctls.tsv and ioctls32.tsv into C, each sorted by request; either may be empty.

function table(file, name,   n) {
	printf "const struct ioctl_name %s[] = {\n", name
	while ((getline < file) > 0) {
		printf "\t{0x%su, \"%s\"},\n", $1, $2
		n++
	}
	# There are no arrays of nothing.
	printf "\t{0, 0},\n};\nconst unsigned %s_count = %d;\n", name, n
}

BEGIN {
	print "#include \"sys/tables.h\"\n"
	table(ARGV[1], "sys_ioctls")
	print ""
	table(ARGV[2], "sys_ioctls32")
}

# SPDX-License-Identifier: MIT
# ioctls.tsv and ioctls32.tsv into C, each sorted by request.

FNR == 1 {
	if (++file == 2)
		finish("sys_ioctls")
	else
		print "#include \"sys/tables.h\"\n"
	start(file == 1 ? "sys_ioctls" : "sys_ioctls32")
}
{
	printf "\t{0x%su, \"%s\"},\n", $1, $2
	n++
}
END {
	finish(file == 1 ? "sys_ioctls" : "sys_ioctls32")
	# No 32-bit headers: the numbers of 64-bit programs are mostly the same.
	if (file == 1) {
		print "const struct ioctl_name sys_ioctls32[] = {{0, 0}};"
		print "const unsigned sys_ioctls32_count = 0;"
	}
}

function start(name) {
	printf "const struct ioctl_name %s[] = {\n", name
	n = 0
}
function finish(name) {
	printf "};\nconst unsigned %s_count = %d;\n\n", name, n
}

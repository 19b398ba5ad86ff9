# SPDX-License-Identifier: MIT
# The code of C files without comments and without the insides of strings, as "file:line:code", so that
# a rule about code does not trip over prose. What an #include names is kept.
FNR == 1 { in_comment = 0 }
{
	line = $0
	out = ""
	if (!in_comment && line ~ /^[ \t]*#[ \t]*include/) {
		sub(/\/[\/*].*/, "", line)
		print FILENAME ":" FNR ":" line
		next
	}
	while (line != "") {
		if (in_comment) {
			end = index(line, "*/")
			if (!end)
				break
			line = substr(line, end + 2)
			in_comment = 0
			out = out " "
		} else if (match(line, /^"([^"\\]|\\.)*"/) || match(line, /^'([^'\\]|\\.)*'/)) {
			out = out substr(line, 1, 1) substr(line, 1, 1)
			line = substr(line, RLENGTH + 1)
		} else if (substr(line, 1, 2) == "//") {
			break
		} else if (substr(line, 1, 2) == "/*") {
			in_comment = 1
			line = substr(line, 3)
		} else if (match(line, /^[^"'\/]+/)) {
			out = out substr(line, 1, RLENGTH)
			line = substr(line, RLENGTH + 1)
		} else {
			out = out substr(line, 1, 1)
			line = substr(line, 2)
		}
	}
	if (out != "")
		print FILENAME ":" FNR ":" out
}

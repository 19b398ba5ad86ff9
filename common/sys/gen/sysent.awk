# SPDX-License-Identifier: MIT
# System calls into C: indices of groups and layouts, data/calls.spec, data/protos.tsv, data/protos-more.tsv, the ids
# (all names, sorted), and calls.tsv (`abi number name`, by abi and number). What the spec says of a call or an argument
# that no prototype has is an error.

function wrong(words) {
	print "sys: calls.spec: " words > "/dev/stderr"
	failed = 1
	exit 1
}

FILENAME ~ /groups\.index$/ {
	group[$1] = $2
	next
}
FILENAME ~ /layouts\.index$/ {
	layout[$1] = $2
	next
}

FILENAME ~ /calls\.spec$/ {
	if (!NF || $1 ~ /^#/)
		next
	if ($1 == "rule") {
		rule_type[++rules] = "^(" $2 ")$"
		rule_name[rules] = "^(" $3 ")$"
		rule_class[rules] = $4
	} else if ($1 == "family") {
		families++
		for (i = 2; i <= NF; i++) {
			if ($i in family)
				wrong("two families for " $i)
			family[$i] = families
		}
	} else if ($1 == "alias") {
		for (i = 3; i <= NF; i++) {
			alias[++aliases] = $2 " " $i
		}
	} else {
		if ($1 in described)
			wrong($1 " twice")
		described[$1] = 1
		for (i = 2; i <= NF; i++)
			if ($i ~ /^\+/)
				flags[$1] = flags[$1] " " substr($i, 2)
			else if ($i ~ /^ret=/)
				ret[$1] = substr($i, 5)
			else if (split($i, part, "=") == 2) {
				class[$1, part[1]] = part[2]
				args_of[$1] = args_of[$1] " " part[1]
			} else
				wrong("what is " $i)
	}
	next
}

FILENAME ~ /protos(-more)?\.tsv$/ {
	if (/^#/)
		next
	n = split($0, part, "\t")
	first = 1
	if (FILENAME ~ /protos\.tsv$/)
		first = 2
	name = part[first]
	sub(/=.*/, "", name)
	if (part[first + 1] == "?")
		next
	if (name in proto)
		wrong("two prototypes for " name)
	proto[name] = n - first
	plain = name
	sub(/\/.*/, "", plain)
	known[plain] = 1
	for (i = first + 1; i <= n; i++) {
		word = part[i]
		sub(/.*[ *]/, "", word)
		type = substr(part[i], 1, length(part[i]) - length(word))
		sub(/ +$/, "", type)
		half = ""
		if (match(type, /^(lo|hi):/)) {
			half = substr(type, 1, 2)
			type = substr(type, 4)
		}
		proto_type[name, i - first] = type
		proto_name[name, i - first] = word
		proto_half[name, i - first] = half
		has[plain, word] = 1
	}
	next
}

FILENAME ~ /ids$/ {
	id[$1] = ids
	id_name[ids++] = $1
	next
}

# calls.tsv
!checked++ {
	for (name in described) {
		if (!(name in known))
			wrong("no call " name)
		n = split(args_of[name], part, " ")
		for (i = 1; i <= n; i++)
			if (!((name, part[i]) in has))
				wrong(name " has no argument " part[i])
	}
	print "#include \"sys/tables.h\"\n"
}
{
	if ($1 != abi) {
		end_abi()
		abi = $1
		abis[++abi_count] = abi
		calls = ""
		n_calls = 0
	}
	one_call($2, $3)
}

# The prototype of a name: its own, or that of the call that it is a variant of.
function prototype(name,   base) {
	if ((name "/" abi) in proto)
		return name "/" abi
	if (name in proto)
		return name
	base = name
	if (sub(/_time64$/, "", base) && base in proto)
		return base
	if (sub(/(64|32|16)$/, "", base) && base in proto)
		return base
	base = name
	if (sub(/^(_new|u)/, "", base) && base in proto)
		return base
	return ""
}

function one_call(number, name,   p, base, n, i, list, text, fd, nargs, key, r, g) {
	p = prototype(name)
	narrow_time = number < 403
	base = p
	sub(/\/.*/, "", base)
	fd = "SYSENT_NONE"
	list = ""
	nargs = "SYSENT_NONE"
	if (p != "") {
		n = proto[p]
		nargs = n
		for (i = 1; i <= n; i++) {
			key = argument_class(name, base, p, i)
			text = argument(p, i, key, number)
			if (fd == "SYSENT_NONE" && (key == "fd"))
				fd = i - 1
			list = list text
		}
		complete++
	}
	g = 0
	r = (name in ret) ? ret[name] : (base in ret) ? ret[base] : "dec"
	if (r ~ /^group:/) {
		g = group_index(substr(r, 7))
		r = "group"
	}
	if (list != "" && !(list in args_id)) {
		args_id[list] = ++args_lists
		printf "static const struct sysent_arg args_%d[] = {\n%s};\n", args_lists, list
	}
	calls = calls sprintf("\t{\"%s\", %d, %d, %d, %s, SYSENT_RET_%s, %s, %s, %d, %s},\n", name, number, id[name], \
		family_of(name), call_flags(name, base), toupper(r), nargs, fd, g, \
		list == "" ? "0" : "args_" args_id[list])
	n_calls++
}

function family_of(name) {
	return (name in family) ? family[name] : families + 1 + id[name]
}

function call_flags(name, base,   words, n, part, i, text) {
	words = (name in described) ? flags[name] : flags[base]
	n = split(words, part, " ")
	text = "0"
	for (i = 1; i <= n; i++) {
		if (part[i] ~ /^read[vm]?$/)
			text = text " | SYSENT_READ"
		else if (part[i] ~ /^write[vm]?$/)
			text = text " | SYSENT_WRITE"
		else
			text = text " | SYSENT_" toupper(part[i])
		if (part[i] ~ /^(read|write)v$/)
			text = text " | SYSENT_VECTORS"
		if (part[i] ~ /^(read|write)m$/)
			text = text " | SYSENT_MESSAGES"
	}
	return text
}

function group_index(name) {
	if (!(name in group))
		wrong("no group " name)
	return group[name]
}

function argument_class(name, base, p, i,   k, type, word) {
	if (proto_half[p, i] != "")
		return proto_half[p, i]
	word = proto_name[p, i]
	if ((name, word) in class)
		return class[name, word]
	if ((base, word) in class)
		return class[base, word]
	type = proto_type[p, i]
	for (k = 1; k <= rules; k++)
		if (type ~ rule_type[k] && word ~ rule_name[k]) {
			rule_used[k] = 1
			return rule_class[k]
		}
	wrong("no rule for " type " " word)
}

# Bytes of a C type in this ABI; a minus for a signed one.
function bytes(type,   long) {
	long = abi == "i386" ? 4 : 8
	sub(/^const /, "", type)
	if (type ~ /\*/ || type ~ /_user_(header|data)_t$/ || type ~ /^(hex|cap_.*)$/)
		return long
	if (type ~ /^(size_t|unsigned long|aio_context_t)$/)
		return long
	if (type ~ /^(long|off_t|ssize_t|__kernel_old_time_t)$/)
		return -long
	if (type ~ /^(loff_t|__s64)$/)
		return -8
	if (type ~ /^(u64|__u64|unsigned long long)$/)
		return 8
	if (type ~ /mode_t$/)
		return 2
	if (type ~ /^(u32|__u32|unsigned int|unsigned|uid_t|gid_t|qid_t)$/ || type ~ /^enum /)
		return 4
	if (type ~ /^(int|pid_t|key_t|mqd_t|timer_t|clockid_t|__s32|key_serial_t|rwf_t)$/)
		return -4
	if (type == "old_sigset_t")
		return long
	wrong("what type is " type)
}

function argument(p, i, text,   size, way, counts, g, n, part, type, struct_name, kind) {
	type = proto_type[p, i]
	size = bytes(type)
	counts = "SYSENT_NONE"
	if (match(text, /\*[A-Za-z0-9_]+$/)) {
		counts = counted(p, substr(text, RSTART + 1))
		text = substr(text, 1, RSTART - 1)
	}
	way = type ~ /^const / ? "ARG_IN" : "ARG_OUT"
	if (match(text, /\/(in|out|io|eintr)$/)) {
		way = substr(text, RSTART + 1)
		way = way == "in" ? "ARG_IN" : way == "out" ? "ARG_OUT" : way == "io" ? "ARG_IN | ARG_OUT" : "ARG_EINTR"
		text = substr(text, 1, RSTART - 1)
	}
	g = 0
	n = split(text, part, ":")
	kind = part[1]
	if (kind == "bits" || kind == "enum")
		g = group_index(part[2])
	else if (kind == "ptr" || kind == "sockval") {
		struct_name = part[2]
		if (n < 2 && match(type, /struct [A-Za-z0-9_]+/))
			struct_name = substr(type, RSTART + 7, RLENGTH - 7)
		g = layout_index(struct_name, p)
	}
	else if (n > 1)
		wrong("what is " text)
	sub(/^user_/, "", kind)
	return sprintf("\t{\"%s\", \"%s\", %d, ARG_%s, %d, %d, %s, %s},\n", proto_name[p, i], type, g, toupper(kind), \
		size < 0 ? -size : size, size < 0, way, counts)
}

function counted(p, name,   i) {
	if (name == "ret")
		return "ARG_RESULT"
	if (name == "2")
		return "0x80 | 2"
	for (i = 1; i <= proto[p]; i++)
		if (proto_name[p, i] == name)
			return i - 1
	wrong(p " has no argument " name " to count by")
}

# Of an old 32-bit call the time in it is 32 bits wide; from 403 on it never is.
function layout_index(name, p) {
	sub(/^user_/, "", name)
	sub(/^__kernel_old_/, "", name)
	if (abi == "i386" && narrow_time && name in old_time)
		name = old_time[name]
	return (name in layout) ? layout[name] : 65535
}

BEGIN {
	old_time["__kernel_timespec"] = "timespec"
	old_time["__kernel_itimerspec"] = "itimerspec"
	old_time["__kernel_timex"] = "timex"
}

function end_abi() {
	if (abi == "")
		return
	printf "static const struct sysent calls_%s[] = {\n%s};\n\n", abi, calls
	total[abi] = n_calls
	printf "sys: %s: %d calls, %d with prototypes\n", abi, n_calls, complete > counts_file
	complete = 0
}

END {
	if (failed)
		exit 1
	end_abi()
	for (k = 1; k <= rules; k++)
		if (!(k in rule_used))
			wrong("no argument is " rule_type[k] " " rule_name[k])
	split("x86_64 i386 x32 aarch64 riscv64", order, " ")
	print "const struct sysent *const sys_calls[ABI_COUNT] = {"
	for (i = 1; i <= 5; i++)
		if (order[i] in total)
			printf "\t[ABI_%s] = calls_%s,\n", toupper(order[i]), order[i]
	print "};\nconst unsigned sys_calls_count[ABI_COUNT] = {"
	for (i = 1; i <= 5; i++)
		if (order[i] in total)
			printf "\t[ABI_%s] = %d,\n", toupper(order[i]), total[order[i]]
	print "};\n\nconst char *const sys_ids[] = {"
	for (i = 0; i < ids; i++)
		printf "\t\"%s\",\n", id_name[i]
	print "};\nconst uint16_t sys_families[] = {"
	for (i = 0; i < ids; i++)
		printf "\t%d,\n", family_of(id_name[i])
	printf "};\nconst unsigned sys_ids_count = %d;\n\nconst struct sys_alias sys_aliases[] = {\n", ids
	n = 0
	for (i = 1; i <= aliases; i++) {
		split(alias[i], part, " ")
		if (part[1] in known)
			wrong("alias " part[1] " is a call")
		if (!(part[2] in known) && !(part[2] in id) && prototype(part[2]) == "")
			wrong("alias for no call " part[2])
		if (part[2] in id) {
			printf "\t{\"%s\", %d},\n", part[1], id[part[2]]
			n++
		}
	}
	printf "\t{0, 0},\n};\nconst unsigned sys_aliases_count = %d;\n", n
	for (name in family)
		if (!(name in known) && !(name in id) && prototype(name) == "")
			wrong("family of no call " name)
}

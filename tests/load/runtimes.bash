# SPDX-License-Identifier: MIT
# Interpreters at work that check themselves. The functions are as in servers.bash. Sourced by `run`.

# serve PROGRAM...: starts a server that writes its port to the file named last, and waits for it.
serve() {
	daemon "$@" "$DIR/port" 2>"$DIR/log"
	await 20 test -s "$DIR/port"
	PORT=$(cat "$DIR/port")
}

python3_needs() {
	needs python3
}

python3_start() {
	serve python3 "$HERE/work.py" serve
}

python3_load() {
	python3 "$HERE/work.py" load "$PORT" "$1"
}

# The interpreter's own system calls and pfiles about every one of its descriptors.
python3_truth() {
	local f own line
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	echo fds >&9
	own=
	while read -r -t 10 line <&9 && [ "$line" != . ]; do
		own+=$line$'\n'
	done
	f=$(facts "$DAEMON")
	listening python3 "$f" "$PORT"
	connected python3 "$f" "$(own_port 9)"
	same 'python3: has descriptors to tell of' yes "$([ "$(grep -c . <<<"$own")" -ge 8 ] && echo yes)"
	# What spawns takes descriptors for a moment: those that it names must be as it says.
	none 'python3: its own view of each descriptor' "$(python3_compare "$f" "$own")"
	exec 9>&-
}

# python3_compare FACTS OWN: prints what differs.
python3_compare() {
	OWN=$2 FACTS=$1 awk '
		function want(cond, what) { if (!cond) print fd " " what ": " o[i] " but " f }
		function name(kind, n,   p) {
			split(n, p, ":")
			return "|" kind ": AF_INET " p[1] "  port: " p[2] "|"
		}
		BEGIN {
			n = split(ENVIRON["FACTS"], line, "\n")
			for (i = 1; i <= n; i++)
				fact[line[i] + 0] = line[i]
			type["-"] = "S_IFREG"; type["d"] = "S_IFDIR"; type["c"] = "S_IFCHR"; type["p"] = "S_IFIFO"
			type["s"] = "S_IFSOCK"; type["?"] = "anon_inode"
			split("O_RDONLY O_WRONLY O_RDWR", access)
			n = split(ENVIRON["OWN"], o, "\n")
			for (i = 1; i < n; i++) {
				split(o[i], w, " ")
				fd = w[1]
				f = fact[fd]
				want(f ~ "^" fd ": " type[w[2]] " ", "type")
				want(index(f, " ino:" w[3] " "), "inode")
				want(index(f, "|" access[w[4] + 1]), "access")
				want((f ~ /\|O_[^|]*/ && f ~ /O_NONBLOCK/) == w[5], "O_NONBLOCK")
				want((f ~ /O_APPEND/) == w[6], "O_APPEND")
				want((f ~ /FD_CLOEXEC/) == w[7], "FD_CLOEXEC")
				want(w[8] == "-" || index(f, "|offset:" w[8] "|"), "offset")
				want(w[9] == "-" || index(f, name("sockname", w[9])), "sockname")
				want(w[10] == "-" || index(f, name("peername", w[10])), "peername")
			}
		}'
}

python3_errors() {
	cat "$DIR/log"
}

node_needs() {
	needs node
}

node_start() {
	serve node "$HERE/echo.js" serve
}

node_load() {
	node "$HERE/echo.js" load "$PORT" "$1"
}

node_truth() {
	local f line client
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab' >&9
	client=
	while read -r -t 10 line <&9 && [ "$line" != $'\r' ]; do
		case $line in
		x-client:*) client=${line#*: } client=${client%$'\r'} ;;
		esac
	done
	same 'node: sees its client where it is' "$(own_port 9)" "$client"
	f=$(facts "$DAEMON")
	truth_of node "$DAEMON"
	listening node "$f" "$PORT"
	connected node "$f" "$client"
	exec 9>&-
}

node_errors() {
	cat "$DIR/log"
}

bash_needs() {
	needs bash mkfifo
}

bash_start() {
	PORT=
	mkfifo "$DIR/in" "$DIR/out" "$DIR/in.silent"
	daemon "$HERE/loop.bash" "$DIR/in" "$DIR/out" 2>"$DIR/log"
	# Both ends of both: nobody sees an end of file between two loads.
	exec 6<>"$DIR/in" 7<>"$DIR/out"
	await 10 test -e "/proc/$DAEMON/fd/4"
}

bash_load() {
	local end=$((SECONDS + $1)) n=0 failed=0 line start took longest=0
	while [ $SECONDS -lt $end ] || [ $n = 0 ]; do
		n=$((n + 1))
		start=${EPOCHREALTIME/[.,]/}
		echo $n >&6
		line=
		read -r -t 20 line <&7
		took=$((${EPOCHREALTIME/[.,]/} - start))
		[ $took -le $longest ] || longest=$took
		[ "$line" = "ok $n" ] && continue
		failed=$((failed + 1))
		echo "bash: $n: ${line:-no answer}" >&2
	done
	echo $n $failed $((longest / 1000))
}

bash_truth() {
	local f
	truth_of bash "$DAEMON"
	f=$(facts "$DAEMON")
	has 'bash: reads its pipe' "$f" '^3: S_IFIFO' O_RDONLY "\\|$DIR/in\\|"
	has 'bash: writes the other' "$f" '^4: S_IFIFO' O_WRONLY "\\|$DIR/out\\|"
	has 'bash: has its script open' "$f" "^255: S_IFREG.* size:$(stat -c %s "$HERE/loop.bash")\\|" \
		"\\|$HERE/loop.bash\\|" FD_CLOEXEC
}

bash_errors() {
	cat "$DIR/log"
}

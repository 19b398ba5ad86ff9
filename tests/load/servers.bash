# SPDX-License-Identifier: MIT
# The servers. For each NAME: NAME_needs prints why it cannot run here, if so; NAME_start starts it, sets DAEMON
# and PORT, and returns when it answers; NAME_load SECONDS prints "REQUESTS FAILED LONGEST-MS" (- if not
# known); NAME_truth compares pfiles with what the server says; NAME_errors prints what its log has of errors.
# Each works in its own folder $DIR. Sourced by `run`.

needs() {
	local program
	for program; do
		command -v "$program" >/dev/null || echo "no $program"
	done
}

# Starts a daemon that ends with this shell, whatever ends it.
daemon() {
	setpriv --pdeathsig TERM "$@" </dev/null &
	DAEMON=$!
}

# --- nginx -----------------------------------------------------------------------------------------------

nginx_needs() {
	needs nginx wrk
}

nginx_start() {
	PORT=$(free_port)
	mkdir "$DIR/www"
	head -c 1500 /dev/urandom | base64 -w 0 >"$DIR/www/small"
	head -c 300000 /dev/urandom >"$DIR/www/large"
	cat >"$DIR/nginx.conf" <<-EOF
		$([ "$(id -u)" != 0 ] || echo 'user nobody nogroup;')
		daemon off;
		pid $DIR/pid;
		worker_processes 2;
		error_log $DIR/error.log warn;
		events { worker_connections 512; }
		http {
			access_log $DIR/access.log;
			log_format port '\$remote_port';
			sendfile on;
			client_body_temp_path $DIR/body;
			proxy_temp_path $DIR/proxy;
			fastcgi_temp_path $DIR/fastcgi;
			uwsgi_temp_path $DIR/uwsgi;
			scgi_temp_path $DIR/scgi;
			server {
				listen 127.0.0.1:$PORT;
				listen unix:$DIR/socket;
				root $DIR/www;
				location /large { aio threads; }
				location /proxied { proxy_pass http://unix:$DIR/socket:/small; }
				location /port { access_log $DIR/port.log port; return 200 ok; }
			}
		}
	EOF
	daemon nginx -p "$DIR" -e "$DIR/error.log" -c "$DIR/nginx.conf"
	await 20 listens "$PORT"
}

nginx_load() {
	local kind
	for kind in keep close; do
		wrk -t 1 -c 6 -d "$1" --timeout 15 -s "$HERE/nginx.lua" "http://127.0.0.1:$PORT" -- "$DIR/www" $kind &
	done | awk '
		$1 == "load" { n++; r += $2; f += $3; if ($4 > m) m = $4 }
		END { print r + 0, n == 2 ? f : f + 1, m + 0 }'
}

nginx_truth() {
	local worker f ports n
	truth_of 'nginx master' "$DAEMON"
	f=$(facts "$DAEMON")
	listening 'nginx master' "$f" "$PORT"
	has 'nginx master: listens on its unix socket' "$f" '\|[^|]*SO_ACCEPTCONN' "\\|sockname: AF_UNIX $DIR/socket\\|"
	# One of the workers takes the connection and says what port it came from.
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	: >"$DIR/port.log"
	printf 'GET /port HTTP/1.1\r\nHost: x\r\n\r\n' >&9
	read -r -t 10 n <&9
	same 'nginx: answers' 'HTTP/1.1 200 OK' "${n%$'\r'}"
	await 5 test -s "$DIR/port.log"
	ports=
	for worker in $(tree "$DAEMON"); do
		[ "$worker" != "$DAEMON" ] || continue
		f=$(facts "$worker")
		truth_of 'nginx worker' "$worker"
		listening 'nginx worker' "$f" "$PORT"
		has 'nginx worker: appends to its log' "$f" "\\|$DIR/access.log\\|" 'O_APPEND' 'S_IFREG'
		has 'nginx worker: has an epoll' "$f" '\|anon_inode:\[eventpoll\]\|'
		ports+=$(grep -o 'peername: AF_INET 127.0.0.1  port: [0-9]*' <<<"$f" | grep -o '[0-9]*$')
	done
	same 'nginx: the client has the port that nginx logged' "$(cat "$DIR/port.log")" "$ports"
	exec 9>&-
}

nginx_errors() {
	cat "$DIR/error.log"
}

# --- webhook ---------------------------------------------------------------------------------------------

# A server in Go, which runs a program for each answer: threads and children, all the time.
webhook_needs() {
	needs webhook wrk
}

webhook_start() {
	local name
	PORT=$(free_port)
	mkdir "$DIR/www"
	head -c 1500 /dev/urandom | base64 -w 0 >"$DIR/www/small"
	head -c 300000 /dev/urandom >"$DIR/www/large"
	for name in small large proxied; do
		printf '%s\n' "{\"id\": \"$name\", \"execute-command\": \"/bin/cat\",
			\"include-command-output-in-response\": true,
			\"pass-arguments-to-command\": [{\"source\": \"string\", \"name\": \"$DIR/www/${name/proxied/small}\"}]}"
	done | paste -s -d '\t' | sed 's/}\t/},/g; s/^/[/; s/$/]/' >"$DIR/hooks.json"
	daemon webhook -hooks "$DIR/hooks.json" -ip 127.0.0.1 -port "$PORT" -urlprefix '' >"$DIR/log" 2>&1
	await 20 listens "$PORT"
}

webhook_load() {
	nginx_load "$1"
}

webhook_truth() {
	truth_of webhook "$DAEMON"
	listening webhook "$(facts "$DAEMON")" "$PORT"
}

webhook_errors() {
	grep -iE 'error|panic|fatal|signal' "$DIR/log"
}

# --- redis -----------------------------------------------------------------------------------------------

# The server is the same program as the checker, which comes without a service that starts by itself.
redis_needs() {
	needs redis-check-rdb redis-benchmark redis-cli
}

redis_start() {
	PORT=$(free_port)
	daemon bash -c 'exec -a redis-server redis-check-rdb "$@"' redis-server --port "$PORT" --bind 127.0.0.1 \
		--dir "$DIR" --logfile "$DIR/log" --appendonly yes --appendfsync everysec --auto-aof-rewrite-percentage 0 --save '3 1' \
		--unixsocket "$DIR/socket" --enable-debug-command no --daemonize no --io-threads 2
	await 20 redis_cli ping
}

redis_cli() {
	redis-cli -h 127.0.0.1 -p "$PORT" "$@"
}

# One batch: "REQUESTS FAILED LONGEST-MS".
redis_batch() {
	local n=$1 out
	shift
	if out=$(redis-benchmark -h 127.0.0.1 -p "$PORT" -n "$n" -t set,get,incr,lpush,lpop --csv "$@" 2>&1) &&
		[ "$(grep -c '^"[SGIL]' <<<"$out")" = 5 ]; then
		awk -F '","' -v n="$n" '/^"[SGIL]/ { gsub(/"/, "", $NF); if ($NF > m) m = $NF; r += n }
			END { print r, 0, m }' <<<"$out"
	else
		grep -v '^"[SGIL]' <<<"$out" | head -5 >&2
		echo $((5 * n)) 1 0
	fi
}

# Batches until the time is up. What INCR left is compared with what was asked for.
redis_load() {
	local end=$((SECONDS + $1)) batch=0 n=1600 kinds got
	kinds=('-P 16 -c 20' '-c 8 -k 0' '-c 50' '-P 4 -c 4 -d 2000')
	redis_cli del counter:__rand_int__ >/dev/null
	while
		# shellcheck disable=SC2086 # options and their values
		redis_batch $n ${kinds[batch % 4]}
		batch=$((batch + 1))
		[ $SECONDS -lt $end ]
	do :; done >"$DIR/batches"
	got=$(redis_cli get counter:__rand_int__)
	if [ "$got" != $((batch * n)) ]; then
		echo "redis: INCR came to $got instead of $((batch * n))" >&2
		echo 0 1 0 >>"$DIR/batches"
	fi
	awk '{ r += $1; f += $2; if ($3 > m) m = $3 } END { print r, f, m }' "$DIR/batches"
}

redis_truth() {
	local f want aof
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	redis_cli set key value >/dev/null
	truth_of redis "$DAEMON"
	f=$(facts "$DAEMON")
	listening redis "$f" "$PORT"
	has 'redis: listens on its unix socket' "$f" '\|[^|]*SO_ACCEPTCONN' "\\|sockname: AF_UNIX $DIR/socket\\|"
	connected redis "$f" "$(own_port 9)"
	# What the server lists, without the connection that asks.
	want=$(redis_cli client list | grep -v 'cmd=client' | sed -n 's/.* addr=127.0.0.1:\([0-9]*\) .* fd=\([0-9]*\) .*/\2 \1/p')
	same 'redis: clients and their descriptors as in CLIENT LIST' "$want" \
		"$(sed -n 's/^\([0-9]*\): .*peername: AF_INET 127.0.0.1  port: \([0-9]*\)|.*/\1 \2/p' <<<"$f")"
	aof=$(echo "$DIR"/appendonlydir/*.incr.aof)
	has 'redis: appends to its file, all of which is written' "$f" "\\|$aof\\|" O_APPEND \
		" size:$(stat -c %s "$aof")\\|" "offset:$(stat -c %s "$aof")\\|"
	exec 9>&-
}

# The lines with # are warnings; those of the start are about the machine.
redis_errors() {
	sed '1,/Ready to accept connections/d' "$DIR/log" | grep -iE ' # |error|crash|fail' | grep -vE 'User requested shutdown|now ready to exit|child saving an .rdb. Killing it'
}

# --- postgres ----------------------------------------------------------------------------------------------

postgres_bin() {
	local d
	for d in /usr/lib/postgresql/*/bin; do
		[ ! -x "$d/pgbench" ] || [ ! -x "$d/initdb" ] || echo "$d"
	done | sort -V | tail -1
}

postgres_needs() {
	[ -n "$(postgres_bin)" ] || echo "no postgresql"
}

# The server refuses to run as root.
postgres_as() {
	[ "$(id -u)" = 0 ] || return
	if id postgres >/dev/null 2>&1; then
		echo setpriv --reuid=postgres --regid=postgres --clear-groups
	else
		echo setpriv --reuid=nobody --regid=nogroup --clear-groups
	fi
}

postgres_start() {
	local as
	read -r -a as <<<"$(postgres_as)"
	PORT=$(free_port)
	PATH=$(postgres_bin):$PATH
	export PGHOST=127.0.0.1 PGPORT=$PORT PGUSER=load PGDATABASE=postgres LC_ALL=C
	mkdir "$DIR/socket" "$DIR/data"
	if [ ${#as[@]} -gt 0 ]; then
		chown "${as[1]#*=}" "$DIR/socket" "$DIR/data" || return
	fi
	(cd "$DIR/data" && "${as[@]}" initdb -N -A trust -U load -D "$DIR/data") >"$DIR/initdb" || return
	# shellcheck disable=SC2016 # the inner shell expands them
	daemon "${as[@]}" bash -c 'cd "$1" && exec setpriv --pdeathsig TERM postgres -D "$1" -p "$2" \
		-c unix_socket_directories="$3" -c listen_addresses=127.0.0.1 -c log_checkpoints=off \
		-c checkpoint_timeout=30s' postgres "$DIR/data" "$PORT" "$DIR/socket" 2>"$DIR/log"
	await 30 psql -qAtXc 'select 1' || return
	pgbench -q -i -s 2 >/dev/null 2>"$DIR/init" || return
}

# Two kinds at once: four connections that write, and one that connects anew for each transaction.
postgres_load() {
	local out failed
	rm -f "$DIR"/tx.*
	psql -qAtXc 'truncate pgbench_history; update pgbench_accounts set abalance = 0;
		update pgbench_tellers set tbalance = 0; update pgbench_branches set bbalance = 0' || return
	pgbench -n -c 4 -j 1 -T "$1" -l --log-prefix="$DIR/tx" >"$DIR/out.write" 2>"$DIR/err.write" &
	out=$!
	PGHOST=$DIR/socket pgbench -n -C -S -c 1 -T "$1" >"$DIR/out.connect" 2>"$DIR/err.connect"
	failed=$?
	wait $out || failed=$((failed + 1))
	grep -ihE 'error|fatal|abort' "$DIR"/err.* | head -5 >&2
	[ "$(postgres_sums)" = t ] || {
		echo 'postgres: the balances do not add up' >&2
		failed=$((failed + 1))
	}
	cat "$DIR"/out.* "$DIR"/tx.* | awk -v f=$failed '
		/actually processed:/ { r += $NF; next }
		/number of failed transactions:/ { f += $5; next }
		NF == 6 && $1 ~ /^[0-9]+$/ && $3 > m { m = $3 }
		END { print r + 0, f + 0, m / 1000 }'
}

# Each transaction that pgbench counts left a row, and all sums are the same.
postgres_sums() {
	local n
	n=$(awk '/actually processed:/ { print $NF }' "$DIR/out.write")
	psql -qAtXc "select count(*) = ${n:-0} and sum(delta) = (select sum(abalance) from pgbench_accounts) and
		sum(delta) = (select sum(tbalance) from pgbench_tellers) and
		sum(delta) = (select sum(bbalance) from pgbench_branches) from pgbench_history"
}

postgres_truth() {
	local f client pid port file
	truth_of postmaster "$DAEMON"
	f=$(facts "$DAEMON")
	listening postmaster "$f" "$PORT"
	has 'postmaster: listens on its unix socket' "$f" '\|[^|]*SO_ACCEPTCONN' "\\|sockname: AF_UNIX $DIR/socket/.s.PGSQL.$PORT\\|"
	coproc CLIENT { psql -qAtX -F ' '; }
	client=$CLIENT_PID
	echo "select count(*) from pgbench_accounts; select pg_backend_pid(), inet_client_port(),
		current_setting('data_directory') || '/' || pg_relation_filepath('pgbench_accounts');" >&"${CLIENT[1]}"
	read -r -t 20 _ <&"${CLIENT[0]}"
	read -r -t 20 pid port file <&"${CLIENT[0]}"
	await 5 test "$(cat "/proc/$pid/wchan" 2>/dev/null)" != 0
	truth_of 'postgres backend' "$pid"
	f=$(facts "$pid")
	connected 'postgres backend' "$f" "$port"
	has 'postgres backend: has the table open that it scanned' "$f" "\\|$file\\|" ' size:'"$(stat -c %s "$file")"'\|'
	echo '\q' >&"${CLIENT[1]}"
	wait "$client" 2>/dev/null
}

postgres_errors() {
	grep -E ' (WARNING|ERROR|FATAL|PANIC): |terminated by signal|could not' "$DIR/log" |
		grep -v 'the database system is starting up'
}

# --- memcached ---------------------------------------------------------------------------------------------

memcached_needs() {
	needs memcached
}

memcached_start() {
	local user=()
	[ "$(id -u)" != 0 ] || user=(-u nobody)
	PORT=$(free_port)
	daemon memcached "${user[@]}" -l 127.0.0.1 -p "$PORT" -U 0 -t 4 -m 64 -v 2>"$DIR/log"
	await 10 listens "$PORT"
}

memcached_load() {
	"$LOAD_B/mcload" "$PORT" "$1" 6
}

memcached_truth() {
	local f line n
	exec 9<>"/dev/tcp/127.0.0.1/$PORT" 8<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'version\r\n' >&8
	read -r -t 5 line <&8
	printf 'stats\r\n' >&9
	while read -r -t 5 line <&9; do
		case $line in
		*curr_connections*) n=${line#*connections } n=${n%$'\r'} ;;
		END*) break ;;
		esac
	done
	truth_of memcached "$DAEMON"
	f=$(facts "$DAEMON")
	listening memcached "$f" "$PORT"
	connected memcached "$f" "$(own_port 9)"
	connected memcached "$f" "$(own_port 8)"
	same 'memcached: as many sockets as it counts connections, and the one that listens' $((n + 1)) "$(grep -c 'sockname: AF_INET' <<<"$f")"
	exec 9>&- 8>&-
}

memcached_errors() {
	grep -vE '^slab class|^Exiting normally' "$DIR/log"
}

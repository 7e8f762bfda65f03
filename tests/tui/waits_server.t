#!/bin/sh
# SPDX-License-Identifier: MIT
# One sentence of the waits view names the thread that blocks all others: it holds a mutex while
# a real server, redis or postgres, does not answer it.
. "$(dirname "$0")/lib.sh"
need python3
plan 7

port=$(free_port)
# ask FILE [poll]: starts the program that asks the server; sets $target and its thread $asker.
ask() {
	: >"$work/ready"
	rm -f "$work/hold"
	mkfifo "$work/hold"
	"$BUILD/tests/targets/lock_and_ask" "$port" "$@" <"$work/hold" >"$work/ready" &
	target=$!
	started="$started $target"
	exec 9>"$work/hold"
	until_true is_ready || { echo "Bail out! nothing asks"; exit 1; }
	asker=$(sed -n 's/^asker //p' "$work/ready")
}
stop_asking() {
	press q
	press q
	wait_for '^status=0'
	kill -9 "$target"
	exec 9>&-
}
end="tcp 127\.0\.0\.1:[0-9]+ -> 127\.0\.0\.1:$port"
# sentence STATE SERVER: the view has the sentence about the asker.
sentence() {
	view "--interval 0.3 $target"
	press w
	expect "^t$asker holds mutex 0x[0-9a-f]+, itself in $1 on fd [0-9]+ $end.*with $2( \(t[0-9]+\))?; 3 wait" \
		"$2: the sentence has the thread, its mutex, the socket and the process at its other end"
	sees "behind +mutex .*held by t$asker"
	ok $? "$2: the waiters are below the sentence"
}

open_shell 150 24
if command -v redis-server >/dev/null; then
	redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$work" >"$work/redis" 2>&1 &
	redis=$!
	started="$started $redis"
	until_true listens "$port"
	printf 'BLPOP nothing 0\r\n' >"$work/question"
	ask "$work/question"
	sentence io-read "redis-server $redis"
	# One look has a time for other processes, which a busy machine may take away.
	dump_names() { "$client" dump "$target" --filter "id:t$asker" | grep -q "with redis-server $redis"; }
	until_true dump_names
	ok $? 'dump names the server too'
	stop_asking
	ask "$work/question" poll
	sentence poll "redis-server $redis"
	stop_asking
	kill "$redis"
	wait "$redis"
else
	for i in 1 2 3 4 5; do ok 0 "redis $i # SKIP redis-server is not installed"; done
fi

have_postgres() { command -v initdb >/dev/null && command -v postgres >/dev/null; }
for folder in /usr/lib/postgresql/*/bin; do
	have_postgres || PATH="$PATH:$folder"
done
as=
[ "$(id -u)" -ne 0 ] || as='setpriv --reuid=65534 --regid=65534 --clear-groups'
if have_postgres; then
	mkdir "$work/pg"
	chmod 711 "$work"
	[ -z "$as" ] || chown 65534:65534 "$work/pg"
fi
if have_postgres && $as initdb -D "$work/pg/data" -A trust -U postgres --no-sync >"$work/initdb" 2>&1; then
	(cd "$work/pg" && exec $as postgres -D "$work/pg/data" -k "$work/pg" -c listen_addresses=127.0.0.1 \
		-c port="$port" -c fsync=off -c autovacuum=off) >"$work/postgres" 2>&1 &
	postgres=$!
	started="$started $postgres"
	until_true listens "$port"
	# The start of a session, then one query, as messages of the protocol.
	python3 "$beside/waits_server_query.py" "$work/question"
	ask "$work/question"
	backend() {
		for pid in $(cat "/proc/$postgres/task/$postgres/children"); do
			tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q SELECT && echo "$pid"
		done
	}
	has_backend() { [ -n "$(backend)" ]; }
	until_true has_backend
	sentence io-read "postgres $(backend)"
	stop_asking
	kill -INT "$postgres"
	wait "$postgres"
else
	for i in 1 2; do ok 0 "postgres $i # SKIP postgres is not installed, or initdb fails"; done
fi

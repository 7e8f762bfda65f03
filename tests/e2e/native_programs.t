#!/bin/sh
# SPDX-License-Identifier: MIT
# Stacks of common programs, read without stopping them, compared frame by frame with those of
# eu-stack, which stops the programs by ptrace.
. "$(dirname "$0")/lib.sh"
need python3
need eu-stack
need_ptrace
unset DEBUGINFOD_URLS
plan 9
compare=$(dirname "$0")/stacks_compare.py

# same NAME PID [SHARE]: this share of the stacks is the same as by ptrace.
same() { check "$1 has the same stacks as by ptrace" "$compare" "$client" "$2" "${3:-0.99}"; }
# have COMMAND NAME: succeeds if COMMAND is installed; otherwise skips one test.
have() {
	command -v "$1" >/dev/null 2>&1 && return
	ok 0 "stacks of $2 # SKIP $1 is not installed"
	return 1
}

if have redis-server redis; then
	start redis-server --port 0 --unixsocket "$work/redis" --io-threads 4 --save '' --dir "$work"
	until_true redis-cli -s "$work/redis" ping
	same redis "$last"
fi

start python3 "$beside/native_programs_waits.py"
until_true grep -q ready "$work/log"
same python3 "$last"

if have node node; then
	cat >"$work/program.js" <<'JS'
const { Worker } = require("worker_threads");
const wait = "const a = new Int32Array(new SharedArrayBuffer(4)); Atomics.wait(a, 0, 0)";
new Worker(wait, { eval: true });
new Worker("function f(n) { return n ? f(n - 1) + 1 : eval(`" + wait + "`) } f(20)", { eval: true });
new Worker("setInterval(() => 0, 600000)", { eval: true }).on("online", () => console.log("node ready"));
JS
	start node "$work/program.js"
	until_true grep -q 'node ready' "$work/log"
	same node "$last"
fi

if have initdb postgres && have postgres postgres; then
	# postgres does not run as root.
	as=
	[ "$(id -u)" -ne 0 ] || as='setpriv --reuid=65534 --regid=65534 --clear-groups'
	mkdir "$work/pg"
	chmod 711 "$work"
	[ -z "$as" ] || chown 65534:65534 "$work/pg"
	if $as initdb -D "$work/pg/data" -A trust -U postgres --no-sync >"$work/initdb" 2>&1; then
		start $as postgres -D "$work/pg/data" -k "$work/pg" -c listen_addresses= -c fsync=off \
			-c autovacuum=off
		main=$last
		sql() { psql -h "$work/pg" -U postgres -Atc "$1"; }
		until_true sql 'select 1'
		sql 'create table t(a int); insert into t values (1)' >"$work/sql"
		sql 'begin; update t set a = 2; select pg_sleep(600)' >/dev/null 2>&1 &
		started="$started $!"
		until_true sh -c "psql -h '$work/pg' -U postgres -Atc 'select wait_event from pg_stat_activity' | grep -q PgSleep"
		sql 'update t set a = 3' >/dev/null 2>&1 &
		started="$started $!"
		waiting() { psql -h "$work/pg" -U postgres -Atc "select pid from pg_stat_activity where wait_event_type = 'Lock'"; }
		until_true sh -c "psql -h '$work/pg' -U postgres -Atc 'select wait_event_type from pg_stat_activity' | grep -q Lock"
		blocked=$(waiting)
		postgres() {
			for pid in "$main" $(cat "/proc/$main/task/$main/children"); do
				echo "process $pid"
				# A process that served a query of this test may end while it is read.
				"$compare" "$client" "$pid" 0.99 || [ ! -d "/proc/$pid" ] || return 1
			done
		}
		check 'postgres: every process has the same stacks as by ptrace' postgres
		locked() { dump "$blocked" -s native && ask "has tasks.0.stack.*.function~='(LockAcquire|XactLockTableWait|postgres\+0x).*'"; }
		check 'a backend that waits for a row shows it in its stack' locked
		row() { dump "$blocked" -s native && ask "row state=mutex waits_on.text*='a postgres row lock' waits_on.owner=null name^='postgres: ' name\$=' UPDATE waiting'"; }
		check 'that backend is in mutex, is not idle, and has the title that postgres sets' until_true row
		mkfifo "$work/statements"
		exec 8<>"$work/statements"
		psql -h "$work/pg" -U postgres <"$work/statements" >/dev/null 2>&1 8>&- &
		started="$started $!"
		idler=
		idle() {
			idler=$(sql "select pid from pg_stat_activity where wait_event = 'ClientRead'")
			dump "$idler" -s native && ask "row state=poll idle name\$=' idle'"
		}
		check 'a backend that waits for its client is idle' until_true idle
		kill -INT "$main"
	else
		ok 1 'initdb succeeds' "$(cat "$work/initdb")"
		for _ in 1 2 3; do ok 1 'postgres runs' ''; done
	fi
else
	for _ in 1 2 3; do ok 0 'waits of postgres # SKIP postgres is not installed'; done
fi

mkfifo "$work/in"
exec 9<>"$work/in"
"$BUILD/tests/targets/wrap_cxx" <"$work/in" >"$work/cxx" 2>&1 9>&- &
started="$started $!"
last=$!
until_true grep -q '^ready' "$work/cxx"
same 'C++' "$last"
if have rustc Rust; then
	rustc -O -o "$work/rust" tests/targets/wrap_rust.rs 2>"$work/rustc"
	"$work/rust" <"$work/in" >"$work/rust.out" 2>&1 9>&- &
	started="$started $!"
	last=$!
	until_true grep -q '^ready' "$work/rust.out"
	same Rust "$last"
fi

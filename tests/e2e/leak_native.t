#!/bin/sh
# SPDX-License-Identifier: MIT
# The leak verdict on threads: the demo server under load, through its agent and from outside.
# Healthy servers and pools, and a stopped target, have no leak.
. "$(dirname "$0")/lib.sh"
need python3
need curl
cd "$work" || exit 1
here=$(dirname "$0")
case $here in /*) ;; *) here=$OLDPWD/$here ;; esac

# serve NAME OPTION…: starts the demo server; its pid is in NAME.pid, its address in NAME.url.
serve() {
	name=$1
	shift
	"$BUILD/examples/leaky-server" --port 0 "$@" >"$name.log" 2>&1 </dev/null &
	echo $! >"$name.pid"
	started="$started $!"
	until_true grep -q '^http.* pid' "$name.log"
	sed -n 's/ .*//p;q' "$name.log" >"$name.url"
}
# request URL: requests it about ten times a second, until it is ended.
request() {
	python3 "$beside/requests_forever.py" 0.1 "$1" >/dev/null 2>&1 &
	started="$started $!"
}
run() { # run NAME COMMAND…: in the background; its pid is in NAME.pid
	name=$1
	shift
	"$@" >"$name.log" 2>&1 </dev/null &
	echo $! >"$name.pid"
	started="$started $!"
}
serve leaky
serve fixed --fixed
request "$(cat leaky.url)"
request "$(cat fixed.url)"
run pool python3 "$here/../targets/leak_pool.py" pool
run leak python3 "$here/../targets/leak_pool.py" leak
run busy python3 "$here/../targets/leak_pool.py" busy
run stopped python3 "$here/../targets/leak_pool.py" busy
healthy='fixed pool busy stopped'
if command -v redis-server >/dev/null && command -v redis-benchmark >/dev/null; then
	port=$(free_port)
	run redis redis-server --port "$port" --bind 127.0.0.1 --io-threads 3 --save '' --dir "$work"
	until_true redis-cli -p "$port" ping
	run load redis-benchmark -p "$port" -n 100000000 -c 20 -P 8 -t get,set -q
	healthy="$healthy redis"
fi
if command -v nginx >/dev/null; then
	port=$(free_port)
	cat >nginx.conf <<CONF
$([ "$(id -u)" -ne 0 ] || echo 'user nobody nogroup;')
worker_processes 1;
daemon off;
pid $work/nginx.pid.file;
error_log $work/error.log;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3;
	uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
	server { listen 127.0.0.1:$port; location / { return 200 "fine"; } }
}
CONF
	run nginx nginx -c "$work/nginx.conf"
	until_true curl -sf "http://127.0.0.1:$port/"
	request "http://127.0.0.1:$port/"
	healthy="$healthy nginx"
fi
kill -STOP "$(cat stopped.pid)"

judges=
# judge OUTPUT COMMAND…: runs it in the background; its status is in OUTPUT.status.
judge() {
	output=$1
	shift
	{ "$@" >"$output" 2>&1; echo $? >"$output.status"; } &
	judges="$judges $!"
}
judge leaky.json "$client" report -f json --for 5 "$(cat leaky.pid)"
judge outside.json "$client" report -f json --for 5 -s native "$(cat leaky.pid)"
judge leak.json "$client" report -f json --for 5 "$(cat leak.pid)"
for name in $healthy; do
	judge $name.check "$client" check --no-leak --max-stuck 0 --for 5 "$(cat $name.pid)"
done
# Recordings of the same targets, which are judged in the same way.
for name in leaky leak $healthy; do
	judge $name.recorded "$client" record -o $name.grmon -i 0.1 --for 5 "$(cat $name.pid)"
done
# shellcheck disable=SC2086
wait $judges
mv leaky.json live.json
mv leak.json climbs.json

is_leak() { # is_leak FILE B…: the only leak of the report meets the conditions B
	ask_file "$1" "in leaks.* count verdict=leak = 1 and in leaks.* row verdict=leak has $2"
}
check 'the demo server leaks in send_product, which get_products starts' is_leak live.json \
	'stack.*.function=send_product creator=get_products state=chan-send'
check 'the report names some of the leaked threads' is_leak live.json 'examples.#>3 examples.0^=t'
from_outside() { is_leak outside.json stack.*.function=send_product && ask_file outside.json 'has target.sources=native'; }
check 'from outside the report names the same function' from_outside
check 'a Python program leaks threads' is_leak climbs.json 'per_minute>60'
for name in $healthy; do
	ok "$(cat $name.check.status)" "$name: check finds no leak and no stuck task" "$(cat $name.check)"
done
recorded() {
	for name in leaky leak $healthy; do
		"$client" report -f json $name.grmon >$name.json || return 1
	done
}
check 'all targets are recorded' recorded
# shellcheck disable=SC2086
python3 "$here/leak_table.py" leaky leak -- $healthy >table
ok $? 'reports of the recordings give the same verdicts' "$(cat table)"
cat table
plan $tests

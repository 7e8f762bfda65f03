#!/bin/sh
# SPDX-License-Identifier: MIT
# Throughput of real servers with the agent preloaded, compared with none: rounds of both
# alternate, and the figure is the median of the ratios. Needs redis-server and
# redis-benchmark; skips without them.
set -u
BUILD=${BUILD:-$PWD/build}
command -v redis-benchmark >/dev/null 2>&1 || { echo 'no redis-benchmark: skipped'; exit 0; }
work=$(mktemp -d)
pids=
finish() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT INT TERM

server() {	# server PRELOAD: starts redis, its port in $port
	port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	env LD_PRELOAD="$1" redis-server --port "$port" --bind 127.0.0.1 --io-threads 2 \
		--io-threads-do-reads yes --save '' --dir "$work" >/dev/null 2>&1 &
	pids="$pids $!"
	until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.05; done
}
server ''
plain=$port
server "$BUILD/libgrmon.so"
with=$port

rate() {	# requests per second
	timeout -k 1 30 redis-benchmark -p "$1" -n 30000 -c 20 -P 4 -t get --csv 2>/dev/null |
		awk -F'"' '/GET/ {print $4}'
}
rate "$plain" >/dev/null
rate "$with" >/dev/null
round=0
while [ $round -lt 7 ]; do
	round=$((round + 1))
	echo "$(rate "$plain") $(rate "$with") $(rate "$plain")"
done >"$work/rates"
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ratio=$(awk '{print 2 * $2 / ($1 + $3)}' "$work/rates" | median)
noise=$(awk '{print $3 / $1}' "$work/rates" | median)
printf 'redis requests/s, io-threads 2, agent against none\t%.3f\tx\t>=0.97\n' "$ratio"
printf 'the same, none against none (the noise)\t%.3f\tx\t-\n' "$noise"

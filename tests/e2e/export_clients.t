#!/bin/sh
# SPDX-License-Identifier: MIT
# Slow clients of an exporter do not delay scrapes. Invalid requests are refused. A web page in a
# browser cannot read what is served to this host.
. "$(dirname "$0")/lib.sh"
need curl
need python3
plan 5
clients=$(dirname "$0")/slow_clients.py

start sleep 600
target=$last
serve() { # serve ADDRESS: starts an exporter on ADDRESS; its port is in $port.
	# Another test may have taken a port that was free.
	for _ in 1 2 3 4 5; do
		port=$(free_port)
		start "$client" export "$target" --listen "$1:$port"
		until_true curl -sf -o "$work/metrics" "http://127.0.0.1:$port/metrics"
		grep -q '^State:[[:space:]]*[^Z]' "/proc/$last/status" && return
	done
}

serve 127.0.0.1
python3 "$clients" "$port" turns >"$work/turns" 2>&1 &
turns=$!
started="$started $turns"
serve 127.0.0.1
exporter=$last
check 'methods, sizes, versions and names of requests are checked' python3 "$clients" "$port" protocol
said=$(curl -s -H 'Host: rebound.example' "http://127.0.0.1:$port/metrics")
[ "$said" = "${said#*grmon_}" ] && echo "$said" | grep -q '127.0.0.1.*--listen NAME:PORT'
ok $? 'a client that uses another host name gets only the list of valid ones' "$said"
storm() {
	python3 "$clients" "$port" storm 3 64 >"$work/storm" && kill -0 "$exporter"
}
storm 2>"$work/error"
ok $? 'with 64 slow clients every scrape is answered within a second' "$(cat "$work/storm" "$work/error")"
sed 's/^/# /' "$work/storm"
serve 0.0.0.0
check 'a service for other hosts accepts any host name' \
	curl -sf -o "$work/metrics" -H 'Host: metrics.example' "http://127.0.0.1:$port/metrics"
wait "$turns"
ok $? 'clients that send nothing, send slowly or do not read are disconnected' "$(cat "$work/turns")"
sed 's/^/# /' "$work/turns"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Whoever connects to an exporter, however slowly, holds up no scrape; what is no scrape is
# refused; and a page of a browser cannot read what is served to this host.
. "$(dirname "$0")/lib.sh"
need curl
need python3
plan 5
clients=$(dirname "$0")/slow_clients.py

start sleep 600
target=$last
serve() { # serve ADDRESS: an exporter there; $port
	port=$(free_port)
	start "$client" export "$target" --listen "$1:$port"
	until_true curl -sf -o "$work/metrics" "http://127.0.0.1:$port/metrics"
}

serve 127.0.0.1
python3 "$clients" "$port" turns >"$work/turns" 2>&1 &
turns=$!
started="$started $turns"
serve 127.0.0.1
exporter=$last
check 'methods, sizes, versions, names' python3 "$clients" "$port" protocol
said=$(curl -s -H 'Host: rebound.example' "http://127.0.0.1:$port/metrics")
[ "$said" = "${said#*grmon_}" ] && echo "$said" | grep -q '127.0.0.1.*--listen NAME:PORT'
ok $? 'who calls it by another name is told which there are, and nothing else' "$said"
storm() {
	python3 "$clients" "$port" storm 3 64 >"$work/storm" && kill -0 "$exporter"
}
storm 2>"$work/error"
ok $? 'beside 64 slow clients each scrape is answered within a second' "$(cat "$work/storm" "$work/error")"
sed 's/^/# /' "$work/storm"
serve 0.0.0.0
check 'a service for other hosts is called as they like' \
	curl -sf -o "$work/metrics" -H 'Host: metrics.example' "http://127.0.0.1:$port/metrics"
wait "$turns"
ok $? 'silent, slow and deaf clients are sent away' "$(cat "$work/turns")"
sed 's/^/# /' "$work/turns"

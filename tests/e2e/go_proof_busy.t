#!/bin/sh
# SPDX-License-Identifier: MIT
# Busy and healthy Go programs: no living goroutine is accused, whatever moves through the heap while
# it is read. Goroutines that have really leaked are still found.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -ldflags '-s -w' -o "$work/hops" "$(dirname "$0")/../targets/go/hops.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"

launch() {	# launch COMMAND…: its pid is in $last
	"$@" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
}
prove() { dump "$last" -s goruntime --prove; }
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
healthy() {	# healthy NAME BLOCKED: three proofs, each of at least BLOCKED blocked goroutines
	for try in 1 2 3; do
		check "$1: proof $try completes" prove
		check "$1: no goroutine is accused, $try" ask \
			"no proven and count class~=channel|lock >= $2"
	done
}
for megabytes in 1 60; do
	launch "$work/hops" 200 $megabytes 0
	until_true grep -q '^ready' "$work/out"
	healthy "requests that move through $megabytes MB" 100
	stop
done
launch "$work/hops" 100 10 50
until_true grep -q '^ready' "$work/out"
check 'the proof of a busy program that leaks completes' prove
check 'that proof finds the leaked goroutines, and no other' ask \
	'count name=main.leaked proven >= 45 and no name!=main.leaked proven'
stop

if command -v prometheus >/dev/null 2>&1; then
	port=$(free_port)
	printf 'scrape_configs: [{job_name: a, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:%s"]}]}]\n' \
		"$port" >"$work/prometheus.yml"
	launch prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
		--web.listen-address="127.0.0.1:$port"
	until_true grep -q 'ready to receive' "$work/out"
	healthy prometheus 8
	stop
else
	ok 0 'proofs of prometheus # SKIP it is not installed'
fi
plan $tests

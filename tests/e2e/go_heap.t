#!/bin/sh
# SPDX-License-Identifier: MIT
# The heap of a Go program from outside: its figures are those that the program prints of
# itself, and dumps, comparisons, reports and recordings tell a leak of memory from idle
# memory and from leaked goroutines.
. "$(dirname "$0")/lib.sh"
need go
need python3
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
compare=$(dirname "$0")/go_heap_compare.py
go build -ldflags '-s -w' -o "$work/heapstats" "$(dirname "$0")/../targets/go/heapstats.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"

# tell STORY [VARIABLE=VALUE…]: starts it; its pid is in $last.
tell() {
	story=$1
	shift
	rm -f "$work/stats" "$work/out"
	env "$@" "$work/heapstats" "$story" "$work/stats" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	number=0
	until_true grep -q '^ready' "$work/out"
}
# signal NAME: and waits until the program has answered.
signal() {
	number=$((number + 1))
	kill -"$1" "$last"
	until_true grep -q "\"number\":$number," "$work/stats"
}
end() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
# The runtime may collect or return memory between the two, at any time.
is_true() { signal USR2 && dump "$last" && signal USR2 && python3 "$compare" "$work/dump.json" "$work/stats"; }
# run_story STORY: dumps before and after, and what diff says of them.
run_story() {
	tell "$1"
	dump "$last" && mv "$work/dump.json" "$work/before.json"
	signal USR1
	check "$1: the figures are those of the program" until_true is_true
	dump "$last" && mv "$work/dump.json" "$work/after.json"
	"$client" diff "$work/before.json" "$work/after.json" >"$work/diff" 2>&1
	"$client" diff -f json "$work/before.json" "$work/after.json" >"$work/diff.json"
	end
}
says() { grep -qE "$1" "$work/${2:-diff}" || { cat "$work/${2:-diff}"; return 1; }; }
says_not() { ! says "$@" >/dev/null; }

run_story pointers
check 'a slice that keeps old pointers: the live heap grew' says \
	'^The live heap grew from [0-9.]+ MB to [0-9]+ MB in [0-9]+ collections?.*: a leak of memory'
check 'and what shows the allocations' says 'go tool pprof http://HOST:PORT/debug/pprof/heap'
check 'which this program cannot answer' says 'does not contain net/http/pprof'
check 'nothing else grew' says_not 'Goroutine stacks grew|not a leak'
check 'in JSON too' ask_file "$work/diff.json" \
	'has heap_changes.0.change=live heap_changes.0.command*=pprof heap_changes.#=1'
run_story proxy
check 'a proxy that is idle again: not a leak' says \
	'MB of the heap are idle .*the Go runtime has not returned .*It is not a leak'
check 'and the live heap did not grow' says_not 'live heap grew|stacks grew'
run_story goroutines
check 'leaked goroutines: their stacks grew' says \
	'^Goroutine stacks grew from .* to 3[0-9] MB: 2,00[0-9] goroutines hold 3[0-9] MB, .*a leak of goroutines'
check 'and the live heap did not grow' says_not 'live heap grew|not a leak'

tell pointers GOGC=50 GOMEMLIMIT=220MiB
signal USR1
check 'settings: the figures are those of the program' until_true is_true
check 'GOGC and GOMEMLIMIT' ask \
	'has resources.go_heap.gc_percent=50 resources.go_heap.limit_bytes=230686720'
"$client" dump "$last" -f openmetrics >"$work/metrics"
check 'metrics' says '^grmon_go_heap_live_bytes\{.*\} [0-9]{8}$' metrics
check 'with a counter of collections' says '^grmon_go_heap_collections_total\{.*\} [0-9]+$' metrics
end
tell proxy
check 'GOGC=off is a percentage of -1, without a goal' sh -c "
	'$client' dump $last -f json >'$work/dump.json' &&
	python3 '$beside/../ask.py' '$work/dump.json' 'has resources.go_heap.gc_percent=-1 resources.go_heap.goal_bytes?=null'"
end

tell pointers
start "$client" record "$last" -o "$work/load.grmon" -i 0.1
recorder=$last
last=$(pgrep -P $$ -x heapstats)
until_true grep -q go_heap "$work/load.grmon"
signal USR1
grown() { "$client" report "$work/load.grmon" -f json >"$work/report.json" && ask_file "$work/report.json" \
	'has heap_changes.0.change=live go_heap.collections>=3'; }
check 'a report of a recording says it, in JSON' until_true grown
# A figure over time needs some samples before and after.
figured() {
	"$client" report "$work/load.grmon" >"$work/report" &&
		says '^- heap live: [0-9.]+ [kM]B to [0-9.]+ MB' report
}
check 'in text, with a figure over time' until_true figured
kill -INT "$recorder"
wait "$recorder"
check 'and as a sentence' says '^- The live heap grew from' report
dump "$last" && cp "$work/dump.json" "$work/now.json"
"$client" dump "$work/load.grmon" -f json >"$work/dump.json"
now=$(ask_file "$work/now.json" 'value resources.go_heap.live_bytes')
check 'a dump of the recording has the figures' ask "has resources.go_heap.live_bytes=$now"
end
start sleep 100
dump "$last"
check 'another program has none' ask 'has !resources.go_heap?'
plan $tests

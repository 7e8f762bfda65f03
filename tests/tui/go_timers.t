#!/bin/sh
# SPDX-License-Identifier: MIT
# The timers of a Go program in the resources view, and what d says of them after a mark.
. "$(dirname "$0")/lib.sh"
need go
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
GOFLAGS='' GOTOOLCHAIN=local go build -ldflags '-s -w' -o "$work/timers" \
	"$(dirname "$0")/../targets/go/timers.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
"$work/timers" fixed 100 >"$work/out" 2>&1 </dev/null &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out" || echo '# the target is not ready'

open_shell 140 50
view "$target"
press x
expect '^ +Go timers: [0-9]+ timers, [0-9]+ of them tickers' 'x shows how many timers there are'
expect '^ +90 timers that call main\.\(\*session\)\.expire, the next in 59m' 'those that call a function'
expect '^ +3 tickers of 2h00m that send to a channel, the next in 1h' 'and tickers, by their period'
expect ' go_timers [0-9]+ .*timers of Go.s runtime' 'and a graph'
press x q
wait_for '^status=0'
kill -9 "$target"

# Timers of sessions that are never stopped grow, and goroutines do not.
"$work/timers" forget 10 >"$work/out" 2>&1 </dev/null &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out" || echo '# the target is not ready'
view "-i 0.1 $target"
wait_for 'tasks [0-9]+'
press m
expect 'mark 1 [0-9:]+: d shows what changes' 'a mark'
press d
expect 'since the mark: \+[0-9]+: [0-9]+ timers that call main\.\(\*session\)\.expire' 'd says which timers have grown'
plan $tests

#!/bin/sh
# SPDX-License-Identifier: MIT
# The timers of a Go program are counted by function and period, as many as the program has made, in
# dumps, metrics, recordings, reports and comparisons. Also stripped programs, and other versions of
# Go whose toolchains are in the module cache.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
source=$(dirname "$0")/../targets/go/timers.go
export GOENV=off GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"

build() {	# build GO OUTPUT OPTION…
	go=$1
	out=$2
	shift 2
	"$go" build "$@" -o "$work/$out" "$source" >"$work/build.log" 2>&1
}
launch() {	# launch COMMAND…: waits until its timers are armed; its pid is in $last
	rm -f "$work/out"
	"$@" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out" || echo "# $1 is not ready"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
timers='resources.go_timers'
# timer COUNT A…: a group that meets A has COUNT timers.
timer() {
	wanted=$1
	shift
	ask "in $timers.groups.* row $* has count=$wanted"
}
method='function=main.(*session).expire period_ns=0'
ticker='callback=time.sendTime period_ns=5400000000000'
waited='callback=time.sendTime period_ns=7200000000000'

# counts VERSION: the timers that are in a heap in every version of Go.
counts() {
	until_true sees "$last" "has $timers.partial=false $timers.others=0 and
		in $timers.groups.* row callback=runtime.goroutineReady has count>=7 and
		in $timers.groups.* row $waited has count=3" || echo "# its goroutines do not wait"
	check "$1: timers that call a method are counted" timer 90 "$method"
	check "$1: timers of contexts are counted" timer 7 "function^=context.WithDeadline"
	check "$1: timers of I/O deadlines are counted" timer 4 'callback=runtime.netpollReadDeadline'
	check "$1: tickers that a goroutine waits for are counted" timer 3 "$waited"
	check "$1: sleeps are counted" sees "$last" "in $timers.groups.* row callback=runtime.goroutineReady has count>=7 count<=8"
}
# unwaited VERSION: tickers that no goroutine waits for, in versions that keep them in a heap.
unwaited() {
	check "$1: tickers that no goroutine waits for are counted" timer 90 "$ticker"
	check "$1: a ticker whose channel is full is counted as full" sees "$last" \
		"in $timers.groups.* row period_ns=1000000 has count=1 full=1"
	check "$1: the number of tickers is separate" sees "$last" "has $timers.tickers=94 $timers.waited_only=false"
	check "$1: the time until the next tick is known" sees "$last" "in $timers.groups.* row $ticker has next_in_ns>0 next_in_ns<5400000000000"
}
go_minor() { "$1" env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/'; }

build go stripped -ldflags '-s -w' || skip_all "go cannot build: $(tail -1 "$work/build.log")"
version=$(go env GOVERSION)
minor=$(go_minor go)
launch "$work/stripped" fixed 100
counts "$version, stripped"
if [ "$minor" -ge 23 ]; then
	check 'since Go 1.23 tickers without a waiter are not in a heap, and the dump says so' sees "$last" \
		"has $timers.waited_only=true $timers.tickers=3 and in $timers.groups.* no $ticker"
else
	unwaited "$version, stripped"
fi
check 'a report describes the timers' sh -c \
	"'$client' report $last --for 1s >'$work/report' && grep -q '^- 90 timers that call main\.(\*session)\.expire' '$work/report' &&
	grep -q '^- 3 tickers of 2h00m that send to a channel, the next in 1h' '$work/report'"
check 'a report is written as JSON' sh -c \
	"'$client' report $last --for 1s -f json >'$work/dump.json'" && check 'that JSON has the groups of timers' \
	ask 'in go_timers.groups.* row function=main.(*session).expire has count=90'
check 'metrics have the timers' sh -c \
	"'$client' dump $last -f openmetrics | grep -q '^grmon_go_timers{.*callback=\"time.sendTime\",function=\"\",period=\"7200\"} 3\$'"
check 'a recording can be dumped' sh -c "'$client' record $last --for 1s -o '$work/one.grmon' && '$client' dump '$work/one.grmon' -f json >'$work/dump.json'"
check 'the recording has the timers' timer 90 "$method"
cp "$work/dump.json" "$work/before.json"
stop

if [ "$minor" -ge 23 ] && [ "$minor" -le 26 ]; then
	launch env GODEBUG=asynctimerchan=1 "$work/stripped" fixed 100
	counts "$version as before 1.23"
	unwaited "$version as before 1.23"
	stop
fi
launch "$work/stripped" fixed 200
dump "$last"
check 'a comparison says what has grown' sh -c \
	"'$client' diff '$work/before.json' '$work/dump.json' | grep -q '^  +90: 180 timers that call main\.(\*session)\.expire'"
stop
launch "$work/stripped" fixed 50000
"$client" record "$last" -i 0.05 --for 2 -o "$work/many.grmon"
check 'tens of thousands of timers are not read with every sample' sh -c "zcat -f '$work/many.grmon' | grep -q '\"read_ns\"'"
stop
sleep 1000 &
last=$!
started="$started $last"
check 'a C program has no timers of Go' sees "$last" 'has !resources.go_timers?'
kill -9 "$last"

check 'the program builds with -buildmode=pie' build go pie -buildmode=pie
launch "$work/pie" fixed 100
counts "$version, position-independent"
stop

# Servers that open sessions all the time, each recorded for a few seconds, as old programs are:
# there every ticker is in a heap until it is stopped.
old=
[ "$minor" -ge 23 ] && old=asynctimerchan=1
record() {	# record STORY: its pid in $pid
	GODEBUG=$old "$work/stripped" "$1" 50 >"$work/$1.out" 2>&1 </dev/null &
	pid=$!
	started="$started $pid"
	until_true grep -q '^ready' "$work/$1.out" || echo "# $1 is not ready"
	"$client" record "$pid" -o "$work/$1.grmon" -i 0.1 --for 7.5 2>"$work/$1.err" &
	recorders="$recorders $!"
}
judge() { "$client" report "$work/$1.grmon" -f json >"$work/dump.json"; }
says() { "$client" report "$work/$1.grmon" | tr -s ' \n' '  ' | grep -qE -- "$2"; }
groups='in go_timers.groups.*'
recorders=
record forget
record steady
quiet=$pid
record jitter
record grow
"$client" report "$pid" --for 7.5s --fail >"$work/live.txt" 2>&1
live=$?
# shellcheck disable=SC2086
wait $recorders
check 'forget: timers that are never stopped are a leak' judge forget
check 'forget: the leak names the method that they call' ask \
	"$groups row function=main.(*session).expire has verdict=leak per_minute>60 stayed>50"
check 'forget: nothing else is a leak' ask "$groups count verdict?=leak = 1"
check 'forget: a report begins with it, in words' says forget \
	'1 leak, 0 deadlocks\. .*Leak 1: [0-9]+ timers that call main\.\(\*session\)\.expire .*From [0-9]+ to [0-9]+ in .*: \+[0-9]+ a minute'
check 'steady: sessions that are closed can be judged' judge steady
check 'steady: no group is a leak' ask "$groups no verdict?=leak"
check 'steady: check --no-leak passes' "$client" check "$quiet" --no-leak --for 3
if [ "$minor" -le 26 ]; then
	check 'grow: tickers that are never stopped are a leak' judge grow
	check 'grow: the leak names their period' ask \
		"$groups row callback=time.sendTime period_ns=5000000000 has verdict=leak per_minute>60 stayed>50"
	check 'grow: nothing else is a leak' ask "$groups count verdict?=leak = 1"
	check 'grow: a live report finds it, and --fail ends with status 1' sh -c \
		"[ $live -eq 1 ] && grep -qE '^Leak 1: [0-9]+ tickers of 5\.0s that send to a channel' '$work/live.txt'"
	check 'jitter: tickers of which each has another period are one group, and a leak' judge jitter
	check 'jitter: the leak is the only one' ask "$groups count verdict?=leak = 1"
	check 'jitter: it names the range of their periods' says jitter \
		'Leak 1: [0-9]+ tickers of 5\.[0-9]s to 5\.[0-9]s that send to a channel .*: \+[0-9]+ a minute'
	check 'jitter: in JSON too' ask "$groups row callback=time.sendTime verdict?=leak has
		!period_ns period_least_ns>=5000000000 period_most_ns<5500000000 stayed>50"
	check 'jitter: in metrics too' sh -c \
		"'$client' dump '$work/jitter.grmon' -f openmetrics | grep -q '^grmon_go_timers{.*period=\"various\"} [0-9]'"
	check 'grow: their channels are full' says grow '[0-9]+ channels are full: no task receives'
	check 'grow: check --no-leak fails and names them' sh -c \
		"! '$client' check $pid --no-leak --for 6 >'$work/check' 2>&1 && grep -q 'tickers of 5.0s that send to a channel' '$work/check'"
	mkdir -p "$work/known/grmon-c"
	echo '{"acknowledge": ["name:time.sendTime"]}' >"$work/known/grmon-c/config.json"
	check 'grow: a filter of names acknowledges them' env XDG_CONFIG_HOME="$work/known" \
		"$client" report "$work/grow.grmon" --fail
else
	ok 0 '# SKIP this Go has no old timers'
fi

# Three other versions, as far apart as possible.
versions=$(ls -d "$(go env GOMODCACHE)"/golang.org/toolchain@*linux-amd64 2>/dev/null | sort -V)
[ -n "$versions" ] || ok 0 'other versions # SKIP no other toolchain of Go is in the module cache'
count=$(echo "$versions" | wc -l)
for at in 1 $((count / 2 + 1)) "$count"; do
	root=$(echo "$versions" | sed -n "${at}p")
	[ -n "$root" ] && [ "$root" != "${before:-}" ] || continue
	before=$root
	version=$(basename "$root" .linux-amd64 | sed 's/.*-go/go/')
	build "$root/bin/go" other -ldflags '-s -w' || {
		ok 0 "$version # SKIP it cannot build: $(tail -1 "$work/build.log")"
		continue
	}
	launch "$work/other" fixed 100
	counts "$version"
	[ "$(go_minor "$root/bin/go")" -ge 23 ] || unwaited "$version"
	stop
done
plan $tests

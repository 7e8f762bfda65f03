#!/bin/sh
# SPDX-License-Identifier: MIT
# Formats for other tools: folded stacks, profiles for Go's pprof, timelines for speedscope, and
# metrics; of a server, and of a recording of it.
. "$(dirname "$0")/lib.sh"
need python3
need redis-server
plan 14

start redis-server --port 0 --save '' --unixsocket "$work/redis.sock" --dir "$work"
redis=$last
until_true sees "$redis" 'count state=cond >= 3'
dump "$redis"

"$client" dump "$redis" -f folded >"$work/folded"
grep -qE '^[^;]+(;[^;]+)*;bioProcessBackgroundJobs;.*;\[cond\] 3$' "$work/folded"
ok $? "folded: equal stacks are one line, outermost first, with the state last" "$(cat "$work/folded")"
[ "$(awk '{ sum += $NF } END { print sum }' "$work/folded")" -eq \
	"$(ask count)" ]
ok $? "folded: every task is counted once"
# Sometimes the server is awake, in its cron.
filtered() { [ "$("$client" dump "$redis" -f folded --filter state:poll | wc -l)" -eq 1 ]; }
check "folded: a filter selects tasks" until_true filtered

"$client" dump "$redis" -f pprof -o "$work/one.pb.gz"
if command -v go >/dev/null 2>&1; then
	# Go builds the tool when it is first used, and caches it in the home folder.
	[ -w "${HOME:-/none}" ] || export HOME="$work"
	pprof() { go tool pprof "$@" 2>/dev/null; }
	pprof -top -sample_index=goroutine "$work/one.pb.gz" >"$work/top"
	grep -q 'Type: goroutine' "$work/top" && grep -qE '^ +0 .* 3 .*bioProcessBackgroundJobs' "$work/top"
	ok $? "pprof: Go's tool counts tasks by function" "$(cat "$work/top")"
	pprof -tags "$work/one.pb.gz" >"$work/tags"
	grep -q 'state: Total' "$work/tags" && grep -q 'thread: Total' "$work/tags" && grep -q ': cond$' "$work/tags"
	ok $? "pprof: state and thread are labels" "$(cat "$work/tags")"
	pprof -top -sample_index=blocked "$work/one.pb.gz" >"$work/blocked"
	grep -q 'Type: blocked' "$work/blocked" && grep -qE '[0-9.]+s .*bioProcessBackgroundJobs|[0-9.]+ms .*bioProcessBackgroundJobs' "$work/blocked"
	ok $? "pprof: blocked time is a value" "$(cat "$work/blocked")"
	# Another process, at other addresses, with one job thread more.
	start redis-server --port 0 --save '' --unixsocket "$work/other.sock" --dir "$work" --io-threads 3
	until_true sees "$last" 'count >= 7'
	"$client" dump "$last" -f pprof -o "$work/two.pb.gz"
	pprof -top -base "$work/one.pb.gz" "$work/two.pb.gz" >"$work/base"
	grep -q IOThreadMain "$work/base" && ! grep -q bioProcessBackgroundJobs "$work/base"
	ok $? "pprof: -base leaves the difference between two processes" "$(cat "$work/base")"
	start env LD_PRELOAD="$agent" redis-server --port 0 --save '' --unixsocket "$work/inside.sock" --dir "$work"
	creators() {
		"$client" dump "$last" -f pprof -o "$work/inside.pb.gz" &&
			pprof -tags "$work/inside.pb.gz" >"$work/tags" &&
			grep -q 'creator: Total' "$work/tags" && grep -qE '^ +3(\.0)? .*: bioInit$' "$work/tags"
	}
	check "pprof: the creator is a label" until_true creators
else
	for name in top tags blocked base creator; do
		ok 0 "pprof: $name # SKIP go is not installed"
	done
fi
"$client" dump "$work/one.pb.gz" -f folded >"$work/again"
grep -qE 'bioProcessBackgroundJobs' "$work/again"
ok $? "pprof: grmon-c reads its own profile" "$(cat "$work/again")"

"$client" record "$redis" -o "$work/recording" --for 2s -i 0.1 2>"$work/err" &
started="$started $!"
recorder=$!
# A state that changes during the recording: the process is stopped.
until_true grep -q '"t' "$work/recording"
kill -STOP "$redis"
sees_stopped() { grep -q '"state": *"stopped"' "$work/recording"; }
until_true sees_stopped
kill -CONT "$redis"
wait "$recorder"
"$client" dump "$work/recording" -f speedscope >"$work/scope.json"
check "speedscope: the timelines of a recording are well-formed and show a change of state" \
	python3 "$beside/formats_scope.py" "$work/scope.json" "$redis" changes
"$client" dump "$redis" -f speedscope >"$work/now.json"
check "speedscope: a live process is written with its current waits" \
	python3 "$beside/formats_scope.py" "$work/now.json" "$redis"

"$client" dump "$redis" -f openmetrics >"$work/metrics"
[ "$(tail -1 "$work/metrics")" = '# EOF' ] &&
	grep -qF "grmon_tasks{target=\"redis-server\",pid=\"$redis\",state=\"poll\",class=\"io\"} 1" "$work/metrics"
ok $? "openmetrics: tasks are counted by state" "$(cat "$work/metrics")"
"$client" help formats >"$work/help"
[ "$(grep -cE '^  (text|json|folded|pprof|speedscope|openmetrics) ' "$work/help")" -eq 6 ]
ok $? "help formats names all formats"
"$client" ls -f pprof >/dev/null 2>"$work/err"
[ $? -eq 2 ] && grep -q 'text and json' "$work/err"
ok $? "for another format ls names those that it has"

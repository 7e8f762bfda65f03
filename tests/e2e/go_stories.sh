# SPDX-License-Identifier: MIT
# The stories of tests/targets/go/story, told by the client alone and compared with what the
# program says of its own objects. Sourced by go_stories.t and by the campaign of that name,
# after lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

story_source=$(cd "$(dirname "$0")" && pwd)/../targets/go/story
story_tests=$(cd "$(dirname "$0")" && pwd)/../e2e
minor_of() { GOENV=off "$1" env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/'; }

# story_build GO OPTION…: builds $work/story/story as a module of that version of Go, $minor,
# because settings of the runtime depend on it.
story_build() {
	story_go=$1
	shift
	rm -rf "$work/story"
	mkdir "$work/story"
	cp "$story_source"/*.go "$work/story"
	printf 'module example.com/story\n\ngo 1.%s\n' "$minor" >"$work/story/go.mod"
	(cd "$work/story" && GOENV=off GOFLAGS='' GO111MODULE=on GOTOOLCHAIN=local \
		"$story_go" build "$@" -o story . >"$work/build.log" 2>&1)
}

# Of each program the files are in $work/NAME.*; its pid is in NAME.pid.
pid_of() { cat "$work/$1.pid"; }
# launch_story NAME STORY ARGUMENT…: starts it, and a recorder.
launch_story() {
	story_name=$1
	story=$2
	shift 2
	rm -f "$work/$story_name".*
	"$work/story/story" "$story" "$work/$story_name.truth" "$@" >"$work/$story_name.out" 2>&1 </dev/null &
	echo $! >"$work/$story_name.pid"
	started="$started $!"
	until_true grep -q '^ready' "$work/$story_name.out" || sed 's/^/# /' "$work/$story_name.out"
	"$client" record "$(pid_of "$story_name")" -i 0.1 --for 100 -o "$work/$story_name.grmon" \
		2>"$work/$story_name.err" &
	echo $! >"$work/$story_name.recorder"
	started="$started $!"
	"$client" dump "$(pid_of "$story_name")" -f json >"$work/$story_name.before"
}
address_of() { sed -n 's/^address //p' "$work/$1.out"; }
# The URL that the report names has a profile.
profile_is_served() {
	python3 -c '
import json, sys, urllib.request
url = json.load(open(sys.argv[1]))["heap_changes"][0]["command"].split()[-1]
assert urllib.request.urlopen(url).read(2) == b"\x1f\x8b"' "$work/$1.json"
}
# truth NAME SIGNAL: asks the program for what it knows, and waits for the answer.
truth() {
	rm -f "$work/$1.truth"
	kill -"$2" "$(pid_of "$1")"
	until_true test -f "$work/$1.truth" || echo "# $1 does not answer"
}
# shows NAME QUESTION: the recording of the story so far is judged so.
shows() {
	"$client" report "$work/$1.grmon" -f json >"$work/$1.json" && in_report "$1" "$2"
}
# Ends the recorder, stops what goes on in the program, dumps it between two statements of its
# own, and has its recording judged.
end_story() {
	kill -INT "$(cat "$work/$1.recorder")"
	wait "$(cat "$work/$1.recorder")"
	truth "$1" USR1
	"$client" dump "$(pid_of "$1")" -f json >"$work/$1.after"
	truth "$1" USR2
	"$client" report "$work/$1.grmon" -f json >"$work/$1.json"
	"$client" report "$work/$1.grmon" | tr -s ' \n' '  ' >"$work/$1.report"
	"$client" diff "$work/$1.before" "$work/$1.after" >"$work/$1.diff"
}
kill_story() {
	kill -9 "$(pid_of "$1")"
	wait "$(pid_of "$1")" 2>/dev/null
}

# knows NAME FIELD: prints what the program says of itself.
knows() { ask_file "$work/$1.truth" "value $2"; }
says() { grep -qE -- "$2" "$work/$1" || { cat "$work/$1"; return 1; }; }
in_report() { ask_file "$work/$1.json" "$2"; }
after() { ask_file "$work/$1.after" "$2"; }
heap_is_true() { python3 "$story_tests/go_heap_compare.py" "$work/$1.after" "$work/$1.truth"; }

holds_are_true() {
	"$client" dump --holds "$(pid_of jobs)" -f json >"$work/jobs.holds" &&
		python3 "$story_tests/go_stories_compare.py" "$work/jobs.holds" "$work/jobs.truth" 2>"$work/jobs.wrong"
}
tell_jobs() {
	leaked=$(knows jobs forgotten.#)
	check "$1: jobs: forgotten bodies are one leak, of its readLoop" in_report jobs \
		'has leaks.#=1 leaks.0.function=net/http.(*persistConn).readLoop leaks.0.verdict=leak'
	check "$1: jobs: its writeLoop is a part of it" in_report jobs \
		'in leaks.0.parts.* row function=net/http.(*persistConn).writeLoop'
	check "$1: jobs: each forgotten body is a connection with a readLoop" after jobs \
		"count name=net/http.(*persistConn).readLoop state=select = $leaked"
	check "$1: jobs: the periodic job that forgets them is named" in_report jobs \
		'has leaks.0.ran.functions.0.frame.function=main.(*imageChecker).checkImage leaks.0.ran.functions.0.steps>4'
	check "$1: jobs: with its numbers, and not the other jobs" says jobs.report \
		'In ([0-9]+) of [0-9]+ steps main\.\(\*imageChecker\)\.checkImage was running .*it runs in [0-9]+ of [0-9]+ samples otherwise'
	until_true holds_are_true
	check "$1: jobs: they hold the connection, host and path that the program knows" diff /dev/null "$work/jobs.wrong"
	"$client" dump --holds "$(pid_of jobs)" --filter 'readLoop state:select' >"$work/jobs.text"
	check "$1: jobs: the group has its host in common" says jobs.text \
		"^  all $leaked: .*host registry\\.example"
}
tell_sockets() {
	tickers=$(knows sockets tickers)
	ticker='callback=time.sendTime period_ns=25000000000'
	if [ "$minor" -ge 23 ]; then
		check "$1: sockets: tickers that nobody receives from are no leak" in_report sockets \
			'has leaks.#=0 go_timers.waited_only and in go_timers.groups.* no verdict?=leak'
		check "$1: sockets: none is left" after sockets \
			"in resources.go_timers.groups.* no $ticker"
	else
		check "$1: sockets: tickers that nobody stops are a leak" in_report sockets \
			"has leaks.#=0 and in go_timers.groups.* row $ticker has verdict=leak"
		check "$1: sockets: a sentence says which" says sockets.report \
			'1 leak, 0 deadlocks\..* Leak 1: [0-9]+ tickers of 25\.0s that send to a channel .* From [0-9]+ to [0-9]+ in .*: \+[0-9]+ a minute'
		check "$1: sockets: there are as many as the program says" after sockets \
			"in resources.go_timers.groups.* row $ticker has count=$tickers"
	fi
	check "$1: pings: goroutines that wait for such tickers are the only leak" in_report pings \
		'has leaks.#=1 leaks.0.function=main.(*socket).pingLoop leaks.0.verdict=leak and
		 in go_timers.groups.* no verdict?=leak'
	check "$1: pings: with the function that started them" in_report pings \
		'has leaks.0.created_by.0.function=main.(*socket).serve'
	check "$1: pings: there are as many as the program says" after pings \
		"count name=main.(*socket).pingLoop = $(knows pings tickers) and
		 in resources.go_timers.groups.* row $ticker has count=$(knows pings tickers)"
}
tell_queue() {
	check "$1: queue: the figures are those of the program" heap_is_true queue
	check "$1: queue: the live heap grew, and nothing else" in_report queue \
		'has leaks.#=0 heap_changes.#=1 heap_changes.0.change=live heap_changes.0.command*=pprof'
	check "$1: queue: a sentence says so" says queue.report \
		'The live heap grew from [0-9.]+ [kM]B to [0-9]+ MB in [0-9]+ collections.* a leak of memory'
	check "$1: queue: so does a comparison" says queue.diff \
		'^The live heap grew from [0-9.]+ [kM]B to [0-9]+ MB in [0-9]+ collections.* a leak of memory'
	check "$1: queue: and which command shows the allocations" in_report queue \
		"has heap_changes.0.command='go tool pprof http://$(address_of queue)/debug/pprof/heap'"
	check "$1: queue: that command is served" profile_is_served queue
	check "$1: queue: goroutines do not grow" after queue "count kind=goroutine = $(knows queue goroutines)"
	check "$1: copies: a queue that keeps only what it needs does not grow" in_report copies \
		'has leaks.#=0 heap_changes.#=0'
}
# load_proxy NAME: until the recording has its connections, and then to the end.
load_proxy() {
	mkfifo "$work/go_on"
	"$work/story/story" load "$(address_of "$1")" <"$work/go_on" >"$work/$1.load" 2>&1 &
	load_pid=$!
	started="$started $load_pid"
	exec 8>"$work/go_on"
	until_true under_load "$1" || echo "# $1: no load"
	echo >&8
	exec 8>&-
	wait "$load_pid"
	rm "$work/go_on"
}
under_load() {
	"$client" dump "$work/$1.grmon" -f json >"$work/dump.json" &&
		ask 'count kind=goroutine > 700' && grep -q '^open' "$work/$1.load"
}
# idle_again NAME: the recording has the proxy without its connections.
idle_again() { "$client" dump "$work/$1.grmon" -f json >"$work/dump.json" && ask 'count kind=goroutine < 10'; }
tell_proxy() {
	check "$1: proxy: the figures are those of the program" heap_is_true proxy
	check "$1: proxy: the heap is idle, and nothing leaks" in_report proxy \
		'has leaks.#=0 and in heap_changes.* row change=idle and
		 in heap_changes.* no change=live and in heap_changes.* no change=undecided'
	check "$1: proxy: a sentence says so" says proxy.report \
		'[0-9]+ MB of the heap are idle .* It is not a leak'
	check "$1: proxy: so does a comparison" says proxy.diff '^[0-9]+ MB of the heap are idle .* It is not a leak'
	check "$1: proxy: whether memory of the load is free is unknown before the next collection" ask_file \
		"$work/busy.soon.json" 'has leaks.#=0 and in heap_changes.* row change=undecided and in heap_changes.* no change=live'
	check "$1: proxy: a sentence says why" says busy.soon \
		'found [0-9]+ MB live \([0-9.]+ [kM]B then\), but .*it ran under load: there were [0-9]+ goroutines, now [34]\.'
	check "$1: proxy: after it, nothing leaks" in_report busy 'has leaks.#=0 and in heap_changes.* no change=live and in heap_changes.* no change=undecided'
	check "$1: proxy: it served every connection" ask_file "$work/proxy.truth" 'has served=250 open=0'
}

# tell_stories WHAT: all stories at the same time. WHAT names the build.
tell_stories() {
	rm -f "$work/serve.out"
	"$work/story/story" serve >"$work/serve.out" 2>&1 </dev/null &
	serve_pid=$!
	started="$started $serve_pid"
	until_true grep -q '^ready' "$work/serve.out"
	# shellcheck disable=SC2046
	launch_story jobs jobs $(sed 's/^ready //' "$work/serve.out")
	launch_story sockets sockets never-stops
	launch_story pings sockets pings
	launch_story queue queue slices
	launch_story copies queue copies
	launch_story proxy proxy holds
	launch_story busy proxy returns
	load_proxy proxy
	load_proxy busy
	check "$1: proxy: the load is over" until_true idle_again busy
	"$client" report "$work/busy.grmon" -f json >"$work/busy.soon.json"
	"$client" report "$work/busy.grmon" | tr -s ' \n' '  ' >"$work/busy.soon"
	truth proxy USR1
	truth busy USR1
	# Until the leaks are seen; then there has been enough time for those that are none, too.
	until_true shows proxy 'in heap_changes.* row change=idle'
	until_true shows busy 'in heap_changes.* no change=undecided'
	until_true shows queue 'in heap_changes.* row change=live'
	until_true shows pings 'has leaks.#=1'
	[ "$minor" -ge 23 ] || until_true shows sockets 'in go_timers.groups.* row verdict?=leak'
	until_true shows jobs 'has leaks.#=1 leaks.0.parts.#=1 and in leaks.* row ran.functions.0.steps>4'
	for story_name in jobs sockets pings queue copies proxy busy; do
		end_story $story_name
	done
	tell_jobs "$1"
	tell_sockets "$1"
	tell_queue "$1"
	tell_proxy "$1"
	for story_name in jobs sockets pings queue copies proxy busy; do
		kill_story $story_name
	done
	kill -9 "$serve_pid"
	wait "$serve_pid" 2>/dev/null
}

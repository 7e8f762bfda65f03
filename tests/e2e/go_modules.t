#!/bin/sh
# SPDX-License-Identifier: MIT
# Go code outside the executable: a plugin that is loaded while the process is watched, and a library
# inside Python. Also processes that change: a fork, an exec, a PID namespace.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
need go
need gcc
need python3
targets=$(dirname "$0")/../targets/go
export GOFLAGS="" GOTOOLCHAIN=local CGO_ENABLED=1 GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
build() {	# build OUTPUT SOURCE OPTION…
	out=$1
	source=$2
	shift 2
	go build "$@" -o "$work/$out" "$targets/$source" >>"$work/build.log" 2>&1
}
if ! build modules modules.go || ! build plugin.so library.go -buildmode=plugin ||
	! build library.so library.go -buildmode=c-shared || ! build waits waits.go ||
	! build goexit goexit.go; then
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
fi
says() { until_true grep -q "^$1" "$work/out"; }
# The last snapshot of the recording.
shown() { "$client" dump "$work/seen" -f json >"$work/dump.json" && ask "$1"; }
comes() { until_true shown "$1" || shown "$1"; }

"$work/modules" "$work/plugin.so" "$work/waits" "$work/stacks" >"$work/out" 2>&1 </dev/null &
host=$!
started="$started $host"
says ready || sed 's/^/# /' "$work/out"
start "$client" record "$host" -i 0.2 -o "$work/seen"
recorder=$last
check 'a program has its goroutines before it loads the plugin' comes 'row name=main.inHost and count = 3'
kill -USR1 "$host"
says loaded || sed 's/^/# /' "$work/out"
check 'goroutines of a plugin that is loaded later appear' comes \
	'row name$=.inLibrary stack.0.file$=library.go'
check 'goroutines of the plugin have their creator in it' ask 'row name$=.inLibrary created_by.0.function$=.Start'
check 'a goroutine in the plugin waits for a lock' ask "row state=mutex has waits_on.text='mutex held, 1 waiter'"
check 'goroutines of the program are still shown' ask 'row name=main.inHost and row name=main.main'
check 'a new dump shows the same' sees "$host" 'count = 5 and row state=mutex' -s goruntime

kill -USR2 "$host"
says child || sed 's/^/# /' "$work/out"
child=$(sed -n 's/^child //p' "$work/out")
started="$started $child"
check 'a fork has the goroutines as they were' sees "$child" \
	'row name=main.inHost and row state=mutex' -s goruntime
check 'a fork has one thread, which runs none of them' ask \
	"has resources.threads=1 and every has tid~='null|$child'"

rm -f "$work/stacks"
kill -HUP "$host"
check 'another program that the process executes is shown' comes 'row name=main.chanSend state=chan-send'
check 'no row of the program before remains' ask 'no name=main.inHost and has target.name=waits'
kill -INT "$recorder"

mkfifo "$work/input"
python3 "$beside/go_modules_host.py" "$work/library.so" <"$work/input" >"$work/out" 2>&1 &
python=$!
started="$started $python"
exec 3>"$work/input"
says bare
check 'Python is shown by its threads' sees "$python" 'has target.sources=native'
echo >&3
says loaded || sed 's/^/# /' "$work/out"
check 'with a Go library it has goroutines too' until_true sees "$python" \
	"has target.sources=goruntime,native and row name=main.inLibrary and row kind=thread id=t$python"
check 'goroutines of the library have the state of their wait' ask 'row name=main.onLibraryLock has state=mutex'
check 'ls names the source goruntime for that process' sh -c '"$0" ls | grep -qE "^ *$1 goruntime "' "$client" "$python"
exec 3>&-

# The first goroutine has ended, or its memory is used by another one.
for more in '' 'and others came'; do
	: >"$work/out"
	"$work/goexit" ${more:+more} >"$work/out" 2>&1 </dev/null &
	left=$!
	started="$started $left"
	says ready || sed 's/^/# /' "$work/out"
	check "a program whose main function has ended by Goexit is shown $more" sees "$left" \
		"row name=main.after state=sleep and count = ${more:+4}$([ -n "$more" ] || echo 1) and has target.sources=goruntime"
done

# A container is watched by the pid outside.
apart="unshare --fork --pid --mount-proc"
[ "$(id -u)" -eq 0 ] || apart="unshare --map-root-user --fork --pid --mount-proc"
if $apart true 2>/dev/null; then
	: >"$work/out"
	$apart "$work/waits" "$work/stacks" >"$work/out" 2>&1 </dev/null &
	outer=$!
	started="$started $outer"
	says ready || sed 's/^/# /' "$work/out"
	inner=$(tr -d ' ' <"/proc/$outer/task/$outer/children")
	started="$inner $started"
	check 'a program in a PID namespace is shown by its pid outside' sees "$inner" \
		'row name=main.chanSend and has target.sources=goruntime'
	has_thread() { [ -d "/proc/$inner/task/$(ask 'value tid name=main.readPipe')" ]; }
	check 'the thread of a system call has the id that it has outside' has_thread
fi
plan $tests

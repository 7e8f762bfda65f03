#!/bin/sh
# SPDX-License-Identifier: MIT
# The goroutines of a real Go program through net/http/pprof, from saved profiles of every kind, and
# from its output on SIGQUIT and in a panic.
. "$(dirname "$0")/lib.sh"
need go
need curl
need python3
targets=$(dirname "$0")/../targets/go
export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -o "$work/server" "$targets/pprof_server.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
plan 19

serve() {	# serve NAME ADDRESS [GOROUTINES]: its pid is in $last
	"$work/server" "$2" ${3:+"$3"} >"$work/$1" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true test -s "$work/$1"
}

serve address 127.0.0.1:0
server=$last
url=http://$(cat "$work/address")
fetch() { curl -sS "$url/debug/pprof/goroutine?debug=$1"; }

# The goroutines that serve the requests start and end.
same() {
	dump "$url" && fetch 2 >"$work/debug2" && python3 "$beside/pprof_compare.py" "$work"
}
check 'the goroutines and states are those of debug=2' same
check 'every kind of wait has its own state' ask \
	'set state >= chan-send chan-recv select mutex rwlock-read waitgroup cond sleep accept'
check 'a row has its function, its line and its creator' ask \
	'row name=main.sender created_by.0.function=main.main stack.0.line>0'
check 'the dump says that the program is stopped for it' ask "has errors.0*='is stopped while'"
check 'the URL may contain the path of net/http/pprof' sees "$url/debug/pprof/" 'count >= 13'
check 'a saved dump has the same rows' sees "$work/debug2" 'count state=mutex = 1 and has target.sources=pprof'
fetch 1 >"$work/debug1"
check 'a dump with debug=1 has groups' sees "$work/debug1" 'row state=waitgroup has labels.goroutines=1'
check 'a dump with debug=1 has labels' ask "row labels.request?='/api, v1'"
fetch 0 >"$work/profile"
check 'a saved profile has groups' sees "$work/profile" 'row state=chan-send has labels.goroutines=1'
input() { "$client" dump - -f json <"$work/debug2" >"$work/dump.json" && ask 'row state=mutex'; }
check 'a dump is read from the standard input' input
cat "$work/debug2" "$work/debug2" >"$work/twice"
check 'of two dumps the last is shown, and a message says so' sees "$work/twice" \
	"count state=mutex = 1 and has errors.0*='2 dumps'"

kill -QUIT "$server"
wait "$server" 2>/dev/null
check 'the output after SIGQUIT is read' sees "$work/address" \
	'count state=mutex = 1 and row state=mutex has name^=main.main.func'
sed 's/^/2026-11-21T10:00:00.123456789Z stderr F /' "$work/address" >"$work/pod.log"
check 'the log of a container is read' sees "$work/pod.log" \
	'row state=mutex has stack.-1.function=runtime.goexit created_by.0.function=main.main'

cat >"$work/panic.go" <<'GO'
package main

type server struct{}

func (*server) handle(list []int) int { return list[len(list)] }

func main() {
	go func() { select {} }()
	println("starting")
	new(server).handle(nil)
}
GO
go build -o "$work/panic" "$work/panic.go" >>"$work/build.log" 2>&1
GOTRACEBACK=all "$work/panic" >"$work/crash.log" 2>&1
check 'a panic in a log is read' sees "$work/crash.log" \
	'has tasks.0.id=g1 tasks.0.stack.*.function=main.(*server).handle'

# From 1.26 on the runtime can print labels in headers, from 1.27 on it does.
GODEBUG=tracebacklabels=1 serve labels 127.0.0.1:0
url=http://$(cat "$work/labels")
labelled() {
	fetch 2 | grep -q 'labels:{' || return 0
	sees "$url" "row labels.request?='/api, v1' state!=unknown"
}
check 'goroutines of a live program have their labels' labelled
serve socket "$work/s"
check 'a Unix socket can be the target' sees "unix:$work/s" 'count >= 13'
serve agent 127.0.0.1:1234
grmon() {	# another program may use the port
	grep -q '^127.0.0.1:1234$' "$work/agent" || return 0
	sees grmon 'row name=main.sender and has target.name=http://localhost:1234'
}
check 'the target grmon means the default address' grmon
serve many 127.0.0.1:0 30000
url=http://$(cat "$work/many")
check 'more than 20000 goroutines have a row for each stack' sees "$url" \
	'row labels.goroutines=30000 state=chan-recv and count < 40'
check 'an error says why' ask 'in errors.* row .*=20000'

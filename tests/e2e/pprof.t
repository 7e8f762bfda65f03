#!/bin/sh
# SPDX-License-Identifier: MIT
# The goroutines of a real Go program through net/http/pprof, from saved profiles of every
# kind, and from what it prints on SIGQUIT and in a panic.
. "$(dirname "$0")/lib.sh"
need go
need curl
need python3
targets=$(dirname "$0")/../targets/go
export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -o "$work/server" "$targets/pprof_server.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
plan 19

serve() {	# serve NAME ADDRESS [GOROUTINES]: its pid in $last
	"$work/server" "$2" ${3:+"$3"} >"$work/$1" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true test -s "$work/$1"
}

serve address 127.0.0.1:0
server=$last
url=http://$(cat "$work/address")
fetch() { curl -sS "$url/debug/pprof/goroutine?debug=$1"; }

# Goroutines of the requests themselves come and go.
same() {
	dump "$url" && fetch 2 >"$work/debug2" && python3 - "$work" <<'PY'
import json, re, sys
work = sys.argv[1]
said = dict(re.findall(r"^goroutine (\d+) \[([^\],]*)", open(work + "/debug2").read(), re.M))
seen = {t["id"][1:]: t["raw"] for t in json.load(open(work + "/dump.json"))["tasks"]}
common = set(said) & set(seen)
print(said, seen)
parked = {i for i in said if said[i] not in ("running", "runnable", "IO wait")}
sys.exit(not (len(parked) >= 11 and parked <= common and all(seen[i].startswith(said[i]) for i in parked)))
PY
}
check 'the same goroutines and states as debug=2' same
check 'states' query "{'chan-send', 'chan-recv', 'select', 'mutex', 'rwlock-read', 'waitgroup',
	'cond', 'sleep', 'accept'} <= {t['state'] for t in tasks}"
check 'function, creator, parent' query \
	"[t for t in tasks if t['name'] == 'main.sender' and t['created_by'][0]['function'] == 'main.main'
	and t['stack'][0]['line'] > 0]"
check 'it says what it costs' query "'is stopped while' in d['errors'][0]"
check 'with the path' sees "$url/debug/pprof/" "len(tasks) >= 13"
check 'a saved dump' sees "$work/debug2" "len(having(state='mutex')) == 1 and d['target']['sources'] == ['pprof']"
fetch 1 >"$work/debug1"
check 'debug=1, grouped' sees "$work/debug1" "having(state='waitgroup')[0]['labels']['goroutines'] == '1'"
check 'labels' query "[t for t in tasks if t['labels'].get('request') == '/api, v1']"
fetch 0 >"$work/profile"
check 'a profile' sees "$work/profile" "having(state='chan-send')[0]['labels']['goroutines'] == '1'"
input() { "$client" dump - -f json <"$work/debug2" >"$work/dump.json" && query "having(state='mutex')"; }
check 'on the standard input' input
cat "$work/debug2" "$work/debug2" >"$work/twice"
check 'two dumps: the last, and it says so' sees "$work/twice" \
	"len(having(state='mutex')) == 1 and '2 dumps' in d['errors'][0]"

kill -QUIT "$server"
wait "$server" 2>/dev/null
check 'what SIGQUIT prints' sees "$work/address" \
	"len(having(state='mutex')) == 1 and having(state='mutex')[0]['name'].startswith('main.main.func')"
sed 's/^/2026-11-21T10:00:00.123456789Z stderr F /' "$work/address" >"$work/pod.log"
check 'the same in the log of a container' sees "$work/pod.log" \
	"(having(state='mutex')[0]['stack'][-1]['function'] == 'runtime.goexit' and
	having(state='mutex')[0]['created_by'][0]['function'] == 'main.main')"

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
check 'a panic in a log' sees "$work/crash.log" \
	"tasks[0]['id'] == 'g1' and any(f['function'] == 'main.(*server).handle' for f in tasks[0]['stack'])"

# From 1.26 on the runtime can print labels in headers, from 1.27 on it does.
GODEBUG=tracebacklabels=1 serve labels 127.0.0.1:0
url=http://$(cat "$work/labels")
labelled() {
	fetch 2 | grep -q 'labels:{' || return 0
	sees "$url" "[t for t in tasks if t['labels'].get('request') == '/api, v1' and t['state'] != 'unknown']"
}
check 'labels of a live program' labelled
serve socket "$work/s"
check 'a Unix socket' sees "unix:$work/s" "len(tasks) >= 13"
serve agent 127.0.0.1:1234
grmon() {	# somebody else may have the port
	grep -q '^127.0.0.1:1234$' "$work/agent" || return 0
	sees grmon "having(name='main.sender') and d['target']['name'] == 'http://localhost:1234'"
}
check 'the agent of grmon' grmon
serve many 127.0.0.1:0 30000
url=http://$(cat "$work/many")
check 'more than 20000: a row for each stack' sees "$url" \
	"[t for t in tasks if t['labels']['goroutines'] == '30000' and t['state'] == 'chan-recv'] and len(tasks) < 40"
check 'why' query "'20000' in ' '.join(d['errors'])"

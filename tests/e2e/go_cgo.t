#!/bin/sh
# SPDX-License-Identifier: MIT
# Goroutines that wait in C, and Go programs with the agent inside: goroutines come first,
# with what their C code waits for, who holds it, and no deadlock that is none. The list of
# processes says which source that is.
. "$(dirname "$0")/lib.sh"
need go
need cc
here=$(dirname "$0")
targets=$here/../targets/go
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}" CGO_ENABLED=1

go build -o "$work/ccalls" "$targets/ccalls.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build with C: $(tail -1 "$work/build.log")"
plan 27

launch() {	# launch COMMAND…: its pid in $last, once it is ready
	: >"$work/log"
	start "$@"
	until_true grep -q '^ready' "$work/log" || echo "# $1 is not ready"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
top() { echo "[f['function'] for f in t['stack']]"; }
# In Python: the goroutine that began with main.NAME.
of() { echo "having(name='main.$1')[0]"; }
in_c='len(having(state="mutex")) == 5 and len(having(state="cond")) == 1 and len(having(state="sleep")) == 3'

launch "$work/ccalls"
check 'what goroutines wait for in C is their wait' until_true sees "$last" "$in_c"
check 'each has its function in Go and its line' sh -c '
	"$0" dump "$1" --columns name,function,location | grep -cE "^main\.(on[A-Z][A-Za-z]*|inNap|withPointers) +main\.(on[A-Z][A-Za-z]*|inNap|withPointers) +ccalls\.go:[0-9]+$" | grep -qx 8' "$client" "$last"
check 'what cgo generates is no function of it' query "not [1 for t in tasks if '_Cfunc_' in t['name']]"
check 'functions of C are' query "'sleep' in [f['function'] for f in $(of inNap)['stack']]"
check 'nothing beyond the change of stacks' query "not [1 for t in tasks for f in t['stack'] if (f['function'] or '').startswith(('start_thread', '_cgo_', 'runtime.asmcgo'))]"
check 'the holder is a goroutine' query "$(of onTied)['waits_on']['owner'] == $(of tied)['id'] and $(of tied)['id'] in $(of onTied)['waits_on']['text']"
cycles='sorted(len(c) for c in d["cycles"]) == [1, 1, 2]'
check 'two deadlocks of one, one of two' until_true sees "$last" "$cycles"
check 'of the goroutines that are in them' query "sorted(sum(d['cycles'], [])) == sorted(having(name='main.' + n)[0]['id'] for n in ('onSelf', 'onTwice', 'onAB', 'onBA'))"
held_once() { ! "$client" dump "$last" --stacks | grep -E 'held by [tg][0-9]+.*held by'; }
check 'who holds it is said once' held_once
check 'in the plain list too' sh -c '"$0" dump "$1" | grep -qE "^D +g[0-9]+ +mutex .* held by g[0-9]+ +main.onSelf"' "$client" "$last"
check_fails() { "$client" check "$last" --no-deadlock --for 3s >"$work/check" 2>&1; [ $? -eq 1 ]; }
check 'check finds it' check_fails
check 'a sleep without an end has none' query "$(of main)['waits_on']['text'] == 'forever'"
# Go before 1.21 does not write down who started a goroutine.
parent="'g1'"
go version | grep -qE ' go1\.(1[0-9]|20)[. ]' && parent=None
check 'a child knows its parent' query "all(t['parent'] == $parent for t in tasks if t['id'] != 'g1') and having(id='g1')[0]['parent'] is None"
"$client" record "$last" --for 1s -i 0.3 -o "$work/record" >/dev/null 2>&1
check 'a recording says the same' sees "$work/record" "$cycles and $(of onTied)['parent'] == $parent and $(of onTied)['waits_on']['owner'] == $(of tied)['id']"
check 'threads that run goroutines have their functions' sees "$last" \
	"$cycles and {'main.onSelf', 'main.onCond'} <= {f['function'] for t in having(kind='thread') for f in t['stack']}" --threads
stop

# The lock is given back: a goroutine that waits for its own thread is no deadlock.
launch "$work/ccalls" "$work/go-on"
check 'it waits for what its thread holds' until_true sees "$last" "'held by' in $(of onHanded)['waits_on']['text'] and 'held by' in $(of onHandedAgain)['waits_on']['text']"
check 'and is in no deadlock' sees "$last" 'd["cycles"] == []'
check 'nor are its threads' sees "$last" 'd["cycles"] == []' --threads
touch "$work/go-on"
check 'as it goes on' until_true grep -q '^over' "$work/log"
stop

# Started with the agent inside.
launch "$client" run -- "$work/ccalls"
check 'run: goroutines, the agent beside' until_true sees "$last" \
	"$in_c and d['target']['sources'] == ['goruntime', 'agent'] and all(t['kind'] == 'goroutine' for t in tasks)"
check 'with the age that the agent knows' until_true sees "$last" \
	"$(of onSelf)['age_exact'] and $(of onCond)['age_exact'] and $cycles"
check '--threads shows them under the goroutines' until_true sees "$last" \
	"$cycles and d['target']['sources'] == ['goruntime', 'agent', 'native'] and len(having(kind='thread')) >= 8 and not having(name='grmon') and 'goroutine' in (having(kind='thread')[1]['labels'] or {'goroutine': 1})" --threads
check 'the agent alone where it is asked for' until_true sees "$last" \
	"d['target']['sources'][0] == 'agent' and all(t['kind'] == 'thread' for t in tasks)" -s agent
listed() { "$client" ls -f json >"$work/ls.json" && python3 -c '
import json, sys
rows = {r["pid"]: r["source"] for r in json.load(open(sys.argv[1]))["processes"]}
sys.exit(rows.get(int(sys.argv[2])) != sys.argv[3])' "$work/ls.json" "$last" "$1"; }
check 'ls says goruntime' listed goruntime
stop

CGO_ENABLED=0 go build -o "$work/static" "$targets/stories.go" >>"$work/build.log" 2>&1
start "$client" run -- "$work/static" producer 5
check 'a static program: its goroutines are read from outside' until_true grep -q \
	'statically linked; its goroutines are read from outside (goruntime)' "$work/log"
check 'and ls says so' until_true listed goruntime
stop
start sleep 600
check 'another program is native' until_true listed native

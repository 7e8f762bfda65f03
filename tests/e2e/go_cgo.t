#!/bin/sh
# SPDX-License-Identifier: MIT
# Goroutines that wait in C, and Go programs with the agent inside: the rows are goroutines, with
# what their C code waits for and who holds it, and there is no false deadlock. The list of processes
# names the source.
. "$(dirname "$0")/lib.sh"
need go
need cc
here=$(dirname "$0")
targets=$here/../targets/go
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}" CGO_ENABLED=1

go build -o "$work/ccalls" "$targets/ccalls.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build with C: $(tail -1 "$work/build.log")"
plan 27

launch() {	# launch COMMAND…: waits until it is ready; its pid is in $last
	: >"$work/log"
	start "$@"
	until_true grep -q '^ready' "$work/log" || echo "# $1 is not ready"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
# Prints the beginning of a question about the goroutine that began with main.NAME.
the() { echo "row name=main.$1 has"; }
in_c='count state=mutex = 5 and count state=cond = 1 and count state=sleep = 3'

launch "$work/ccalls"
check 'a goroutine in C shows what its C code waits for' until_true sees "$last" "$in_c"
check 'each such goroutine has its function in Go, with the line' sh -c '
	"$0" dump "$1" --columns name,function,location | grep -cE "^main\.(on[A-Z][A-Za-z]*|inNap|withPointers) +main\.(on[A-Z][A-Za-z]*|inNap|withPointers) +ccalls\.go:[0-9]+$" | grep -qx 8' "$client" "$last"
check 'no goroutine is named after a function that cgo generates' ask 'no name*=_Cfunc_'
check 'the stack contains functions of C' ask "$(the inNap) stack.*.function=sleep"
check 'no stack has frames beyond the switch to the C stack' ask \
	"in tasks.*.stack.* no function~='(start_thread|_cgo_|runtime\.asmcgo).*'"
holder_is_goroutine() {
	tied=$(ask 'value id name=main.tied') && ask "$(the onTied) waits_on.owner=$tied waits_on.text*=$tied"
}
check 'the holder of a mutex of C is shown as a goroutine' holder_is_goroutine
cycles='in cycles.* sorted # = 1 1 2'
check 'three deadlocks are found, two of one member and one of two' until_true sees "$last" "$cycles"
in_cycles() {
	ids=$(for name in onSelf onTwice onAB onBA; do ask "value id name=main.$name"; done)
	ask "in cycles.*.* sorted . = $ids"
}
check 'the deadlocks name their goroutines' in_cycles
held_once() { ! "$client" dump "$last" --stacks | grep -E 'held by [tg][0-9]+.*held by'; }
check 'the text names the holder once' held_once
check 'the plain list names the holder' sh -c '"$0" dump "$1" | grep -qE "^D +g[0-9]+ +mutex .* held by g[0-9]+ +main.onSelf"' "$client" "$last"
check_fails() { "$client" check "$last" --no-deadlock --for 3s >"$work/check" 2>&1; [ $? -eq 1 ]; }
check 'check finds the deadlocks' check_fails
check 'a sleep without an end says so' ask "$(the main) waits_on.text=forever"
# Go before 1.21 does not record which goroutine started another.
parent=g1
go version | grep -qE ' go1\.(1[0-9]|20)[. ]' && parent=null
check 'a goroutine has its parent' ask "every id!=g1 has parent=$parent and row id=g1 has parent=null"
"$client" record "$last" --for 1s -i 0.3 -o "$work/record" >/dev/null 2>&1
recorded() { sees "$work/record" "$cycles and $(the onTied) parent=$parent" && holder_is_goroutine; }
check 'a recording has the same rows and deadlocks' recorded
check 'threads that run goroutines have their functions' sees "$last" \
	"$cycles and set stack.*.function kind=thread >= main.onSelf main.onCond" --threads
stop

# The lock will be released: a goroutine that waits for its own thread is not a deadlock.
launch "$work/ccalls" "$work/go-on"
check 'a goroutine waits for a lock that its thread holds' until_true sees "$last" \
	"$(the onHanded) waits_on.text*='held by' and $(the onHandedAgain) waits_on.text*='held by'"
check 'that wait is not a deadlock' sees "$last" 'has cycles=[]'
check 'that wait is not a deadlock with --threads either' sees "$last" 'has cycles=[]' --threads
touch "$work/go-on"
check 'the goroutine continues' until_true grep -q '^over' "$work/log"
stop

# A program that is started with the agent inside.
launch "$client" run -- "$work/ccalls"
check 'run shows goroutines, with the agent as second source' until_true sees "$last" \
	"$in_c and has target.sources=goruntime,agent and every has kind=goroutine"
check 'goroutines have the age that the agent knows' until_true sees "$last" \
	"$(the onSelf) age_exact and $(the onCond) age_exact and $cycles"
check '--threads shows the threads below the goroutines' until_true sees "$last" \
	"$cycles and has target.sources=goruntime,agent,native and count kind=thread >= 8 and no name=grmon and every kind=thread labels has labels.goroutine?" --threads
check '--source agent shows threads only' until_true sees "$last" \
	'has target.sources.0=agent and every has kind=thread' -s agent
listed() { "$client" ls -f json >"$work/ls.json" && ask_file "$work/ls.json" "in processes.* row pid=$last has source=$1"; }
check 'ls names the source goruntime' listed goruntime
stop

CGO_ENABLED=0 go build -o "$work/static" "$targets/stories.go" >>"$work/build.log" 2>&1
start "$client" run -- "$work/static" producer 5
check 'goroutines of a static program are read from outside' until_true grep -q \
	'statically linked; its goroutines are read from outside (goruntime)' "$work/log"
check 'ls names the source goruntime for a static program too' until_true listed goruntime
stop
start sleep 600
check 'ls names the source native for a program that is not Go' until_true listed native

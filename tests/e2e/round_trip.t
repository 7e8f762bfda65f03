#!/bin/sh
# SPDX-License-Identifier: MIT
# A dump of a recorded sample is equal to a dump of the live target at that moment, for targets that
# do nothing in the meantime: with the agent, from outside, of Go, and in a deadlock.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
need python3
cd "$work" || exit 1
plan 9

# same PID TASKS [OPTION…]: a replayed sample from between two dumps that agree is equal to them.
same() {
	pid=$1
	tasks=$2
	shift 2
	for try in 1 2 3 4 5; do
		rm -f one.grmon
		"$client" dump -f json "$@" "$pid" >before.json || return 1
		"$client" record -o one.grmon -i 0.1 --for 0.25 "$@" "$pid" || return 1
		"$client" dump -f json one.grmon >replayed.json || return 1
		"$client" dump -f json "$@" "$pid" >after.json || return 1
		python3 "$beside/round_trip_same.py" "$tasks"
		status=$?
		[ $status -eq 2 ] || return $status
	done
	return 1
}

in_cycle() { "$client" dump -f json "$last" | grep -q '"cycles": \[\['; }
# locked KIND [VAR=VALUE]: starts lock_cycles and waits for its deadlock; its pid is in $last.
locked() {
	kind=$1
	shift
	rm -f hold out
	mkfifo hold
	env "$@" "$BUILD/tests/targets/lock_cycles" "$kind" <hold >out 2>&1 &
	last=$!
	started="$started $last"
	# Not through a descriptor of this shell, because every command would inherit it.
	sleep 600 >hold &
	holder=$!
	started="$started $holder"
	until_true grep -q ready out && until_true in_cycle || echo "# no deadlock"
}
has_cycle() { grep -q '"cycles": \[\["t' replayed.json; }
text() { "$client" dump --sort id --columns id,state,waits,name,function,location "$1" | tail -n +3 | sed 's/ for [^ ]* on / /; s/^\(warning: .*\) for [0-9]*[smhd]$/\1/'; }
texts() {
	text one.grmon >replayed.txt
	text "$last" >live.txt
	grep -q '^deadlock 1 of 1' live.txt && diff replayed.txt live.txt
}
locked abba LD_PRELOAD="$agent"
check "a deadlock replays as it was with the agent" same "$last" 2
check "the recording has the deadlock" has_cycle
check "the text shows the deadlock" texts
kill "$holder"
locked three
check "a deadlock replays as it was without the agent" same "$last" 3
kill "$holder"
locked pipe
check "a deadlock across two processes replays as it was" same "$last" 1
check "the recording has that deadlock, from the recorded waits of the other process" has_cycle
kill "$holder"

python3 "$beside/round_trip_threads.py" >ready &
last=$!
started="$started $last"
until_true grep -q ready ready
check "threads with many kinds of waits replay as they were" same "$last" 5

export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE 2>/dev/null)}"
here=${0%/*}
case $here in /*) ;; *) here=$OLDPWD/$here ;; esac
if command -v go >/dev/null && go build -o server "$here/../targets/go/pprof_server.go" >build.log 2>&1; then
	./server 127.0.0.1:0 20 >address 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true test -s address
	check "goroutines replay as they were" same "$last" 31
else
	echo "ok 8 - goroutines replay as they were # SKIP go cannot build"
	tests=$((tests + 1))
fi

# Later samples do not change earlier ones.
rewound() {
	rm -f long.grmon
	record_some 20 long.grmon "$last" -i 0.05
	"$client" dump -f json --at start long.grmon >first.json && "$client" dump -f json --at +300ms long.grmon >middle.json &&
		"$client" dump -f json --at -200ms long.grmon >late.json && "$client" dump -f json long.grmon >end.json &&
		python3 "$beside/round_trip_at.py" long.grmon first.json middle.json late.json end.json
}
check "--at replays any time of a recording" rewound

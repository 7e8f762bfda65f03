#!/bin/sh
# SPDX-License-Identifier: MIT
# Record, replay, dump: the same as a dump of the live target at that moment, all of it, for
# targets that do nothing meanwhile. With an agent, of the kernel alone, of Go, in deadlock.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
need python3
cd "$work" || exit 1
plan 9

# same PID: a recording's picture from between two dumps that agree is what they agree on.
cat >same.py <<'PY'
import json, sys
def load(name):
    return json.load(open(name))
def task(t, clock):
    t = dict(t)
    # CPU shares are those of the time between two looks; a moment of a wait is a matter
    # of the clock of that moment.
    t.pop("cpu_percent")
    age = t.pop("age_ns")
    t["since"] = clock - age if t["age_exact"] and age is not None else None
    return t
def shape(d):
    d = dict(d)
    clock = d.pop("clock_ns")
    d.pop("time")
    d["resources"] = {k: v for k, v in d["resources"].items() if k in ("threads", "fds", "children")}
    d["tasks"] = sorted((task(t, clock) for t in d["tasks"]), key=lambda t: t["id"])
    return d
before, replayed, after = map(load, ("before.json", "replayed.json", "after.json"))
if shape(before) != shape(after):
    a, b = shape(before), shape(after)
    print("the target is not at rest:", [(key, a[key], b[key]) for key in a if a[key] != b[key] and key != "tasks"],
          [(x["id"], key, x[key], y[key]) for x, y in zip(a["tasks"], b["tasks"]) for key in x if x[key] != y[key]])
    sys.exit(2)
a, b = shape(before), shape(replayed)
for key in a:
    if a[key] != b[key] and key != "tasks":
        print(key, a[key], b[key])
for x, y in zip(a["tasks"], b["tasks"]):
    for key in x:
        if x[key] != y[key]:
            print(x["id"], key, x[key], y[key])
assert a == b
assert before["clock_ns"] < replayed["clock_ns"] < after["clock_ns"]
assert len(a["tasks"]) >= int(sys.argv[1])
PY
same() {	# same PID TASKS [OPTION…]
	pid=$1
	tasks=$2
	shift 2
	for try in 1 2 3 4 5; do
		rm -f one.grmon
		"$client" dump -f json "$@" "$pid" >before.json || return 1
		"$client" record -o one.grmon -i 0.1 --for 0.25 "$@" "$pid" || return 1
		"$client" dump -f json one.grmon >replayed.json || return 1
		"$client" dump -f json "$@" "$pid" >after.json || return 1
		python3 same.py "$tasks"
		status=$?
		[ $status -eq 2 ] || return $status
	done
	return 1
}

in_cycle() { "$client" dump -f json "$last" | grep -q '"cycles": \[\['; }
# locked KIND [VAR=VALUE]: lock_cycles in a deadlock, its pid in $last.
locked() {
	kind=$1
	shift
	rm -f hold out
	mkfifo hold
	env "$@" "$BUILD/tests/targets/lock_cycles" "$kind" <hold >out 2>&1 &
	last=$!
	started="$started $last"
	# Not a descriptor of this shell: every command would hold it too.
	sleep 600 >hold &
	holder=$!
	started="$started $holder"
	until_true grep -q ready out && until_true in_cycle || echo "# no deadlock"
}
has_cycle() { grep -q '"cycles": \[\["t' replayed.json; }
text() { "$client" dump --sort id --columns id,state,waits,name,function,location "$1" | tail -n +3 | sed 's/ for [^ ]* on / /'; }
texts() {
	text one.grmon >replayed.txt
	text "$last" >live.txt
	grep -q '^deadlock 1 of 1' live.txt && diff replayed.txt live.txt
}
locked abba LD_PRELOAD="$agent"
check "a deadlock with the agent" same "$last" 2
check "which is one in the recording too" has_cycle
check "and as text" texts
kill "$holder"
locked three
check "a deadlock as the kernel shows it" same "$last" 3
kill "$holder"
locked pipe
check "one across two processes" same "$last" 1
check "which is one in the recording too, by what was recorded of the other" has_cycle
kill "$holder"

cat >threads.py <<'PY'
import socket, threading, time
lock, event = threading.Lock(), threading.Event()
pair = socket.socketpair()
lock.acquire()
for target in (lock.acquire, event.wait, lambda: pair[0].recv(1), lambda: time.sleep(600)):
    threading.Thread(target=target, daemon=True).start()
print("ready", flush=True)
time.sleep(600)
PY
python3 threads.py >ready &
last=$!
started="$started $last"
until_true grep -q ready ready
check "threads that wait for all sorts of things" same "$last" 5

export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE 2>/dev/null)}"
here=${0%/*}
case $here in /*) ;; *) here=$OLDPWD/$here ;; esac
if command -v go >/dev/null && go build -o server "$here/../targets/go/pprof_server.go" >build.log 2>&1; then
	./server 127.0.0.1:0 20 >address 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true test -s address
	check "goroutines" same "$last" 31
else
	echo "ok 8 - goroutines # SKIP no go here"
	tests=$((tests + 1))
fi

# What was recorded later does not change what was before it.
rewound() {
	rm -f long.grmon
	"$client" record -o long.grmon -i 0.05 --for 1.5 "$last" && "$client" dump -f json --at start long.grmon >first.json &&
		"$client" dump -f json --at +300ms long.grmon >middle.json && "$client" dump -f json --at -200ms long.grmon >late.json &&
		"$client" dump -f json long.grmon >end.json && python3 - <<'PY'
import json
clocks = [json.load(open(n + ".json"))["clock_ns"] for n in ("first", "middle", "late", "end")]
steps = [b - a for a, b in zip(clocks, clocks[1:])]
print(steps)
assert all(s > 50e6 for s in steps) and 150e6 < steps[0] <= 301e6 and steps[2] >= 149e6
PY
}
check "--at: any moment of it" rewound

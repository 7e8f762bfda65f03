#!/bin/sh
# SPDX-License-Identifier: MIT
# Threads and tasks of a Python program: how long a look takes, and what a ticker of the program feels of it.
# bench_peers.sh has py-spy. Needs python3; skips without.
set -u
BUILD=${BUILD:-$PWD/build}
sampler=$BUILD/tests/bench/python_samples
python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || { echo 'no python3: skipped'; exit 0; }
work=$(mktemp -d)
pid=
finish() {
	[ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT INT TERM
figure() { printf '%s\t%s\t%s\t%s\n' "$@"; }
cat >"$work/many.py" <<'END'
import sys, threading, time
event = threading.Event()
def deep(n):
    return deep(n - 1) if n else event.wait()
for i in range(int(sys.argv[1])):
    threading.Thread(target=deep, args=(14,), name=f"worker-{i}", daemon=True).start()
time.sleep(1)
print("ready", flush=True)
while True:
    worst, end = 0, time.monotonic() + 1
    last = time.monotonic()
    while last < end:
        time.sleep(0.001)
        now = time.monotonic()
        worst, last = max(worst, now - last), now
    print(f"gap {worst * 1e3:.2f}", flush=True)
END
# median COMMAND…: milliseconds of nine runs.
median() {
	for _ in 1 2 3 4 5 6 7 8 9; do
		from=$(date +%s%N)
		"$@" >/dev/null 2>&1
		echo $((($(date +%s%N) - from) / 1000))
	done | sort -n | sed -n 5p | awk '{printf "%.1f", $1 / 1000}'
}
# begin ARGUMENT…: starts a program, with its pid in $pid, and waits until it is ready.
begin() {
	"$python" "$@" >"$work/out" 2>&1 &
	pid=$!
	until grep -q '^ready' "$work/out"; do
		kill -0 "$pid" 2>/dev/null || { echo "$python does not start"; exit 0; }
		sleep 0.05
	done
}
end() {
	kill "$pid"
	wait "$pid" 2>/dev/null
}
# late COMMAND…: how late the latest of ten turns of the program's own ticker was, in milliseconds: the median of
# five seconds from now on, while the command is run again and again.
late() {
	from=$(($(grep -c '^late' "$work/out") + 2))
	until [ "$(grep -c "^late" "$work/out")" -ge $((from + 4)) ]; do "$@" >/dev/null; done
	sed -n 's/^late //p' "$work/out" | tail -n +$from | head -5 | sort -n | sed -n 3p
}
tasks=tests/targets/python/asyncio_many.py
for number in 10000 100000; do
	begin "$tasks" "$number"
	# Threads, frames, ms of the first look and the next ones, the longest, tasks, the same of the processor, reads.
	set -- $("$sampler" "$pid" 40 50)
	goal=$(awk -v n="$number" 'BEGIN {printf "<=%d", n * 15 / 10000}')
	figure "$6 tasks of asyncio that wait in many ways: first look" "$3" ms -
	figure "$6 tasks: the next ones, with what they wait for" "$4" ms "$goal"
	figure "$6 tasks: the processor's time of the next ones" "$8" ms "$goal"
	figure "$6 tasks: reads of the first look, and of one of the next" "$9 ${10}" reads -
	[ "$number" = 10000 ] || { end; continue; }
	ours=$4
	figure 'the whole command: grmon-c dump of 10,000 tasks' "$(median "$BUILD/grmon-c" dump "$pid")" ms -
	figure 'the latest of ten turns a second of the program: nobody looks' "$(late sleep 0.1)" ms -
	figure 'the same, looked at ten times a second' "$(late "$sampler" "$pid" 9 100)" ms -
	if "$python" -m asyncio ps "$pid" 2>/dev/null | grep -q Task-; then
		theirs=$(median "$python" -m asyncio ps "$pid")
		figure 'python -m asyncio ps, which says which task awaits which' "$theirs" ms -
		figure 'python -m asyncio ps is slower than a look by' "$(awk -v a="$theirs" -v b="$ours" 'BEGIN {printf "%.0f", a / b}')" x -
	fi
	end
done
begin "$work/many.py" 99
set -- $("$sampler" "$pid" 200 10)
figure "100 threads, $2 frames: first look" "$3" ms -
figure '100 threads: the next ones, with what they wait for' "$4" ms '<=3'
# The worst gap in a second, median of five seconds from now on.
gap() {
	from=$(($(grep -c '^gap' "$work/out") + 2))
	until [ "$(grep -c "^gap" "$work/out")" -ge $((from + 4)) ]; do "$@" >/dev/null; done
	sed -n 's/^gap //p' "$work/out" | tail -n +$from | head -5 | sort -n | sed -n 3p
}
figure 'the whole command: grmon-c dump' "$(median "$BUILD/grmon-c" dump "$pid")" ms -
figure 'worst gap of a 1 ms ticker in a second: nobody looks' "$(gap sleep 0.1)" ms -
figure 'the same, looked at ten times a second' "$(gap "$sampler" "$pid" 9 100)" ms -

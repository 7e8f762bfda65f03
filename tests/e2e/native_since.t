#!/bin/sh
# SPDX-License-Identifier: MIT
# A process that hangs already when somebody comes to look: since when is said at once, from
# outside, and so is that it is stuck; never more than it was.
. "$(dirname "$0")/lib.sh"
need python3
grep -q '^se.exec_start' /proc/self/sched 2>/dev/null || skip_all 'this kernel does not say when a thread ran last'
plan 5

cat >"$work/hung.py" <<'PY'
import os, sys, threading, time
lock = threading.Lock()
lock.acquire()
began = time.monotonic_ns()
threading.Thread(target=lock.acquire, daemon=True).start()
inner, outer = os.pipe()
def ticks():
    while True:
        time.sleep(0.05)
threading.Thread(target=ticks, daemon=True).start()
threading.Thread(target=os.read, args=(inner, 1), daemon=True).start()
print(began, flush=True)
for line in sys.stdin:
    os.write(outer, b"x")
    time.sleep(600)
PY
mkfifo "$work/in"
exec 9<>"$work/in"
python3 "$work/hung.py" <"$work/in" >"$work/out" 2>"$work/log" &
target=$!
started="$started $target"
until_true grep -q . "$work/out"
read -r began <"$work/out"
now() { python3 -c 'import time; print(time.monotonic_ns())'; }
until_true sh -c "[ \$((\$(python3 -c 'import time; print(time.monotonic_ns())') - $began)) -gt 3000000000 ]"

# A Python without symbols locks by a semaphore, as far as can be seen.
locked="(having(state='mutex') + having(state='semaphore'))"
dump "$target" -s native --stuck 2s
most=$(($(now) - began))
check 'a dump says how long a lock has been waited for before' query \
	"len([t for t in $locked if 2.5e9 < t['age_ns'] < $most]) == 1"
check 'and that it is stuck' query "${locked}[0]['stuck']"
check 'as the least that it can be' query "not ${locked}[0]['age_exact']"
check 'one that wakes in between is not old' query \
	"having(state='sleep') and all(t['age_ns'] < 2e9 for t in having(state='sleep'))"
# The main thread reads, then sleeps: what it waited for before does not count.
echo >&9
until_true sees "$target" "having(tid=$target, state='sleep')"
dump "$target" -s native
check 'another wait begins anew' query "having(tid=$target)[0]['age_ns'] < 2.5e9"

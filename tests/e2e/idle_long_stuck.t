#!/bin/sh
# SPDX-License-Identifier: MIT
# Idle, long and stuck tasks of real programs. Servers and pools at rest have no mark. A wait that
# takes far longer than ever before is stuck for a client that has watched the earlier ones, and long
# for one that has not. A dump, a recording and a report agree, and give the evidence.
. "$(dirname "$0")/lib.sh"
need gcc
need memcached
need python3
plan 12

here=$(cd "$(dirname "$0")/.." && pwd)
gcc -D_GNU_SOURCE -O1 -g -o "$work/hung" "$here/verdicts/programs/hung.c" -pthread -lrt ||
	skip_all 'gcc cannot build'

# Samples from before the program hangs until it has hung for long enough.
"$work/hung" lost-wakeup 3 >"$work/ready" &
hung=$!
started="$started $hung"
until_true grep -q ready "$work/ready"
start "$client" record "$hung" -i 0.1 --stuck 1s -o "$work/seen"
recorder=$last
seen() { "$client" dump "$work/seen" -f json >"$work/dump.json" && ask "$1"; }
check 'a wakeup that is lost after short waits is stuck' until_true seen \
	'values name stuck = hung and values state stuck = cond'
check 'the evidence is the history of that wait' ask \
	"row name=hung state=cond has evidence*='waits that ended here took at most' and has counts.stuck=1 counts.long=0"
check 'the thread that should wake it sleeps, and is idle' ask \
	"row name=helper has idle evidence='tasks in this state are at rest'"
kill -INT "$recorder"
wait "$recorder"
check 'a filter finds the stuck task' sh -c '"$1" dump "$2" --filter state:stuck | grep -q "^! .*hung"' - "$client" "$work/seen"
check 'a dump with stacks gives the evidence' sh -c \
	'"$1" dump "$2" --stacks --filter state:stuck | grep -qE "^    stuck: the [0-9]+ waits that ended here took at most .*; this one "' - "$client" "$work/seen"
"$client" report "$work/seen" >"$work/report" 2>&1
check 'a report gives the evidence' sh -c \
	'tr -s " \n" "  " <"$1" | grep -qE "1 stuck, .*; the [0-9]+ waits that ended here took at most .*; this one "' - "$work/report"
unwatched() { dump "$hung" --stuck 1s && ask 'row name=hung state=cond has long and has counts.stuck=0 counts.long=1'; }
check 'for a client that starts later the task is long' until_true unwatched
check 'a filter finds the long task' sh -c \
	'"$1" dump "$2" --stuck 1s --filter state:long | grep -q "^? .*hung"' - "$client" "$hung"
check 'the task is stuck if --stuck names its state' until_true sees "$hung" \
	"row name=hung state=cond has evidence='named by --stuck'" --stuck cond=1s

# Programs at rest: event loops, a pool on one queue, threads that read the next request.
memcached -l 127.0.0.1 -p 0 -U 0 -t 2 $([ "$(id -u)" -ne 0 ] || echo -u nobody) >/dev/null 2>&1 &
memcached=$!
started="$started $memcached"
at_rest() { dump "$1" --stuck 1s && ask "has counts.stuck=0 counts.long=0 and row age_ns>1.5e9 idle evidence!='tasks in this state are at rest'"; }
check 'memcached at rest has no mark' until_true at_rest "$memcached"

python3 "$beside/idle_long_stuck_server.py" >"$work/serving" &
server=$!
started="$started $server"
until_true grep -q ready "$work/serving"
check 'a Python pool with connections that are kept has no mark' until_true at_rest "$server"
check 'threads of that pool wait for the next request' ask 'count state=io-read = 4' \
	"every state=io-read has evidence='waits for the next request on a connection that the peer has opened'"

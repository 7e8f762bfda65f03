#!/bin/sh
# SPDX-License-Identifier: MIT
# Locks in memory that processes share, in one pid namespace and in their own, where threads have
# small ids that other words of memory may contain by chance.
. "$(dirname "$0")/lib.sh"
plan 6

# rows_fit HOLDER: compares every row of the dump with what the program does.
rows_fit() {
	python3 "$beside/native_shared_rows.py" "$work/dump.json" "$1"
}
rows_are_right() { dump "$1" -s native && rows_fit "$2"; }
child_of() { cat "/proc/$1/task/$1/children" | tr -d ' '; }

"$BUILD/tests/targets/shared_locks" >"$work/out" &
target=$!
started="$started $target"
until_true grep -q ready "$work/out"
holder=$(child_of "$target")
until_true rows_are_right "$target" "$holder"
check 'shared locks have their states and holders' rows_are_right "$target" "$holder"
check 'the holder is another process' ask "row name=reader has waits_on.owner_pid=$holder"
"$client" dump "$target" -s native --stacks >"$work/dump.txt"
check 'no holder is named twice' sh -c "! grep -E 'held by.*held by' '$work/dump.txt'"

apart='unshare --fork --pid --mount-proc'
[ "$(id -u)" -eq 0 ] || apart='unshare --map-root-user --fork --pid --mount-proc'
if ! $apart true 2>/dev/null; then
	for i in 4 5 6; do ok 0 "in a pid namespace of their own ($i) # SKIP none can be made"; done
	exit
fi
$apart "$BUILD/tests/targets/shared_locks" >"$work/apart.out" 2>>"$work/log" &
outer=$!
started="$started $outer"
until_true grep -q ready "$work/apart.out"
target=$(child_of "$outer")
started="$target $started"
holder=$(child_of "$target")
until_true rows_are_right "$target" "$holder"
check 'the same holds in a pid namespace of their own' rows_are_right "$target" "$holder"
check 'holders have their ids outside the namespace' ask \
	"row name=reader has waits_on.owner=t$holder"
# The stack takes precedence over words in memory: only the thread that joins is in join.
check 'no word of a lock is mistaken for a thread id' ask 'values name state=join = join'

#!/bin/sh
# SPDX-License-Identifier: MIT
# Holders of file locks, as the kernel says, however many processes have the file open.
. "$(dirname "$0")/lib.sh"
need python3
need flock
plan 7

# run FILE HOW: in the background, until it is ready; its pid in $last
run() {
	: >"$work/$1"
	log=$work/$1.$2.log
	: >>"$log"
	before=$(grep -c ready "$log")
	python3 "$beside/native_locks_take.py" "$work/$1" "$2" >>"$log" 2>&1 &
	last=$!
	started="$started $last"
	until_true sh -c "[ \$(grep -c ready '$log') -gt $before ]" || give_up "no $2"
}
# says PATTERN: what the last one waits on, as soon as it waits
says() {
	until_true sees "$last" 'row state=flock' -s native
	ask "row state=flock has waits_on.text~='fd \d+ $(echo "$work" | sed 's/[.]/\\./g')/\w+, $1'"
}

# Some who merely have it open, and who wait too, hold nothing.
run one opens
run one shares
holder=$last
run one waits
check 'flock: by the process that took it' says "held by shares $holder"
run one waits
check 'of two who wait, both by that one' says "held by shares $holder"

run two shares
first=$last
run two shares
second=$last
run two waits
check 'shared by two: by both' says "held by shares ($first|$second) and 1 more"

run three hands-on
until_true grep -q heir "$log"
heir=$(sed -n 's/^heir //p' "$log" | head -1)
started="$started $heir"
run three waits
check 'handed on to a child: by the child, not by who took it' says "held by heir $heir"

run four ofd
holder=$last
run four opens
run four waits-ofd
check 'a lock of an open file: by who has that open' says "held by ofd $holder"

run five range
holder=$last
run five waits-range
check 'bytes of a file: by who has locked them' says "held by range $holder"

apart='unshare --fork --pid --mount-proc'
[ "$(id -u)" -eq 0 ] || apart='unshare --map-root-user --fork --pid --mount-proc'
if $apart true 2>/dev/null; then
	: >"$work/seven"
	$apart sh -c "python3 '$beside/native_locks_take.py' '$work/seven' shares & sleep 0.1; while flock -n '$work/seven' true; do sleep 0.05; done; exec python3 '$beside/native_locks_take.py' '$work/seven' waits" >"$work/seven.log" 2>&1 &
	outer=$!
	started="$started $outer"
	until_true grep -q '^waits ready' "$work/seven.log"
	last=$(tr -d ' ' <"/proc/$outer/task/$outer/children")
	started="$last $started"
	check 'in a pid namespace: by our ids' says "held by shares \\d+"
else
	ok 0 'in a pid namespace # SKIP none can be made'
fi

#!/bin/sh
# SPDX-License-Identifier: MIT
# The holders of file locks are those that the kernel names, however many processes have the file
# open.
. "$(dirname "$0")/lib.sh"
need python3
need flock
plan 7

# run FILE HOW: starts it in the background and waits until it is ready; its pid is in $last.
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
# says PATTERN: the last process waits on a file that PATTERN describes.
says() {
	wanted="row state=flock has waits_on.text~='fd \d+ $(echo "$work" | sed 's/[.]/\\./g')/\w+, $1'"
	until_true sees "$last" "$wanted" -s native
	ask "$wanted"
}

# Processes that only have the file open, or also wait, hold no lock.
run one opens
run one shares
holder=$last
run one waits
check 'flock is held by the process that took it' says "held by shares $holder"
run one waits
check 'for each of two waiters the holder is that process' says "held by shares $holder"

run two shares
first=$last
run two shares
second=$last
run two waits
check 'a shared lock is held by both' says "held by shares ($first|$second) and 1 more"

run three hands-on
until_true grep -q heir "$log"
heir=$(sed -n 's/^heir //p' "$log" | head -1)
started="$started $heir"
run three waits
point='a lock that is handed on is held by the child, not by the process that took it'
# In a pid namespace of its own the kernel does not list a lock whose taker has ended.
if [ "$(readlink /proc/self/ns/pid)" = 'pid:[4026531836]' ]; then
	check "$point" says "held by heir $heir"
else
	ok 0 "$point # SKIP in a pid namespace"
fi

run four ofd
holder=$last
run four opens
run four waits-ofd
check 'an OFD lock is held by the process that has the file open' says "held by ofd $holder"

run five range
holder=$last
run five waits-range
check 'a range of a file is held by the process that locked it' says "held by range $holder"

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
	check 'in a pid namespace the holder has its id outside' says "held by shares \\d+"
else
	ok 0 'in a pid namespace the holder has its id outside # SKIP none can be made'
fi

#!/bin/sh
# SPDX-License-Identifier: MIT
# 30,000 threads (THREADS), or as many as this machine has room for, from outside and with the agent:
# the table is complete, sampling keeps up with the interval or takes half of the time, and a low
# limit of descriptors changes nothing.
. "$(dirname "$0")/../tui/lib.sh"

# Leaves ids for other processes, and allows 40 KB of kernel memory and stack for each thread.
room=$(awk -v ids="$(cat /proc/sys/kernel/pid_max)" -v most="$(cat /proc/sys/kernel/threads-max)" '
	FILENAME == "/proc/loadavg" { split($4, n, "/"); used = n[2] }
	/^MemAvailable/ { memory = $2 / 40 / 2 }
	END {
		limit = ids < most ? ids : most
		left = limit - used - 5000
		print int(left < memory ? left : memory)
	}' /proc/loadavg /proc/meminfo)
count=${THREADS:-30000}
[ "$count" -le "$room" ] || count=$room
[ "$count" -ge 5000 ] || skip_all "there is room for $room threads"

target() {
	[ -p "$work/hold" ] || mkfifo "$work/hold"
	: >"$work/out"
	"$@" "$BUILD/tests/targets/many_threads" "$count" busy <"$work/hold" >"$work/out" 2>&1 &
	target=$!
	started="$started $target"
	exec 9>"$work/hold"
	until_true grep -q . "$work/out"
	grep -q ready "$work/out" || skip_all "no $count threads here: $(cat "$work/out")"
}
end_target() {
	exec 9>&-
	wait "$target" 2>/dev/null
}
ticks() { awk '{print $14 + $15}' "/proc/$pid/stat"; }
# watch NAME OPTION...: runs the view of all threads for ten seconds.
watch() {
	name=$1
	shift
	view "$* --interval 0.2 $target"
	pid=$(view_pid)
	wait_for "tasks $((count + 2))"
	ok $? "$name: the view shows all $((count + 2)) threads"
	sleep 10 # the time that is measured, not a wait for a state
	before=$(ticks)
	sleep 5
	after=$(ticks)
	sees "tasks $((count + 2))"
	ok $? "$name: the view still shows all threads later"
	took=$(screen | grep -oE 'poll [<0-9.]+[mµ]?s' | head -1)
	peak=$(awk '/^VmHWM/ {print int($2 / 1024)}' "/proc/$pid/status")
	fds=$(find "/proc/$pid/fd" -type l | wc -l)
	echo "# $name: $took, $((after - before)) ticks of $(getconf CLK_TCK) in 5 s, $peak MB at most, $fds descriptors"
	[ $((after - before)) -lt $((4 * $(getconf CLK_TCK))) ]
	ok $? "$name: the view uses less than four fifths of a CPU"
	kill "$pid"
	wait_for 'status='
	run_in_shell clear
	begin=$(date +%s%N)
	"$client" dump "$target" "$@" -f json >"$work/dump.json"
	echo "# $name: a dump takes $((($(date +%s%N) - begin) / 1000000)) ms"
	ask "count = $((count + 2)) and distinct id = $((count + 2)) and every has state~=mutex|cond|io-read|sleep|running|runnable" >"$work/wrong"
	ok $? "$name: a dump has each thread once, in a state that it can be in$(sed 's/^/; /;2q' "$work/wrong" | tr -d '\n')"
}

open_shell 160 45
target env
watch native --source native
run_in_shell 'ulimit -n 256'
watch 'native, 256 descriptors' --source native
end_target
target env LD_PRELOAD="$agent"
watch 'agent, 256 descriptors' --source agent
end_target
plan $tests

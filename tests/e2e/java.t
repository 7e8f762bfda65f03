#!/bin/sh
# SPDX-License-Identifier: MIT
# A Java virtual machine, with and without the agent: its threads have the waits that jstack prints,
# the age of a wait for a monitor is right although the thread wakes up each second, and the
# machine's own threads are at rest.
. "$(dirname "$0")/lib.sh"
need javac
need jstack
need python3
plan 10

javac -d "$work" "$(dirname "$0")/../targets/Waits.java" >"$work/build.log" 2>&1 ||
	skip_all "javac cannot build: $(tail -1 "$work/build.log")"
# launch [VARIABLE=VALUE…]: starts the program, which ends when its stdin is closed; its pid is in
# $target.
launch() {
	rm -f "$work/in"
	mkfifo "$work/in"
	exec 9<>"$work/in"
	: >"$work/out"
	env "$@" java -Xmx64m -cp "$work" Waits <"$work/in" >"$work/out" 2>"$work/log" 9>&- &
	target=$!
	started="$started $target"
	until_true grep -q '^ready' "$work/out"
}
launch
agrees() { jstack "$target" >"$work/jstack" 2>&1 && dump "$target" && python3 "$beside/java_compare.py" "$work/dump.json" "$work/jstack"; }
until_true agrees
check "the waits are those that jstack prints" agrees
own="!name^=j- !name~='java|Attach Listener'"
at_rest() { dump "$target" --stuck 1s --filter 'is:stuck|is:long' && ask "no $own and row name=j-wait and row name=j-read"; }
check "none of the machine's own threads is stuck or long" until_true at_rest
every() { dump "$target" --stuck 1s && ask "count $own >= 8"; }
check 'a dump without the filter has those threads' every

start "$client" record "$target" -i 0.5 --stuck 2s -o "$work/seen"
recorder=$last
recorded() { "$client" dump "$work/seen" -f json >"$work/dump.json" && ask "$1"; }
check 'a thread that waits for a monitor has waited all the time' until_true recorded 'row name=j-monitor has age_ns>5000000000'
check 'that thread is stuck' until_true recorded 'row name=j-monitor has stuck'
check 'threads that held the monitor in between have waited for less' recorded \
	'row name=j-turn-1 has age_ns<3000000000 and row name=j-turn-2 has age_ns<3000000000'
kill -INT "$recorder"
wait "$recorder"
exec 9>&-
wait "$target"

launch LD_PRELOAD="$agent"
inside() { dump "$target" && ask 'has target.sources.*=agent and row name=j-read has state=io-read and row name=j-queue has state=cond'; }
check 'the agent works in a Java program' until_true inside
exec 9>&-
wait "$target"
ok $? 'the program with the agent ends as it does without' "$(cat "$work/log")"

javac -d "$work" "$(dirname "$0")/../targets/callers/Cycle.java"
rm -f "$work/in"
mkfifo "$work/in"
exec 9<>"$work/in"
: >"$work/out"
java -Xmx64m -cp "$work" Cycle <"$work/in" >"$work/out" 2>"$work/log" 9>&- &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out"
held() {
	dump "$target" && holder=$(ask 'value id name=c-holder') &&
		ask "row name=c-waiter has waits_on.owner=$holder waits_on.text^='monitor 0x'"
}
check 'a wait for a monitor names the thread that holds it' until_true held
cycle() {
	dump "$target" && one=$(ask 'value id name=c-backwards') && two=$(ask 'value id name=c-forwards') &&
		ask "has cycles.#=1 and in cycles.0.* sorted . = $one $two"
}
check 'two threads that wait for each other are a deadlock' until_true cycle

#!/bin/sh
# SPDX-License-Identifier: MIT
# Deadlocks of Python's locks, by every interpreter that is installed: of with statements, of RLocks, and
# none of locks whose holder is unknown; in dump, check and the view's waits.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((3 * $(wc -l <"$work/pythons") + 8))

names() {
	dump "$target" && ask 'has cycles.#=3' || return 1
	for cycle in 0 1 2; do
		for id in $(ask "in cycles.$cycle.* list ."); do ask "value name id=$id"; done | sort | tr '\n' ' '
		echo
	done | sort >"$work/names"
	printf 'mixed-0 mixed-1 \nowned-0 owned-1 \nring-0 ring-1 ring-2 \n' | cmp -s - "$work/names"
}
late() { dump "$target" && first=$(ask 'value id name=ring-0') && ask "row name=late has state=mutex waits_on.owner=$first and every name^=taken has state=mutex waits_on.owner=null and count name^=taken = 5"; }
checked() { "$client" check "$target" --no-deadlock >"$work/check" 2>&1; [ $? -eq 1 ] && grep -q ring-1 "$work/check"; }

judge() {
	: >"$work/log"
	start env LD_PRELOAD="$2" "$1" "$beside/../targets/python/deadlock.py"
	target=$last
	until_true grep -qx ready "$work/log" || give_up "Python $version does not start"
	check "$version: the three deadlocks are found, and only those" until_true names
	check "$version: a thread that waits for one of their locks names its holder, never one that has given it away" until_true late
	check "$version: check fails and says who is in it" until_true checked
}
while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	judge "$python" ''
	kill -9 "$target"
	wait "$target" 2>/dev/null
done <"$work/pythons"
version="$version with the agent"
judge "$(tail -n 1 "$work/pythons")" "$agent"
drawn() {
	tmux -L "deadlock-$$" capture-pane -p >"$work/screen" 2>/dev/null
	grep -q 'mixed-1' "$work/screen" && grep -q 'DEADLOCK\|deadlock' "$work/screen"
}
if command -v tmux >/dev/null; then
	tmux -L "deadlock-$$" -f /dev/null new-session -d -x 150 -y 50 "$client" "$target"
	viewed() { tmux -L "deadlock-$$" capture-pane -p | grep -q ring-0; }
	until_true viewed
	tmux -L "deadlock-$$" send-keys w
	check "$version: w shows them" until_true drawn
	tmux -L "deadlock-$$" kill-server
else
	ok 0 "$version: w shows them # SKIP tmux is not installed"
fi
kill -9 "$target"
wait "$target" 2>/dev/null

# The lock of the interpreter itself, and a mutex of C.
mixed() {
	dump "$target" && one=$(ask 'value id name=has_gil') && two=$(ask 'value id name=has_mutex') &&
		ask "has cycles.#=1 and in cycles.0.* set . = $one $two and row name=has_mutex has waits_on.kind=gil waits_on.text='Python GIL, held by $one'"
}
for preload in '' "$agent"; do
	start env LD_PRELOAD="$preload" python3 "$beside/../targets/python/gil.py" hung
	target=$last
	check "a thread that has the GIL in a wait for a mutex, and the one that has the mutex, are a deadlock${preload:+, with the agent, too}" \
		until_true mixed
	kill -9 "$target"
	wait "$target" 2>/dev/null
done
start python3 "$beside/../targets/python/gil.py" busy
target=$last
record_some 12 "$work/busy" "$target" -i 0.1 --stuck 300ms
shared() { "$client" dump "$work/busy" -f json >"$work/dump.json" && ask "no stuck and count name^=spin = 3"; }
check 'threads that share the interpreter are never stuck' shared
waited() { dump "$target" && ask "row waits_on.text^='Python GIL, held by t'"; }
check 'a thread that waits for its turn names the one that has the GIL' until_true waited

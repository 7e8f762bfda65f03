#!/bin/sh
# SPDX-License-Identifier: MIT
# Tasks of asyncio that begin, call and end while they are read at 50 Hz and garbage is collected: no row says what
# cannot be, by every interpreter that is installed. Threads that do so are in python_odd.t.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((2 * $(wc -l <"$work/pythons")))
program=$(cd "$beside/../targets/python" && pwd)/asyncio_churn.py

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	: >"$work/log"
	start "$python" "$program"
	target=$last
	until_true grep -qx ready "$work/log" || give_up "asyncio_churn.py does not start with $python"
	rm -f "$work/tape"
	"$client" record "$target" -i 0.02 --for 3s -o "$work/tape" 2>"$work/recorder"
	check "$version: no row is wrong while tasks begin, run and end" \
		"$beside/python_asyncio_churn_judge.py" "$client" "$work/tape" "$program"
	check "$version: the target goes on" kill -0 "$target"
	kill -9 "$target"
	wait "$target" 2>/dev/null
done <"$work/pythons"

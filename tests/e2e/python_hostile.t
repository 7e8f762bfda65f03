#!/bin/sh
# SPDX-License-Identifier: MIT
# Python programs whose asyncio objects lie: a billion tasks, 32,768 with one name, coroutines that await
# themselves, attributes of a million entries, dicts of 2^62. A look takes bounded time and memory, shows what is
# there, and says what it left out. Oldest and newest interpreter that is installed.
. "$(dirname "$0")/lib.sh"
need python3
pythons | while read -r python; do
	"$python" -c 'import ctypes, sys; print(sys.version_info[1])' 2>/dev/null | sed "s,\$, $python,"
done | sort -n >"$work/all"
# From 3.14 on the tasks are in lists.
grep -v '^1[4-9] ' "$work/all" | sed -n '1p;$p' | sort -nu >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 to 3.13 that has ctypes'
plan $((5 * $(wc -l <"$work/pythons")))
# The sanitizers need more address space.
limit=
[ -n "${SAN:-}" ] || ! command -v prlimit >/dev/null 2>&1 || limit='prlimit --as=1500000000'

# seen QUESTION: two looks end, and the dump is as it must be.
seen() {
	# The words of the limit are meant to be split.
	# shellcheck disable=SC2086
	timeout 200 $limit "$client" dump "$target" -f json >"$work/dump.json" && ask "$1"
}

while read -r minor python; do
	begin_python "$python" hostile.py claims
	check "3.$minor: a set that claims a billion tasks" seen 'row name=MainThread'
	end_target
	begin_python "$python" hostile.py same
	check "3.$minor: 32,768 tasks of one name are rows with numbers of their own" seen 'count kind=coroutine = 32768 and count id=c4 = 1 and has errors.#=0'
	end_target
	begin_python "$python" hostile.py loops
	check "3.$minor: coroutines that await themselves" seen 'count kind=coroutine = 32768'
	end_target
	begin_python "$python" hostile.py dict
	check "3.$minor: an attribute among a million, for each task" seen 'count kind=coroutine = 32768 and has errors.*~="the Python objects of process .* are more than one look reads.*"'
	end_target
	begin_python "$python" hostile.py sizes
	check "3.$minor: dicts of 2^62 entries" seen 'count kind=coroutine >= 3'
	end_target
done <"$work/pythons"

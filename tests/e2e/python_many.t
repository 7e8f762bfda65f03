#!/bin/sh
# SPDX-License-Identifier: MIT
# Thousands of tasks of asyncio cost few reads: a look reads at once what the last one has used. Counted, not
# timed. Each release keeps its objects in its own way, so all that are installed are asked.
. "$(dirname "$0")/lib.sh"
need python3
need strace
strace -o "$work/trace" -e trace=none true 2>/dev/null || skip_all 'strace cannot be used'
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((2 * $(wc -l <"$work/pythons") + 4))

# reads OPTION…: runs the client, and sets how often it has read memory, in $reads.
reads() {
	strace -f -c -o "$work/count" -e trace=process_vm_readv,pread64 "$client" "$@" >"$work/out" 2>"$work/err" || return 1
	reads=$(awk '$NF == "process_vm_readv" || $NF == "pread64" {sum += $4} END {print sum + 0}' "$work/count")
}
# first MOST: how many the first look needs, with all else that the client reads.
first() {
	reads dump "$target" -f json && cp "$work/out" "$work/dump.json" && first=$reads
	echo "$reads reads"
	[ "$reads" -gt 20 ] && [ "$reads" -le "$1" ]
}
# next MOST: how many each of the others does. The first ones learn.
next() {
	reads record "$target" -o "$work/tape" --for 4s -i 0.2 || return 1
	looks=$(wc -l <"$work/tape")
	echo "$reads reads in $((looks - 1)) samples, the first one $first"
	[ "$looks" -gt 3 ] && [ $(((reads - first) / (looks - 2))) -le "$1" ]
}
words() {
	ask 'count kind=coroutine state=sleep > 1500 and count kind=coroutine state=chan-recv > 1500 and
		count kind=coroutine state=io-read > 300 and count kind=coroutine state=mutex > 300 and
		count kind=coroutine state=semaphore > 300 and count kind=coroutine state=cond > 1000'
}

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	begin_python "$python" asyncio_many.py 2000
	check "$version: the first look at 2,000 tasks needs about a read a task" first 5000
	check "$version: the next looks at them need few" next 250
	end_target
done <"$work/pythons"

begin_python python3 asyncio_many.py 10000
check '10,000 tasks need fewer reads than tasks' first 8000
check '… and each has its state' words
check '… and the next looks at them need few' next 600
late() { [ "$(grep -c '^late' "$work/log")" -ge 2 ]; }
check '… while the program goes on' until_true late
end_target

#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that use musl, whose code has no unwind tables: their functions, states, objects and
# holders; dynamic (with libc stripped, as distributions ship it), static, and stripped. Also a
# program with glibc that was built without unwind tables.
. "$(dirname "$0")/lib.sh"
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'callers are found by the instructions of x86-64'
unset DEBUGINFOD_URLS
plan 11

mkfifo "$work/in"
exec 9<>"$work/in"
# rows: writes the rows of a dump as STATE FUNCTION to $work/rows.
rows() {
	"$client" dump "$target" -s native --columns state,function >"$work/text" || return 1
	awk 'seen { print $1, $2 } $1 == "STATE" { seen = 1 }' "$work/text" | sort >"$work/rows"
}
wanted='barrier wait_barrier
barrier wait_barrier
cond wait_cond
cond wait_cond
io-read main
io-read wait_pipe
join wait_join
mutex compare
mutex wait_checked
mutex wait_mtx
mutex wait_once
mutex wait_plain
mutex wait_recursive
rwlock-read wait_read
rwlock-write wait_write
semaphore wait_semaphore
signal-wait never_ends
sleep wait_sleep'
rows_are() {
	rows
	[ "$(cat "$work/rows")" = "$1" ] || { diff "$work/rows" - <<END; return 1; }
$1
END
}
objects() {
	dump "$target" -s native || return
	for function in wait_recursive wait_checked wait_mtx compare; do
		ask "row stack.*.function=$function has waits_on.owner=t$target" || return
	done
	sleeper=$(ask 'value id stack.*.function=wait_sleep') && address=$(ask 'value waits_on.address stack.*.function=compare') &&
		ask "row stack.*.function=wait_join has waits_on.owner=$sleeper" 'distinct waits_on.address state=cond = 1' \
			"row stack.*.function=wait_recursive has waits_on.address=$address"
}
whole() {
	dump "$target" -s native && ask 'every has stack.#>=0 !stack*=memset and row stack.*.function~=qsort(_r)?'
}

if musl-gcc -g -O1 -o "$work/dynamic" tests/targets/callers/libc.c 2>"$work/cc"; then
	for kind in dynamic static; do
		[ $kind = dynamic ] || musl-gcc -static -g -O2 -o "$work/static" tests/targets/callers/libc.c
		start_ready "$work/$kind"
		check "$kind: rows have their states and functions of the program" until_true rows_are "$wanted"
		check "$kind: mutexes have their holders, a join its target, and waiters of a condition one address" until_true objects
		check "$kind: stacks are complete, also through a callback of libc, and no function is called memset" until_true whole
		end_ready
	done
	strip -g -o "$work/symbols" "$work/static"
	start_ready "$work/symbols"
	check 'static, without debug information: rows have their states and functions too' until_true rows_are "$wanted"
	end_ready
	strip -o "$work/stripped" "$work/dynamic"
	start_ready "$work/stripped"
	states() {
		rows
		[ "$(cut -d' ' -f1 "$work/rows")" = "$(echo "$wanted" | cut -d' ' -f1)" ]
	}
	check 'dynamic, stripped: rows have their states' until_true states
	check 'dynamic, stripped: rows have the offset in the program' sh -c "grep -q 'mutex stripped+0x' '$work/rows' && ! grep -q 'libc.so' '$work/rows'"
	end_ready
	musl-gcc -o "$work/cycle" tests/targets/callers/cycle.c
	start_ready "$work/cycle"
	cycles() { dump "$target" -s native && ask 'in cycles.* values # = 2 2'; }
	check 'two deadlocks are found, one of them through a join' until_true cycles
	end_ready
else
	for _ in 1 2 3 4 5 6 7 8 9 10; do ok 0 'programs that use musl # SKIP musl-gcc is not installed'; done
fi

cc -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables -pthread -o "$work/plain" tests/targets/callers/libc.c
start_ready "$work/plain"
check 'glibc, without unwind tables: rows have their states and functions' until_true rows_are "$wanted"
end_ready

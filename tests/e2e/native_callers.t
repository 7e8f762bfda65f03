#!/bin/sh
# SPDX-License-Identifier: MIT
# FUNCTION is a function of the program, whichever library waits on its behalf, and the state is that
# of the library's function: C++ with debug information, GLib.
. "$(dirname "$0")/lib.sh"
unset DEBUGINFOD_URLS
plan 4

mkfifo "$work/in"
exec 9<>"$work/in"
# rows WANTED: succeeds if the rows of a dump, as NAME STATE FUNCTION, contain each of these lines.
rows() {
	"$client" dump "$target" -s native --columns name,state,function >"$work/text" || return 1
	awk 'seen { print $1, $2, $3 } $1 == "NAME" { seen = 1 }' "$work/text" | sort >"$work/rows"
	echo "$1" | sort >"$work/wanted"
	missing=$(comm -13 "$work/rows" "$work/wanted")
	[ -z "$missing" ] || { printf 'not there:\n%s\nbut:\n' "$missing"; cat "$work/rows"; return 1; }
}

if g++ -std=c++20 -g -O1 -pthread -o "$work/callers" tests/targets/callers/cxx.cc 2>"$work/g++"; then
	start_ready "$work/callers"
	check 'C++: rows have their states and functions of the program' until_true rows 'mutex mutex wait_mutex()
timed mutex wait_timed()
shared rwlock-read wait_shared()
once mutex wait_once()
latch waitgroup wait_latch()
barrier barrier wait_barrier()
semaphore semaphore wait_semaphore()
atomic futex wait_atomic()
any cond wait_any()
future cond wait_future()
static mutex wait_static()
callers mutex main'
	check "a function of the program that has the name of one in libc is shown" rows 'own sleep wait(int)'
	end_ready
else
	for _ in 1 2; do ok 0 'C++ # SKIP g++ cannot build C++20'; done
fi

# shellcheck disable=SC2046
if cc -g -O1 -o "$work/callers" tests/targets/callers/glib.c $(pkg-config --cflags --libs glib-2.0) 2>"$work/cc"; then
	start_ready "$work/callers"
	check 'GLib: rows have their states and functions of the program' until_true rows 'mutex mutex wait_mutex
bits mutex wait_bits
cond cond wait_cond
read rwlock-read wait_read
pop chan-recv wait_pop
join join wait_join
once mutex wait_once
loop poll wait_loop'
	end_ready
else
	ok 0 'GLib # SKIP GLib is not installed'
fi

start_ready "$BUILD/tests/targets/chan_library"
check 'channels of a C library that is compiled in are recognized without an agent' until_true rows 'send chan-send producer
recv chan-recv consumer
select select selector'
end_ready

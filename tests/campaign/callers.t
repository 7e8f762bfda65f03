#!/bin/sh
# SPDX-License-Identifier: MIT
# FUNCTION is a function of the program, and the state is that of the library's function: Qt, and Rust
# with crates that cargo fetches, built for debugging, and optimized without debug information.
. "$(dirname "$0")/../e2e/lib.sh"
unset DEBUGINFOD_URLS
callers=$(cd "$(dirname "$0")/../targets/callers" && pwd)
plan 6

mkfifo "$work/in"
exec 9<>"$work/in"
# rows_fit NUMBER [WRONG]: NUMBER rows with a function wait_… have the state that is their thread's
# name, and WRONG (0) rows have another state.
rows_fit() {
	"$client" dump "$target" -s native --columns name,state,function >"$work/text" || return 1
	grep 'wait_' "$work/text" | awk '{ split($3, parts, "::"); if ($1 == $2) right++; else { wrong++; print } }
		END { print right, "right"; exit wrong != '"${2:-0}"' || right != '"$1"' }'
}

if command -v pkg-config >/dev/null && pkg-config --exists Qt5Concurrent &&
	g++ -g -O1 -fPIC -o "$work/qt" "$callers/qt.cc" $(pkg-config --cflags --libs Qt5Core Qt5Concurrent) 2>"$work/g++"; then
	start_ready "$work/qt"
	check 'Qt: rows have their states and functions of the program' until_true rows_fit 9
	pooled() { grep -q '^Thread (pooled)  *cond  *QThreadPoolThread::run' "$work/text"; }
	check 'the function of a pooled thread at rest belongs to the pool' pooled
	end_ready
else
	for _ in 1 2; do ok 0 'Qt # SKIP Qt 5 is not installed'; done
fi

cp -r "$callers/crates" "$work/crates"
if command -v cargo >/dev/null && (cd "$work/crates" && cargo build && cargo build --release) >"$work/cargo" 2>&1; then
	start_ready "$work/crates/target/debug/callers"
	check 'Rust: rows have their states and functions of the program' until_true rows_fit 20
	main() { grep -q '^callers .*callers::main$' "$work/text"; }
	check 'a wait in block_on shows main' main
	end_ready
	start_ready "$work/crates/target/release/callers"
	# The optimized program has no frame of tokio's blocking_recv(), only of its block_on().
	check 'Rust, optimized and without debug information: rows have their states and functions too' until_true rows_fit 19 1
	check 'a wait in block_on shows main in an optimized program too' main
	end_ready
else
	for _ in 1 2 3 4; do ok 0 'Rust # SKIP cargo cannot fetch and build crates'; done
fi

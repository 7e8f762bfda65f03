#!/bin/sh
# SPDX-License-Identifier: MIT
# FUNCTION is the program's own and the state that of the library's function: Qt, and Rust
# with crates that cargo fetches, built for debugging and optimised without debug information.
. "$(dirname "$0")/../e2e/lib.sh"
unset DEBUGINFOD_URLS
callers=$(cd "$(dirname "$0")/../targets/callers" && pwd)
plan 6

mkfifo "$work/in"
exec 9<>"$work/in"
# rows_fit NUMBER [WRONG]: as many rows with a function wait_… whose state is their thread's
# name, and as many (0) with another state.
rows_fit() {
	"$client" dump "$target" -s native --columns name,state,function >"$work/text" || return 1
	grep 'wait_' "$work/text" | awk '{ split($3, parts, "::"); if ($1 == $2) right++; else { wrong++; print } }
		END { print right, "right"; exit wrong != '"${2:-0}"' || right != '"$1"' }'
}

if command -v pkg-config >/dev/null && pkg-config --exists Qt5Concurrent &&
	g++ -g -O1 -fPIC -o "$work/qt" "$callers/qt.cc" $(pkg-config --cflags --libs Qt5Core Qt5Concurrent) 2>"$work/g++"; then
	start_ready "$work/qt"
	check 'Qt: states, and functions of the program' until_true rows_fit 9
	pooled() { grep -q '^Thread (pooled)  *cond  *QThreadPoolThread::run' "$work/text"; }
	check 'the function of a pooled thread at rest is the pool'\''s' pooled
	end_ready
else
	for _ in 1 2; do ok 0 '# SKIP Qt 5 is not installed'; done
fi

cp -r "$callers/crates" "$work/crates"
if command -v cargo >/dev/null && (cd "$work/crates" && cargo build && cargo build --release) >"$work/cargo" 2>&1; then
	start_ready "$work/crates/target/debug/callers"
	check 'Rust: states, and functions of the program' until_true rows_fit 20
	main() { grep -q '^callers .*callers::main$' "$work/text"; }
	check 'block_on is called by main' main
	end_ready
	start_ready "$work/crates/target/release/callers"
	# Of tokio's blocking_recv() nothing is left there but its block_on().
	check 'the same, optimised and without debug information' until_true rows_fit 19 1
	check 'block_on is called by main' main
	end_ready
else
	for _ in 1 2 3 4; do ok 0 '# SKIP cargo cannot build and fetch crates'; done
fi

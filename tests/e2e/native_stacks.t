#!/bin/sh
# SPDX-License-Identifier: MIT
# Stacks of blocked threads, read without stopping them, compared with those of eu-stack, which stops
# them by ptrace: deep recursion, alloca, realigned frames, callbacks and signal handlers, built in
# every way that affects unwinding.
. "$(dirname "$0")/lib.sh"
need python3
need eu-stack
need gcc
need_ptrace
unset DEBUGINFOD_URLS
compare=$PWD/$(dirname "$0")/stacks_compare.py
shapes=$PWD/tests/targets/stack_shapes.c

# Each line is a compiler and its flags.
cat >"$work/ways" <<'END'
gcc -O0 -g -fno-omit-frame-pointer
gcc -O0 -s -fomit-frame-pointer
gcc -O2 -g -fno-omit-frame-pointer
gcc -O2 -s -fno-omit-frame-pointer
gcc -O2 -g -fomit-frame-pointer
gcc -O2 -s -fomit-frame-pointer
gcc -O3 -g -fno-omit-frame-pointer
gcc -O3 -s -fomit-frame-pointer
gcc -O2 -g -static
gcc -O2 -s -static -fno-omit-frame-pointer
gcc -O2 -no-pie
gcc -O2 -g -fno-asynchronous-unwind-tables -fno-omit-frame-pointer
gcc -O2 -fno-plt -fcf-protection
clang -O0
clang -O2 -s -fno-omit-frame-pointer
clang -O2 -g -fomit-frame-pointer
clang -O3 -s -fomit-frame-pointer
END
plan "$(wc -l <"$work/ways")"

# Keeps the fifo open: the programs end when their stdin is closed.
mkfifo "$work/in"
exec 9<>"$work/in"
# Compiles two programs at a time.
build() {
	n=0
	while read -r compiler flags; do
		n=$((n + 1))
		[ $((n % 2)) -eq "$1" ] || continue
		# The flags are meant to be split.
		# shellcheck disable=SC2086
		"$compiler" -D_GNU_SOURCE $flags -o "$work/shapes$n" "$shapes" -pthread \
			>"$work/built$n" 2>&1
	done <"$work/ways"
}
build 0 &
build 1
wait

# same PID: every stack is the same as by ptrace; only the one that exceeds the limit of frames is cut.
same() {
	until_true grep -q ready "$work/out$n" && "$compare" "$client" "$1" 0.94
}
n=0
while read -r compiler flags; do
	n=$((n + 1))
	if ! command -v "$compiler" >/dev/null 2>&1; then
		ok 0 "stacks of $compiler $flags # SKIP $compiler is not installed"
		continue
	fi
	"$work/shapes$n" <"$work/in" >"$work/out$n" 2>&1 9>&- &
	target=$!
	started="$started $target"
	check "stacks are the same as by ptrace: $compiler $flags" same "$target"
	kill -9 "$target"
done <"$work/ways"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Interposed functions return what the real ones do, and leave the same errno, in every
# case of tests/targets/wrap_results.c.
set -u
BUILD=${BUILD:-$PWD/build}
if [ -n "${SAN:-}" ]; then
	echo '1..0 # SKIP a preloaded agent cannot bring a sanitizer'"'"'s runtime along'
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_RUNTIME_DIR="$work"
program=$BUILD/tests/targets/wrap_results

echo 1..3
# Some cases are races against the clock, which a busy machine can lose in any of the runs;
# a difference that the agent makes is there every time.
attempt=0
while [ $attempt -lt 4 ]; do
	attempt=$((attempt + 1))
	timeout 10 "$program" >"$work/without" 2>&1
	LD_PRELOAD="$BUILD/libgrmon.so" timeout 10 "$program" >"$work/with" 2>&1
	GRMON_DISABLE=1 LD_PRELOAD="$BUILD/libgrmon.so" timeout 10 "$program" >"$work/disabled" 2>&1
	! cmp -s "$work/without" "$work/with" || ! cmp -s "$work/without" "$work/disabled" || break
done

if grep -q '^cleaned up after Sem_wait' "$work/without" &&
	[ "$(wc -l <"$work/without")" -gt 180 ]; then
	echo "ok 1 - $(wc -l <"$work/without") cases"
else
	echo "not ok 1 - the cases end at: $(tail -1 "$work/without")"
fi
if diff "$work/without" "$work/with" >"$work/diff"; then
	echo "ok 2 - the same results with the agent"
else
	echo "not ok 2 - the same results with the agent"
	sed 's/^/# /' "$work/diff"
fi
if cmp -s "$work/without" "$work/disabled"; then
	echo "ok 3 - the same results with a disabled agent"
else
	echo "not ok 3 - the same results with a disabled agent"
fi

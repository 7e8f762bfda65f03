#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every benchmark and prints one table: figure, value, unit, goal, and whether the goal
# is met. Figures are measured, never asserted: a noisy machine must not fail a build.
# Usage: BUILD=build tests/bench/run.sh [NAME…]
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-$PWD/build}
export BUILD
if [ $# -eq 0 ]; then
	set -- $(for file in tests/bench/*.c tests/bench/bench_*.sh; do
		[ ! -f "$file" ] || basename "$file"
	done)
fi
printf '%-58s %10s %-5s %-8s %s\n' FIGURE VALUE UNIT GOAL MET
for name in "$@"; do
	case $name in
	*.sh) set -- "tests/bench/$name" ;;
	*) set -- "$BUILD/tests/bench/${name%.c}" ;;
	esac
	"$@" </dev/null | awk -F'\t' '
		NF < 4 { print "# " $0; next }
		{
			goal = $4
			gsub(/[^0-9.]/, "", goal)
			met = goal == "" ? "" : ($4 ~ /^>/ ? ($2 + 0 >= goal + 0) : ($2 + 0 <= goal + 0)) ? "yes" : "NO"
			printf "%-58s %10s %-5s %-8s %s\n", $1, $2, $3, $4, met
			fflush()
		}'
done

#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every benchmark and prints one table: figure, value, interval of the median, unit, goal, and whether
# the goal is met: yes, NO, or how wide the interval is that the goal is inside of. Figures are measured,
# never asserted: a noisy machine must not fail a build. What benchmarks print that begins with | is a row
# of the table in Markdown that the end prints. All rows are kept in $BUILD/bench.tsv too, for pages.sh; those of a
# run with names are added to it.
# Usage: BUILD=build tests/bench/run.sh [NAME…]
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-$PWD/build}
export BUILD
rows=$BUILD/bench.tsv
if [ $# -eq 0 ]; then
	printf 'programs that wanted to run when it began\t%s\tload\t\ncores\t%s\t\t\n' "$(cut -d' ' -f1 /proc/loadavg)" "$(nproc)" >"$rows"
	set -- $(for file in tests/bench/*.c tests/bench/bench_*.sh; do
		[ ! -f "$file" ] || basename "$file"
	done)
fi
# Each row is printed as it comes: awk would read a pipe in blocks.
end=$(mktemp)
trap 'rm -f "$end"' EXIT
trap 'exit 130' INT TERM
printf '%-58s %10s %-17s %-5s %-8s %s\n' FIGURE VALUE INTERVAL UNIT GOAL MET
for name in "$@"; do
	case $name in
	*.sh) set -- "tests/bench/$name" ;;
	*) set -- "$BUILD/tests/bench/${name%.c}" ;;
	esac
	"$@" </dev/null | while IFS= read -r line; do printf '%s\n' "$line" | awk -F'\t' -v end="$end" -v rows="$rows" '
		/^\|/ || NF >= 4 { print >>rows }
		/^\|/ { print >>end; next }
		NF < 4 { print "# " $0; next }
		{
			goal = $4
			gsub(/[^0-9.]/, "", goal)
			split($5 == "" ? $2 "-" $2 : $5, range, "-")
			worst = $4 ~ /^>/ ? range[1] - goal : goal - range[2]
			best = $4 ~ /^>/ ? range[2] - goal : goal - range[1]
			met = goal == "" ? "" : worst >= 0 ? "yes" : best < 0 ? "NO" : sprintf("open, ±%.1f%%",
				50 * (range[2] - range[1]) / ($2 ? $2 : 1))
			printf "%-58s %10s %-17s %-5s %-8s %s\n", $1, $2, $5, $3, $4, met
			print substr(met, 1, 2) "#   " $1 ": " $2 " " $3 ", goal " $4 ": " met >>end
		}'; done
done
awk '
	/^\|/ { table = table "\n" $0; next }
	{ nr[substr($0, 1, index($0, "#") - 1)]++ }
	/^(NO|op)/ { missed = missed substr($0, 3) "\n" }
	END {
		printf "# %d goals are met, %d are not, %d are inside the interval of their row.\n%s",
			nr["ye"], nr["NO"], nr["op"], missed
		if (table)
			print table
	}' "$end"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes what the last `make bench` printed, which run.sh keeps in $BUILD/bench.tsv, into the pages that tell it: the table
# of .github/BENCH.md, and the list of COSTS in man/grmon-c-guide.7. A sentence below whose rows were not measured is
# left out, and named.
# Usage: BUILD=build tests/bench/pages.sh
set -eu
cd "$(dirname "$0")/../.."
rows=${BUILD:-build}/bench.tsv
[ -s "$rows" ] || { echo "there is no $rows: run make bench first" >&2; exit 1; }
new=$(mktemp)
trap 'rm -f "$new"' EXIT

# TERM | SENTENCES: {ROW} is the value of the row, of the first that begins so if it ends with *; {ROW/1000} is a part of it.
sentences() {
	cat <<'END'
A look at 10,000 blocked threads with states, lock owners and stacks | {one look at 10000 threads, CPU, all blocked} ms of the processor; with one thread that works, {one look at 10000 threads, CPU, one works} ms.
The same list without stacks by other means | libproc2's scan with state and wchan takes {libproc2, multiple of our CPU time, all blocked} times as much, {libproc2, multiple of our CPU time, one works} times with one thread that works; ps -L -o pid,tid,wchan {ps, multiple of our CPU time, all blocked} and {ps, multiple of our CPU time, one works} times.
A look at 10,000 threads under the agent | {agent: one poll of 10000 threads, CPU} ms of the processor.
The agent in a program, as a multiple of the time without it | A free mutex {uncontended mutex lock+unlock, agent / none}, a wait for a condition {condition ping-pong, agent / none}, a thread from its creation to its join {thread create+join, agent / none}, a fork with one wait in the child {fork with one wait in the child, agent / none}.
The stack of a thread whose wait has changed | {stack of a changed wait, many_threads*} us with a few frames, {stack of a changed wait, stack_shapes*} us with 28 frames.
From the start of the client to 200 threads with debug information | {to the view's first full table, 200 threads of many_threads} ms for the view, {grmon-c dump, 200 threads of many_threads} ms for the dump, which takes two samples that are 0.1 s apart.
100,000 goroutines | The first look with all stacks {100000 goroutines: first sample*} ms, the next ones {100000 goroutines: the next*} ms.
1,000,000 goroutines | The first look {1000000 goroutines: first sample*} ms with {1000000 goroutines: memory of the client after the first} MB, the next ones {1000000 goroutines: the next*} ms with {1000000 goroutines: memory of the client after several} MB.
The view at 1 Hz on 200 threads | {200 threads: grmon at 1 Hz*} % of a core; htop {200 threads: htop*} %, top {200 threads: top*} %.
The view on redis at rest | {redis: grmon at 1 Hz*} % of a core; htop {redis: htop*} %, top {redis: top*} %.
The view on postgres at rest | {postgres: grmon at 1 Hz*} % of a core; htop {postgres: htop*} %, top {postgres: top*} %.
The list of processes | {list of processes: grmon at 1 Hz*} % of a core; htop {list of processes: htop*} %, top {list of processes: top*} %.
The view at 1 Hz on 10,000 threads | {client with its view at 1 Hz, 10000 threads, native*} % of a core and {client with its view, 10000 threads, native*} MB; with the agent {client with its view at 1 Hz, 10000 threads, agent*} % and {client with its view, 10000 threads, agent*} MB.
The view at 1 Hz on 100 processes with 5,000 threads | {view of 100 processes, 5000 tasks, at rest*} % of a core and {the same, at rest, highest*} MB; if a thread of each process works, {view of 100 processes, 5000 tasks, a thread*} %.
The target | For a thread that ticks every millisecond, the 99th percentile of its delay is {ticker of 1 ms, idle, median of p99/1000} ms unwatched, {ticker of 1 ms, 1Hz, median of p99/1000} ms watched at 1 Hz and {ticker of 1 ms, 10Hz, median of p99/1000} ms watched at 10 Hz.
END
}
costs() {
	sentences | awk -F' *[|] *' -v rows="$rows" '
		BEGIN {
			while ((getline line <rows) > 0)
				if (split(line, field, "\t") > 2 && field[2] + 0 == field[2] && !(field[1] in value)) {
					value[field[1]] = field[2]
					name[++nr] = field[1]
				}
		}
		function look(row,   part, i) {
			part = sub(/\/1000$/, "", row) ? 1000 : 1
			for (i = 1; i <= nr; i++)
				if (name[i] == row || (row ~ /\*$/ && index(name[i], substr(row, 1, length(row) - 1)) == 1))
					return sprintf(value[name[i]] / part < 10 ? "%.2g" : "%.0f", value[name[i]] / part)
			print "no row of: " row >"/dev/stderr"
			return ""
		}
		{
			said = $2
			missing = 0
			while (match(said, /\{[^}]*\}/)) {
				found = look(substr(said, RSTART + 1, RLENGTH - 2))
				missing += found == ""
				said = substr(said, 1, RSTART - 1) found substr(said, RSTART + RLENGTH)
			}
			if (missing)
				next
			gsub(/; /, ";\n", said)
			print ".It " $1 "\n" said
		}'
}
# between FILE FIRST LAST: puts $new in place of the lines between these two.
between() {
	FIRST=$2 LAST=$3 awk -v new="$new" '
		$0 == ENVIRON["LAST"] { inside = 0; while ((getline line <new) > 0) print line }
		!inside { print }
		$0 == ENVIRON["FIRST"] { inside = 1 }' "$1" >"$1.new" && mv "$1.new" "$1"
}
costs | fold -s -w 98 | sed 's/ $//' >"$new"
between man/grmon-c-guide.7 '.\" tests/bench/pages.sh writes what follows.' '.\" It ends here.'
printf 'Measured on %s cores; on average %s programs wanted to run when it began.\n' "$(sed -n 's/^cores\t\([0-9]*\).*/\1/p' "$rows")" \
	"$(sed -n 's/^programs that wanted[^\t]*\t\([0-9.]*\).*/\1/p' "$rows")" >"$new"
between .github/BENCH.md '<!-- tests/bench/pages.sh writes what follows. -->' '<!-- It ends here. -->'
grep '^|' "$rows" | grep -v '^| what\|^|--' >"$new" || { echo 'no row beside other programs' >&2; exit; }
between .github/BENCH.md '|---|---|---|---|---|---|---|---|' '<!-- tests/bench/pages.sh writes the rows above. -->'

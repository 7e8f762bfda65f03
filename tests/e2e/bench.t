#!/bin/sh
# SPDX-License-Identifier: MIT
# The table of make bench: intervals of medians, turns that go on until an effect is told from noise, and
# the words of the last column.
. "$(dirname "$0")/lib.sh"
interval=$BUILD/tests/bench/interval
[ -x "$interval" ] || skip_all 'tests/bench/interval is not built'
plan 17

root=$(cd "$(dirname "$0")/../.." && pwd)
says() { [ "$(seq "$1" | "$interval" "$2")" = "$3" ]; }
check 'the interval of 8 numbers is all of them' says 8 - '4.500 1.000 8.000 -'
check 'that of 101 leaves out 37 on each side' says 101 '<=70' '51.00 38.00 64.00 yes'
check 'a goal inside it is open' says 101 '<=60' '51.00 38.00 64.00 open'
check 'a goal below it is missed' says 101 30 '51.00 38.00 64.00 NO'
check 'a goal can be a least value' says 101 '>= 30' '51.00 38.00 64.00 yes'
# The true median of numbers from 0 to 1 is 0.5: of 1,000 intervals about 990 hold it.
held() {
	LC_ALL=C awk 'BEGIN { srand(7); for (i = 0; i < 1000; i++) { for (k = 0; k < 25; k++) printf "%f ", rand(); print "" } }' |
		while read -r numbers; do echo $numbers | "$interval" 0.5; done |
		awk '$2 <= 0.5 && $3 >= 0.5 { n++ } END { print n; exit !(n >= 980 && n <= 998) }'
}
check '99 of 100 intervals hold the true median' held

# Benchmarks of our own, in a build folder of our own.
mkdir -p "$work/build/tests/bench" "$work/tests/bench"
cp "$interval" "$work/build/tests/bench/"
cp "$root/tests/lib.sh" "$work/tests/"
cp "$root/tests/bench/lib.sh" "$work/tests/bench/"
cat >"$work/tests/bench/bench_turns.sh" <<'END'
. "$(dirname "$0")/lib.sh"
spread() { echo $(($1 * 37 % 101)); }	# 0 to 100, mixed
turns clear ms '<=200' spread
turns close ms '<=60' spread
turns never ms '<=49' spread
ours() { echo "$(cat "$work/number" 2>/dev/null || echo 10)"; echo 30 >"$work/number"; }
theirs() { echo 20; echo 15 >"$work/number"; }
ratio 'in turns' '-' ours theirs
END
BUILD=$work/build sh "$work/tests/bench/bench_turns.sh" >"$work/rows"
row() { grep -q "^$1	" "$work/rows" && sed -n "s/^$1	//p" "$work/rows" | grep -qE "$2"; }
clear_row() { row clear '^[0-9.]+	ms	<=200	[0-9.]+-[0-9.]+$'; }
check 'a row has its interval in a fifth column' clear_row
width() { sed -n "s/^$1	.*	//p" "$work/rows" | awk -F- '{printf "%d", $2 - $1}'; }
narrower() { [ "$(width close)" -lt "$(width clear)" ]; }
check 'a row near its goal takes more turns, and has a narrower interval' narrower
never_row() { row never '^[0-9.]+	ms	<=49	[0-9.]+-[0-9.]+$' && [ "$(width never)" -lt "$(width clear)" ]; }
check 'a row at its goal ends all the same' never_row
# Ours is 15 after theirs and 30 after ours.
check 'two that are compared take turns at going first' row 'in turns' '^0.750	ratio	-	0.750-1.500$'

printf '#!/bin/sh\ncat "%s/rows"\n' "$work" >"$work/build/tests/bench/given"
chmod +x "$work/build/tests/bench/given"
printf '%s\n' 'fine	5	ms	<= 5' 'bad	5	ms	4' 'wide	1.0	ratio	>=1	0.90-1.10' 'a note' '| a | row |' >"$work/rows"
BUILD=$work/build "$root/tests/bench/run.sh" given >"$work/table"
words() {
	grep -qE '^fine .* yes$' "$work/table" && grep -qE '^bad .* NO$' "$work/table" &&
		grep -qE '^wide .* open, ±10.0%$' "$work/table" && grep -qx '# a note' "$work/table"
}
check 'the table says yes, NO, and how wide an open interval is' words
ends() {
	grep -q '^# 1 goals are met, 1 are not, 1 are inside' "$work/table" &&
		[ "$(tail -1 "$work/table")" = '| a | row |' ]
}
check 'it ends with what is not met, and with the rows in Markdown' ends

left_out() { PYTHON=no-such-python sh "$root/tests/bench/bench_peers.sh" python | grep -qx 'there is no no-such-python: its row is left out'; }
check 'a peer that is not here is named' left_out

# Counts: the program and valgrind are stubs, the table is our own.
cat >"$work/build/tests/bench/counts" <<'END'
#!/bin/sh
printf 'even\tnothing\tas before\nslow\tnothing\tslower\nfast\tnothing\tfaster\n'
END
cat >"$work/valgrind" <<'END'
#!/bin/sh
for last; do :; done
case $last in even) n=1029 ;; slow) n=1031 ;; fast) n=969 ;; esac
echo "==1== Collected : $n"
END
chmod +x "$work/build/tests/bench/counts" "$work/valgrind"
cp "$root/tests/bench/counts.sh" "$work/tests/bench/"
counts() { BUILD=$work/build VALGRIND=$work/valgrind "$work/tests/bench/counts.sh" "$@" >"$work/said" 2>&1; }
printf '%s\t1000\n' even slow fast >"$work/tests/bench/counts.txt"
counts even fast
check 'counts that are 2.9 % above the table pass, and 3.1 % below asks to lower it' \
	eval "[ $? -eq 0 ] && grep -q '^fast .* lower the table' '$work/said'"
counts
check '3.1 % above it fails, and says which' eval "[ $? -eq 1 ] && grep -q '^slow .*+3.10%.* FAILS' '$work/said'"
UPDATE=1 counts slow fast
check 'UPDATE=1 writes what was counted, and keeps the rest' eval "[ $? -eq 0 ] && grep -v '^#' '$work/tests/bench/counts.txt' |
	tr '\t\n' '  ' | grep -qx 'even 1000 fast 969 slow 1031 '"
counts
check 'the new table passes' [ $? -eq 0 ]

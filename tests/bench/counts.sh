#!/bin/sh
# SPDX-License-Identifier: MIT
# Instructions of hot paths, counted by callgrind and compared with tests/bench/counts.txt. They depend on the compiler,
# the C library and Go, but not on how fast or busy the machine is. Ends with 1 if a path takes more than 3 % above
# the table; more than 3 % below asks to lower it. UPDATE=1 rewrites the table. TIMES=5 counts each path
# as often and prints how far apart they are. On one machine they are less than 0.3 % apart where a
# program is looked at, and equal elsewhere.
# Usage: counts.sh [PATH…]
. "$(dirname "$0")/lib.sh"
table=$beside/counts.txt
counter=$BUILD/tests/bench/counts
times=${TIMES:-1}
limit=3
pid=
stop() {
	exec 3>&-
	[ -z "$pid" ] || { kill -9 "$pid"; wait "$pid"; } 2>/dev/null
	pid=
}
finish() { stop; }
valgrind=$(command -v "${VALGRIND:-valgrind}") || { echo 'there is no valgrind, which counts instructions' >&2; exit 2; }
[ $# -gt 0 ] || set -- $("$counter" --list | cut -f1)

# Which of its functions the C library takes, and when it changes its way, is the same on every processor.
plain=glibc.cpu.hwcaps=-AVX,-AVX2,-BMI1,-BMI2,-LZCNT,-MOVBE,-ERMS,-FSRM,-RTM,-SSE4_1,-SSE4_2,-SSSE3
plain=$plain:glibc.cpu.x86_non_temporal_threshold=0xc0000:glibc.cpu.x86_shared_cache_size=0x100000:glibc.cpu.x86_data_cache_size=0x8000
# bare COMMAND…: becomes it, with nothing of the caller's environment.
bare() { exec env -i PATH=/usr/bin:/bin LC_ALL=C "$@"; }
# begin COMMAND…: starts what is looked at, always at the same addresses.
begin() {
	rm -f "$work/input"
	mkfifo "$work/input"
	exec 3<>"$work/input"
	: >"$work/ready"
	bare setarch "$(uname -m)" -R "$@" <"$work/input" >"$work/ready" 2>&1 3>&- &
	pid=$!
	until grep -qE '^(ready|listen)' "$work/ready"; do
		kill -0 "$pid" 2>/dev/null || { echo "cannot start $*: $(cat "$work/ready")" >&2; return 1; }
		sleep 0.05
	done
	sleep 1
}
begin_go() {
	[ -x "$work/many" ] || GOFLAGS='' GOTOOLCHAIN=local go build -trimpath -o "$work/many" "$beside/../targets/go/many.go" ||
		return 1
	# One processor, no collection, and stopped: every look reads the same.
	begin env GOMAXPROCS=1 GOGC=off "$work/many" 2000 && kill -STOP "$pid"
}
many=$BUILD/tests/targets/many_threads
looked_at() {
	case $1 in
	agent) begin env LD_PRELOAD="$BUILD/libgrmon.so" "$many" 1000 ;;
	threads) begin "$many" 1000 ;;
	go) command -v go >/dev/null 2>&1 && begin_go ;;
	esac
}
# count PATH: prints the instructions.
count() {
	target=$("$counter" --list | awk -F'\t' -v name="$1" '$1 == name {print $2}')
	looked_at "$target" || return 1
	preload=
	[ "$target" != itself ] || preload=$BUILD/libgrmon.so
	(bare GLIBC_TUNABLES="$plain" LD_PRELOAD="$preload" "$valgrind" --tool=callgrind --instr-atstart=no \
		--callgrind-out-file=/dev/null "$counter" "$1" $pid) >"$work/log" 2>&1 ||
		{ cat "$work/log" >&2; return 1; }
	stop
	sed -n 's/.* Collected : \([0-9]*\)$/\1/p' "$work/log"
}

made_by="gcc $("${CC:-cc}" -dumpfullversion 2>/dev/null), glibc $(getconf GNU_LIBC_VERSION | cut -d' ' -f2), $(go version 2>/dev/null | cut -d' ' -f3), $(uname -m)"
was_by=$(sed -n 's/^# Made by //p' "$table" 2>/dev/null)
[ -n "${UPDATE:-}" ] || [ "$made_by" = "$was_by" ] ||
	echo "# The table is by $was_by; here is $made_by. First rewrite it at an older commit: UPDATE=1."
failed=0
printf '%-10s %14s %14s %8s  %s\n' PATH TABLE NOW CHANGE WHAT
for path; do
	i=0
	: >"$work/counts"
	while [ $i -lt "$times" ]; do
		i=$((i + 1))
		count "$path" >>"$work/counts" || { echo "$path: cannot be counted"; failed=1; break; }
	done
	now=$(sort -n "$work/counts" | sed -n "$(((times + 1) / 2))p")
	[ -n "$now" ] || continue
	what=$("$counter" --list | awk -F'\t' -v name="$path" '$1 == name {print $3}')
	[ "$times" -eq 1 ] || what="$what; $times times, apart by $(sort -n "$work/counts" | awk '
		NR == 1 {low = $1} END {printf "%.3f %%", ($1 - low) * 100 / low}')"
	was=$(awk -v name="$path" '$1 == name {print $2}' "$table" 2>/dev/null)
	printf '%s\t%s\n' "$path" "$now" >>"$work/new"
	awk -v path="$path" -v was="${was:-0}" -v now="$now" -v what="$what" -v limit=$limit 'BEGIN {
		change = was ? (now - was) * 100 / was : 0
		word = ""
		if (!was) word = " — not in the table"
		else if (change > limit) word = " — FAILS: more than " limit " % above"
		else if (change < -limit) word = " — lower the table: UPDATE=1"
		printf "%-10s %14.0f %14.0f %+7.2f%%  %s%s\n", path, was, now, change, what, word
		exit (change > limit) }' || { [ -n "${UPDATE:-}" ] || failed=1; }
done
if [ -n "${UPDATE:-}" ] && [ -s "$work/new" ]; then
	{
		echo '# Instructions of hot paths: make bench-counts compares, UPDATE=1 rewrites them.'
		echo "# Made by $made_by"
		awk -F'\t' 'NR == FNR {new[$1] = $2; next} !/^#/ && !($1 in new) {print} END {for (n in new) print n "\t" new[n]}' \
			"$work/new" "$([ -e "$table" ] && echo "$table" || echo /dev/null)" | sort
	} >"$work/table" && cp "$work/table" "$table"
fi
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds each named fuzzer (all of tests/fuzz if none is named) with clang and the client's
# library, with ASan and UBSan, runs it, and prints a row of a table for it. Exits 1 if one did
# not build or found something.
#
# Each runs for SECONDS_EACH seconds (60), or until RUNS_EACH inputs. With TOTAL_RUNS it is a
# campaign: after that first round each goes on until it has had LEAST_RUNS inputs (200000) or
# LEAST_SECONDS more (60), and then the fast ones make up the total, each in proportion to its
# speed.
#
# SEED=N begins every run with the same random numbers; without it they differ. CI sets it, so
# that its findings come from a change and not from chance; campaigns look for the others.
#
# Corpora grow in $BUILD/fuzz/NAME/corpus; seeds come from tests/data/fuzz/NAME and from
# tests/fuzz/NAME.seeds.sh, which makes them; words to try from tests/fuzz/NAME.dict. A fuzzer
# names what it needs beyond the library in a line "// sources: src/cli/config.c", flags of the
# linker in "// link: -Wl,--wrap=open", how long its inputs may be in "// max_len: 65536".
# Usage: BUILD=build SECONDS_EACH=60 tests/fuzz/run.sh [NAME…]
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
SECONDS_EACH=${SECONDS_EACH:-60}
RUNS_EACH=${RUNS_EACH:--1}
SEED=${SEED:-0}
TOTAL_RUNS=${TOTAL_RUNS:-0}
LEAST_RUNS=${LEAST_RUNS:-200000}
LEAST_SECONDS=${LEAST_SECONDS:-60}
CLANG=${CLANG:-clang}
command -v "$CLANG" >/dev/null 2>&1 || {
	echo "$CLANG is needed to fuzz: apt-get install clang" >&2
	exit 2
}
[ $# -gt 0 ] || set -- $(for file in tests/fuzz/fuzz_*.c; do basename "$file" .c; done)

# Freed memory is quarantined, but not more than fits into caches.
ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=16:malloc_context_size=8}
export ASAN_OPTIONS

# The library under test, instrumented once.
library=$BUILD/fuzz/client/libclient.a
make -s -j"$(nproc)" BUILD="$BUILD/fuzz/client" CC="$CLANG" \
	CFLAGS='-g -O1 -fno-sanitize-recover=undefined' \
	SAN=fuzzer-no-link,address,undefined "$library" || {
	echo 'not ok - the client does not build for fuzzing'
	exit 1
}
libraries="$(make -s client-libs) -lelf -ldl"
failed=0

# A line of the source that says how it is built or run.
said() {
	sed -n "s,^// $2: ,,p" "tests/fuzz/$1.c"
}

build() {
	work=$BUILD/fuzz/$1
	mkdir -p "$work/corpus" || return 1
	[ -f "tests/fuzz/$1.c" ] || {
		echo "not ok - $1: there is no tests/fuzz/$1.c"
		return 1
	}
	# The patterns in these lines are meant to be split and expanded.
	# shellcheck disable=SC2046,SC2086
	"$CLANG" -std=c11 -D_GNU_SOURCE -Werror=implicit-function-declaration -g -O1 -Iinclude -Isrc -Itests -fno-omit-frame-pointer \
		-DGRMON_LIBDIR='"/usr/local/lib"' \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-o "$work/$1" "tests/fuzz/$1.c" $(said "$1" sources) "$library" \
		$(said "$1" link) $libraries >"$work/build.log" 2>&1 || {
		echo "not ok - $1: does not build"
		sed 's/^/# /' "$work/build.log"
		return 1
	}
	[ ! -x "tests/fuzz/$1.seeds.sh" ] || "tests/fuzz/$1.seeds.sh" "$work/corpus" || {
		echo "not ok - $1: its seeds cannot be made"
		return 1
	}
	rm -f "$work/totals"
}

# One round: NAME SECONDS RUNS. Adds a line "runs seconds" to the fuzzer's totals.
run() {
	work=$BUILD/fuzz/$1
	log=$work/log
	longest=$(said "$1" max_len)
	set -- "$1" -max_total_time="$2" -runs="$3" -timeout=60 -rss_limit_mb=2048 \
		-entropic=0 -max_len="${longest:-8192}" -seed="$SEED" -print_final_stats=1 \
		-artifact_prefix="$work/" "$work/corpus"
	name=$1
	shift
	[ ! -d "tests/data/fuzz/$name" ] || set -- "$@" "tests/data/fuzz/$name"
	[ ! -f "tests/fuzz/$name.dict" ] || set -- "$@" -dict="tests/fuzz/$name.dict"
	began=$(date +%s%N)
	"$work/$name" "$@" >"$log" 2>&1
	status=$?
	ended=$(date +%s%N)
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	echo "${runs:-0} $(((ended - began) / 1000000))" >>"$work/totals"
	[ "$status" -ne 0 ] || return 0
	echo "not ok - $name: see $log; the input is in $work"
	grep -aE 'ERROR|SUMMARY|runtime error|Test unit written|ParseDictionaryFile' "$log" | sed 's/^/# /'
	echo finding >>"$work/findings"
	cp "$log" "$work/log.$(wc -l <"$work/findings")"
	return 1
}

# Prints inputs, milliseconds and inputs per second of all rounds of NAME.
totals() {
	awk '{runs += $1; ms += $2} END {printf "%.0f %.0f %.0f\n", runs, ms, runs * 1000 / (ms + 1)}' \
		"$BUILD/fuzz/$1/totals"
}

row() {
	work=$BUILD/fuzz/$1
	covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work/log" | tail -n 1)
	totals "$1" | {
		read -r runs _ speed
		printf '%-18s %12s %9s %9s %8s %9s\n' "$1" "$runs" "$speed" "${covered:--}" \
			"$(find "$work/corpus" -type f | wc -l)" \
			"$(cat "$work/findings" 2>/dev/null | wc -l)"
	}
}

built=
for name in "$@"; do
	if build "$name"; then
		built="$built $name"
		rm -f "$BUILD/fuzz/$name/findings"
	else
		failed=1
	fi
done

heading() {
	printf '%-18s %12s %9s %9s %8s %9s\n' target runs 'runs/s' coverage inputs findings
}

heading
for name in $built; do
	run "$name" "$SECONDS_EACH" "$RUNS_EACH" || failed=1
	row "$name"
done

if [ "$TOTAL_RUNS" -gt 0 ]; then
	for name in $built; do
		so_far=$(totals "$name" | cut -d' ' -f1)
		[ "$so_far" -ge "$LEAST_RUNS" ] || [ -f "$BUILD/fuzz/$name/findings" ] ||
			run "$name" "$LEAST_SECONDS" "$((LEAST_RUNS - so_far))" || failed=1
	done
	# A round for the rest: in proportion to the square of the speed, because time is
	# given out by speed.
	for name in $built; do
		[ -f "$BUILD/fuzz/$name/findings" ] || echo "$name $(totals "$name")"
	done | awk -v total="$TOTAL_RUNS" '
		{name[NR] = $1; done += $2; square[NR] = $4 * $4; squares += square[NR]}
		END {
			for (i = 1; i <= NR && done < total; i++)
				printf "%s %.0f\n", name[i], (total - done) * square[i] / squares + 1
		}' >"$BUILD/fuzz/shares"
	while read -r name share; do
		run "$name" 0 "$share" </dev/null || failed=1
	done <"$BUILD/fuzz/shares"
	echo
	heading
	for name in $built; do
		row "$name"
	done
	for name in $built; do
		totals "$name"
	done | awk '{runs += $1; ms += $2} END {printf "%-18s %12.0f %9.0f\n", "all", runs, runs * 1000 / (ms + 1)}'
fi
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds each named fuzzer (all of tests/fuzz if none is named) with clang and the client's
# library, and runs it for SECONDS_EACH seconds (60), or for RUNS_EACH inputs. Corpora grow in
# $BUILD/fuzz/NAME; seeds come from tests/data/fuzz/NAME and from tests/fuzz/NAME.seeds.sh,
# which makes them. A fuzzer names what it needs beyond the library in a line
# "// sources: src/cli/config.c", and how long its inputs may be in "// max_len: 65536". One
# line per fuzzer; exits 1 if one did not build or found something.
# Usage: BUILD=build SECONDS_EACH=60 tests/fuzz/run.sh [NAME…]
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
SECONDS_EACH=${SECONDS_EACH:-60}
CLANG=${CLANG:-clang}
command -v "$CLANG" >/dev/null 2>&1 || {
	echo "$CLANG is needed to fuzz: apt-get install clang" >&2
	exit 2
}
[ $# -gt 0 ] || set -- $(for file in tests/fuzz/fuzz_*.c; do basename "$file" .c; done)

# Everything that is fuzzed, instrumented once.
library=$BUILD/fuzz/client/libclient.a
make -s -j"$(nproc)" BUILD="$BUILD/fuzz/client" CC="$CLANG" CFLAGS='-g -O1' \
	SAN=fuzzer-no-link,address,undefined "$library" || {
	echo 'not ok - the client does not build for fuzzing'
	exit 1
}
libraries="$(pkg-config --libs ncursesw jansson libproc2 libdw libcurl zlib libmicrohttpd) -lelf -liberty -ldl -pthread -lm"

failed=0
for name in "$@"; do
	source=tests/fuzz/$name.c
	work=$BUILD/fuzz/$name
	program=$work/$name
	corpus=$work/corpus
	log=$work/log
	[ -f "$source" ] || {
		echo "not ok - $name: there is no $source"
		failed=1
		continue
	}
	mkdir -p "$corpus"
	# The patterns in these lines are meant to be split and expanded.
	sources=$(sed -n 's,^// sources: ,,p' "$source")
	if ! "$CLANG" -std=c11 -D_GNU_SOURCE -g -O1 -Iinclude -Isrc -fno-omit-frame-pointer \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-o "$program" "$source" $sources "$library" $libraries >"$log" 2>&1; then
		echo "not ok - $name: does not build"
		sed 's/^/# /' "$log"
		failed=1
		continue
	fi
	seeds=
	longest=$(sed -n 's,^// max_len: ,,p' "$source")
	[ ! -x "${source%.c}.seeds.sh" ] || "${source%.c}.seeds.sh" "$corpus" || failed=1
	[ ! -d "tests/data/fuzz/$name" ] || seeds=tests/data/fuzz/$name
	if "$program" -max_total_time="$SECONDS_EACH" -runs="${RUNS_EACH:--1}" -timeout=10 -rss_limit_mb=2048 \
		-max_len="${longest:-8192}" -print_final_stats=1 -artifact_prefix="$work/" \
		"$corpus" $seeds >"$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "ok - $name: ${runs:-0} runs in $SECONDS_EACH s, $(find "$corpus" -type f | wc -l) inputs kept"
	else
		echo "not ok - $name: see $log; the input is in $work"
		grep -E 'ERROR|SUMMARY|runtime error|Test unit written' "$log" | sed 's/^/# /'
		failed=1
	fi
done
exit $failed

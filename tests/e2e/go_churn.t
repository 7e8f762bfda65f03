#!/bin/sh
# SPDX-License-Identifier: MIT
# Thousands of goroutines start and end each second while they are read, and the garbage collector
# runs: no row may show a state that the program cannot have had.
. "$(dirname "$0")/lib.sh"
need go
need python3
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -o "$work/churn" "$(dirname "$0")/../targets/go/churn.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
"$work/churn" 2>"$work/out" </dev/null &
last=$!
started="$started $last"
until_true grep -q started "$work/out"

count() { sed -n 's/^started //p' "$work/out" | tail -1; }
first=$(count)
files=
for number in 1 2 3 4 5 6 7 8; do
	dump "$last" -s goruntime || echo "# dump failed"
	mv "$work/dump.json" "$work/$number.json"
	files="$files $work/$number.json"
done
# shellcheck disable=SC2086
check 'every row shows a state that the program can have' python3 "$beside/go_churn_judge.py" $files
check 'thousands of goroutines had come and gone during the samples' test $(($(count) - first)) -gt 2000
check 'the target still runs' kill -0 "$last"
plan $tests

#!/bin/sh
# SPDX-License-Identifier: MIT
# grmon-c compared with two other readers of goroutine dumps, panicparse and gostackparse, on the
# texts of their own tests and on the output of a program that panics in each of panicparse's ways: it
# never reads fewer goroutines or frames. Both are fetched through the module proxy.
. "$(dirname "$0")/../e2e/lib.sh"
need go
need python3
plan 3
here=$(cd "$(dirname "$0")" && pwd)
mkdir "$work/peers" "$work/texts" "$work/panics"
cp "$here/text_peers/main.go" "$work/peers/"
export GOFLAGS=-mod=mod GOTOOLCHAIN=local GO111MODULE=on GOMODCACHE="${GOMODCACHE:-$(go env GOMODCACHE)}"
(
	cd "$work/peers" && printf 'module peers\n\ngo 1.21\n' >go.mod &&
		go get github.com/maruel/panicparse/v2@v2.5.0 github.com/DataDog/gostackparse@v0.7.0 &&
		go build -o peers . && go build -o panic github.com/maruel/panicparse/v2/cmd/panic
) >"$work/log" 2>&1 || skip_all "the modules cannot be fetched: $(tail -1 "$work/log")"

for way in $("$work/peers/panic" help 2>&1 | sed -n 's/^- \([a-z0-9_]*\) .*/\1/p'); do
	for level in single all system; do
		GOTRACEBACK=$level timeout 20 "$work/peers/panic" "$way" >"$work/panics/$way-$level.txt" 2>&1
	done
done
modules=$(cd "$work/peers" && go list -m -f '{{.Dir}}' github.com/maruel/panicparse/v2 \
	github.com/DataDog/gostackparse)
# shellcheck disable=SC2086
"$work/peers/peers" "$work/texts" $modules "$work/panics" >"$work/found"

check 'the texts of their tests are found' test "$(grep -c . "$work/found")" -gt 40
check 'real panics are made' test "$(ls "$work/panics" | wc -l)" -gt 40
check 'grmon-c never reads fewer goroutines or frames than either' python3 "$beside/text_peers_compare.py" "$client" "$work/found"
echo "# $output"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Beside two other readers of goroutine dumps, panicparse and gostackparse, on the texts of
# their own tests and on what a program prints that panics in each of panicparse's ways: never
# fewer goroutines or frames than either. Both are fetched through the module proxy.
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

cat >"$work/compare.py" <<'PY'
import json, subprocess, sys
client, found = sys.argv[1:]
fewer, sums = 0, [0, 0, 0]
for line in open(found):
    path, *counts = line.rstrip("\n").split("\t")
    pg, pf, gg, gf = map(int, counts)
    goroutines = frames = number = 0
    while True:
        number += 1
        dump = subprocess.run([client, "dump", path, "-f", "json", "--dump", str(number)],
                              capture_output=True, text=True)
        if dump.returncode:
            break
        for task in json.loads(dump.stdout)["tasks"]:
            goroutines += 1
            frames += len(task["stack"] or []) + len(task["created_by"] or [])
    for i, n in enumerate((frames, pf, gf)):
        sums[i] += max(n, 0)
    if frames < max(pf, gf) or goroutines < max(pg, gg):
        fewer += 1
        print(path, "grmon-c", goroutines, frames, "panicparse", pg, pf, "gostackparse", gg, gf)
print("frames: grmon-c %d, panicparse %d, gostackparse %d" % tuple(sums))
sys.exit(fewer > 0)
PY
check 'texts of their tests' test "$(grep -c . "$work/found")" -gt 40
check 'real panics' test "$(ls "$work/panics" | wc -l)" -gt 40
check 'never fewer goroutines or frames than either' python3 "$work/compare.py" "$client" "$work/found"
echo "# $output"

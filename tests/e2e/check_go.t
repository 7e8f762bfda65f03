#!/bin/sh
# SPDX-License-Identifier: MIT
# check around the tests of a Go package, as a CI job runs it: it fails if a test leaves a goroutine
# behind, although the test passes; the goroutines of the tests themselves do not count.
. "$(dirname "$0")/lib.sh"
need go
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
for name in leaks fine; do
	mkdir -p "$work/$name"
	printf 'module %s\n\ngo 1.16\n' "$name" >"$work/$name/go.mod"
done
cat >"$work/leaks/leaks_test.go" <<'GO'
package leaks

import (
	"testing"
	"time"
)

func newProducer() {
	products := make(chan int)
	go func() { products <- 1 }()
}

func TestProducer(t *testing.T) {
	newProducer()
	time.Sleep(2500 * time.Millisecond)
}
GO
cat >"$work/fine/fine_test.go" <<'GO'
package fine

import (
	"os"
	"os/signal"
	"testing"
	"time"
)

func TestFine(t *testing.T) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	t.Run("inner", func(t *testing.T) {
		t.Run("innermost", func(t *testing.T) { time.Sleep(2500 * time.Millisecond) })
	})
}
GO
# exits NAME: runs the tests of NAME under check; writes their output and status to $work/NAME.out
# and NAME.status.
exits() {
	cd "$work/$1" && go test -exec "$client check --no-leak --max-stuck 0 --stuck 0.8 --" ./... \
		>"$work/$1.out" 2>&1
	echo $? >"$work/$1.status"
}
cd "$work/fine" && go test -c -o /dev/null . >"$work/build.log" 2>&1 ||
	skip_all "go cannot build tests: $(tail -1 "$work/build.log")"
exits leaks &
one=$!
exits fine &
wait "$one" $!
[ "$(cat "$work/leaks.status")" = 1 ] && grep -q '^PASS' "$work/leaks.out"
ok $? 'under check go test fails although the tests pass' "$(cat "$work/leaks.out")"
check 'the goroutine is named with its function and its creator' grep -qE \
	'1 x chan-send in leaks\.newProducer\.func1 at leaks_test\.go:10, created by leaks\.newProducer at leaks_test\.go:10' "$work/leaks.out"
ok "$(cat "$work/fine.status")" 'tests that wait for their goroutines pass' "$(cat "$work/fine.out")"
plan $tests

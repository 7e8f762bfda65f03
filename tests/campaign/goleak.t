#!/bin/sh
# SPDX-License-Identifier: MIT
# check around Go tests that leave goroutines behind or none, compared with go.uber.org/goleak in the
# same tests: check gives the same verdicts ROUNDS times (10), without a line in the tests.
. "$(dirname "$0")/../e2e/lib.sh"
need go
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
cp "$(dirname "$0")"/../targets/go/left/*_test.go "$work"
cd "$work" || exit 1
export GOTOOLCHAIN=local GOFLAGS=-modcacherw GO111MODULE=on
printf 'module left\n\ngo 1.19\n\nrequire go.uber.org/goleak v1.3.0\n' >go.mod
cat >main_test.go <<'GO'
//go:build goleak

package left

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
GO
GOFLAGS="$GOFLAGS -mod=mod" go mod download go.uber.org/goleak >build.log 2>&1 ||
	skip_all "goleak cannot be fetched: $(tail -1 build.log)"
GOFLAGS="$GOFLAGS -mod=mod" go test -c -tags goleak -o goleak.test . >build.log 2>&1 &&
	GOFLAGS="$GOFLAGS -mod=mod" go test -c -o plain.test . >build.log 2>&1 ||
	give_up "cannot be built: $(tail -3 build.log)"
for name in $(./plain.test -test.list . | grep '^Test'); do
	./goleak.test -test.run "^$name\$" >out 2>&1
	theirs=$?
	ours=
	for _ in $(seq "${ROUNDS:-10}"); do
		"$client" check --no-leak --max-stuck 0 -- ./plain.test -test.run "^$name\$" >out 2>&1
		ours="$ours $?"
	done
	wrong=$(printf '%s\n' $ours | grep -cvx "$theirs")
	echo "# $name: goleak $theirs, check$ours"
	ok "$wrong" "check and goleak agree about $name" "$(cat out)"
done
plan $tests

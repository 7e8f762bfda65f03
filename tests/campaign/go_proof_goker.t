#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs of leaks beside Go's own profile of leaked goroutines, on the programs of Go's own
# test data (GoKer's kernels among them), stripped, with Go 1.26 and 1.27: nearly all that the
# profile has, and nobody else who moves on. GO_VERSIONS may be given.
. "$(dirname "$0")/../e2e/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
compare=$(cd "$(dirname "$0")" && pwd)/go_proof_goker.py
export GOFLAGS=""

for version in ${GO_VERSIONS:-1.26.0 1.27.1}; do
	mkdir -p "$work/$version/work"
	root=$(cd "$work" && GOTOOLCHAIN=local GO111MODULE=on go mod download -json \
		"golang.org/toolchain@v0.0.1-go$version.linux-amd64" 2>/dev/null | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
	if [ ! -d "$root/src/runtime/testdata/testgoroutineleakprofile" ]; then
		ok 0 "go$version # SKIP its toolchain is not to be had"
		continue
	fi
	python3 "$compare" "$client" "$root/bin/go" "$root" "$work/$version/work" >"$work/said" 2>&1
	status=$?
	grep '^#' "$work/said"
	ok $status "$(grep -v '^#' "$work/said" | tail -1)"
	chmod -R u+w "$work/$version"
	rm -rf "${work:?}/$version"
done
plan $tests

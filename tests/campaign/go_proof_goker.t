#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs of leaks compared with Go's own profile of leaked goroutines, on the stripped programs of
# Go's test data (which contain GoKer's kernels), with Go 1.26 and 1.27: nearly all goroutines of the
# profile are proven, and none that continues. GO_VERSIONS can be set.
. "$(dirname "$0")/../e2e/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
compare=$(cd "$(dirname "$0")" && pwd)/go_proof_goker.py
cache=$(go env GOMODCACHE)/cache/download/golang.org/toolchain/@v
export GOFLAGS="" GOTOOLCHAIN=local

for version in ${GO_VERSIONS:-1.26.0 1.27.1}; do
	zip=$cache/v0.0.1-go$version.linux-amd64.zip
	[ -f "$zip" ] || (cd "$work" && GO111MODULE=on go mod download "golang.org/toolchain@v0.0.1-go$version.linux-amd64") >/dev/null 2>&1
	root=$work/toolchain/golang.org/toolchain@v0.0.1-go$version.linux-amd64
	python3 -m zipfile -e "$zip" "$work/toolchain" 2>/dev/null
	if [ ! -d "$root/src/runtime/testdata/testgoroutineleakprofile" ]; then
		ok 0 "go$version # SKIP its toolchain is not available"
		continue
	fi
	chmod -R u+x "$root/bin" "$root/pkg/tool"
	mkdir "$work/kernels"
	python3 "$compare" "$client" "$root/bin/go" "$root" "$work/kernels" >"$work/said" 2>&1
	status=$?
	grep '^#' "$work/said"
	ok $status "$(grep -v '^#' "$work/said" | tail -1)"
	rm -rf "$work/toolchain" "$work/kernels"
done
plan $tests

#!/bin/sh
# SPDX-License-Identifier: MIT
# Variables of goroutines by name and value in every version of Go whose toolchain the cache has,
# compared with what the program prints of them: optimised, not optimised, position-independent. The
# debug information of Go 1.16 and 1.17 does not say where optimised code keeps some of several words.
# GO_VERSIONS can be set.
. "$(dirname "$0")/../e2e/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
here=$(cd "$(dirname "$0")" && pwd)
compare=$here/../e2e/go_locals_compare.py
cache=$(go env GOMODCACHE)/golang.org
export GOTOOLCHAIN=local

build() {	# build OPTION…
	rm -f "$work/locals"
	(cd "$work" && env GOENV=off GOFLAGS= GO111MODULE=off GOROOT="$root" GOCACHE="$work/cache" \
		"$root/bin/go" build "$@" -o locals locals.go) >"$work/build.log" 2>&1
}
right() {	# right HOW
	dump "$last" -s goruntime --holds &&
		python3 "$compare" "$work/dump.json" "$work/out" "$1" >"$work/wrong" ||
		{ head -n 5 "$work/wrong"; return 1; }
}
compares() {	# compares HOW OPTION…
	how=$1
	shift
	check "go$version ${*:-optimised}: the program builds" build "$@"
	rm -f "$work/out"
	"$work/locals" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out"
	until_true right "$how"
	check "go$version ${*:-optimised}: variables are as the program says" right "$how"
	kill -9 "$last"
	wait "$last" 2>/dev/null
}

for version in ${GO_VERSIONS:-1.16.15 1.17.13 1.18.10 1.19.13 1.20.14 1.21.13 1.22.12 1.23.12 1.24.9 1.25.3 1.27.1}; do
	root=$cache/toolchain@v0.0.1-go$version.linux-amd64
	[ -x "$root/bin/go" ] || {
		ok 0 "go$version # SKIP its toolchain is not in the module cache"
		continue
	}
	kept=kept
	sed=''
	case $version in 1.1[67].*)
		sed='/since 1\.18$/d'
		kept=some
		;;
	esac
	sed "$sed" "$here/../targets/go/locals.go" >"$work/locals.go"
	compares all -gcflags='all=-N -l'
	compares $kept
	compares $kept -buildmode=pie
	rm -rf "$work/cache"
done
plan $tests

#!/bin/sh
# SPDX-License-Identifier: MIT
# Long tests of proofs of leaks: every version of Go whose toolchain the module proxy or the cache
# has, stripped programs from npm packages, and many proofs of a busy program. GO_VERSIONS and PROOFS
# (200) can be set.
. "$(dirname "$0")/../e2e/lib.sh"
need go
need python3
source=$(dirname "$0")/../targets/go
cache=$(go env GOMODCACHE)/cache/download/golang.org/toolchain/@v
export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off

launch() {
	"$@" >"$work/out" 2>&1 <"$work/empty" &
	last=$!
	started="$started $last"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
prove() { dump "$last" -s goruntime --prove; }
mkfifo "$work/empty"
exec 9<>"$work/empty"

versions=${GO_VERSIONS:-1.16.15 1.17.13 1.18.10 1.19.13 1.20.14 1.21.13 1.22.12 1.23.12 1.24.9 1.25.3 1.27.1}
for version in $versions; do
	zip=$cache/v0.0.1-go$version.linux-amd64.zip
	[ -f "$zip" ] || (cd "$work" && GO111MODULE=on go mod download "golang.org/toolchain@v0.0.1-go$version.linux-amd64") >/dev/null 2>&1
	root=$work/toolchain/golang.org/toolchain@v0.0.1-go$version.linux-amd64
	if ! python3 -m zipfile -e "$zip" "$work/toolchain" 2>/dev/null; then
		ok 0 "go$version # SKIP its toolchain is not available"
		continue
	fi
	chmod -R u+x "$root/bin" "$root/pkg/tool"
	check "go$version builds" env GOENV=off GOROOT="$root" GOCACHE="$work/cache" "$root/bin/go" build -ldflags '-s -w' \
		-o "$work/proof" "$source/proof.go"
	launch "$work/proof" "$work/profile"
	until_true grep -q '^ready' "$work/out"
	check "go$version: a proof completes" prove
	check "go$version: nearly all leaked goroutines are proven, and no living one" ask \
		'count proven >= 205 and no !name^=main.leak. proven'
	stop
	rm -rf "$work/toolchain" "$work/cache"
done

healthy() {
	until_true prove
	for try in 1 2 3 4 5; do
		check "$1: proof $try completes" prove
		check "$1: no living goroutine is accused, $try" ask 'no proven'
	done
	stop
}
if command -v npm >/dev/null 2>&1; then
	shipped() {	# shipped PACKAGE: unpacks it to $work/package
		rm -rf "$work/package"
		(cd "$work" && tar xzf "$(npm pack "$1" --silent 2>/dev/null | tail -1)") 2>/dev/null
	}
	mkdir "$work/www"
	for package in esbuild-linux-64@0.11.23 @esbuild/linux-x64@0.17.0 @esbuild/linux-x64@0.24.0; do
		shipped $package || { ok 0 "$package # SKIP it is not available"; continue; }
		launch "$work/package/bin/esbuild" --servedir="$work/www" --serve=127.0.0.1:"$(free_port)"
		healthy "$package"
	done
	if shipped @typescript/native-preview-linux-x64; then
		launch "$work/package/lib/tsgo" --lsp --stdio
		healthy 'the TypeScript language server'
	fi
fi

go build -o "$work/hops" "$source/hops.go"
launch "$work/hops" 300 100 50
until_true grep -q '^ready' "$work/out"
proofs=0
accused=0
while [ $proofs -lt "${PROOFS:-200}" ]; do
	prove && ask 'no name!=main.leaked proven' >/dev/null || accused=$((accused + 1))
	proofs=$((proofs + 1))
done
ok $((accused > 0)) "$proofs proofs of a busy program: no living goroutine is accused"
stop
plan $tests

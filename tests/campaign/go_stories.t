#!/bin/sh
# SPDX-License-Identifier: MIT
# The stories of tests/targets/go/story with other versions of Go, stripped and not, and with one
# of them under the race detector and position-independent. GO_VERSIONS can be set.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/../e2e/go_stories.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
cache=$(go env GOMODCACHE)/golang.org
export GOTOOLCHAIN=local GOFLAGS=''

# has VERSION: sets $root to its toolchain, which is fetched if the cache does not have it.
has() {
	name=toolchain@v0.0.1-go$1.linux-amd64
	root=$cache/$name
	[ -x "$root/bin/go" ] && return
	(cd "$work" && GOFLAGS=-modcacherw GO111MODULE=on GOMODCACHE="$work/mod" \
		go mod download "golang.org/$name") >"$work/build.log" 2>&1
	root=$work/mod/golang.org/$name
	[ -d "$root/bin" ] && chmod u+x "$root"/bin/* "$root"/pkg/tool/*/*
}
# tell WHAT OPTION…: builds the program with these options, and tells its stories.
tell() {
	what=$1
	shift
	check "$what: the program builds" story_build "$go" "$@"
	[ ! -x "$work/story/story" ] || tell_stories "$what"
}

for version in ${GO_VERSIONS:-1.16.15 1.19.13 1.22.12 1.27.1} local; do
	if [ "$version" = local ]; then
		go=go version=$(go env GOVERSION | sed 's/^go//')
	else
		has "$version" || {
			ok 0 "go$version # SKIP its toolchain is not available: $(tail -1 "$work/build.log")"
			continue
		}
		go=$root/bin/go
		export GOROOT="$root" GOCACHE="$work/cache"
	fi
	# shellcheck disable=SC2034
	minor=$(minor_of "$go")
	tell "go$version, stripped" '-ldflags=-s -w'
	tell "go$version" '-ldflags='
	if [ "$go" = go ]; then
		tell "go$version, position-independent" -buildmode=pie
		tell "go$version, race" -race
	fi
	unset GOROOT GOCACHE
	chmod -R u+w "$work/cache" 2>/dev/null
	rm -rf "$work/cache"
done
plan $tests

#!/bin/sh
# SPDX-License-Identifier: MIT
# The ancestors of goroutines: in the detail the whole way back to main, and goroutines that
# one place creates are groups of their own where their ancestors differ.
. "$(dirname "$0")/lib.sh"
need go
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
GOFLAGS='' GOTOOLCHAIN=local go build -ldflags '-s -w' -o "$work/family" \
	"$(dirname "$0")/../targets/go/ancestors.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
GODEBUG=tracebackancestors=5 "$work/family" "$work/stacks" 4 >"$work/out" 2>&1 </dev/null &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out" || echo '# the target is not ready'

open_shell 260 60
view "$target"
wait_for 'main\.readLoop'
press /
typed 'name:main.readLoop updateImages'
press Enter
wait_for '4 of 36 shown'
wait_for 'g[0-9]+ +chan-recv .*main\.readLoop'
press Enter
expect '^ *Created by' 'its creator'
expect '^ *Which was created by g[0-9]+' 'the creator of that one, with its id'
expect 'main\.\(\*job\)\.run ' 'with its whole stack'
expect '^ *Which was created by g1 *$' 'and so on, back to main'
expect 'main\.main .*ancestors\.go' 'and its go statement'
sees_not 'run --ancestors'
ok $? 'and no advice to keep them'
press q
press g
wait_for 'main\.readLoop'
press b
expect 'main\.dialConn ancestors\.go:[0-9]+ < main\.\(\*job\)\.run < main\.updateImages < main\.main' \
	'by creator: a group names its ancestors'
press /
press C-u
typed 'name:main.readLoop'
press Enter
expect 'main\.dialConn ancestors\.go:[0-9]+ < main\.updateNews' 'other ancestors are another group'
press g
plan $tests

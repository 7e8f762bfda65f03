#!/bin/sh
# SPDX-License-Identifier: MIT
# Every version of Go whose toolchain the module proxy or the cache has: the goroutines of a program
# with one wait of each kind, built in several ways, compared with what its runtime prints. Versions
# that are too old are refused with a sentence. GO_VERSIONS and GO_TOO_OLD can be set.
. "$(dirname "$0")/../e2e/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
here=$(cd "$(dirname "$0")" && pwd)
targets=$here/../targets/go
compare=$(dirname "$0")/../e2e/go_compare.py
cache=$(go env GOMODCACHE)/golang.org
export GOTOOLCHAIN=local

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
# source_for VERSION: the program without features that this version lacks.
source_for() {
	case $1 in
	1.1[0-7].*) sed -e '/func generic\[/d' -e '/go generic(/d' "$targets/waits.go" ;;
	*) cat "$targets/waits.go" ;;
	esac >"$work/waits.go"
}
build() {	# build OUTPUT OPTION…
	out=$1
	shift
	(cd "$work" && env GOENV=off GOFLAGS= GO111MODULE=off GOROOT="$root" GOCACHE="$work/cache" \
		"$root/bin/go" build "$@" -o "$out" "${program:-waits}.go") >"$work/build.log" 2>&1
}
launch() {
	rm -f "$work/stacks" "$work/out"
	"$work/$1" "$work/stacks" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
matches() {
	dump "$last" -s goruntime || return 1
	kill -USR1 "$last"
	until_true test -f "$work/stacks" || return 1
	python3 "$compare" "$work/dump.json" "$work/stacks" "$1"
}
build_heap() {
	out=$work/heapstats
	(cd "$work" && env GOENV=off GOFLAGS= GO111MODULE=off GOROOT="$root" GOCACHE="$work/cache" \
		"$root/bin/go" build "$@" -o "$out" "$here/../targets/go/heapstats.go") >"$work/build.log" 2>&1
}
# heap STORY: runs it, and compares a dump with what the program says before and after.
heap() (
	rm -f "$work/stats" "$work/heap.out"
	"$work/heapstats" "$1" "$work/stats" >"$work/heap.out" 2>&1 </dev/null &
	pid=$!
	trap 'kill -9 $pid' EXIT
	until_true grep -q '^ready' "$work/heap.out" || return 1
	number=0
	for signal in USR1 USR2; do
		number=$((number + 1))
		kill -$signal $pid
		until_true grep -q "\"number\":$number," "$work/stats" || return 1
		[ $signal = USR2 ] || dump $pid || return 1
	done
	python3 "$here/../e2e/go_heap_compare.py" "$work/dump.json" "$work/stats"
)
# What the dump has of the ancestors of goroutines is what the runtime prints of them.
ancestors_match() {
	matches 0 >/dev/null
	"$client" dump -f json "$work/stacks" >"$work/text.json" || return 1
	python3 "$(dirname "$compare")/go_ancestors_compare.py" "$work/dump.json" "$work/text.json" 10
}
# held_for VERSION: the program without features that this version lacks.
held_for() {
	case $1 in
	1.1* | 1.20.*) sed '/Since Go 1.21:/,/^	})$/d' "$targets/held.go" ;;
	*) cat "$targets/held.go" ;;
	esac >"$work/held.go"
}
# What goroutines hold by type is what the program says of its objects.
held() ( # held [MODE]
	rm -rf "$work/files" "$work/held.out"
	mkdir "$work/files"
	"$work/held" "$work/files" >"$work/held.out" 2>&1 </dev/null &
	pid=$!
	trap 'kill -9 $pid' EXIT
	until_true grep -q '^ready' "$work/held.out" || return 1
	case $version in 1.1* | 1.2[01].*) set -- "$@" before122 ;; esac
	right() { dump $pid --holds && python3 "$here/../e2e/go_held_compare.py" "$work/dump.json" "$work/held.out" "$@"; }
	until_true right "$@" >/dev/null
	right "$@"
)
# units NAME: a unit test with a program that this version of Go builds.
units() (
	cd "$here/../.." && GRMON_GO="$root/bin/go" GOROOT="$root" GOCACHE="$work/cache" CMOCKA_MESSAGE_OUTPUT=TAP \
		tests/run-test "$BUILD/tests/unit/source/go/type/test_live_$1.t"
)
the() { echo "row name=main.$1 has"; }
# Facts that the runtime does not print: objects, labels, threads.
objects="$(the chanSend) waits_on.text='chan cap 2, len 2, 2 senders, 1 select' and
	$(the selectTwo) waits_on.text^='2 chans: ' and
	$(the lockMutex) waits_on.text='mutex held, 1 waiter' and
	$(the readLock) waits_on.text='rwlock held by a writer, 1 waiter' and
	$(the writeLock) waits_on.text='rwlock held by 1 reader, 1 waiter' and
	$(the waitGroup) waits_on.text='waitgroup 3 to go, 1 waiter' and
	$(the waitCond) waits_on.text='cond, 1 waiter' and
	$(the serve) waits_on.text*=' -> 127.0.0.1:' and
	$(the readPipe) waits_on.text*=pipe and
	$(the labelled) labels='{\"request\": \"/api/7\", \"user\": \"ann\"}' and
	no suspect"

for version in ${GO_VERSIONS:-1.16.15 1.17.13 1.18.10 1.19.13 1.20.14 1.21.13 1.22.12 1.23.12 1.24.9 1.25.3 1.27.1}; do
	has "$version" || {
		ok 0 "go$version # SKIP its toolchain is not available: $(tail -1 "$work/build.log")"
		continue
	}
	source_for "$version"
	for how in '' '-ldflags=-s -w' '-buildmode=pie'; do
		check "go$version ${how:-plain}: the program builds" build waits ${how:+"$how"}
		launch waits
		check "go$version ${how:-plain}: goroutines are shown as by the runtime" matches 20
		check "go$version ${how:-plain}: goroutines have their objects and labels" ask "$objects"
		stop
		check "go$version ${how:-plain}: the heap builds" build_heap ${how:+"$how"}
		for story in pointers goroutines; do
			check "go$version ${how:-plain}: $story, the heap as the runtime says" heap "$story"
		done
		cp "$targets/ancestors.go" "$work"
		program=ancestors
		check "go$version ${how:-plain}: the program of ancestors builds" build ancestors ${how:+"$how"}
		program=
		held_for "$version"
		case $how in *-s*) stripped=stripped ;; *) stripped= ;; esac
		program=held
		check "go$version ${how:-plain}: the program that holds objects builds" build held ${how:+"$how"}
		program=
		check "go$version ${how:-plain}: objects are held as the program says" held ${stripped:+"$stripped"}
		export GODEBUG=tracebackancestors=5
		launch ancestors
		unset GODEBUG
		check "go$version ${how:-plain}: ancestors are shown as by the runtime" ancestors_match
		stop
	done
	check "go$version: types are those of package reflect" units types
	check "go$version: values are those of packages reflect and fmt" units values
	rm -rf "$work/cache"
done

for version in ${GO_TOO_OLD:-1.15.15}; do
	has "$version" || {
		ok 0 "go$version # SKIP its toolchain is not available: $(tail -1 "$work/build.log")"
		continue
	}
	printf 'package main\nfunc main() { println("ready"); <-make(chan int); }\nfunc init() { go func() { <-make(chan int) }(); go spin() }\nfunc spin() { for {} }\n' \
		>"$work/waits.go"
	check "go$version: the program builds" build old
	launch old
	check "go$version: the program is refused with a sentence" sh -c \
		"'$client' dump $last -s goruntime >/dev/null 2>'$work/e'; [ \$? -eq 3 ] && grep -q '1.16 or later' '$work/e'"
	check "go$version: the native source is used instead" sees "$last" 'has target.sources=native'
	cat "$work/e" | sed 's/^/# /'
	stop
done
plan $tests

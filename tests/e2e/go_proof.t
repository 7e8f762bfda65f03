#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs of leaks in Go programs: every pattern of a leak is found, no living goroutine is accused,
# and the runtime's own profile of leaked goroutines agrees, if it has one. Also stripped programs,
# and other versions of Go whose toolchains are in the module cache.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
source=$(dirname "$0")/../targets/go/proof.go
export GOENV=off GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"

build() {	# build GO OUTPUT OPTION…
	go=$1
	out=$2
	shift 2
	"$go" build "$@" -o "$work/$out" "$source" >"$work/build.log" 2>&1
}
launch() {	# launch PROGRAM: waits until all its goroutines wait; its pid is in $last
	rm -f "$work/profile" "$work/out"
	"$work/$1" "$work/profile" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out" || echo "# $1 is not ready"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
prove() { dump "$last" -s goruntime --prove; }
# There are ten of each. A stale address somewhere may protect one or two of them.
all_leaks=$(for name in sender receiver pointers full ranging nilSender nilReceiver noCases \
	selecting locking reading writing grouped signalled holder chained cancelled parent; do
	echo "${and:-} count name=main.leak.$name proven >= 8"
	and=and
done)
most_leaks='count proven >= 212 and count name^=main.leak. = 220'
none_alive='no !name^=main.leak. proven and count name^=main.alive. >= 180'

proves() {	# proves PROGRAM TEXT
	launch "$1"
	check "$2: the proof completes" prove
	check "$2: every pattern of a leak is proven" ask "$all_leaks"
	check "$2: nearly all leaked goroutines are proven" ask "$most_leaks"
	check "$2: no living goroutine is accused" ask "$none_alive"
}

build go plain || skip_all "go cannot build: $(tail -1 "$work/build.log")"
proves plain "$(go env GOVERSION)"
check 'without --prove no row is proven' sees "$last" \
	'no proven' -s goruntime
check 'the target was never stopped' grep -q 'State:[[:space:]]*S' "/proc/$last/status"
check 'a report begins with the proofs' sh -c \
	"'$client' report $last --for 1s --prove >'$work/report' 2>&1 && grep -q '^Leak 1: ' '$work/report' &&
	grep -q 'Nothing alive can reach what it waits on' '$work/report' && grep -q 'main.leak.sender' '$work/report' &&
	! grep -q '^Leak.*main.alive' '$work/report'"
check 'a proven row begins with P, and no other does' sh -c \
	"'$client' dump $last --prove >'$work/rows' && grep -q '^P .*main\.leak\.sender' '$work/rows' &&
	grep -q '^[^P].*main\.alive\.' '$work/rows' && ! grep -q '^P.*main\.alive\.' '$work/rows'"
check 'a filter selects proven goroutines' sh -c \
	"'$client' dump $last --prove --filter state:proven | grep -c 'main\.leak\.' | grep -qx '21[2-9]\|220'"
stop
sleep 1000 &
last=$!
started="$started $last"
check 'a C program cannot be proven, and a message says so' sh -c \
	"! '$client' dump $last --prove 2>'$work/e' >/dev/null && grep -q 'proved only in Go programs' '$work/e'"
kill -9 "$last"

check 'the program builds with -s -w' build go stripped -ldflags '-s -w' -buildmode=pie
proves stripped 'stripped, position-independent'
stop

# runtime_says: compares the goroutines that the runtime calls "leaked" with those that are proven.
runtime_says() {
	kill -USR1 "$last"
	until_true test -f "$work/profile" || return 1
	python3 "$beside/go_proof_compare.py" "$work/dump.json" "$work/profile"
}
if GOEXPERIMENT=goroutineleakprofile build go leakprofile; then
	proves leakprofile 'with a profile of leaked goroutines'
	check "the runtime's own profile has the same goroutines" runtime_says
	check 'a proof after it completes' prove
	check 'that proof finds the same goroutines' ask "$all_leaks and $none_alive"
	stop
else
	ok 0 "the runtime's own profile # SKIP $(go env GOVERSION) has no profile of leaked goroutines"
fi

if command -v gcc >/dev/null 2>&1; then
	cp "$source" "$work/cgo.go"
	printf '\n// int nothing(void) { return 0; }\nimport "C"\n\nfunc init() { C.nothing() }\n' >"$work/tail"
	awk -v tail="$work/tail" '/^import \($/ { while ((getline line < tail) > 0) if (line !~ /^func/) print line; print "" } { print } END { print "func init() { C.nothing() }" }' \
		"$source" >"$work/cgo.go"
	check 'a program with C builds' sh -c "cd '$work' && go build -o cgo cgo.go"
	proves cgo 'with C'
	stop
fi

# Three other versions, as far apart as possible.
versions=$(ls -d "$(go env GOMODCACHE)"/golang.org/toolchain@*linux-amd64 2>/dev/null | sort -V)
[ -n "$versions" ] || ok 0 'other versions # SKIP no other toolchain of Go is in the module cache'
count=$(echo "$versions" | wc -l)
for at in 1 $((count / 2 + 1)) "$count"; do
	root=$(echo "$versions" | sed -n "${at}p")
	[ -n "$root" ] && [ "$root" != "${before:-}" ] || continue
	before=$root
	version=$(basename "$root" .linux-amd64)
	build "$root/bin/go" other -ldflags '-s -w' || {
		ok 0 "$version # SKIP it cannot build: $(tail -1 "$work/build.log")"
		continue
	}
	proves other "$version"
	stop
done
plan $tests

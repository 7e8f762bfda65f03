#!/bin/sh
# SPDX-License-Identifier: MIT
# Two processes of the same Go program, one with 40 goroutines more: a file of the one in every
# format is compared with a file of the other in every format. A process of C threads is compared
# with its own recording.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
need go
need curl
need python3
targets=$(dirname "$0")/../targets/go
export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -o "$work/server" "$targets/pprof_server.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
cd "$work" || exit 1
plan 19

serve() {	# serve NAME [GOROUTINES]
	"$work/server" 127.0.0.1:0 ${2:+"$2"} >"$1.address" 2>"$1.log" </dev/null &
	last=$!
	started="$started $last"
	until_true test -s "$1.address"
	for debug in 0 1 2; do
		curl -sS "http://$(cat "$1.address")/debug/pprof/goroutine?debug=$debug" >"$1.debug$debug"
	done
	"$client" dump -f json "$last" >"$1.json"
	"$client" record "$last" -o "$1.grmon" -i 0.1 --for 0.3
}
serve a
a=$last
serve b 40
b=$last
kill -QUIT "$a" "$b"
wait "$a" "$b" 2>/dev/null

# differs A B [MOST]: main.park is new with 40 goroutines, no other function of main has
# changed, and at most MOST groups of the runtime and of the request itself have.
differs() {
	# The goroutine that accepts may have been in another state, because the request had just arrived.
	"$client" diff -f json "$1" "$2" >diff.json && ask_file diff.json \
		'in groups.* count stack.*.function=main.park = 1' \
		'in groups.* row stack.*.function=main.park has change=new a=0 b=40' \
		"in groups.* no !stack.*.function=main.park stack.*.function~='main\.(?!main$).*'" \
		"in groups.* count !stack.*.function=main.park <= ${3:-5}" 'has counts.same>=10'
}
for pair in "debug2 debug2" "debug1 debug1" "debug0 debug0" "json json" "grmon grmon" "log log" \
	"debug2 debug1" "debug1 debug0" "debug2 grmon" "grmon json" "debug1 json"; do
	check "diff of ${pair% *} and ${pair#* } shows the new goroutines" differs "a.${pair% *}" "b.${pair#* }"
done
case $(go env GOVERSION) in
go1.1* | go1.2[01]*) ok 0 "diff of a SIGQUIT output and a recording shows the new goroutines # SKIP this Go prints frames of the runtime" ;;
# The output of SIGQUIT contains the runtime's own goroutines too.
*) check "diff of a SIGQUIT output and a recording shows the new goroutines" differs a.log b.grmon 9 ;;
esac

back() { "$client" diff b.grmon a.debug2 | grep -Eq '^ +40 +0 +-40 gone +chan-recv in main.park at .*created by main.main'; }
check "in the other order these goroutines are gone" back
fails() {
	"$client" diff --fail a.json b.json >/dev/null
	[ $? -eq 1 ] && "$client" diff --fail b.json a.json >/dev/null && "$client" diff --fail a.json a.json >/dev/null
}
check "--fail exits with 1 if something is new, with 0 if something is gone" fails
filtered() { "$client" diff --filter 'fn:selecter' a.json b.json | grep -q '^Groups: 0 new, 0 gone, 0 grown, 0 shrunk, 1 unchanged (1 task)\.'; }
check "--filter applies to both sides" filtered
stacks() { "$client" diff --stacks a.debug2 b.debug2 | grep -q '^ *at main.park  pprof_server.go'; }
check "--stacks prints the stack of each group" stacks

mkfifo hold
python3 "$beside/diff_threads.py" <hold >threads.log &
threads=$!
started="$started $threads"
exec 9>hold
"$client" record "$threads" -o threads.grmon -i 0.05 --for 20 &
recorder=$!
started="$started $recorder"
until_true test -s threads.grmon
echo go >&9
seen() { "$client" dump threads.grmon | grep -q 'tasks 8'; }
until_true seen
kill "$recorder"
wait "$recorder"
own() { "$client" diff threads.grmon | grep -Eq '^ +0 +7 +\+7 new '; }
check "of one recording, the first snapshot and the last are compared" own
live() { "$client" diff threads.grmon "$threads" | grep -q '^Groups: 0 new, 0 gone, 0 grown, 0 shrunk, [0-9]* unchanged (8 tasks)'; }
check "a recording is compared with the running process" live
refused() {
	"$client" diff a.json 2>refused.log
	[ $? -eq 0 ] && "$client" diff - - </dev/null 2>refused.log
	[ $? -eq 2 ] && "$client" diff a.json nothing-here 2>refused.log
	[ $? -eq 3 ]
}
check "targets that cannot be compared are reported" refused

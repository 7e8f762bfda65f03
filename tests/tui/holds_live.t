#!/bin/sh
# SPDX-License-Identifier: MIT
# A client with three periodic jobs forgets the bodies of one of them: v on a readLoop and on
# their group name its host, its path and the program's own function, from the running process.
. "$(dirname "$0")/lib.sh"
need go
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
GOENV=off GOFLAGS='' GO111MODULE=off GOTOOLCHAIN=local go build -ldflags '-s -w' -o "$work/updater" \
	"$(dirname "$0")"/../targets/go/story/*.go >"$work/build.log" 2>&1 ||
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
"$work/updater" serve >"$work/serve" 2>&1 </dev/null &
started="$started $!"
until_true grep -q '^ready' "$work/serve" || give_up 'the hosts are not ready'
# shellcheck disable=SC2046
"$work/updater" jobs "$work/facts" $(sed -n 's/^ready //p' "$work/serve") >"$work/out" 2>&1 </dev/null &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out" || give_up 'the client is not ready'

in_order() { screen | tr '\n' ' ' | grep -qE -- "$1"; }
cd "$work" || exit 1
open_shell 80 40
view "$target"
press /
typed 'name:readLoop state:select'
press Enter
wait_for ' [3-9] of [0-9]+ shown'
press v
expect '^ Task +g[0-9]+ +net/http\.\(\*persistConn\)\.readLoop +select' 'v on a readLoop'
expect '^ Read +at [0-9:]+: [0-9]+ objects in [0-9.]+ ms; r reads again' 'says when it was read'
until_true in_order 'What it holds \([0-9]+\) .*host +registry\.example:80 .*path +/v2/library/redis/manifests/7\.[0-9]+ .*main\.\(\*'
ok $? 'and names the host, the path and a function of the program'
top() { screen | awk '/What it holds/ { at = NR } at && NR > at && NR <= at + 8'; }
top_names() { top | grep -q 'registry\.example:80' && top | grep -q '/v2/library/redis' && top | grep -q 'main\.(\*'; }
until_true top_names
ok $? 'in its first lines'
resize 200 40
expect 'host +registry\.example:80 .*step' 'a wide terminal shows the steps'
# Several samples are taken while the clock goes on to the second after the next.
is_past() { [ "$(date +%s)" -gt $((then + 1)) ]; }
wait_seconds() {
	then=$(date +%s)
	until_true is_past
}
read_at() { screen | sed -n 's/^ Read *at \([0-9:]*\):.*/\1/p'; }
first=$(read_at)
wait_seconds
press r
again() { [ -n "$(read_at)" ] && [ "$(read_at)" != "$first" ]; }
until_true again
ok $? 'r reads it again'
same=$(read_at)
wait_seconds
[ "$(read_at)" = "$same" ]
ok $? 'and it is read at no other time'
press p
press r
wait_for 'What it holds'
until_true again
ok $? 'also while the view is paused'
press p
press q
wait_for 'ID +STATE'

press g
wait_for 'readLoop'
step Down cursor_is_at 'readLoop'
press v
expect '^ Group +tasks in net/http\.\(\*persistConn\)\.readLoop' 'v on their group'
until_true in_order 'What they have in common .*all [0-9]+ +url GET http://registry\.example/v2/library/redis/manifests/… \([0-9]+ different\)'
ok $? 'says what all of them hold'
expect 'all [0-9]+ +host registry\.example:80' 'the host'
expect '[0-9]+ different urls, such as GET http://registry\.example/v2/library/redis/manifests/7\.' 'and what differs'
press q
press Enter
expect '^ Holds +all [0-9]+: url GET http://registry\.example/v2/library/redis/manifests/… \([0-9]+ different\), host registry\.example:80, ' \
	'the sentence that ends the story is in the detail of the group'
expect 'main\.\(\*jobs\)\.get' 'up to the function of the program'

# What the view has read is in no file that it writes.
press v
wait_for 'What they have in common'
recorded() { [ -n "$(find . -name "grmon-c-$target-*.grmon" -size +1k)" ]; }
press y
wait_for 'written to grmon-c-'
press R
wait_for 'REC'
until_true recorded
press R
wait_gone 'REC'
press q
press t
press q
wait_for '^back>'
[ "$(find . -name "grmon-c-$target-*" | wc -l)" -eq 2 ] && grep -q persistConn ./grmon-c-"$target"-*.json
ok $? 'a dump and a recording were written'
! grep -l 'registry\.example' ./grmon-c-"$target"-*
ok $? 'that contain none of the strings'
kill -9 "$target"
plan $tests

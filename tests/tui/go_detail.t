#!/bin/sh
# SPDX-License-Identifier: MIT
# The detail of a goroutine: its channel, other goroutines that wait on it, also in a case of a
# select, the goroutine that started it, and how to go from one to the other.
. "$(dirname "$0")/lib.sh"
need go
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
GOFLAGS='' GOTOOLCHAIN=local go build -o "$work/waits" "$(dirname "$0")/../targets/go/waits.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
"$work/waits" "$work/stacks" >"$work/out" 2>&1 </dev/null &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out" || echo '# the target is not ready'

open_shell 140 50
view --filter name:main.chanSend "$target"
wait_for 'g[0-9]+ +chan-send'
press Enter
expect '^ State +chan-send' 'a goroutine that sends is shown'
expect 'chan cap 2, len 2, 2 senders, 1 select' 'its channel is shown with its queues'
expect 'elements of 8 bytes' 'the elements of the channel are described'
expect 'Other tasks that wait on it \(2\)' 'two other waiters are listed'
expect '^[ !]+g[0-9]+ +chan-send .*main\.chanSend' 'one of them sends too'
expect '^[ !]+g[0-9]+ +select .*main\.selectTwo' 'one of them has the channel as a case of a select'
expect 'started with .grmon-c run --ancestors 5. keeps' 'how to see who created its creator'
case $(go env GOVERSION) in
go1.1* | go1.20*) ok 0 'the creator is a task that can be opened # SKIP Go keeps the creator from 1.21 on' ;;
*) expect '^[ !]+g1 .*main\.main' 'the creator is a task that can be opened' ;;
esac
press q
press /
press C-u
typed 'name:main.selectTwo'
press Enter
wait_for 'g[0-9]+ +select '
press Enter
expect 'Other tasks that wait on it \(9\)' 'a select lists waiters on any of its channels'
expect '^[ !]+g[0-9]+ +chan-send .*main\.chanSend' 'it lists senders to one channel'
expect '^[ !]+g[0-9]+ +chan-recv .*main\.chanReceive' 'it lists receivers from the other'
press q
press /
press C-u
typed 'name:main.waitCond'
press Enter
wait_for 'g[0-9]+ +cond '
press Enter
wait_for '^ State +cond'
expect 'Also waits +no other task' 'a condition with one waiter has no others'
sees_not 'Other tasks that wait on it'
ok $? 'it has no list of others'
press q
plan $tests

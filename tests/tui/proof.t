#!/bin/sh
# SPDX-License-Identifier: MIT
# L proves leaks of a Go program in the view: the header counts them, their rows begin with P, an
# open task gives the reason, and a filter finds them. For other programs the view says that it
# cannot prove leaks.
. "$(dirname "$0")/lib.sh"
need go
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
GOFLAGS='' GOTOOLCHAIN=local go build -o "$work/leaky" "$(dirname "$0")/../targets/go/proof.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
"$work/leaky" "$work/profile" >"$work/out" 2>&1 </dev/null &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/out" || echo '# the target is not ready'

open_shell 140 60 # with room for a row for each
view -i 60 "$target"
press L
expect 'nothing alive can wake 2[12][0-9] of [0-9]+ blocked goroutines' 'L says how many goroutines nothing can wake'
expect '^! 2[12][0-9] can never run again' 'the header counts proven goroutines'
press /
typed 'state:proven name:signalled'
press Enter
expect '^P +g[0-9]+ +cond .*main\.leak\.signalled' 'a proven row begins with P'
press Enter
expect 'proven leak: nothing alive can reach cond( 0x|$)|proven leak: nothing can ever end this wait' 'the open task says that nothing reaches the object of its wait'
press q
wait_for '[0-9]+ of [0-9]+ shown'
press Escape
wait_for ' [0-9]+ shown' # both keys at once would be alt with a key
wait_gone ' of [0-9]+ shown'
press /
typed 'state:proven name:main.leak.sender'
press Enter
expect '^P +g[0-9]+ +chan-send .*main\.leak\.sender' 'a leaked sender is proven'
press Enter
expect 'proven leak: nothing alive can reach channel 0x' 'the proof of a sender names its channel'
press q
wait_for '[0-9]+ of [0-9]+ shown'
press Escape
wait_for ' [0-9]+ shown' # both keys at once would be alt with a key
wait_gone ' of [0-9]+ shown'
press /
typed 'state:proven name:alive'
press Enter
expect '0 of [0-9]+ shown|none of' 'no living goroutine is proven'
press q
wait_for 'status=0'
start_target
view "$target"
press L
expect 'leaks can be proved only in Go programs' 'for a C program the view says that leaks cannot be proven'
press q
plan $tests

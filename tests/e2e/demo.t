#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo server: each request leaves a producer in chan-send, and its row says which request
# started it and who waits. With --fixed the producer is in select, and ends.
. "$(dirname "$0")/lib.sh"
need python3
need curl
plan 14

root=$(cd "$(dirname "$0")/../.." && pwd)
# The first three products of the answer, in $work/answer.
request() { curl -fsS --max-time 10 "$1" >"$work/answer" && cat "$work/answer"; }
first_three() {
	ask_file "$work/answer" 'in * values id = 1 2 3'
}
# serve OPTION…: starts a server on a free port; its address is in $url, its pid in $last.
serve() {
	: >"$work/log"
	start "$BUILD/examples/leaky-server" --port 0 "$@"
	until_true grep -q '^http.* pid' "$work/log"
	url=$(sed -n 's/ .*//p;q' "$work/log")
}

serve
leaky=$last
check 'the server prints its address and its pid' grep -qx "http://127.0.0.1:[0-9]*/products pid $leaky" "$work/log"
check 'before any request no task waits on a channel' sees "$leaky" 'has !counts.by_class.channel?'
check 'a request is answered' request "$url?user=7"
check 'the answer has the first three products' first_three
check 'a second request is answered' request "$url?user=8"

check 'two producers get stuck in chan-send' until_true sees "$leaky" \
	'count name=producer state=chan-send stuck = 2 and has counts.stuck=2' --stuck 1s
check 'their labels are the requests' ask \
	'sorted labels.request name=producer = /products?user=7 /products?user=8'
check 'the endpoint created them' ask 'every name=producer has created_by.:2.function=get_products'
check 'their stacks show the send' ask 'every name=producer has stack.*.function=send_product'
check 'each channel has a name, a capacity and a number of senders' ask \
	"every name=producer has waits_on.kind=channel waits_on.text*=products waits_on.text*='cap 0' waits_on.text*='1 sender'" \
	'distinct waits_on.address name=producer = 2'
kill "$leaky"
wait "$leaky"
ok $? 'SIGTERM ends the server with status 0'

# The producer stops waiting a second after the answer. Until then a dump may show it in select.
serve --fixed
fixed=$last
selecting() {
	sees "$fixed" 'row name=producer state=select waits_on.kind^=channel'
}
# On a busy machine a second may pass between two samples, so another request is made.
story() {
	for user in 9 10 11 12 13; do
		request "$url?user=$user" || return 1
		i=0
		while [ $i -lt 10 ]; do
			i=$((i + 1))
			selecting >/dev/null && return 0
		done
	done
	return 1
}
check 'with --fixed the producer is in select' story
check 'with --fixed the row of the producer disappears' until_true sees "$fixed" \
	'no name=producer and has !counts.by_class.channel?'

quietly() {
	make -s -C "$root" BUILD="$BUILD" SAN="${SAN:-}" GRMON_NO_INSTALL=1 demo </dev/null >"$work/demo" 2>&1 ||
		{ cat "$work/demo"; return 1; }
	[ "$(grep -c '^!  t[0-9]*  *chan-send .*/products?user=[78]$' "$work/demo")" -eq 4 ] &&
		grep -q 'created by' "$work/demo" && grep -q 'get_products at .*src/examples/leaky-server.c' "$work/demo" ||
		{ cat "$work/demo"; return 1; }
}
check 'make demo without a terminal prints the dump and the stuck rows' quietly

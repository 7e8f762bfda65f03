#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo's story on the real server: each request leaves a producer in chan-send, whose
# row says which request started it and who waits; with --fixed it shows select and leaves.
. "$(dirname "$0")/lib.sh"
need python3
need curl
plan 14

root=$(cd "$(dirname "$0")/../.." && pwd)
# Three products, then the answer is complete; into $work/answer.
request() { curl -fsS --max-time 10 "$1" >"$work/answer" && cat "$work/answer"; }
first_three() {
	python3 -c 'import json, sys
sys.exit([p["id"] for p in json.load(open(sys.argv[1]))] != [1, 2, 3])' "$work/answer"
}
# serve OPTION…: a server on a port of its own; its address in $url, its pid in $last.
serve() {
	: >"$work/log"
	start "$BUILD/examples/leaky-server" --port 0 "$@"
	until_true grep -q '^http.* pid' "$work/log"
	url=$(sed -n 's/ .*//p;q' "$work/log")
}

serve
leaky=$last
check 'the server says its address and its pid' grep -qx "http://127.0.0.1:[0-9]*/products pid $leaky" "$work/log"
check 'before any request nobody is on a channel' sees "$leaky" 'd["counts"]["by_class"].get("channel", 0) == 0'
check 'a request is answered' request "$url?user=7"
check 'with the first three products' first_three
check 'a second one too' request "$url?user=8"

producers='[t for t in tasks if t["name"] == "producer"]'
check 'two producers get stuck in chan-send' until_true sees "$leaky" \
	"len([t for t in $producers if t['state'] == 'chan-send' and t['stuck']]) == 2 and d['counts']['stuck'] == 2" --stuck 1s
check 'their labels are the requests' query \
	"sorted(t['labels']['request'] for t in $producers) == ['/products?user=7', '/products?user=8']"
check 'their creator is the endpoint' query \
	"all('get_products' in [f['function'] for f in t['created_by'][:2]] for t in $producers)"
check 'their stack names the send' query \
	"all('send_product' in [f['function'] for f in t['stack']] for t in $producers)"
check 'the channel is named, with capacity and senders' query \
	"all(t['waits_on']['kind'] == 'channel' and 'products' in t['waits_on']['text'] and 'cap 0' in t['waits_on']['text'] and '1 sender' in t['waits_on']['text'] for t in $producers) and len(set(t['waits_on']['address'] for t in $producers)) == 2"
kill "$leaky"
wait "$leaky"
ok $? 'SIGTERM ends the server with status 0'

# The producer gives up a second after the answer: it may be seen in select until then.
serve --fixed
fixed=$last
selecting() {
	sees "$fixed" "any(t['state'] == 'select' and t['waits_on']['kind'].startswith('channel') for t in $producers)"
}
# On a machine so busy that a whole second passes between two looks, another request helps.
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
check 'with --fixed the producer shows select' story
check 'and its row goes' until_true sees "$fixed" \
	"$producers == [] and d['counts']['by_class'].get('channel', 0) == 0"

quietly() {
	make -s -C "$root" BUILD="$BUILD" SAN="${SAN:-}" GRMON_NO_INSTALL=1 demo </dev/null >"$work/demo" 2>&1 ||
		{ cat "$work/demo"; return 1; }
	[ "$(grep -c '^!  t[0-9]*  *chan-send .*/products?user=[78]$' "$work/demo")" -eq 4 ] &&
		grep -q 'created by' "$work/demo" && grep -q 'get_products at .*src/examples/leaky-server.c' "$work/demo" ||
		{ cat "$work/demo"; return 1; }
}
check 'make demo without a terminal prints the dump and the stuck rows' quietly

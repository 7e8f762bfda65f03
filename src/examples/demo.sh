#!/bin/sh
# SPDX-License-Identifier: MIT
# `make demo`: starts the leaking server, makes two requests and runs grmon-c on it. Without
# a terminal it waits until both producers are stuck, prints the dump and the stuck rows, and
# exits with 0.
# Usage: BUILD=build src/examples/demo.sh
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
client=$BUILD/grmon-c

folder=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$server" ] || wait "$server" 2>/dev/null || true
	rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$BUILD/examples/leaky-server" --port 0 >"$folder/line" &
server=$!
tries=0
until [ -s "$folder/line" ]; do
	tries=$((tries + 1))
	if [ "$tries" -gt 200 ] || ! kill -0 "$server" 2>/dev/null; then
		echo "demo.sh: the demo server did not start" >&2
		exit 1
	fi
	sleep 0.05
done
url=$(sed 's/ .*//' "$folder/line")

for user in 7 8; do
	echo "\$ curl '$url?user=$user'"
	curl -fsS --max-time 10 "$url?user=$user"
done

if [ -t 0 ] && [ -t 1 ]; then
	echo "Each request left a producer behind. After 3 s grmon-c shows it as stuck. Press n to"
	echo "select it, Enter to see what created it, and q to quit."
	echo "Try in another terminal: curl '$url?user=9'"
	"$client" --stuck 3s "$server"
	exit
fi

# A task is only stuck if the rule holds in two consecutive samples; dump takes both.
tries=0
until [ "$("$client" dump "$server" --stuck 2s -f json | grep -c '"stuck": true')" -ge 2 ]; do
	tries=$((tries + 1))
	if [ "$tries" -gt 50 ]; then
		echo "demo.sh: the producers did not get stuck" >&2
		exit 1
	fi
	sleep 0.2
done
echo "\$ grmon-c dump $server --stuck 2s"
"$client" dump "$server" --stuck 2s
echo
echo "\$ grmon-c dump $server --stuck 2s --filter state:stuck --stacks"
"$client" dump "$server" --stuck 2s --filter state:stuck --stacks

#!/bin/sh
# SPDX-License-Identifier: MIT
# Redis with the agent preloaded beside one without it: processor time of its requests, and requests per
# second with two threads for input and output. These spin while they wait for each other, so that a rate
# on a busy machine says little. Needs redis-server, redis-benchmark and python3.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
for program in redis-server redis-benchmark python3; do
	command -v $program >/dev/null || { echo "no $program: skipped"; exit 0; }
done

# Each run of servers.py has new servers, because where a process happens to lie in memory has a part in its
# speed, and prints as many ratios as it is told.
some() { python3 "$(dirname "$0")/servers.py" "$BUILD" "$1" "$2"; }
TURNS=3 TURNS_MOST=12
turns 'redis, processor time of requests, agent / none' ratio '<=1.03' some time 5
turns 'redis requests/s, io-threads 2, agent against none' x '>=0.97' some rate 3

#!/bin/sh
# SPDX-License-Identifier: MIT
# memcached with the agent preloaded: worker threads poll, maintenance threads wait on their
# conditions, and values are returned as they were stored.
. "$(dirname "$0")/lib.sh"
need memcached
need python3
plan 4

port=$(free_port)
user=
[ "$(id -u)" -ne 0 ] || user='-u nobody'
# shellcheck disable=SC2086
start env LD_PRELOAD="$agent" memcached -l 127.0.0.1 -p "$port" -t 4 -m 16 $user
pid=$last
check 'memcached answers' until_true listens "$port"
check 'memcached returns 2,000 values as they were stored' python3 "$beside/memcached_values.py" "$port"
check 'four workers and the listener poll, and maintenance threads wait' until_true sees "$pid" \
	'count state=poll >= 5 and count state=cond >= 1'
check 'every state agrees with the system call' \
	until_true "$(dirname "$0")/syscall_truth.py" "$client" "$pid" 6

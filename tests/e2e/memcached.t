#!/bin/sh
# SPDX-License-Identifier: MIT
# memcached with the agent preloaded: worker threads poll, its maintainers wait on their
# conditions, values come back as they were stored.
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
cat >"$work/values.py" <<'PY'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
f = s.makefile("rwb")
for i in range(2000):
    value = b"v%d" % i * 50
    f.write(b"set k%d 0 0 %d\r\n%s\r\n" % (i, len(value), value)); f.flush()
    assert f.readline() == b"STORED\r\n"
for i in range(2000):
    f.write(b"get k%d\r\n" % i); f.flush()
    f.readline()
    assert f.readline() == b"v%d" % i * 50 + b"\r\n"
    assert f.readline() == b"END\r\n"
PY
check 'memcached answers' until_true python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))"
check '2,000 values come back' python3 "$work/values.py" "$port"
check 'four workers and the listener poll, maintainers wait' until_true sees "$pid" \
	'count state=poll >= 5 and count state=cond >= 1'
check 'every state fits the system call' \
	until_true "$(dirname "$0")/syscall_truth.py" "$client" "$pid" 6

#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx, master and forked workers, with the agent preloaded: each process has its own region, files
# are served completely, and a reload replaces the workers.
. "$(dirname "$0")/lib.sh"
need nginx
need curl
need python3
plan 6

port=$(free_port)
head -c 300000 /dev/urandom >"$work/file"
chmod 755 "$work"
chmod 644 "$work/file"
cat >"$work/nginx.conf" <<CONF
$([ "$(id -u)" -ne 0 ] || echo 'user nobody nogroup;')
worker_processes 2;
daemon off;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3;
	uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
	server { listen 127.0.0.1:$port; root $work; }
}
CONF
start env LD_PRELOAD="$agent" nginx -c "$work/nginx.conf"
pid=$last
check 'nginx answers' until_true curl -sf -o "$work/got" "http://127.0.0.1:$port/file"
check 'the file is served completely' cmp "$work/file" "$work/got"
check 'the master waits for a signal' until_true sees "$pid" \
	"row tid=$pid state=signal-wait and has target.sources.*=agent"
worker() { cat "/proc/$pid/task/$pid/children" | tr ' ' '\n' | head -1; }
until_true test -n "$(worker)"
check 'a worker polls, according to its own region' until_true sees "$(worker)" \
	'row state=poll and has target.sources.*=agent'
old=$(worker)
kill -HUP "$pid"
# shellcheck disable=SC2016
check 'after a reload new workers serve the file' until_true sh -c \
	'! kill -0 '"$old"' 2>/dev/null && curl -sf -o '"$work/again"' http://127.0.0.1:'"$port"'/file && cmp '"$work/file $work/again"
check 'every state agrees with the system call' \
	until_true "$(dirname "$0")/syscall_truth.py" "$client" "$(worker)" 1

#!/bin/sh
# SPDX-License-Identifier: MIT
# The endpoint for Prometheus: the targets that it finds, its metrics in both formats, and that
# neither a client nor a target can delay it.
. "$(dirname "$0")/lib.sh"
need curl
need python3
need redis-server
plan 17

port=$(free_port)
url=http://127.0.0.1:$port
# A unique name, because other tests may run redis-server.
name=redis$$
ln -s "$(command -v redis-server)" "$work/$name"
redis() {
	start "$work/$name" --port 0 --save '' --unixsocket "$work/$1.sock" --dir "$work"
}
# Saves the metrics of now in $work/metrics.
metrics() { curl -sS -m 10 "$url/metrics" >"$work/metrics" 2>"$work/curl"; }
says() { metrics && grep -qE -- "$1" "$work/metrics"; }
# number LINE-PATTERN: prints the value in that line.
number() { grep -E -- "$1" "$work/metrics" | sed 's/.* //'; }

redis one
one=$last
# A server that accepts connections and never answers.
silent=$(free_port)
start python3 -c "import socket, time
s = socket.socket()
s.bind(('127.0.0.1', $silent))
s.listen(8)
time.sleep(600)"
start "$client" export "$name" "http://127.0.0.1:$silent" --listen "127.0.0.1:$port" \
	-i 0.1 --stuck cond=1s --top-groups 2
exporter=$last
until_true says "^grmon_up\{target=\"$name\",pid=\"$one\"\} 1"
ok $? "a process is found by its name" "$(cat "$work/metrics" "$work/log")"
until_true says "^grmon_stuck_tasks.*state=\"cond\"\} [34]$"
ok $? "its stuck tasks are counted by the given thresholds" "$(cat "$work/metrics")"
until_true dump "$one"
wanted=$(ask 'count state=cond')
[ "$(number "^grmon_tasks\{.*pid=\"$one\".*state=\"cond\"")" = "$wanted" ]
ok $? "its tasks by state are those of a dump" "$(cat "$work/metrics")"
wanted=$(find "/proc/$one/fd" -mindepth 1 | wc -l)
[ "$(number "^grmon_process_open_fds.*pid=\"$one\"")" = "$wanted" ]
ok $? "its descriptors are those of /proc" "$(number "^grmon_process_open_fds.*pid=\"$one\"") is not $wanted"
[ "$(grep -c "^grmon_group_tasks.*pid=\"$one\"" "$work/metrics")" -eq 2 ]
ok $? "there are as many groups as --top-groups allows"
! grep -qE "t$one|thread=|\"bio_" "$work/metrics"
ok $? "no label contains a task id"

redis two
two=$last
until_true says "^grmon_up\{target=\"$name\",pid=\"$two\"\} 1"
ok $? "a process that starts later is found"
before=$(number "^grmon_tasks_created_total\{.*pid=\"$two\"")
kill -9 "$two"
until_true says "^grmon_up\{target=\"$name\",pid=\"$two\"\} 0"
ok $? "a process that ended is down, the other is not" "$(cat "$work/metrics")"
[ "$before" = 0 ] && grep -q "^grmon_up{target=\"$name\",pid=\"$one\"} 1" "$work/metrics" &&
	! grep -q "^grmon_tasks{.*pid=\"$two\"" "$work/metrics"
ok $? "a process that ended has no metrics any more" "$before"

begin=$(date +%s%N)
metrics
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -lt 2000 ] && grep -q "^grmon_up{target=\"http://127.0.0.1:$silent\"} 0" "$work/metrics"
ok $? "a target that never answers does not delay a scrape" "$took ms; $(cat "$work/metrics")"

curl -sS -D "$work/head" -H 'Accept: application/openmetrics-text;version=1.0.0' \
	"$url/metrics" >"$work/open"
grep -qi 'content-type: application/openmetrics-text' "$work/head" &&
	[ "$(tail -1 "$work/open")" = '# EOF' ] &&
	grep -q '^# TYPE grmon_tasks_created counter' "$work/open" &&
	grep -q '^grmon_tasks_created_total{' "$work/open"
ok $? "OpenMetrics is served if a client accepts it" "$(cat "$work/head")"
curl -sS -D "$work/head" "$url/metrics" >"$work/text"
grep -qi 'content-type: text/plain; version=0.0.4' "$work/head" &&
	! grep -q '# EOF' "$work/text" &&
	grep -q '^# TYPE grmon_tasks_created_total counter' "$work/text"
ok $? "otherwise the text format is served" "$(cat "$work/head")"
code() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
[ "$(code "$url/")" = 200 ] && [ "$(code "$url/nothing")" = 404 ] &&
	[ "$(code -X POST -d x "$url/metrics")" = 405 ] && [ "$(code -I "$url/metrics")" = 200 ]
ok $? "other paths and methods get an error that names the path"

"$client" export "$one" --listen "127.0.0.1:$port" >/dev/null 2>"$work/err"
[ $? -eq 2 ] && grep -q 'in use.*--listen' "$work/err"
ok $? "a port that is in use is an error" "$(cat "$work/err")"
group=$(sed -n 's/^[0-9]*:[^:]*://p' "/proc/$one/cgroup" | head -1)
other=$(free_port)
start "$client" export "cgroup:$group" --filter x --listen "$other"
[ -n "$group" ] && url=http://127.0.0.1:$other &&
	until_true says "^grmon_up\{target=\"$name\",pid=\"$one\"\} 1"
ok $? "processes are found by their control group" "$group"
# Only 0100007F:PORT listens on this port.
listens() { awk -v port=":$(printf %04X "$other")$" '$4 == "0A" && $2 ~ port {print $2}' /proc/net/tcp /proc/net/tcp6; }
[ "$(listens)" = "0100007F:$(printf %04X "$other")" ]
ok $? "a port alone means the loopback address" "$(listens)"
kill -TERM "$exporter"
begin=$(date +%s)
wait "$exporter"
[ $? -eq 0 ] && [ $(($(date +%s) - begin)) -lt 5 ]
ok $? "SIGTERM ends export at once with status 0, although a target does not answer"

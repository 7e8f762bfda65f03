#!/bin/sh
# SPDX-License-Identifier: MIT
# The resources view: counts, graphs with their scales in UTF-8 and ASCII, a limit that
# is near, and when it will be reached.
. "$(dirname "$0")/lib.sh"
plan 22

# start_resources ARG...: tests/targets/resources; $target is its pid.
start_resources() {
	: >"$work/ready"
	[ -p "$work/hold" ] || mkfifo "$work/hold"
	"$BUILD/tests/targets/resources" "$@" <"$work/hold" >"$work/ready" 2>/dev/null &
	target=$!
	started="$started $target"
	exec 9>"$work/hold"
	until_true is_ready || give_up "the target does not start"
}

start_resources
open_shell 120 40
view "--interval 0.1 $target"
press x
expect '^ +fds: +socket 22 +pipe [0-9]+ +file [0-9]+ +device 4 +memfd 2 +eventfd 5' "x shows descriptors by kind"
expect 'sockets: +established 6 +fin-wait-2 2 +close-wait 2 +listen 1 +udp 2 +unix 8' "and sockets by state"
expect 'children 2 +POSIX timers 9 +timer descriptors 6 +inotify watches 11' "other resources are counted"
expect '^ +[0-9]+ of [0-9,]+ fds, [0-9]+%$' "and the limit of descriptors"
expect ' rss [0-9.]+[KMG]? ' "the memory has a graph"
expect '[│┤].*⣀⣀⣀' "the graph is drawn with dots"
expect ' [0-9.]+[KMG] ┤' "the graph has a scale of bytes"
expect '^ +-[0-9.]+s .* now' "the graph has a scale of time"
expect 'watched for [0-9.]+s' "the footer says how long a time it shows"
expect ' fds [0-9]+ .*open descriptors' "the descriptors have a graph"
expect 'graphs 1 to [0-9]+ of [0-9]+, watched for' "the footer says that there are more graphs"
press End
expect_gone 'sockets: +established' "End scrolls"
press k k
expect ' children 2 .*child processes' "to the graph of the children"
press Home
expect 'sockets: +established' "and Home scrolls back"
resize 20 6
expect 'of [0-9,]+ fds' "a very small terminal shows the limits"
resize 120 40
press x
expect '^! +ID +STATE' "x again leads back to the tasks"
press q
wait_for '^status=0'
exec 9>&-

start_resources fill 300 245 300
view "--interval 0.1 --ascii $target"
expect '^resources .*  ![0-9]+ of 300 fds' "a limit that is near is in the header"
colored | grep -qE "$(printf '\033')\[[0-9;]*m![0-9]+ of 300 fds"
ok $? "in a colour of its own"
press x
expect '^! [0-9]+ of 300 fds, [89][0-9]%' "a limit that is near is marked in the view"
expect '^ +[0-9]+ [+|].*[.'"'"':]' "graphs in ASCII"
forecast='! [0-9]+ of 300 fds, [0-9]+%; at this rate the limit is reached in [0-9.]+s'
wait_for "$forecast" || wait_for "$forecast"
ok $? "with the time that is left, once the trend is clear"
expect ' fds [0-9]+ +[+][0-9]+/min' "and the rate above the graph"
press q q
exec 9>&-

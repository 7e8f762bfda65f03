#!/bin/sh
# SPDX-License-Identifier: MIT
# The resources view: counts, graphs with their scales in UTF-8 and ASCII, a limit that is near, and
# the time until it is reached.
. "$(dirname "$0")/lib.sh"
plan 22

# start_resources ARG...: starts tests/targets/resources; its pid is in $target.
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
expect 'sockets: +established 6 +fin-wait-2 2 +close-wait 2 +listen 1 +udp 2 +unix 8' "x shows sockets by state"
expect 'children 2 +POSIX timers 9 +timer descriptors 6 +inotify watches 11' "other resources are counted"
expect '^ +[0-9]+ of [0-9,]+ fds, [0-9]+%$' "x shows the limit of descriptors"
expect ' rss [0-9.]+[KMG]? ' "the memory has a graph"
expect '[│┤].*⣀⣀⣀' "the graph is drawn with dots"
expect ' [0-9.]+[KMG] ┤' "the graph has a scale of bytes"
expect '^ +-[0-9.]+s .* now' "the graph has a scale of time"
expect 'watched for [0-9.]+s' "the footer says for how long the target was watched"
expect ' fds [0-9]+ .*open descriptors' "the descriptors have a graph"
resize 120 20
expect 'graphs 1 to [0-9]+ of [0-9]+, watched for' "the footer says that there are more graphs"
press End
expect_gone 'sockets: +established' "End scrolls to the end"
press End
expect ' children 2 .*child processes' "the graph of child processes is at the end"
press Home
expect 'sockets: +established' "Home scrolls back"
resize 20 6
expect 'of [0-9,]+ fds' "a very small terminal shows the limits"
resize 120 40
press x
expect '^! +ID +STATE' "x again goes back to the tasks"
press q
wait_for '^status=0'
exec 9>&-

start_resources fill 300 245 300
view "--interval 0.1 --ascii $target"
expect '^! descriptors at [0-9]+% of 300' "the header shows a limit that is near"
colored | grep -qE "$(printf '\033')\[[0-9;]*mdescriptors at [0-9]+% of 300"
ok $? "the header shows that limit in another colour"
press x
expect '^! [0-9]+ of 300 fds, [89][0-9]%' "a limit that is near is marked in the view"
expect '^ +[0-9]+ [+|].*[.'"'"':]' "--ascii draws graphs in ASCII"
forecast='! [0-9]+ of 300 fds, [0-9]+%; at this rate the limit is reached in [0-9.]+s'
wait_for "$forecast" || wait_for "$forecast"
ok $? "the remaining time is shown once the trend is clear"
expect ' fds [0-9]+ +[+][0-9]+/min' "the rate is shown above the graph"
press q q
exec 9>&-

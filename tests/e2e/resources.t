#!/bin/sh
# SPDX-License-Identifier: MIT
# Resources: the JSON of a dump counts as many of each kind as the program has opened and the kernel
# lists.
. "$(dirname "$0")/lib.sh"
need python3
plan 12

# start_resources ARG...: starts tests/targets/resources; its pid is in $last.
start_resources() {
	: >"$work/ready"
	rm -f "$work/hold"
	mkfifo "$work/hold"
	"$BUILD/tests/targets/resources" "$@" <"$work/hold" >"$work/ready" 2>>"$work/log" &
	last=$!
	started="$started $last"
	exec 9>"$work/hold"
	until_true grep -q ready "$work/ready" ||
		give_up "the target does not start: $(cat "$work/log")"
}

start_resources
pid=$last
adds_up() {
	dump "$pid" && ask 'value resources.fds_by_kind.*' >"$work/kinds" &&
		[ "$(awk '{ sum += $1 } END { print sum }' "$work/kinds")" -eq "$(ask 'value resources.fds')" ]
}
until_true adds_up
ok $? "the counts by kind add up to the number of descriptors" "$(cat "$work/dump.json")"
[ "$(ls "/proc/$pid/fd" | wc -l)" -eq "$(ask 'value resources.fds')" ]
ok $? "the number of descriptors is that of /proc"

# There may be more pipes and files, which the test itself left open.
counts() {
	for kind in socket=22 device=3 memfd=2 eventfd=5 epoll=3 timerfd=6 signalfd=1 inotify=2 pidfd=2; do
		ask "has resources.fds_by_kind.$kind" || return
	done
	ask 'has resources.fds_by_kind.pipe resources.fds_by_kind.file resources.fds_by_kind.#=11'
}
check "each kind has as many descriptors as were opened" counts
pipes=$(find "/proc/$pid/fd" -lname 'pipe:*' | wc -l)
check "there are as many pipes as in /proc" ask "has resources.fds_by_kind.pipe=$pipes"
[ "$pipes" -ge 8 ]
ok $? "the pipes that the program opened are counted"
check "sockets are counted by state" ask "has resources.sockets_by_state='{\"established\": 6, \
	\"close-wait\": 2, \"fin-wait-2\": 2, \"listen\": 1, \"udp\": 2, \"unix\": 8, \"netlink\": 1}'"
check "inotify watches are counted" ask 'has resources.inotify_watches=11'
check "POSIX timers are counted" ask 'has resources.posix_timers=9'
check "children are counted" ask 'has resources.children=2'
soft=$(awk '/^Max open files/ {print $4}' "/proc/$pid/limits")
check "the soft limit of descriptors is that of the kernel" ask \
	"has resources.limits.fds?.most?=$(echo "$soft" | sed 's/unlimited/null/')"
exec 9>&-

start_resources fill 64 60 100000
dump "$last"
check "the limit of descriptors has the number in use" ask \
	"has resources.limits.fds='{\"used\": 60, \"most\": 64}'"
exec 9>&-

# Many descriptors are read in parts, over several samples.
if [ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 9000 ]; then
	ulimit -n 9000
	start_resources fill 9000 8800 100000
	start "$client" record "$last" -i 0.1 -o "$work/many.ndjson"
	check "thousands of descriptors are counted over several samples" \
		until_true python3 "$beside/resources_many.py" "$work/many.ndjson"
	exec 9>&-
else
	ok 0 "thousands of descriptors # SKIP the limit of descriptors is too low"
fi

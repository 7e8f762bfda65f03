#!/bin/sh
# SPDX-License-Identifier: MIT
# Sockets and file locks: both addresses, state and queues, and the process and thread at the other
# end; in the client's network namespace and in another one.
. "$(dirname "$0")/lib.sh"
need python3
plan 18

# launch COMMAND…: starts tests/targets/peers.py by COMMAND; its pid is in $target.
launch() {
	rm -rf "$work/peers" "$work/in"
	mkdir "$work/peers"
	mkfifo "$work/in"
	"$@" python3 tests/targets/peers.py "$work/peers" <"$work/in" >"$work/out" 2>"$work/log" &
	last=$!
	started="$started $last"
	exec 9>"$work/in"
	until_true grep -q ready "$work/out" || return 1
	target=$(sed -n 's/^pid //p' "$work/out")
}
land() {
	echo >&9
	exec 9>&-
	wait "$last"
}
waits() { "$client" dump "$target" -s native -f json >"$work/dump.json" && python3 "$beside/native_peers_wait.py" "$work/dump.json" "$work/out" "$@"; }
# says TEST NAME STATE PATTERN: the thread that the target calls NAME waits in STATE on PATTERN.
says() {
	until_true waits "$2" "$3" "$4"
	ok $? "$1" "$(waits "$2" "$3" "$4")"
}
end='127\.0\.0\.1:[0-9]+'
with=', with python3 SERVER'

sockets() {
	says "$1TCP: a socket has its addresses, and the process and thread of its peer" tcp io-read "fd [0-9]+ tcp $end -> $end$with \\(tTHREAD\\)"
	says "$1TCP: a peer with an IPv6 socket is found" tcp6 io-read "fd [0-9]+ tcp $end -> $end$with \\(tTHREAD\\)"
	says "$1TCP: the thread of the peer is the one that waits in its epoll" epolled io-read \
		"fd [0-9]+ tcp $end -> $end$with \\(tTHREAD\\)"
	says "$1TCP: a half-closed connection has its peer" half io-read "fd [0-9]+ tcp $end -> $end fin-wait-2$with"
	says "$1TCP: a full queue is shown" full io-write \
		"fd [0-9]+ tcp $end -> $end, [0-9]{5,} B to send$with"
}

launch env
sockets ''
says 'a Unix socket has the process and thread of its peer' unix io-read "fd [0-9]+ unix.*$with \\(tTHREAD\\)"
says 'a POSIX lock has its holder' posix flock "fd [0-9]+ .*/posix, held by python3 SERVER.*"
says 'an OFD lock has its holder' ofd flock "fd [0-9]+ .*/ofd, held by python3 SERVER.*"
land

within='unshare --net'
[ "$(id -u)" -eq 0 ] || within='unshare --user --map-root-user --net'
up='ip link set lo up && exec "$@"'
if command -v ip >/dev/null && $within sh -c "$up" up true 2>/dev/null; then
	launch $within sh -c "$up" up
	sockets 'another network namespace: '
	if [ "$(id -u)" -eq 0 ]; then
		says 'in another network namespace: a Unix socket has its peer' unix io-read "fd [0-9]+ unix.*$with \\(tTHREAD\\)"
	else
		ok 0 'in another network namespace: a Unix socket has its peer # SKIP only root can enter it'
	fi
	land
else
	for i in 1 2 3 4 5 6; do ok 0 "in another network namespace ($i) # SKIP none can be made"; done
fi

# A user who may not enter the namespace: TCP peers come from the tables in /proc.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null &&
	setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user --net true 2>/dev/null; then
	open=$(mktemp -d)
	cp "$client" "$open/" && chmod 755 "$open" "$open/grmon-c"
	as() { env HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	chmod 777 "$work" && rm -rf "$work/peers"
	mkdir -m 777 "$work/shared"
	cp tests/targets/peers.py "$work/shared/"
	rm -f "$work/in" && mkfifo "$work/in"
	as unshare --user --map-root-user --net sh -c "$up" up python3 "$work/shared/peers.py" "$work/shared" \
		<"$work/in" >"$work/out" 2>"$work/log" &
	last=$!
	started="$started $last"
	exec 9>"$work/in"
	until_true grep -q ready "$work/out"
	target=$(sed -n 's/^pid //p' "$work/out")
	unprivileged() {
		as env XDG_CONFIG_HOME=/nonexistent "$open/grmon-c" dump "$target" -s native -f json >"$work/dump.json" &&
			python3 "$beside/native_peers_wait.py" "$work/dump.json" "$work/out" tcp io-read \
				"fd [0-9]+ tcp $end -> $end$with \\(tTHREAD\\)"
	}
	until_true unprivileged
	ok $? 'for an ordinary user: TCP sockets in another network namespace have their peers' "$(unprivileged)"
	land
	rm -rf "$open"
else
	ok 0 'for an ordinary user: TCP sockets in another network namespace # SKIP none can be made'
fi

# The server's threads name the process at the other end of their sockets.
launch env
target=$(sed -n 's/^wait tcp [0-9]* \([0-9]*\) .*/\1/p' "$work/out")
first=$(sed -n 's/^pid //p' "$work/out")
tid=$(sed -n 's/^wait tcp \([0-9]*\) .*/\1/p' "$work/out")
check 'sockets of the server have the client as their peer' until_true sees "$target" \
	"row state=io-read waits_on.text*='with python3 $first (t$tid)'"
check 'a wait in an epoll describes the epoll' sees "$target" \
	"row state=poll waits_on.text^='epoll '"
check 'the text of dump names the peer' sh -c "'$client' dump $target | grep -q 'with python3 $first (t$tid)'"
land

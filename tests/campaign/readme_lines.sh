#!/bin/sh
# SPDX-License-Identifier: MIT
# readme_lines.sh LINES: runs each line of a file, the commands of the README, with the installed
# grmon-c, beside programs of the names that these lines have. Says "ok - LINE", or "not ok" and what
# was seen. Needs no more than a minimal Debian. Only for a throw-away system: works in /root.
set -u
lines=$1
mkdir -p /root/readme
cd /root/readme || exit 2
started=
trap 'kill $started 2>/dev/null' EXIT

until_true() {
	i=0
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 300 ] || return 1
		sleep 0.1
	done
}
begin() {
	"$@" >/dev/null 2>&1 &
	started="$started $!"
}
for name in redis-server server worker; do cp /bin/sleep "$name"; done
printf '#!/bin/sh\nexec sleep 600\n' >app.py
printf '#!/bin/sh\nexit 0\n' >my-tests
chmod +x app.py my-tests
for name in redis-server worker server; do begin "./$name" 3600; done
pid=$!
printf 'goroutine 7 [chan receive, 3 minutes]:\nmain.work()\n\t/w.go:3 +0x1\n' >crash.log
grmon-c dump "$pid" -f json >a.json
grmon-c dump "$pid" -f json >b.json
# A program with net/http/pprof.
begin perl -MIO::Socket::INET -e '
	my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 6060, ReuseAddr => 1) or die;
	while (my $client = $server->accept) {
		my $first = <$client>;
		while (my $line = <$client>) { last if $line =~ /^\r?$/ }
		my $text = $first =~ /debug=1/ ? "goroutine profile: total 1\n1 @ 0x1 0x2\n#\t0x1\tmain.work+0x1\t/w.go:3\n\n"
			: "goroutine 7 [chan receive, 3 minutes]:\nmain.work()\n\t/w.go:3 +0x1\n";
		print $client "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " . length($text) . "\r\n\r\n$text";
		close $client;
	}'

# view COMMAND…: in a terminal of its own, until the keys are shown; then q.
view() {
	rm -f keys screen
	mkfifo keys
	TERM=xterm script -qefc "stty rows 40 cols 120; $*" screen <keys >/dev/null 2>&1 &
	viewer=$!
	exec 3>keys
	until_true grep -q quit screen || return 1
	printf q >&3
	wait "$viewer"
	code=$?
	exec 3>&-
	return $code
}
# ends WORDS COMMAND…: runs until it has said the words, then ^C.
ends() {
	words=$1
	shift
	rm -f said a.grmon
	# A shell ignores ^C for what it starts in the background.
	env --default-signal=INT "$@" >said 2>&1 &
	ended=$!
	until_true eval "$words" || return 1
	kill -INT "$ended"
	wait "$ended"
	code=$?
	[ ! -e a.grmon ] || mv a.grmon kept
	return $code
}

failed=0
while read -r line; do
	# As it stands, but for the number of a process, and the time.
	command=$(echo "$line" | sed "s/ *#.*//; s/4711/$pid/g; s/--for 5m/--for 3s/; s,./server -p 80,./server 80,")
	set -- $command
	case $command in
	*' record '*) ends 'test -s a.grmon' "$@" ;;
	*' export '*) ends 'grep -q "served on" said' "$@" ;;
	# There is no program here whose memory can be read so.
	*' --holds'*) ! "$@" >said 2>&1 && grep -q -- '--holds: only what' said ;;
	*' dump '* | *' report '* | *' diff '* | *' check '*) "$@" >said 2>&1 ;;
	*) view "$command" ;;
	esac </dev/null
	code=$?
	if [ $code -eq 0 ]; then
		echo "ok - $command"
	else
		failed=1
		echo "not ok - $command: exit status $code"
		tail -n 5 said screen 2>/dev/null | cat -v | sed 's/^/# /'
	fi
done <"$lines"
[ -s kept ] && grmon-c report kept >said 2>&1 && echo 'ok - the recording can be read' || failed=1
exit $failed

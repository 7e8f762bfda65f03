#!/bin/sh
# SPDX-License-Identifier: MIT
# A target with memory that never answers: every command shows what is known, says what does not
# answer, and ends on a signal.
. "$(dirname "$0")/lib.sh"
need python3
need curl
case ${SAN:-} in *thread*) skip_all 'ThreadSanitizer delays the signal that ends a lost thread' ;; esac
plan 23

files=$BUILD/tests/targets/dead_files
pages=$BUILD/tests/targets/dead_pages
mkdir "$work/mount"
mkfifo "$work/in" "$work/held"
exec 8<>"$work/in" 9<>"$work/held"
finish_mount() {
	exec 8>&- 9>&-
	kill "$server" 2>/dev/null
	umount -l "$work/mount" 2>/dev/null
	finish
}
[ -c /dev/fuse ] || skip_all 'there is no /dev/fuse'
"$files" "$work/mount" "$pages" <"$work/held" >"$work/server" 2>&1 &
server=$!
trap finish_mount EXIT INT TERM
until_true grep -q . "$work/server"
grep -q ready "$work/server" || skip_all "no file system can be mounted here: $(cat "$work/server")"
"$pages" "$work/mount/file" <"$work/in" >"$work/out" 2>"$work/log" &
target=$!
started=$target
until_true grep -q ready "$work/out"

kill -USR1 "$server"

dumped() { dump "$target" 2>"$work/err" && ask "$1"; }
check 'dump has all rows' dumped 'count = 4 and every has state'
check 'dump has stacks and holders of the other threads' ask \
	'row name=waiter has stack.*.function=waiter_thread waits_on.owner'
check 'dump says what does not answer' ask "has errors.0*='the memory of $target does not answer'"
check 'dump says so on the standard error too' grep -q "^grmon-c: the memory of $target does not answer" "$work/err"

# Beside others it does not keep them from being read.
sleep 600 &
neighbour=$!
started="$started $neighbour"
pair() { dump "$target" "$neighbour" 2>"$work/err" && ask "$1"; }
check 'another process of a service has its stack' pair "row tid=$neighbour has stack state=sleep"
check 'the silent one has its rows' ask "count pid=$target = 4"
check 'the dump of both says which one does not answer' ask \
	"has errors.0*='the memory of $target does not answer'"

# The commands run at once, because each waits for the same memory.
timeout 60 "$client" report "$target" --for 1s >"$work/report" 2>&1 &
report=$!
timeout 60 "$client" record "$target" --for 1s -o "$work/recording" 2>"$work/err" &
record=$!
timeout 60 "$client" check "$target" --for 1s 2>"$work/check" &
check=$!
wait $report && grep -q "the memory of $target does not answer" "$work/report"
ok $? 'report keeps to --for and says what does not answer' "$(cat "$work/report")"
wait $record && "$client" dump "$work/recording" | grep -q "the memory of $target does not answer"
ok $? 'record keeps to --for, and its recording says what does not answer' "$(cat "$work/err")"
wait $check && grep -q 'check passed' "$work/check"
ok $? 'check keeps to --for' "$(cat "$work/check")"

# A signal ends a command at once, while it reads memory that does not answer.
check 'SIGTERM ends dump while it reads' python3 "$beside/silent_memory_ends.py" TERM -15 "$client" dump "$target"
check 'SIGINT ends report while it reads' python3 "$beside/silent_memory_ends.py" INT 4 "$client" report "$target" --for 60s
check 'SIGTERM ends check while it reads, and it has neither passed nor failed' python3 "$beside/silent_memory_ends.py" TERM 4 "$client" check "$target" --for 60s

# The other target is served in the meantime, and this one stays.
sleep 600 &
other=$!
started="$started $other"
port=$(free_port)
start "$client" export "$target" "$other" --listen "127.0.0.1:$port"
exporter=$last
# scrape PID…: the exporter serves each of them with grmon_up 1.
scrape() {
	curl -sf -m 1 "http://127.0.0.1:$port/metrics" >"$work/metrics" || return
	for pid; do
		grep -q "^grmon_up.*pid=\"$pid\"} 1$" "$work/metrics" || return
	done
}
check 'export: the other target is served at once' until_true scrape "$other"
check 'export: the silent target is served with what is known' until_true scrape "$target" "$other"
silent() { curl -sf -m 1 "http://127.0.0.1:$port/metrics" | grep -q "^grmon_memory_silent.*pid=\"$1\"} $2"; }
silent "$target" 1 && silent "$other" 0
ok $? 'export: a metric says whose memory is silent'
kill "$exporter"

kill -USR2 "$server"
healed() { sees "$target" 'has !errors'; }
check 'rows are complete as soon as the memory answers again' until_true healed
kill "$target"

# A program whose file does not answer: a process that opens it cannot be killed, but the client must
# end. The program's arguments are in such a page too, so /proc/PID/cmdline does not answer either.
: >"$work/out" # which still has the word of the program before
"$work/mount/file" "$work/mount/file" 1 words <"$work/in" >"$work/out" 2>"$work/log" &
target=$!
started="$started $target"
until_true grep -q ready "$work/out"
kill -USR1 "$server"
timeout -s KILL 60 "$client" ls >"$work/ls" 2>&1 &
list=$!
timeout -s KILL 60 "$client" report "$target" --for 60s >"$work/report" 2>&1 &
report=$!
check 'dump shows the rows of a program whose file does not answer' sees "$target" \
	'count = 4 and has errors and row name=waiter has waits_on.owner'
kill -TERM $report
wait $report
ok $? 'SIGTERM ends report of that program' "$(cat "$work/report")"
wait $list && grep -q "^ *$target .*\[file\]" "$work/ls" && grep -q "^ *$server .*dead_files" "$work/ls"
ok $? 'ls lists that program with the others' "$(cat "$work/ls")"

# A command whose own file does not answer, and one that cannot be killed.
timeout -s KILL 30 "$client" check --for 1s -- "$work/mount/unknown" >"$work/check" 2>&1
[ $? = 3 ] && grep -q 'its file did not answer' "$work/check"
ok $? 'check of a command whose file does not answer keeps to --for' "$(cat "$work/check")"
timeout -s KILL 30 timeout 1 "$client" check -- "$work/mount/other" >"$work/check" 2>&1
[ $? = 124 ] && grep -q 'before its first sample' "$work/check"
ok $? 'check of such a command ends with SIGTERM' "$(cat "$work/check")"
# The command may need more than that time to begin.
unkillable() {
	timeout -s KILL 30 "$client" check --for 1s -- python3 -c 'import os, sys
os.stat(sys.argv[1])' "$work/mount/third" >"$work/check" 2>&1
	[ $? = 0 ] && grep -q 'cannot end process' "$work/check" && grep -q 'check passed' "$work/check"
}
until_true unkillable
ok $? 'check does not wait for a command that cannot be killed' "$(cat "$work/check")"
kill -9 "$target"

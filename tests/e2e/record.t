#!/bin/sh
# SPDX-License-Identifier: MIT
# A recording shows the target as it was: dumps of the file, through a pipe, and while it is written;
# recorders that are killed, a file that cannot grow, and files that rotate.
. "$(dirname "$0")/lib.sh"
need python3
plan 21

start python3 "$beside/record_target.py"
target=$last
until_true grep -q ready "$work/log"
cd "$work" || exit 1

# A recorder that gets no CPU until long after its time; it goes on further below.
start "$client" record "$target" -o slow.grmon --for 0.1s
slow=$last
until_true test -e slow.grmon
kill -STOP "$slow"

"$client" record "$target" -o a.grmon -i 0.1 --for 1
ok $? "record ends by itself after --for"
live_equals_file() {
	"$client" dump -f json "$target" >live.json && "$client" dump -f json a.grmon >file.json &&
		python3 "$beside/record_same.py"
}
check "a dump of the recording is the dump of the target" live_equals_file
first_is() { "$client" dump -f json - <a.grmon >b.json && cmp -s b.json file.json; }
check "a recording is read from the standard input" first_is
piped() {
	"$client" record "$target" -o - -i 0.1 --for 0.5 | cat | "$client" dump - | grep -q "tasks 4"
}
check "a recording is read through a pipe while it is written" piped
of_dump() { "$client" dump file.json | grep -q "tasks 4"; }
check "a dump in JSON can be dumped again" of_dump

runs=${GRMON_RECORD_KILLS:-25}
run=0
while [ $run -lt "$runs" ]; do
	run=$((run + 1))
	"$client" record "$target" -o killed -i 0.01 2>/dev/null &
	recorder=$!
	started="$started $recorder"
	# The recorder first ends the line that was cut and writes a header, then a sample or a part of one.
	begun() { [ "$(grep -c '"stream"' killed 2>/dev/null)" -ge "$run" ]; }
	until_true begun
	size=$(wc -c 2>/dev/null <killed || echo 0)
	grown() { [ "$(wc -c 2>/dev/null <killed || echo 0)" -gt "$size" ]; }
	until_true grown
	kill -9 "$recorder"
	wait "$recorder" 2>/dev/null
done
whole() {
	python3 "$beside/record_killed.py" "$runs"
}
check "each of $runs killed recorders loses at most its last line" whole
after_kills() { "$client" dump killed | grep -q "tasks 4"; }
check "the file that they shared is read to its end" after_kills

behind_cut() {
	head -c -300 a.grmon >shorter && cp shorter behind && "$client" record "$target" -o behind -i 0.1 --for 0.5 &&
		"$client" report -f json behind >report.json && python3 "$beside/record_behind.py"
}
check "a report continues after a line that was cut" behind_cut

# A wait is recorded with its own stack, although stacks are not read in every sample.
start env LD_PRELOAD="$agent" "$(python3 -c 'import sys; print(sys.executable)')" "$beside/record_turns.py"
until_true grep -q turns "$work/log"
stacks_in_turn() {
	record_some 60 turns.grmon "$last" -i 0.03 && python3 "$beside/record_stacks.py"
}
check "stacks change with the waits" stacks_in_turn

full() {
	start sh -c 'ulimit -f 24; exec "$0" "$@" 2>full.log' "$client" record "$target" -o small -i 0.01
	until_true grep -q "cannot write small" full.log
	# It tries again with every sample, and says so once.
	sleep 0.1
	kill -INT "$last"
	wait "$last"
	[ $? -eq 2 ] && grep -q "cannot write small" full.log &&
		[ "$(grep -c 'cannot write' full.log)" -le 2 ] &&
		"$client" dump small | grep -q "tasks 4"
}
check "a file that cannot grow is an error, and its samples are read" full

# records_until CONDITION OPTION…: records the target until that is true.
records_until() {
	condition=$1
	shift
	start "$client" record "$target" "$@"
	until_true "$condition"
	kill -INT "$last"
	wait "$last"
}
# One file has been dropped when the first of them is another one.
has_dropped() { [ -s turns.2 ] && { [ -n "$oldest" ] || oldest=$(head -c 100 turns.2); } && [ "$(head -c 100 turns.2)" != "$oldest" ]; }
oldest=
records_until has_dropped -o turns -i 0.02 --rotate 3k --keep-files 2
turned() {
	[ -s turns.1 ] && [ -s turns.2 ] && [ ! -e turns.3 ] &&
		"$client" dump turns.1 | grep -q "tasks 4" &&
		"$client" dump turns.2 | grep -q "tasks 4"
}
check "files rotate, and each can be read alone" turned

as_one() {
	"$client" dump -f json --at start turns >first.json && "$client" dump -f json --at start turns.2 >oldest.json &&
		cmp first.json oldest.json && "$client" dump -f json --at start turns.1 >second.json &&
		! cmp -s first.json second.json &&
		"$client" dump -f json turns.1 >end.json &&
		time=$(sed -n 's/.*"time": "\([^"]*\)".*/\1/p' end.json) &&
		"$client" dump -f json --at "$time" turns >there.json && cmp there.json end.json
}
check "all rotated files are read as one recording by the name of the first" as_one
has_old() { [ -s old.4 ]; }
by_time() {
	began=$(date +%s%N)
	records_until has_old -o old -i 0.02 --rotate 250ms --keep-files 20 || return 1
	most=$((($(date +%s%N) - began) / 250000000 + 2))
	set -- old*
	echo "$# files, at most $most expected"
	[ -s old.4 ] && [ $# -le $most ]
}
check "files rotate by time too" by_time
kill -CONT "$slow"
wait "$slow"
slow_code=$?
slowed() { [ $slow_code -eq 0 ] && "$client" dump slow.grmon | grep -q "tasks 4"; }
check "a recorder that got no CPU in its time has a sample nevertheless" slowed
foreign() {
	cp turns mixed && echo "no recording" >mixed.1 && "$client" dump -f json --at start mixed >mixed.json && "$client" dump mixed | grep -q "tasks 4"
}
check "a file of that name that is not a recording is left alone" foreign

# A full disk: a small tmpfs, if this user may mount one.
disk() {
	mkdir -p disk
	unshare -m sh -ec '
		mount -t tmpfs -o size=64k tmpfs disk
		dd if=/dev/zero of=disk/filler bs=1k count=48 2>/dev/null
		"$1" record "$2" -o disk/full -i 0.01 2>disk.log &
		recorder=$!
		i=0
		until grep -q "trying again" disk.log || [ $i -ge 800 ]; do i=$((i + 1)); sleep 0.05; done
		grep "cannot write disk/full" disk.log
		"$1" dump disk/full | grep "tasks 4"
		# When there is room again recording continues, and the new samples are read.
		rm disk/filler
		i=0
		size=$(wc -c <disk/full)
		until [ "$(wc -c <disk/full)" -ge $((size + 8000)) ] || [ $i -ge 800 ]; do i=$((i + 1)); sleep 0.05; done
		kill $recorder
		wait $recorder
		end=$("$1" dump -f json disk/full | sed -n "s/.*\"time\": \"\([^\"]*\)\".*/\1/p")
		last=$(tail -n 1 disk/full | sed -n "s/.*\"time\": \"\([^\"]*\)\".*/\1/p")
		echo "$end $last"
		[ -n "$end" ] && [ "$end" = "$last" ]
	' sh "$client" "$target"
}
if unshare -m true 2>/dev/null && [ "$(id -u)" -eq 0 ] && mkdir -p disk && unshare -m mount -t tmpfs tmpfs disk 2>/dev/null; then
	check "a full disk is reported, its samples are read, and recording continues when there is room" disk
else
	tests=$((tests + 1))
	echo "ok $tests - a full disk # SKIP no tmpfs can be mounted"
fi
cut_pipe() {
	"$client" record "$target" -o - -i 0.01 2>pipe.log | head -c 2000 >/dev/null
	[ ! -s pipe.log ]
}
check "a closed pipe ends the recording, without a message" cut_pipe

"$client" record "$target" 2>usage.log
[ $? -eq 2 ] && grep -q -- '-o FILE' usage.log
ok $? "record without -o says that it is missing"
"$client" record "$target" -o c --rotate 7x 2>usage.log
[ $? -eq 2 ] && grep -q 'neither a size' usage.log
ok $? "an invalid --rotate says what it accepts"
echo 'notes of mine' >notes
"$client" record "$target" -o notes --for 1 2>usage.log
[ $? -eq 2 ] && [ "$(cat notes)" = 'notes of mine' ] && grep -q 'not a recording' usage.log
ok $? "nothing is appended to a file that is not a recording" "$(cat usage.log)"
private() {
	(umask 022 && "$client" dump "$target" -o private.txt && "$client" report a.grmon -o private.html -f html) || return 1
	[ "$(stat -c %a private.txt private.html a.grmon | sort -u)" = 600 ]
}
check "only their user can read new dumps, reports and recordings" private

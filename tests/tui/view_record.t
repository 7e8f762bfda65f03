#!/bin/sh
# SPDX-License-Identifier: MIT
# R records to a file that can be replayed, and y writes a snapshot that can be opened, of a real
# redis-server. A folder that is not writable and a full disk are reported, and recording continues
# when there is room again.
. "$(dirname "$0")/lib.sh"
need redis-server
need redis-cli
plan 22

redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --appendonly no \
	--dir "$work" >/dev/null 2>&1 &
target=$!
started="$started $target"
ping() { redis-cli -s "$work/redis.sock" ping | grep -q PONG; }
until_true ping || { echo "Bail out! redis-server does not start"; exit 1; }

mkdir "$work/here"
open_shell 110 30
run_in_shell "cd $work/here"
view "-i 0.1 $target"
press R
expect 'recording to [^ ]*redis-server-[0-9]+-[0-9]+-[0-9]+\.grmon; R stops|recording to [^ ]*\.grmon; R stops' \
	"R starts recording, and the footer names the file"
expect ' REC [0-9.]+[BKM]? [0-9.]+m?s *$' "the header shows the size and the time of the recording"
file=$(find "$work/here" -name '*.grmon')
[ -s "$file" ]
ok $? "the recording exists"
[ "$(stat -c %a "$file")" = 600 ]
ok $? "only this user can read the recording"
has_samples() { [ "$(wc -l <"$file")" -gt 5 ]; }
until_true has_samples
ok $? "the recording grows"
press g x t
expect ' REC ' "recording continues in other views"
press R
expect 'recorded to [^ ]*\.grmon, [0-9.]+[BKM]?' "R again stops recording, and the footer has the size"
expect_gone ' REC ' "the header shows no recording any more"
lines=$(wc -l <"$file")
press y
expect 'written to [^ ]*\.json' "y writes the snapshot, and the footer names the file"
dump=$(find "$work/here" -name '*.json')
[ "$(wc -l <"$file")" -eq "$lines" ]
ok $? "nothing is recorded any more"
press q
wait_for '^status=0'

view "$file"
expect 'REPLAY [0-9:]*Z ([0-9]+)/\1$' "the recording replays"
expect 'redis-server +pid '"$target"' ' "the recording is of that process"
expect '^. +t'"$target"' +poll ' "the recording has its tasks"
press R
expect 'this is already a recording' "a recording is not recorded"
press q
wait_for '^status=0'
view "$dump"
expect '^. +t'"$target"' +poll ' "the dump opens in the view"
press q
wait_for '^status=0'
"$client" dump -f json "$dump" >"$work/again.json" 2>"$work/err" &&
	grep -q "\"t$target\"" "$work/again.json"
ok $? "dump reads the snapshot too"

# A full disk: a tmpfs that no other process sees, as root or in a user namespace.
space=
for how in "unshare -m" "unshare -rm"; do
	$how sh -c "mount -t tmpfs -o size=256k none '$work/here'" 2>/dev/null && space=$how && break
done
if [ -z "$space" ]; then
	for point in "is said" "the header marks it" "by y too" "room again" "goes on" "replays"; do
		ok 0 "a full disk: $point # SKIP there is no mount namespace"
	done
	exit
fi
cat >"$work/full.sh" <<SH
mount -t tmpfs -o size=256k none "$work/here" && cd "$work/here" || exit 1
head -c 300000 /dev/zero >fill 2>/dev/null
exec "$client" -i 0.1 $target
SH
run_in_shell "cd $work; clear; $space sh $work/full.sh; echo status=\$?"
wait_for 'ID +STATE'
press y
expect 'No space left' "y reports a full disk"
press R
expect 'not recorded: .*No space left|No space left' "R reports a full disk"
expect ' REC! | REC |not recorded' "the header says that nothing is recorded"
rm -f "/proc/$(view_pid)/cwd/fill"
sees ' REC' || press R
expect ' REC [0-9.]+[BKM]? ' "recording continues when there is room again"
has_lines() { [ "$(cat /proc/"$(view_pid)"/cwd/*.grmon 2>/dev/null | wc -l)" -gt 5 ]; }
until_true has_lines
cat /proc/"$(view_pid)"/cwd/*.grmon >"$work/full.grmon"
press R
wait_for 'recorded to '
press q
wait_for '^status=0'
"$client" dump "$work/full.grmon" >"$work/full.txt" 2>&1
ok $? "the file on that disk is a recording"
grep -q "^redis-server (pid $target)" "$work/full.txt"
ok $? "the next recording is of that process"

#!/bin/sh
# SPDX-License-Identifier: MIT
# R writes what is watched to a recording that can be replayed, and y a snapshot that can be
# opened, on a real redis-server; a folder that is not writable and a disk that is full are
# reported, and when there is room again the recording continues.
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
	"R records, and says where"
expect ' REC [0-9.]+[BKM]? [0-9.]+m?s *$' "the header shows the recording, with size and time"
file=$(find "$work/here" -name '*.grmon')
[ -s "$file" ]
ok $? "the file exists"
[ "$(stat -c %a "$file")" = 600 ]
ok $? "only this user can read it"
looks() { [ "$(wc -l <"$file")" -gt 5 ]; }
until_true looks
ok $? "the file grows"
press g x t
expect ' REC ' "other views keep recording"
press R
expect 'recorded to [^ ]*\.grmon, [0-9.]+[BKM]?' "R again stops, and says the size"
expect_gone ' REC ' "the header has no recording any more"
lines=$(wc -l <"$file")
press y
expect 'written to [^ ]*\.json' "y writes the snapshot, and says where"
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
ok $? "and can be dumped again"

# A disk that is full: a tmpfs that no other process sees, as root or in a user namespace.
space=
for how in "unshare -m" "unshare -rm"; do
	$how sh -c "mount -t tmpfs -o size=256k none '$work/here'" 2>/dev/null && space=$how && break
done
if [ -z "$space" ]; then
	for point in "is said" "the header marks it" "by y too" "room again" "goes on" "replays"; do
		ok 0 "a full disk: $point # SKIP no mount namespace here"
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
expect 'No space left' "a full disk: y says that there is no room"
press R
expect 'not recorded: .*No space left|No space left' "R reports the full disk too"
expect ' REC! | REC |not recorded' "the header says that nothing is recorded"
rm -f "/proc/$(view_pid)/cwd/fill"
sees ' REC' || press R
expect ' REC [0-9.]+[BKM]? ' "with room again recording continues"
has_lines() { [ "$(cat /proc/"$(view_pid)"/cwd/*.grmon 2>/dev/null | wc -l)" -gt 5 ]; }
until_true has_lines
cat /proc/"$(view_pid)"/cwd/*.grmon >"$work/full.grmon"
press R
wait_for 'recorded to '
press q
wait_for '^status=0'
"$client" dump "$work/full.grmon" >"$work/full.txt" 2>&1
ok $? "and what was written is a recording"
grep -q "^redis-server (pid $target)" "$work/full.txt"
ok $? "the recording after it is of that process"

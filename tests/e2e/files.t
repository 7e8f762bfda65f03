#!/bin/sh
# SPDX-License-Identifier: MIT
# Files that are read and written: recordings that are empty, cut or damaged, whose recorder was
# killed while it rotated files, or whose disk is full; a configuration that is not a file; and
# the output of -o, which is either complete or not written.
. "$(dirname "$0")/lib.sh"
need python3
plan 31
cd "$work" || exit 1

start sleep 600
target=$last
"$client" record "$target" -o whole --for 1s -i 0.05
# says STATUS SENTENCE COMMAND…: the command exits with STATUS and prints SENTENCE on stderr.
says() {
	wanted=$1 sentence=$2
	shift 2
	timeout 20 "$client" "$@" >out 2>err
	got=$?
	[ $got -eq "$wanted" ] && grep -qE -- "$sentence" err && return
	echo "exit $got, not $wanted; wanted: $sentence"
	head -c 2000 err
	return 1
}
samples_of() { "$client" report -f json "$1" 2>err | sed -n 's/.*"looks": \([0-9]*\).*/\1/p' | head -1; }
all=$(samples_of whole)
ok "$([ "$all" -ge 5 ]; echo $?)" 'a recording is written' "$all samples"

: >empty
check 'an empty recording is reported as empty' says 3 'is empty: nothing has been recorded' report empty
head -c 9 whole >first
check 'a recording that was cut in its first line is reported' says 3 'cut off at byte 9,' dump first
head -c 700 whole >second
check 'a recording that was cut in its first sample is reported' says 3 'cut off at byte 700,' check --no-deadlock second
head -c -9 whole >"cut"
at=$(head -n -1 whole | wc -c)
check 'a recording that was cut in its last sample is reported' says 0 "ends in the middle of a sample, at byte $at" report cut
same() { [ "$(samples_of "$1")" -eq "$2" ]; }
check 'all other samples of that recording are read' same cut $((all - 1))
check 'dump reports the cut too' sh -c "'$client' dump cut | grep 'at byte $at'"

# damage FILE LINE: changes four bytes near the end of the line, after its type
damage() {
	python3 "$beside/files_damage.py" "$2" >"$1"
}
damage middle 4
at=$(head -n 4 whole | wc -c)
check 'a damaged sample in the middle is reported with its byte' says 0 \
	"^grmon-c: $((all - 3)) of the $all snapshots cannot be read: the recording is damaged at byte $at, after 20" report middle
check 'check reports the damaged sample too' says 0 "damaged at byte $at" check --no-deadlock middle
check 'the samples before the damaged one are read' same middle 3
damage begin 1
at=$(head -n 1 whole | wc -c)
check 'a damaged first sample, without which no other can be read, is an error' says 3 "no sample .* can be read: it is damaged at byte $at" dump begin
cat begin whole >later
check 'the samples after the next header are read' same later "$all"
damage head 0
check 'a damaged header is reported' says 0 '1 line that is not a sample, the first at byte 0' report head
check 'all samples after a damaged header are read' same head "$all"

# FILE was renamed, and the new one does not exist yet, or exists and is empty.
cp whole turned.1
check 'FILE.1 is read if FILE does not exist yet' same turned "$all"
: >turned
check 'FILE.1 is read if FILE is empty' same turned "$all"
echo something >grmon-c-other.1
check 'FILE.1 is not read if it is not a recording' says 3 'no process and no file|no process is called' dump grmon-c-other

if command -v strace >/dev/null && strace -o trace -e trace=none true 2>/dev/null; then
	samples() { cat turns* 2>/dev/null | grep -a '"clock_ns"' | grep -ao '"real_ns": [0-9]*' | sort -u; }
	killed() {
		: >before
		for number in 1 2 3 4 5 6 7 8; do
			strace -f -o trace -e trace=/rename -e "inject=/rename:signal=SIGKILL:when=$number" \
				"$client" record "$target" -o turns -i 0.01 --rotate 1k --keep-files 50 --for 20s
			grep -q 'killed by SIGKILL' trace || { echo "$number: not killed"; return 1; }
			samples >after
			# No sample is lost, and all are read.
			lost=$(comm -23 before after | wc -l)
			[ "$lost" -eq 0 ] && [ "$(samples_of turns)" -eq "$(wc -l <after)" ] || {
				echo "$number: $lost lost, $(samples_of turns) read of $(wc -l <after)"
				cat err
				ls
				return 1
			}
			mv after before
		done
		[ "$(wc -l <before)" -ge 8 ]
	}
	check 'a recorder that is killed at each of its renames loses nothing' killed
else
	ok 0 'a recorder that is killed at each of its renames # SKIP strace cannot be used'
fi

# A disk of 16 kB, which only root may mount.
if unshare -m true 2>/dev/null && mkdir disk && unshare -m mount -t tmpfs -o size=16k none disk 2>/dev/null; then
	full() {
		unshare -m sh -c "mount -t tmpfs -o size=16k none disk
			cp whole disk/file
			timeout 20 '$client' record $target -o disk/file -i 0.01 --for 2s
			echo \$? >status
			grep -ac clock_ns disk/file >kept
			'$client' report -f json disk/file
			mount -o remount,ro disk
			'$client' dump $target -o disk/new
			'$client' record $target -o disk/file --for 1s
			'$client' dump disk/file >read-only" >out 2>err
		cat out err
		[ "$(cat status)" -eq 2 ] && [ "$(grep -c 'cannot write disk/file: No space left on device; trying again' err)" -eq 1 ] &&
			[ "$(sed -n 's/.*"looks": \([0-9]*\).*/\1/p' out | head -1)" -ge $(($(cat kept) - 1)) ] &&
			grep -q 'cannot write disk/new: Read-only file system' err &&
			grep -q 'cannot write disk/file: Read-only file system' err && grep -q "pid $target" read-only
	}
	check 'a full disk and a read-only one are reported, and what was written is read' full
else
	ok 0 'a full disk and a read-only one # SKIP nothing can be mounted here'
fi

# A configuration that is not a regular file.
folder=$XDG_CONFIG_HOME/grmon-c
mkdir -p "$folder"
config() {
	says 2 "config.json.*$1" ls && [ "$(wc -l <err)" -eq 1 ] || return 1
	rm -rf "$folder/config.json"
}
mkfifo "$folder/config.json"
check 'a pipe is refused as a configuration' config 'is a pipe, not a file'
mkdir "$folder/config.json"
check 'a directory is refused as a configuration' config 'is a directory, not a file'
ln -s /dev/zero "$folder/config.json"
check 'a device is refused as a configuration' config 'is a device, not a file'
ln -s config.json "$folder/config.json"
check 'a link to itself is refused as a configuration' config 'symbolic links'
truncate -s 1G "$folder/config.json"
check 'a file of a gigabyte is refused as a configuration' config 'larger than the limit of 65536 bytes'

# The output of -o.
"$client" dump "$target" -o new && [ "$(stat -c %a new)" = 600 ]
ok $? 'only its user can read a new file' "$(ls -l new)"
echo old >old
chmod 644 old
ln -s old link
"$client" dump "$target" -f json -o link && [ -L link ] && grep -q '"grmon"' old && [ "$(stat -c %a old)" = 644 ]
ok $? 'a link stays a link, and a file keeps its mode' "$(ls -l)"
mkdir alone
echo old >alone/file
prlimit --fsize=50 --core=0 "$client" dump "$target" -f json -o alone/file 2>err
[ $? -ne 0 ] && [ "$(cat alone/file)" = old ] && [ "$(ls alone)" = file ]
ok $? 'a write that fails leaves the old file, and no temporary one' "$(ls -l alone)"
for format in folded pprof openmetrics; do
	"$client" dump "$target" -f $format -o alone/file || echo "$format"
done >out 2>&1
"$client" report --for 1s -f html "$target" -o alone/file && grep -q '<html' alone/file && [ "$(ls alone)" = file ] && [ ! -s out ]
ok $? 'the same holds for every format' "$(ls -l alone; cat out)"
"$client" dump "$target" -o /dev/stdout | grep -q "pid $target" && mkfifo pipe && {
	cat pipe >piped &
	timeout 20 "$client" dump "$target" -o pipe && wait $! && grep -q "pid $target" piped && [ -p pipe ]
}
ok $? 'a pipe is written to, not replaced' "$(ls -l pipe)"
if [ "$(id -u)" -eq 0 ]; then
	ln -s old theirs
	chown -h 65534 theirs
	cp old kept
	foreign() {
		says 2 'theirs is a link that another user has created' dump "$target" -o theirs &&
			says 2 'theirs is a link that another user has created' record "$target" -o theirs --for 1s && cmp old kept
	}
	check 'a link that another user made is not followed' foreign
else
	ok 0 'a link that another user made # SKIP only root can make one'
fi

# Twelve stacks of one goroutine each.
for number in 7 3 11 1 9 5 12 2 8 4 10 6; do
	printf 'goroutine %d [chan receive]:\nmain.work%d()\n\t/w.go:%d +0x1\nmain.main()\n\t/w.go:90 +0x1\n\n' $number $number $number
done >"$work/twelve"
same_order() {
	"$client" dump -f folded "$work/twelve" >"$work/first" && [ "$(wc -l <"$work/first")" -eq 12 ] || return 1
	for _ in 1 2 3 4 5; do
		"$client" dump -f folded "$work/twelve" | cmp - "$work/first" || return 1
	done
}
check 'folded: lines of the same weight have the same order each time' same_order

#!/bin/sh
# SPDX-License-Identifier: MIT
# Files of a target that are made to be expensive: sparse files, sections that unpack to gigabytes,
# endless tables, files that are cut while they are read, and libraries that are not files. A dump
# needs no more time and memory for them, and has all rows and the names from the other files.
. "$(dirname "$0")/lib.sh"
need python3
need cc
need objcopy
plan 15

cat >"$work/lib.c" <<'C'
#include <unistd.h>
__attribute__((noinline)) static void inner_wait(void) { pause(); __asm__ volatile(""); }
void wait_here(void) { inner_wait(); __asm__ volatile(""); }
C
cc -g -O1 -fPIC -shared -o "$work/plain.so" "$work/lib.c" || skip_all "no shared libraries here"
for kind in sparse huge packed zdebug claims sections symbols segments lines units; do
	python3 tests/e2e/hostile_elf.py $kind "$work/plain.so" "$work/$kind.so"
done
# Unwind tables of a hundred million registers, remembered eight times.
sed 's/{ pause/{ __asm__ volatile(".cfi_escape 0x07,0x80,0xc2,0xd7,0x2f\\n.rept 8\\n.cfi_escape 0x0a\\n.endr"); pause/' \
	"$work/lib.c" >"$work/registers.c"
cc -g -O1 -fPIC -shared -o "$work/registers.so" "$work/registers.c"
for i in 1 2 3 4 5; do cp --sparse=always "$work/sparse.so" "$work/sparse$i.so"; done

# host FILE…: starts the program that waits in each of the libraries; its pid is in $target.
host() {
	rm -f "$work/ready"
	(cd "$work" && exec "$BUILD/tests/targets/file_host" ready "$@") >"$work/log" 2>&1 &
	target=$!
	started="$started $target"
	until_true test -s "$work/ready"
}
# measured SECONDS MEGABYTES COMMAND…: succeeds if the command does, within both limits.
measured() {
	python3 "$beside/hostile_files_measure.py" "$@"
}
frames='in tasks.*.stack.* count function=inner_wait'

# A file that every user may write is treated as another user's.
names='plain.so sparse.so sparse1.so sparse2.so sparse3.so sparse4.so sparse5.so huge.so packed.so zdebug.so claims.so sections.so symbols.so segments.so lines.so units.so registers.so'
# shellcheck disable=SC2086
(cd "$work" && chmod 666 $names)
# shellcheck disable=SC2046,SC2086
host $(printf './%s ' $names)
check 'sparse, packed and endless files of other users cost no more than normal ones' \
	measured 3 200 "$client" dump "$target" -s native -o "$work/dump.json" -f json
check 'the dump has all rows' ask 'count = 18'
check 'functions have the names and lines that can be read' \
	ask "$frames >= 12 and $frames line >= 2"
check 'the dump says which files were skipped' ask 'in errors.* row .*=skipped .*=.so'
kill -9 "$target"
# shellcheck disable=SC2086
(cd "$work" && chmod 644 $names)
# shellcheck disable=SC2046,SC2086
host $(printf './%s ' $names)
check "such files of the same user cost no more than normal ones either" measured 3 300 "$client" dump "$target" -s native -o "$work/dump.json" -f json
check 'functions of such files have their names too' ask "count = 18 and $frames >= 15"
kill -9 "$target"

# Packed symbols, as in the stripped libraries of some distributions.
nm -D "$work/plain.so" --format=posix --defined-only | cut -d' ' -f1 | sort >"$work/exported"
objcopy -S "$work/plain.so" "$work/mini.so"
objcopy --only-keep-debug -g "$work/plain.so" "$work/mini.debug"
python3 "$beside/hostile_files_pack.py" "$work/mini.debug" "$work/bomb"
cp "$work/mini.so" "$work/bomb.so"
objcopy --add-section .gnu_debugdata="$work/mini.debug.xz" "$work/mini.so"
objcopy --add-section .gnu_debugdata="$work/bomb" "$work/bomb.so"
for mode in 644 666; do
	chmod $mode "$work/mini.so" "$work/bomb.so"
	host ./mini.so ./bomb.so
	check "packed symbols are unpacked, but not to 300 MB (mode $mode)" \
		measured 3 200 "$client" dump "$target" -s native -o "$work/dump.json" -f json
	check "functions have their names from packed symbols (mode $mode)" ask "$frames = 1"
	kill -9 "$target"
done

# A file of debug information that is cut and restored all the time.
objcopy --only-keep-debug "$work/plain.so" "$work/cut.debug"
strip -o "$work/cut.so" "$work/plain.so"
(cd "$work" && objcopy --add-gnu-debuglink=cut.debug cut.so)
cp "$work/cut.debug" "$work/whole"
start python3 "$beside/hostile_files_cut.py" "$work/cut.debug" "$work/whole"
cutter=$last
# dumps COUNT: takes COUNT dumps; succeeds if each does.
dumps() {
	i=0
	while [ $i -lt "$1" ]; do
		i=$((i + 1))
		"$client" dump "$target" -s native >/dev/null || return
	done
}
host ./cut.so
check 'a file that is cut while it is mapped does not end the client' dumps 40
chmod 666 "$work/cut.debug"
check 'a file that is cut while it is copied does not end the client' dumps 15
kill "$cutter" "$target"

# The root of a container can mount anything over its libraries.
if ! unshare --user --map-root-user --mount true 2>/dev/null; then
	ok 0 'mounts over libraries # SKIP there are no user namespaces'
	ok 0 'mounts over libraries # SKIP there are no user namespaces'
	ok 0 'mounts over libraries # SKIP there are no user namespaces'
	exit 0
fi
for name in a b c d; do cp "$work/plain.so" "$work/$name.so"; done
mkfifo "$work/fifo"
rm -f "$work/ready"
# shellcheck disable=SC2016
(cd "$work" && exec unshare --user --map-root-user --mount sh -c '
	"$0" ready ./a.so ./b.so ./c.so ./d.so &
	while ! [ -s ready ]; do sleep 0.05; done
	mount --bind fifo a.so && mount --bind /dev/zero b.so && mount --bind /proc/self/environ c.so &&
	echo $! >pid
	echo >fifo
	echo opened >opened
	wait' "$BUILD/tests/targets/file_host") >"$work/log" 2>&1 &
started="$started $!"
until_true test -s "$work/pid"
target=$(pgrep -P "$!" file_host)
started="$started $target"
check 'with a fifo, a device and a file of /proc mounted over libraries, the dump completes' \
	measured 3 200 "$client" dump "$target" -s native -o "$work/dump.json" -f json
check 'functions of the remaining library have their names' ask "count = 5 and $frames = 1"
check 'the fifo was not opened' test ! -e "$work/opened"

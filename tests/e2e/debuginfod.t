#!/bin/sh
# SPDX-License-Identifier: MIT
# Debug information from a server that the user has configured: names appear while the client
# watches, at once if they are cached, and the client does not wait for a server that does not answer.
# In the place of local debug information only regular files with the right checksum are read.
. "$(dirname "$0")/lib.sh"
need python3
need objcopy
plan 10
unset DEBUGINFOD_URLS
export DEBUGINFOD_CACHE_PATH="$work/cache"

# The program keeps only the sections that it needs to run.
mkdir "$work/files" "$work/bin"
cp "$BUILD/tests/targets/kind_fds" "$work/files/kind_fds"
objcopy --only-keep-debug "$work/files/kind_fds" "$work/files/kind_fds.debug"
strip -o "$work/bin/kind_fds" "$work/files/kind_fds"
rm "$work/files/kind_fds"
mkfifo "$work/in"
exec 9<>"$work/in"
"$work/bin/kind_fds" <"$work/in" >"$work/out" 2>&1 9>&- &
pid=$!
started="$started $pid"
until_true grep -q '^ready' "$work/out"
named() { sees "$pid" 'in tasks.*.stack.* row function=in_epoll line' -s native; }
unnamed() { sees "$pid" 'row stack*=kind_fds+0x and in tasks.*.stack.* no function=in_epoll' -s native; }
check 'without debug information there are no names' unnamed

# A server that accepts every connection and never answers.
start python3 "$beside/debuginfod_mute.py"
until_true grep -q '^port' "$work/log"
mute=$(sed -n 's/^port //p' "$work/log")
begin=$(date +%s)
DEBUGINFOD_URLS=http://127.0.0.1:$mute check 'if the server does not answer, rows without names are shown' unnamed
took=$(($(date +%s) - begin))
check "the client does not wait for it ($took s)" [ "$took" -lt 8 ]

if command -v debuginfod >/dev/null 2>&1; then
	port=$(free_port)
	start env -u DEBUGINFOD_CACHE_PATH HOME="$work" debuginfod -d "$work/index" -F -p "$port" "$work/files"
	export DEBUGINFOD_URLS="http://127.0.0.1:$port"
	scanned() {
		curl -sf -m 2 "$DEBUGINFOD_URLS/metrics" |
			grep -qE 'groom\{statistic="buildids"\} [1-9]|thread_work_total\{role="scan"\} [1-9]'
	}
	until_true scanned
	rm -rf "$work/cache"
	start "$client" record "$pid" -s native -i 0.2 -o "$work/stream"
	check 'names appear while the program is watched, without a restart' until_true grep -q '"in_epoll"' "$work/stream"
	kill -INT "$last"
	check 'the next dump has the names from the start' until_true named
	unset DEBUGINFOD_URLS
else
	ok 0 'names from a server # SKIP debuginfod is not installed'
	ok 0 'names from a server # SKIP debuginfod is not installed'
fi
kill -9 "$pid"

# Debug information in a file beside the program, to which a debug link points.
objcopy --remove-section=.note.gnu.build-id --add-gnu-debuglink="$work/files/kind_fds.debug" \
	"$work/bin/kind_fds" "$work/bin/linked"
"$work/bin/linked" <"$work/in" >"$work/out" 2>&1 9>&- &
pid=$!
started="$started $pid"
until_true grep -q '^ready' "$work/out"
mkfifo "$work/bin/kind_fds.debug"
check 'the client does not wait for a fifo in the place of the file' timeout 20 "$client" dump "$pid" -s native
rm "$work/bin/kind_fds.debug"
head -c 5000 "$work/files/kind_fds.debug" >"$work/bin/kind_fds.debug"
check 'a file with another checksum is not used' sees "$pid" \
	'in tasks.*.stack.* no function=in_epoll' -s native
cp "$work/files/kind_fds.debug" "$work/bin/kind_fds.debug"
check 'the file with the right checksum is used' named
kill -9 "$pid"

# The client copies the parts that it needs of another user's files.
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null 2>&1; then
	ok 0 "names of another user's program # SKIP only root can watch another user"
	ok 0 "names of another user's program # SKIP only root can watch another user"
	exit 0
fi
# foreign NAME: starts that program as nobody; its pid is in $pid.
foreign() {
	chmod 711 "$work" "$work/bin"
	chown 65534 "$work/bin/$1"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$work/bin/$1" <"$work/in" >"$work/out" 2>&1 9>&- &
	pid=$!
	started="$started $pid"
	until_true grep -q '^ready' "$work/out"
}
cp "$BUILD/tests/targets/kind_fds" "$work/bin/theirs"
foreign theirs
check "functions of another user's program have their names" named
kill -9 "$pid"
head -c 20000000 /dev/zero >"$work/zeros"
objcopy --remove-section=.debug_line "$BUILD/tests/targets/kind_fds" "$work/bin/plain"
objcopy --add-section=.debug_line="$work/zeros" "$work/bin/plain" "$work/bin/bomb"
foreign bomb
bomb() { sees "$pid" 'in tasks.*.stack.* row function=in_epoll !line' -s native; }
check 'a program with 20 MB of broken line numbers is shown with functions and without lines' bomb

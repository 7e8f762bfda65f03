# SPDX-License-Identifier: MIT
# For every test that is a shell script: paths, a temporary folder ($work), TAP and
# polling. The lib.sh of each folder sources it and ends the test's processes in finish().
# shellcheck shell=sh disable=SC2034

BUILD=${BUILD:-$PWD/build}
# GRMON_CLIENT=FILE tests an installed client, with the library next to it or at
# GRMON_AGENT=.
client=${GRMON_CLIENT:-$BUILD/grmon-c}
agent=${GRMON_AGENT:-}
for file in "${client%/bin/*}"/lib/libgrmon.so* "${client%/bin/*}"/lib/*/libgrmon.so*; do
	[ -n "$agent" ] || [ -z "${GRMON_CLIENT:-}" ] || [ ! -e "$file" ] || agent=$file
done
agent=${agent:-$BUILD/libgrmon.so}
beside=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
export TEST_FOLDER="$work"
export XDG_CONFIG_HOME="$work/config" XDG_RUNTIME_DIR="$work/run"
mkdir -m 700 "$work/config" "$work/run"
started=
tests=0
failures=0

plan() { echo "1..$1"; }
skip_all() { echo "1..0 # SKIP $*"; exit 0; }
need() { command -v "$1" >/dev/null 2>&1 || skip_all "$1 is not installed"; }

# give_up WHY: ends this test, because something that the rest of it needs is missing.
give_up() {
	ok 1 "$1"
	exit 1
}

# still_ours PID…: prints those of the processes that this test has started and that have not ended. The
# pid of one that has ended may be another test's by now.
still_ours() {
	for ours; do
		if grep -q "^PPid:[[:space:]]*$$\$" "/proc/$ours/status" 2>/dev/null ||
			tr '\0' '\n' 2>/dev/null <"/proc/$ours/environ" | grep -qxF "TEST_FOLDER=$work"; then
			echo "$ours"
		fi
	done 2>/dev/null
}

# until_true COMMAND…: polls for 20 s; on a busy machine, where a sample takes long, for
# 100 attempts and at most a minute.
until_true() {
	i=0
	polled_from=$(date +%s)
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		polled_s=$(($(date +%s) - polled_from))
		[ $polled_s -lt 20 ] || [ $i -lt 100 ] && [ $polled_s -lt 60 ] || return 1
		sleep 0.05
	done
}

# ask_file FILE QUESTION…: asks about JSON in a file. tests/ask.py lists the questions.
ask_file() { python3 "$beside/../ask.py" "$@"; }
# ask QUESTION…: asks about the last dump.
ask() { ask_file "$work/dump.json" "$@"; }

# A TCP port that is free now; and whether something listens on one.
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
listens() { bash -c ": <>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }

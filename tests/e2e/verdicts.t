#!/bin/sh
# SPDX-License-Identifier: MIT
# Some of the programs of `make verdicts`: tasks at rest are not red, and tasks that hang are.
. "$(dirname "$0")/lib.sh"
need python3
need gcc
case $0 in /*) here=$(dirname "$0") ;; *) here=$PWD/$(dirname "$0") ;; esac

table() { # table NAME…
	BUILD=$BUILD "$here/../verdicts/run" --no-load --samples 3 "$@" >"$work/table" 2>"$work/said"
	status=$?
	sed 's/^/# /' "$work/table"
	return $status
}
plan 2
# A Python without its own symbols, such as Debian's, does not show the holder of a lock.
set -- 'c: mutex never' 'c: lost' 'c: full pipe' 'c: joins'
python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
for file in "$python" $(ldd "$python" | awk '/libpython/ { print $3 }'); do
	! nm "$file" 2>/dev/null | grep -q ' t lock_PyThread_acquire_lock' || set -- "$@" 'python: with'
done
table hung "$@"
ok $? 'programs that hang are red, by held locks, by their history or by the agent' \
	"$(cat "$work/said" "$work/table")"
table healthy 'c, threads' 'queues' 'executor' 'openmp'
ok $? 'healthy programs are not red, under load or idle' "$(cat "$work/said" "$work/table")"

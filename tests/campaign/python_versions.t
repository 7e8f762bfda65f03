#!/bin/sh
# SPDX-License-Identifier: MIT
# Releases of CPython that this machine does not have, by Debian's own packages unpacked beside: stripped, and
# not the same builds as pyenv's. Threads, waits, holders, deadlocks and tasks as in make check; and from 3.14 on the
# tasks beside what `python -m asyncio ps` and `pstree` say of the same process.
. "$(dirname "$0")/../e2e/lib.sh"
need apt-get
need dpkg
need python3
plan 23

tests='threads deadlock asyncio asyncio_several asyncio_words'
programs='asyncio_several asyncio_waits asyncio_words asyncio_deadlock'
same_as_asyncio() { dump "$target" && "$python" "$(dirname "$0")/python_asyncio_truth.py" "$target" "$work/dump.json"; }
beside_asyncio() { # PROGRAM
	: >"$work/log"
	start "$python" "$beside/../targets/python/$1.py" "$work/frames"
	target=$last
	until_true grep -qx ready "$work/log" && until_true same_as_asyncio
	same=$?
	[ $same -eq 0 ] || same_as_asyncio | sed 's/^/# /'
	child=$(sed -n 's/^child //p' "$work/log")
	[ -z "$child" ] || kill -9 "$child"
	kill -9 "$target"
	wait "$target" 2>/dev/null
	rm -f "$work/socket"
	return $same
}

for what in '3.13 trixie' '3.14 sid' '3.15 sid'; do
	version=${what% *}
	[ "$version" = 3.13 ] && asked= || asked=$programs
	mkdir "$work/$version"
	if ! python=$("$beside/python_debian.sh" "$work/$version" "$version" "${what#* }"); then
		for test in $tests $asked; do
			ok 0 "Python $version: $test # SKIP its packages are not available"
		done
		continue
	fi
	for test in $tests; do
		check "Python $version: $test" env GRMON_PYTHONS="$python" "$beside/../e2e/python_$test.t"
	done
	for program in $asked; do
		check "Python $version: the tasks of $program are those that asyncio itself lists" beside_asyncio "$program"
	done
done

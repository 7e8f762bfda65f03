#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the programs that fuzz_python_tasks reads next to the folder that is its argument, one for each CPython from
# 3.8 on (pyenv's and the system's, or those in GRMON_PYTHONS), with asyncio tasks in every kind of wait, and makes
# seeds in the folder.
set -eu
out=$(cd "$1" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
i=0
while [ $i -lt 64 ]; do
	i=$((i + 1))
	# Ways, the process, then a few false words: how they are changed, and to what.
	printf "$(printf '\\%03o\\%03o' $((i % 16)) $((i / 8)))"'\001\000\000\000\000\200\020\000\003\001\100\200\000\001\005\077\001\001\006\010' >"$out/ways$i"
done
rm -f "$out"/../fuzz_python_tasks.*.target
n=0
# The words are separated by blanks.
# shellcheck disable=SC2086
for python in ${GRMON_PYTHONS:-"$(pyenv root 2>/dev/null)"/versions/3.*/bin/python3 /usr/bin/python3}; do
	[ $n -lt 12 ] || break
	"$python" -c 'import sys; sys.exit(sys.version_info < (3, 8) or sys.implementation.name != "cpython")' 2>/dev/null ||
		continue
	mkdir -p "$out/../waits$n"
	target=$out/../fuzz_python_tasks.$n.target
	printf '#!/bin/sh\nrm -f %s/socket\nexec %s %s/targets/python/asyncio_waits.py %s/frames\n' "$out/../waits$n" "$python" "$tests" "$out/../waits$n" >"$target"
	chmod +x "$target"
	n=$((n + 1))
done

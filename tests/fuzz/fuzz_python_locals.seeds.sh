#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the program that fuzz_python_locals reads next to the folder that is its argument: threads and tasks with
# variables of every kind. Makes seeds in the folder.
set -eu
out=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
i=0
while [ $i -lt 32 ]; do
	i=$((i + 1))
	# Ways and the stack, then a few false words: how they are changed, and to what.
	printf "$(printf '\\%03o' $((i * 2)))"'\001\000\000\000\000\200\020\000\003\001\100\200\000\001\005\077\001\001\006\010' >"$out/ways$i"
done
command -v python3 >/dev/null 2>&1 || exit 0
target=$out/../fuzz_python_locals.target
printf '#!%s\nimport sys\nsys.argv.append("/dev/null")\n' "$(command -v python3)" >"$target"
cat "$here/../targets/python/locals.py" >>"$target"
chmod +x "$target"

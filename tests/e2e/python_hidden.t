#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that contain CPython in other ways than python3 does: linked with libpython3.x.a, with and without its symbols,
# stripped; inside a library with any name that a program loads; and several interpreters in such a program.
. "$(dirname "$0")/lib.sh"
need python3
targets=$beside/../targets/python
cc=${CC:-cc}
pythons | while read -r python; do
	minor=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
	prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
	library=$(ls "$prefix/lib/python$minor"/config-*/"libpython$minor.a" 2>/dev/null | head -n 1)
	[ -n "$library" ] && [ -x "$prefix/bin/python$minor-config" ] && echo "$minor $prefix $library"
done >"$work/static"
[ -s "$work/static" ] || skip_all 'there is no CPython with a static library'
plan $((4 * $(wc -l <"$work/static")))

# build OUT OPTION…: the host, with this Python inside.
build() {
	out=$1
	shift
	# The words of a compiler's options are meant to be split.
	# shellcheck disable=SC2046
	"$cc" -O1 -o "$out" "$targets/host.c" $("$prefix/bin/python$minor-config" --includes) "$@" "$library" \
		-lpthread -ldl -lutil -lm $("$prefix/bin/python$minor-config" --libs | grep -o -e '-l\(crypt\|expat\|z\)\b') \
		>"$work/build" 2>&1 && strip "$out"
}
# runs NAME QUESTION COMMAND…
runs() {
	name=$1
	wanted=$2
	shift 2
	: >"$work/log"
	start env PYTHONHOME="$prefix" "$@"
	target=$last
	until_true grep -q '^ready' "$work/log"
	asks() { sees "$target" "has target.runtime~=\"CPython $minor.*\" errors.#=0 and $wanted"; }
	check "$minor: $name" until_true asks
	kill -9 "$target"
	wait "$target" 2>/dev/null
}
embedded='row name=MainThread has state=cond stack.2.function=hosted and row stack.0.function=called and count stack.*.function=of_c <= 1'

"$cc" -o "$work/loader" "$targets/host_plugin.c" -ldl || give_up 'the loader can be built'
while read -r minor prefix library; do
	if build "$work/hidden" -Wl,--exclude-libs,ALL; then
		runs 'a stripped program that exports nothing of it' "$embedded" "$work/hidden"
		runs 'several interpreters in such a program' "$embedded and row name!=MainThread stack.0.function=second_one" \
			"$work/hidden" several
	else
		ok 0 "$minor: a stripped program # SKIP it cannot be linked"
		ok 0 "$minor: several interpreters # SKIP it cannot be linked"
	fi
	if build "$work/exporting" -Wl,-E; then
		runs 'a program that exports it, and is called otherwise' "$embedded" "$work/exporting"
	else
		ok 0 "$minor: a program that exports it # SKIP it cannot be linked"
	fi
	if build "$work/plugin.so" -shared -fPIC -Dmain=host_main -Wl,--exclude-libs,ALL; then
		runs 'a library that a program loads' "$embedded" "$work/loader" "$work/plugin.so"
	else
		ok 0 "$minor: a library that a program loads # SKIP it cannot be linked"
	fi
done <"$work/static"

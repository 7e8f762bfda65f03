#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes seeds for fuzz_elf_file in the folder that is its argument: small programs with
# every kind of debug information, their notes, and names of debug links.
set -eu
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/small.c" <<'END'
static const int table[] = {1, 2, 3};
__attribute__((noinline)) int deep(int n) { __asm__ volatile("nop"); return table[n % 3]; }
void start(void) { for (;;) deep(3); }
END
n=0
for flags in '-O2 -g' '-O2 -g -gdwarf-4' '-O2 -s' '-O1 -g -gz' '-O2 -g -gz=zlib-gnu' '-O2 -shared -g' '-m32 -g' '-O2 -c -g'; do
	n=$((n + 1))
	# shellcheck disable=SC2086
	${CLANG:-clang} $flags -fPIC -nostdlib -Wl,-e,start,--build-id,-z,noseparate-code -o "$work/small$n" "$work/small.c" 2>/dev/null || continue
	{ printf f; cat "$work/small$n"; } >"$out/file$n"
done
if command -v objcopy >/dev/null 2>&1; then
	objcopy --only-keep-debug "$work/small1" "$work/small.debug"
	objcopy --strip-debug --add-gnu-debuglink="$work/small.debug" "$work/small1" "$work/linked"
	{ printf f; cat "$work/linked"; } >"$out/linked"
	{ printf f; cat "$work/small.debug"; } >"$out/debug"
	objcopy -O binary --only-section=.note.gnu.build-id --set-section-flags .note.gnu.build-id=alloc "$work/small1" "$work/notes"
	{ printf n; cat "$work/notes"; } >"$out/notes"
	if command -v xz >/dev/null 2>&1; then
		xz -c "$work/small.debug" >"$work/mini.xz"
		objcopy --add-section .gnu_debugdata="$work/mini.xz" "$work/small3" "$work/mini"
		{ printf f; cat "$work/mini"; } >"$out/mini"
	fi
fi
printf 'l/usr/lib/x/libfoo.so\000libfoo.so.debug' >"$out/link"
printf 'l/usr/bin/a\000/usr/lib/debug/.dwz/x.debug' >"$out/shared"

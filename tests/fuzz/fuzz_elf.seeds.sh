#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes seeds for fuzz_elf in the folder that is its argument: small programs with and
# without debug information, built here, each with a prefix of zeros for addresses and
# stack.
set -eu
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/small.c" <<'END'
static inline int inlined(int a, int b) { __asm__ volatile("nop"); return a * b; }
__attribute__((noinline)) int deep(int n, char *room) {
	char more[64] __attribute__((aligned(64)));
	more[n & 63] = 1;
	__asm__ volatile("" : : "r"(more) : "memory");
	return n ? deep(n - 1, more) + inlined(n, room[0]) : 0;
}
void start(void) { char room[8] = ""; deep(3, room); for (;;) ; }
END
n=0
for flags in '-O0 -g' '-O2 -g' '-O2 -g -gdwarf-4 -fno-omit-frame-pointer' '-O2' '-O2 -s' '-O1 -g -gz' '-O2 -g -fno-asynchronous-unwind-tables' '-O2 -shared -g' '-m32 -g'; do
	n=$((n + 1))
	# shellcheck disable=SC2086
	${CLANG:-clang} $flags -fPIC -nostdlib -Wl,-e,start,-z,noseparate-code -o "$work/small" "$work/small.c" 2>/dev/null || continue
	{ printf '\002\004\006\010'; head -c 256 /dev/zero; cat "$work/small"; } >"$out/seed$n"
	{ printf '\202\004\006\010'; head -c 256 /dev/zero; cat "$work/small"; } >"$out/copied$n"
done
# Symbols that are packed inside the file, and a link to others.
command -v objcopy >/dev/null 2>&1 && command -v xz >/dev/null 2>&1 || exit 0
${CLANG:-clang} -O2 -g -fPIC -nostdlib -Wl,-e,start,--build-id,-z,noseparate-code -o "$work/small" "$work/small.c"
objcopy --only-keep-debug --remove-section='.debug*' "$work/small" "$work/mini.debug"
xz -k "$work/mini.debug"
objcopy --strip-all --add-section .gnu_debugdata="$work/mini.debug.xz" "$work/small" "$work/mini"
objcopy --strip-all --add-gnu-debuglink="$work/mini.debug" "$work/small" "$work/linked"
for name in mini linked; do
	{ printf '\002\004\006\010'; head -c 256 /dev/zero; cat "$work/$name"; } >"$out/$name"
	{ printf '\202\004\006\010'; head -c 256 /dev/zero; cat "$work/$name"; } >"$out/copied-$name"
done

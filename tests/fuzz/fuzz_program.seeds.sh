#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes seeds for fuzz_program in the folder that is its argument: small programs, with
# and without a dynamic linker, and scripts.
set -eu
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'void start(void) { for (;;) ; }' >"$work/small.c"
n=0
for flags in '-static' '-fPIE -pie -Wl,--dynamic-linker=/lib64/ld-linux-x86-64.so.2' '-shared' '-fPIE -pie -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1,-soname,libasan.so.8' '-m32 -static'; do
	n=$((n + 1))
	# shellcheck disable=SC2086
	${CLANG:-clang} -O2 -g $flags -nostdlib -Wl,-e,start,-z,noseparate-code -o "$out/program$n" "$work/small.c" 2>/dev/null || continue
done
printf '#! /bin/sh -e\necho hello\n' >"$out/script"
printf '#!/usr/bin/env python3\n' >"$out/env"
printf '{"grmon": 1, "stream": 1}\n' >"$out/stream"
printf 'goroutine 1 [running]:\nmain.main()\n\t/a.go:3 +0x1\n' >"$out/goroutines"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes seeds for fuzz_go_scope in the folder that is its argument: small C programs with the kinds
# of variables that Go programs have, in both versions of DWARF, and a section that Go programs have.
set -eu
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/small.c" <<'END'
typedef struct node { struct node *next, **list; struct { char *ptr; long len; } text; int pair[2]; } node;
typedef node named;
static inline int inlined(int a, named *b) { int sum = a + b->pair[0]; __asm__ volatile("nop" : : "r"(sum)); return sum; }
__attribute__((noinline)) int deep(int n, named *arg) {
	named own = {.next = arg, .pair = {n, 2}};
	__asm__ volatile("" : : "r"(&own) : "memory");
	{ int (*function)(int, named *) = deep; double real = n; __asm__ volatile("" : : "r"(function), "x"(real)); }
	return n ? deep(n - 1, &own) + inlined(n, arg) : 0;
}
void start(void) { named room = {0}; deep(3, &room); for (;;) ; }
void *memset(void *to, int byte, unsigned long bytes) { for (unsigned long i = 0; i < bytes; i++) ((volatile char *)to)[i] = (char)byte; return to; }
char table[8] __attribute__((section(".gopclntab"))) = "table";
END
n=0
for flags in '-O0 -g' '-O2 -g' '-O1 -g -gdwarf-4' '-O0 -g -gdwarf-4' '-O1 -g -gz' '-O2 -g -gdwarf-5 -gsplit-dwarf'; do
	n=$((n + 1))
	# shellcheck disable=SC2086
	(cd "$work" && ${CLANG:-clang} $flags -fPIC -nostdlib -Wl,-e,start,-z,noseparate-code -o small small.c 2>/dev/null) || continue
	for first in 000 001; do
		{ printf '%b' "\\0$first"; printf '\020\000\000\000\001\000\000\000%s' 'sixteen bytes !!'; head -c 40 /dev/zero; cat "$work/small"; } >"$out/seed$n-$first"
	done
done

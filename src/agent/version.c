/* SPDX-License-Identifier: MIT */
/*
 * Functions of which libc has two under one name. The older one has other objects (a
 * condition was a pointer before glibc 2.3.2) or does something else (posix_spawn() ran a
 * script without "#!" before 2.15). Under the plain name an old program, or a library that
 * was linked without libc, would get the newer one from us and the rest of the family from
 * libc. So the shared library has the newer one alone, under its version, and what asks for
 * another goes past us. The plain names are made local by x86_64.map.
 *
 * Not in the static library: a program has no versions.
 */
#include "agent/agent.h"

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__ILP32__)
#define VERSION(name, node)                                                              \
	__asm__(".pushsection .text\n"                                                   \
		"	.globl	version_" #name "\n"                                     \
		"	.type	version_" #name ", @function\n"                          \
		"version_" #name ":\n"                                                   \
		"	.cfi_startproc\n"                                                      \
		"	endbr64\n"                                                             \
		"	jmp	" #name "\n"                                             \
		"	.cfi_endproc\n"                                                        \
		"	.size	version_" #name ", . - version_" #name "\n"              \
		"	.symver	version_" #name ", " #name "@" node "\n"                 \
		".popsection\n")

VERSION(pthread_cond_wait, "GLIBC_2.3.2");
VERSION(pthread_cond_timedwait, "GLIBC_2.3.2");
VERSION(posix_spawn, "GLIBC_2.15");
VERSION(posix_spawnp, "GLIBC_2.15");
#endif

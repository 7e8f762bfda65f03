/* SPDX-License-Identifier: MIT */
/*
 * Functions that libc provides twice under one name. The older version uses different
 * objects (a condition variable was a pointer before glibc 2.3.2) or behaves differently
 * (posix_spawn() ran scripts without "#!" before 2.15). If the library exported the plain
 * name, an old program, or a library that was linked without libc, would get the newer
 * version from here and the other functions of the family from libc. The shared library
 * therefore exports only the newer version, with its version name, and callers that
 * request another one bind to libc. x86_64.map makes the plain names local.
 *
 * Not part of the static library, since a program has no symbol versions.
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

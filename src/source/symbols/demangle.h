/* SPDX-License-Identifier: MIT */
/* Names of C++ and Rust functions as people write them, from what the linker sees. */
#ifndef SOURCE_SYMBOLS_DEMANGLE_H
#define SOURCE_SYMBOLS_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/* Longer names are left as they are. */
#define DEMANGLE_NAME_MAX 1024u
#define DEMANGLE_TEXT_MAX 1024u

/*
 * mangled     "_Z…", "_R…", hostile maybe; other names are refused.
 * out         Takes the text, cut where it is longer.
 *
 * Returns false, and leaves out empty, if it is not such a name. Bounded in time and memory.
 */
bool demangle(const char *mangled, char out[DEMANGLE_TEXT_MAX]);

#endif

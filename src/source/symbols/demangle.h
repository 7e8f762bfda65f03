/* SPDX-License-Identifier: MIT */
/* Converts symbol names of C++ and Rust functions to their source form. */
#ifndef SOURCE_SYMBOLS_DEMANGLE_H
#define SOURCE_SYMBOLS_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/* Longer names are not demangled. */
#define DEMANGLE_NAME_MAX 1024u
#define DEMANGLE_TEXT_MAX 1024u

/*
 * mangled     "_Z…" or "_R…", possibly hostile; other names are refused.
 * out         Receives the text, truncated if necessary.
 *
 * Returns false and leaves out empty if it is not a mangled name. Bounded in time and
 * memory.
 */
bool demangle(const char *mangled, char out[DEMANGLE_TEXT_MAX]);

#endif

/* SPDX-License-Identifier: MIT */
/* Bump allocator: many small objects that die together. Bounded. Not thread-safe. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used_bytes;
	size_t limit_bytes;
};

/* limit_bytes: 0 for no limit. */
void arena_init(struct arena *arena, size_t limit_bytes);
void arena_release(struct arena *arena);
/* Zeroed, aligned to 16. NULL: out of memory or over the limit. Freed by arena_release(). */
void *arena_alloc(struct arena *arena, size_t bytes);
/* Copies at most max_bytes bytes of text (up to its NUL) and terminates. */
char *arena_strndup(struct arena *arena, const char *text, size_t max_bytes);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif

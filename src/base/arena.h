/* SPDX-License-Identifier: MIT */
/* Bump allocator for many small objects with a common lifetime. Bounded in size. Not
 * thread-safe. */
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
/* Returns zeroed memory, aligned to 16 bytes, that is valid until arena_release().
 * Returns NULL if memory is exhausted or the limit is reached. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* Takes over what `from` has allocated, which is then as new. */
void arena_adopt(struct arena *arena, struct arena *from);
/* Copies text up to its NUL, but at most max_bytes bytes, and appends a NUL. */
char *arena_strndup(struct arena *arena, const char *text, size_t max_bytes);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif

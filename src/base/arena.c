/* SPDX-License-Identifier: MIT */
/* Bump allocator on a list of blocks that double in size up to 1 MB. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN       16u
#define ARENA_BLOCK_FIRST 4096u
#define ARENA_BLOCK_MAX   (1u << 20)

struct arena_block {
	struct arena_block *next;
	size_t used_bytes;
	size_t size_bytes;
	_Alignas(ARENA_ALIGN) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
	memset(arena, 0, sizeof(*arena));
	arena->limit_bytes = limit_bytes;
}

void arena_release(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena->blocks = NULL;
	arena->used_bytes = 0;
}

void arena_adopt(struct arena *arena, struct arena *from)
{
	struct arena_block **end = &from->blocks;

	/* Behind the newest block, which keeps its free tail. */
	while (*end)
		end = &(*end)->next;
	if (arena->blocks) {
		*end = arena->blocks->next;
		arena->blocks->next = from->blocks;
	} else {
		arena->blocks = from->blocks;
	}
	arena->used_bytes += from->used_bytes;
	from->blocks = NULL;
	from->used_bytes = 0;
}

static struct arena_block *arena_grow(struct arena *arena, size_t bytes)
{
	struct arena_block *newest = arena->blocks;
	size_t size = ARENA_BLOCK_FIRST;
	struct arena_block *block;

	if (newest) {
		size = newest->size_bytes * 2;
		if (size > ARENA_BLOCK_MAX)
			size = ARENA_BLOCK_MAX;
	}
	if (size < bytes)
		size = bytes;
	/* The block is zeroed once here, since no byte is handed out twice. */
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size_bytes = size;
	if (newest && bytes > ARENA_BLOCK_MAX / 2) {
		/* A large object gets a block of its own; the newest block keeps its free
		 * tail. */
		block->next = newest->next;
		newest->next = block;
	} else {
		block->next = newest;
		arena->blocks = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	struct arena_block *block = arena->blocks;
	void *result;

	if (bytes == 0)
		bytes = 1;
	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (arena->limit_bytes && (arena->used_bytes > arena->limit_bytes ||
				   bytes > arena->limit_bytes - arena->used_bytes))
		return NULL;
	if (!block || bytes > block->size_bytes - block->used_bytes) {
		block = arena_grow(arena, bytes);
		if (!block)
			return NULL;
	}
	result = block->bytes + block->used_bytes;
	block->used_bytes += bytes;
	arena->used_bytes += bytes;
	return result;
}

char *arena_strndup(struct arena *arena, const char *text, size_t max_bytes)
{
	size_t length = strnlen(text, max_bytes);
	char *copy = length < SIZE_MAX ? arena_alloc(arena, length + 1) : NULL;

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	char small[256];
	char *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (length < 0)
		return NULL;
	if ((size_t)length < sizeof(small))
		return arena_strndup(arena, small, (size_t)length);
	text = arena_alloc(arena, (size_t)length + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

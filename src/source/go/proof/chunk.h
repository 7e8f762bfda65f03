/* SPDX-License-Identifier: MIT */
/* Caches parts of a Go heap in pieces of 16 KB, each read on first use. When the cache is
 * full, the oldest piece is evicted. */
#ifndef SOURCE_GO_PROOF_CHUNK_H
#define SOURCE_GO_PROOF_CHUNK_H

#include "source/proc/memory.h"

#define GO_CHUNKS_BYTES_MAX (64ull << 20)

struct go_heap_chunks;

struct go_heap_chunks *go_chunks_new(void);
void go_chunks_free(struct go_heap_chunks *chunks);
/* Empties the cache and prepares it for nr_arenas arenas of 64 MB. Returns false if out
 * of memory. */
bool go_chunks_begin(struct go_heap_chunks *chunks, size_t nr_arenas);
/* Returns a copy of the memory at address. *bytes is reduced if the piece ends before
 * that. Returns NULL if the memory cannot be read. The pointer is valid until the next
 * call. */
const uint8_t *go_chunks_at(struct go_heap_chunks *chunks, struct memory *mem,
			    uint32_t arena, uint64_t address, size_t *bytes);

#endif

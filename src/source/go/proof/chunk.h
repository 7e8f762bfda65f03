/* SPDX-License-Identifier: MIT */
/* A copy of parts of a Go heap: pieces of 64 KB, read when they are first wanted. When the
 * room is used up the oldest piece makes room. */
#ifndef SOURCE_GO_PROOF_CHUNK_H
#define SOURCE_GO_PROOF_CHUNK_H

#include "source/proc/memory.h"

#define GO_CHUNKS_BYTES_MAX (256ull << 20)

struct go_heap_chunks;

struct go_heap_chunks *go_chunks_new(void);
void go_chunks_free(struct go_heap_chunks *chunks);
/* Forgets everything, and makes room for this number of arenas of 64 MB. False: no memory. */
bool go_chunks_begin(struct go_heap_chunks *chunks, size_t nr_arenas);
/* What lies there, up to the end of its piece; *bytes becomes smaller where that comes
 * first. NULL: it cannot be read. Holds until the next call. */
const uint8_t *go_chunks_at(struct go_heap_chunks *chunks, struct memory *mem,
			    uint32_t arena, uint64_t address, size_t *bytes);

#endif

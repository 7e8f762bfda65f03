/* SPDX-License-Identifier: MIT */
/* See chunk.h. Memory that was never touched reads as zeros. A piece with holes is read
 * page by page and records which pages could be read. */
#include "source/go/proof/chunk.h"

#include <stdlib.h>

#define CHUNK_SHIFT      14
#define CHUNK_BYTES      (1u << CHUNK_SHIFT)
#define CHUNKS_PER_ARENA (1u << (26 - CHUNK_SHIFT))
#define SMALL_PAGE       4096u
#define ALL_PAGES        0xfu
#define SLOTS            (GO_CHUNKS_BYTES_MAX / CHUNK_BYTES)

struct go_heap_chunks {
	uint8_t *bytes;   /* of all slots */
	uint32_t *slots;  /* by chunk: 1 + slot; 0 if not cached */
	uint32_t *owners; /* by slot: 1 + chunk; 0 if free */
	uint8_t *pages;   /* by slot: one bit for each page that could be read */
	size_t next;      /* next slot to use */
	size_t cap_slots;
};

struct go_heap_chunks *go_chunks_new(void)
{
	struct go_heap_chunks *chunks = calloc(1, sizeof(*chunks));

	if (!chunks)
		return NULL;
	chunks->bytes = malloc(SLOTS * CHUNK_BYTES);
	chunks->owners = calloc(SLOTS, sizeof(*chunks->owners));
	chunks->pages = calloc(SLOTS, sizeof(*chunks->pages));
	if (chunks->bytes && chunks->owners && chunks->pages)
		return chunks;
	go_chunks_free(chunks);
	return NULL;
}

void go_chunks_free(struct go_heap_chunks *chunks)
{
	if (!chunks)
		return;
	free(chunks->bytes);
	free(chunks->slots);
	free(chunks->owners);
	free(chunks->pages);
	free(chunks);
}

bool go_chunks_begin(struct go_heap_chunks *chunks, size_t nr_arenas)
{
	free(chunks->slots);
	chunks->slots = calloc(nr_arenas * CHUNKS_PER_ARENA + 1, sizeof(*chunks->slots));
	memset(chunks->owners, 0, SLOTS * sizeof(*chunks->owners));
	chunks->next = 0;
	return chunks->slots != NULL;
}

static uint8_t read_chunk(struct memory *mem, uint64_t address, uint8_t *out)
{
	uint8_t pages = 0;

	if (memory_read_some(mem, address, out, CHUNK_BYTES) == CHUNK_BYTES)
		return ALL_PAGES;
	for (size_t i = 0; i < CHUNK_BYTES / SMALL_PAGE; i++)
		if (memory_read(mem, address + i * SMALL_PAGE, out + i * SMALL_PAGE,
				SMALL_PAGE))
			pages |= (uint8_t)(1u << i);
	return pages;
}

const uint8_t *go_chunks_at(struct go_heap_chunks *chunks, struct memory *mem,
			    uint32_t arena, uint64_t address, size_t *bytes)
{
	uint32_t number = arena * CHUNKS_PER_ARENA +
			  (uint32_t)(address >> CHUNK_SHIFT & (CHUNKS_PER_ARENA - 1));
	size_t inside = address & (CHUNK_BYTES - 1), slot;

	if (*bytes > CHUNK_BYTES - inside)
		*bytes = CHUNK_BYTES - inside;
	if (chunks->slots[number] == 0) {
		slot = chunks->next++ % SLOTS;
		if (chunks->owners[slot])
			chunks->slots[chunks->owners[slot] - 1] = 0;
		chunks->owners[slot] = number + 1;
		chunks->slots[number] = (uint32_t)slot + 1;
		chunks->pages[slot] = read_chunk(mem, address - inside,
						 chunks->bytes + slot * CHUNK_BYTES);
	}
	slot = chunks->slots[number] - 1;
	if (chunks->pages[slot] != ALL_PAGES) {
		size_t first = inside / SMALL_PAGE;
		size_t last = *bytes ? (inside + *bytes - 1) / SMALL_PAGE : first;

		for (size_t i = first; i <= last; i++)
			if (!(chunks->pages[slot] >> i & 1))
				return NULL;
	}
	return chunks->bytes + slot * CHUNK_BYTES + inside;
}

/* SPDX-License-Identifier: MIT */
/* Reads words of the stack: from its copy, and from the live process beyond the copy. */
#include <string.h>

#include "source/symbols/private.h"

/* Reads from a page of the live process, which is cached for this unwinding. */
static bool read_live(struct symbols *symbols, uint64_t address, uint64_t *word)
{
	uint64_t page = address & ~(uint64_t)4095;
	struct unwind_chunk *chunk = NULL;

	for (size_t i = 0; i < symbols->nr_chunks && !chunk; i++)
		if (symbols->chunks[i].address == page)
			chunk = &symbols->chunks[i];
	if (!chunk) {
		if (symbols->nr_chunks == UNWIND_CHUNKS_MAX)
			return false;
		chunk = &symbols->chunks[symbols->nr_chunks++];
		chunk->address = page;
		chunk->bytes = kernel_memory(symbols->kernel, page, chunk->data,
					     sizeof(chunk->data));
	}
	if (chunk->bytes < (int64_t)(address - page + sizeof(*word)))
		return false;
	memcpy(word, chunk->data + (address - page), sizeof(*word));
	return true;
}

static bool read_word(struct unwind_job *job, uint64_t address, uint64_t *word)
{
	const struct unwind_start *start = job->start;
	uint64_t offset = address - start->sp;

	/* Both differences wrap if address is below the stack pointer. */
	if (offset < start->nr_bytes && start->nr_bytes - offset >= sizeof(*word)) {
		memcpy(word, start->bytes + offset, sizeof(*word));
		return true;
	}
	/* A signal handler may run on a separate stack at any address. */
	if (!start->live || (address & 7))
		return false;
	return read_live(job->symbols, address, word);
}

bool unwind_read(struct unwind_job *job, uint64_t address, uint64_t *result)
{
	uint64_t word;

	if (!read_word(job, address, &word))
		return false;
	*result = word;
	if (job->nr_reads == UNWIND_READS_MAX ||
	    address - job->start->sp >= job->start->nr_bytes)
		job->elsewhere = true;
	else
		job->reads[job->nr_reads++] =
			(struct unwind_read){word, (uint32_t)(address - job->start->sp)};
	return true;
}

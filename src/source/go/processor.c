/* SPDX-License-Identifier: MIT */
#include "source/go/processor.h"

#include <string.h>

#include "source/proc/memory.h"

#define BLOCK_BYTES    16u /* of the smallest objects */
#define PROCESSORS_MAX 65536u
#define STATUS_MAX     4u /* idle, running, in a system call, stopped for the GC, dead */
#define BUFFER_BYTES   (512u * 8u)
#define HEADER_BYTES   8u /* type word of large objects with pointers, from Go 1.22 on */
/* gcWork directly precedes the buffer. Distances from its end to these fields, in
 * bytes. */
#define WORK_SCRATCH   (68u * 40u + 8 + 8 + 8 + 8)
#define WORK_FLAGS     (68u * 40u + 8)
#define WORK_CHAIN     (WORK_SCRATCH + 16)
#define WORK_QUEUE     (WORK_CHAIN + 8 + GO_PROCESSOR_QUEUE)
#define WORK_ID        (WORK_QUEUE + 8 + 16 + 8)
#define QUEUE_MAX      (1u << 24) /* words */

static bool is_id_and_status(uint64_t word)
{
	return (uint32_t)word < PROCESSORS_MAX && word >> 32 <= STATUS_MAX;
}

bool go_processor_likely(const uint8_t head[GO_PROCESSOR_HEAD])
{
	return is_id_and_status(load_u64(head)) ||
	       is_id_and_status(load_u64(head + HEADER_BYTES));
}

/* end: the end of gcWork, whose first field repeats the number of the processor. */
static void find_scratch(const uint8_t *copy, size_t end, struct go_processor *processor)
{
	uint64_t id, flags, scratch;

	processor->scratch = processor->chain = 0;
	processor->queue = 0;
	if (end < WORK_ID + HEADER_BYTES)
		return;
	id = load_u64(copy + end - WORK_ID);
	flags = load_u64(copy + end - WORK_FLAGS);
	scratch = load_u64(copy + end - WORK_SCRATCH);
	if (flags & ~0x0101ull || scratch & 7 ||
	    (id & UINT32_MAX) != (load_u64(copy + HEADER_BYTES) & UINT32_MAX))
		return;
	processor->scratch = scratch;
	processor->queue = end - WORK_QUEUE;
	processor->chain = load_u64(copy + end - WORK_CHAIN);
}

bool go_queue_parse(const uint8_t queue[GO_QUEUE_BYTES], uint64_t *words, uint64_t *nr,
		    uint64_t *next)
{
	*next = load_u64(queue + 24);
	*nr = load_u32(queue + 40);
	*words = load_u64(queue + 48);
	return *words && (*words & 7) == 0 && *nr > 0 && *nr <= QUEUE_MAX &&
	       (*nr & (*nr - 1)) == 0 && (*next & 7) == 0;
}

bool go_processor_parse(const uint8_t *copy, uint64_t base, size_t bytes,
			struct go_processor *processor)
{
	if (bytes < GO_PROCESSOR_BYTES_MIN || bytes > GO_PROCESSOR_BYTES_MAX ||
	    !go_processor_likely(copy))
		return false;
	/* Look for two words that point into, and to the end of, the buffer that follows
	 * them. */
	for (size_t at = HEADER_BYTES; at + 16 + BUFFER_BYTES <= bytes; at += 8) {
		uint64_t buffer = base + at + 16;
		uint64_t next = load_u64(copy + at), end = load_u64(copy + at + 8);

		if (end != buffer + BUFFER_BYTES || next < buffer || next > end ||
		    next & 7)
			continue;
		processor->start = is_id_and_status(load_u64(copy)) ? 0 : HEADER_BYTES;
		for (size_t i = 0; i < 2; i++)
			processor->caches[i] = load_u64(copy + processor->start +
							GO_PROCESSOR_M + 8 + i * 8);
		processor->from = (size_t)(next - base);
		processor->to = (size_t)(end - base);
		find_scratch(copy, at, processor);
		return true;
	}
	return false;
}

/* Depending on the version, two to four words precede them; none of those matches. */
bool go_cache_block(const uint8_t cache[GO_CACHE_BYTES], size_t n, size_t *at,
		    uint64_t *block)
{
	for (size_t i = 1; i + 1 < GO_CACHE_BYTES / 8; i++) {
		uint64_t used = load_u64(cache + (i + 1) * 8);

		*block = load_u64(cache + i * 8);
		*at = i * 8;
		if (*block && *block % BLOCK_BYTES == 0 && used && used <= BLOCK_BYTES &&
		    n-- == 0)
			return true;
	}
	return false;
}

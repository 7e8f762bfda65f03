/* SPDX-License-Identifier: MIT */
/*
 * Parses the runtime's records of its processors (struct p), which are objects in the Go
 * heap. Their buffers contain leftovers of the last garbage collection, which keep
 * nothing alive: the write barrier's buffer (struct wbBuf) behind `next`, the same in Go
 * 1.16 to 1.27; and from 1.26 on, the buffer for span scanning (gcWork.ptrBuf), which is
 * outside the heap, and the queues of spans to scan (gcWork.spanq). The same holds for
 * the block that the allocator cuts the smallest objects from: the cache (struct mcache)
 * contains its address because the allocator continues there. Sources: runtime2.go,
 * mwbbuf.go, mgcwork.go and mcache.go.
 */
#ifndef SOURCE_GO_PROCESSOR_H
#define SOURCE_GO_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Range of sizes of the heap object that holds such a record, in bytes. */
#define GO_PROCESSOR_BYTES_MIN 4096u
#define GO_PROCESSOR_BYTES_MAX 32768u
#define GO_PROCESSOR_HEAD      16u   /* bytes of the object that suffice to rule it out */
#define GO_PROCESSOR_SCRATCH   8192u /* bytes of the buffer outside the heap */
#define GO_PROCESSOR_QUEUE     2048u

struct go_processor {
	size_t start;       /* offset of the record in the object, in bytes */
	size_t from, to;    /* leftovers in the object; offsets in bytes */
	size_t queue;       /* offset of the queue of spans (GO_PROCESSOR_QUEUE), or 0 */
	uint64_t chain;     /* address of its first queue outside the heap, or 0 */
	uint64_t caches[2]; /* one of them is the address of its allocator's cache */
	uint64_t scratch;   /* address of the buffer outside the heap, or 0 if unknown */
};

/* Offsets in the record, in bytes. */
#define GO_PROCESSOR_TICK  16u /* count of scheduler turns, 32 bits */
#define GO_PROCESSOR_M     48u /* the m that runs it; one word later up to Go 1.22 */
#define GO_PROCESSOR_PAGES 56u /* up to GO_PROCESSOR_FIELD: cache of free pages */
#define GO_PROCESSOR_FIELD 80u

/* Returns true if an object that starts with these bytes could be such a record. */
bool go_processor_likely(const uint8_t head[GO_PROCESSOR_HEAD]);
/* Parses a copy of the object at address base, of `bytes` bytes. Returns false if it is
 * not such a record. */
bool go_processor_parse(const uint8_t *copy, uint64_t base, size_t bytes,
			struct go_processor *processor);
/* Parses a queue of spans outside the heap (struct spanSPMC): gets the address and number
 * of its words, and the next queue or 0. Returns false if it is not such a queue. */
#define GO_QUEUE_BYTES 56u
bool go_queue_parse(const uint8_t queue[GO_QUEUE_BYTES], uint64_t *words, uint64_t *nr,
		    uint64_t *next);
/* Finds the n-th candidate for the pair of words in an allocator's cache that describe
 * the block from which the smallest objects are cut. Returns false if there are no more
 * candidates. The caller has to check that the address is such a block. */
#define GO_CACHE_BYTES 48u
bool go_cache_block(const uint8_t cache[GO_CACHE_BYTES], size_t n, size_t *at,
		    uint64_t *block);

#endif

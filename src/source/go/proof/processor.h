/* SPDX-License-Identifier: MIT */
/*
 * The runtime's records of its processors (struct p), which lie in the Go heap like any
 * object. Words are left over in their buffers from the last garbage collection, and keep
 * nothing alive: in that of the write barrier (struct wbBuf) behind `next`, the same in Go
 * 1.16 to 1.27, and in that of span scanning (gcWork.ptrBuf), outside of the heap, and the
 * queues of spans to be scanned (gcWork.spanq), from 1.26 on. So does the block that its allocator cuts the smallest objects from: the cache
 * (struct mcache) has its address, as the allocator goes on there. Facts from runtime2.go,
 * mwbbuf.go, mgcwork.go and mcache.go.
 */
#ifndef SOURCE_GO_PROOF_PROCESSOR_H
#define SOURCE_GO_PROOF_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes of object that such a record may have in the heap, in bytes. */
#define GO_PROCESSOR_BYTES_MIN 4096u
#define GO_PROCESSOR_BYTES_MAX 32768u
#define GO_PROCESSOR_HEAD      16u /* of the object: enough to tell what cannot be one */
#define GO_PROCESSOR_SCRATCH   8192u /* bytes of the buffer outside */
#define GO_PROCESSOR_QUEUE     2048u

struct go_processor {
	size_t start;    /* where the record begins in the object, in bytes */
	size_t from, to; /* what is left over in the object; offsets in bytes */
	size_t queue; /* the same of the queue of spans, GO_PROCESSOR_QUEUE bytes; or 0 */
	uint64_t chain; /* address of the first of its queues outside of the heap, or 0 */
	uint64_t caches
		[2]; /* words of which one is the address of its allocator's cache */
	uint64_t
		scratch; /* address of the buffer outside of the heap; 0: none is known */
};

/* Of the record, in bytes from its start. */
#define GO_PROCESSOR_TICK 16u /* its scheduler's turns, 32 bits */
#define GO_PROCESSOR_M    48u /* what runs it; a word later up to Go 1.22 */
#define GO_PROCESSOR_PAGES                                                               \
	56u /* from here to GO_PROCESSOR_FIELD: pages to be given out */
#define GO_PROCESSOR_FIELD 80u

/* Whether an object that begins with these bytes can be one at all. */
bool go_processor_likely(const uint8_t head[GO_PROCESSOR_HEAD]);
/* A copy of the object at address base, of `bytes` bytes. False: it is no such record. */
bool go_processor_parse(const uint8_t *copy, uint64_t base, size_t bytes,
			struct go_processor *processor);
/* A queue of spans outside of the heap (struct spanSPMC): where its words are, and the next
 * queue, or 0. False: it is none. */
#define GO_QUEUE_BYTES 56u
bool go_queue_parse(const uint8_t queue[GO_QUEUE_BYTES], uint64_t *words, uint64_t *nr,
		    uint64_t *next);
/* The pair of words in an allocator's cache that say where it cuts the smallest objects
 * from, the n-th try. False: no more. Whoever asks checks that the address is one. */
#define GO_CACHE_BYTES 48u
bool go_cache_block(const uint8_t cache[GO_CACHE_BYTES], size_t n, size_t *at,
		    uint64_t *block);

#endif

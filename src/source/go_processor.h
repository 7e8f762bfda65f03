/* SPDX-License-Identifier: MIT */
/*
 * The runtime's records of its processors (struct p), which lie in the Go heap like any
 * object. Words are left over in their buffers from the last garbage collection, and keep
 * nothing alive: in that of the write barrier (struct wbBuf) behind `next`, the same in Go
 * 1.16 to 1.27, and in that of span scanning (gcWork.ptrBuf), outside of the heap, from 1.26
 * on. Facts from runtime2.go, mwbbuf.go and mgcwork.go.
 */
#ifndef SOURCE_GO_PROCESSOR_H
#define SOURCE_GO_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes of object that such a record may have in the heap, in bytes. */
#define GO_PROCESSOR_BYTES_MIN 4096u
#define GO_PROCESSOR_BYTES_MAX 32768u
#define GO_PROCESSOR_HEAD      16u /* of the object: enough to tell what cannot be one */
#define GO_PROCESSOR_SCRATCH   8192u /* bytes of the buffer outside */

struct go_processor {
	size_t from, to; /* what is left over in the object; offsets in bytes */
	uint64_t
		scratch; /* address of the buffer outside of the heap; 0: none is known */
};

/* Whether an object that begins with these bytes can be one at all. */
bool go_processor_likely(const uint8_t head[GO_PROCESSOR_HEAD]);
/* A copy of the object at address base, of `bytes` bytes. False: it is no such record. */
bool go_processor_parse(const uint8_t *copy, uint64_t base, size_t bytes,
			struct go_processor *processor);

#endif

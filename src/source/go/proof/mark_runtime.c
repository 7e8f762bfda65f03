/* SPDX-License-Identifier: MIT */
/*
 * Handles objects of the runtime itself that the marker reaches, recognised by their
 * contents: records of processors, which are not read completely, and the g's of stacks
 * that belong to threads (the g0 and gsignal of a runtime.m), which are in no list of
 * goroutines.
 */
#include <stdlib.h>

#include "base/array.h"
#include "source/go/layout.h"
#include "source/go/processor.h"
#include "source/go/proof/mark.h"

#define LIST_MAX        65536u /* processors and their buffers */
#define QUEUES_MAX      64u    /* per processor */
#define THREADS_MAX     (1u << 20)
#define STACK_BYTES_MAX (1ull << 30)

/* Returns true if the object was not in a list yet. */
static bool note_object(struct go_mark *mark, uint64_t base)
{
	const struct go_heap_span *span = go_heap_span_of(mark->heap, base);
	uint64_t object = span ? span->first + go_heap_index(span, base) : 0;
	uint32_t ignored;

	return span &&
	       !(mark->bits[object / GO_HEAP_OBJECTS].special >>
			 object % GO_HEAP_OBJECTS &
		 1) &&
	       go_mark_special(mark, base, GO_SPECIAL_NOTED, 0, &ignored);
}

/* If the buffer cannot be noted it is read as a root, so more counts as alive. */
static void note_scratch(struct go_mark *mark, uint64_t address, uint64_t bytes)
{
	if (address == 0 || go_heap_span_of(mark->heap, address))
		return;
	for (size_t i = 0; i < mark->nr_scratch; i++)
		if (mark->scratch[i].address == address)
			return;
	if (array_reserve_most(&mark->scratch, &mark->cap_scratch, mark->nr_scratch + 1,
			       LIST_MAX))
		mark->scratch[mark->nr_scratch++] = (struct go_scratch){address, bytes};
}

/* The allocator's reference to its block of smallest objects does not keep that block
 * alive. */
static void note_cache(struct go_mark *mark, uint64_t address)
{
	uint8_t cache[GO_CACHE_BYTES];
	uint64_t block;
	size_t at;

	if (address & 7 || go_heap_span_of(mark->heap, address) ||
	    !memory_read(mark->heap->mem, address, cache, sizeof(cache)))
		return;
	for (size_t n = 0; go_cache_block(cache, n, &at, &block); n++) {
		const struct go_heap_span *span = go_heap_span_of(mark->heap, block);

		if (span && span->noscan && span->size == 16) {
			note_scratch(mark, address + at, sizeof(block));
			return;
		}
	}
}

/* Notes the queues of spans to scan, whose words have the index of an object in their low
 * bits. */
static void note_queues(struct go_mark *mark, uint64_t queue)
{
	uint8_t bytes[GO_QUEUE_BYTES];
	uint64_t words, nr;

	for (unsigned i = 0; i < QUEUES_MAX && queue && !(queue & 7); i++) {
		if (go_heap_span_of(mark->heap, queue) ||
		    !memory_read(mark->heap->mem, queue, bytes, sizeof(bytes)) ||
		    !go_queue_parse(bytes, &words, &nr, &queue))
			return;
		note_scratch(mark, words, nr * 8);
	}
}

static bool read_processor(struct go_mark *mark, uint64_t base, uint64_t size)
{
	struct go_processor processor;
	uint8_t head[GO_PROCESSOR_HEAD];
	size_t bytes = (size_t)size & ~(size_t)7, from = 0;

	if (size < GO_PROCESSOR_BYTES_MIN || size > GO_PROCESSOR_BYTES_MAX ||
	    !go_heap_copy(mark->heap, base, head, sizeof(head)) ||
	    !go_processor_likely(head))
		return false;
	if (!mark->processor)
		mark->processor = malloc(GO_PROCESSOR_BYTES_MAX);
	if (!mark->processor || !go_heap_copy(mark->heap, base, mark->processor, bytes) ||
	    !go_processor_parse(mark->processor, base, bytes, &processor))
		return false;
	go_mark_words(mark, mark->processor, processor.start + GO_PROCESSOR_PAGES);
	from = processor.start + GO_PROCESSOR_FIELD;
	if (processor.queue >= from) {
		go_mark_words(mark, mark->processor + from, processor.queue - from);
		from = processor.queue + GO_PROCESSOR_QUEUE;
	}
	go_mark_words(mark, mark->processor + from, processor.from - from);
	go_mark_words(mark, mark->processor + processor.to, bytes - processor.to);
	note_scratch(mark, processor.scratch, GO_PROCESSOR_SCRATCH);
	note_queues(mark, processor.chain);
	note_cache(mark, processor.caches[0]);
	note_cache(mark, processor.caches[1]);
	if (note_object(mark, base) &&
	    array_reserve_most(&mark->processors, &mark->cap_processors,
			       mark->nr_processors + 1, LIST_MAX))
		mark->processors[mark->nr_processors++] = base + processor.start;
	return true;
}

/* Notes the stack of a g that names a runtime.m which in turn names that g. */
static bool note_stack(struct go_mark *mark, uint64_t base)
{
	uint8_t g[GO_G_M + 8];
	uint64_t m, own[2];
	struct go_thread_stack stack;

	if (!go_heap_copy(mark->heap, base, g, sizeof(g)))
		return false;
	m = load_u64(g + GO_G_M);
	stack = (struct go_thread_stack){m, load_u64(g + GO_G_STACK_LO),
					 load_u64(g + GO_G_STACK_HI), false};
	if (m == 0 || m & 7 || stack.low == 0 || stack.high >> 47 ||
	    stack.high <= stack.low || stack.high - stack.low > STACK_BYTES_MAX ||
	    !memory_read(mark->heap->mem, m + GO_M_G0, &own[0], 8) ||
	    !memory_read(mark->heap->mem, m + mark->gsignal, &own[1], 8) ||
	    (own[0] != base && own[1] != base))
		return false;
	if (!note_object(mark, base))
		return true;
	stack.signals = own[1] == base;
	if (array_reserve_most(&mark->stacks, &mark->cap_stacks, mark->nr_stacks + 1,
			       THREADS_MAX))
		mark->stacks[mark->nr_stacks++] = stack;
	return true;
}

bool go_mark_runtime(struct go_mark *mark, uint64_t base, uint64_t size)
{
	uint8_t g[MEMORY_ITEM_MAX];
	const size_t bytes = (size_t)size & ~(size_t)7;

	if (size != mark->g_bytes || size > sizeof(g))
		return read_processor(mark, base, size);
	if (!note_stack(mark, base) || !go_heap_copy(mark->heap, base, g, bytes))
		return false;
	go_mark_words(mark, g + GO_G_STACK_END, bytes - GO_G_STACK_END);
	return true;
}

bool go_mark_has_processor(const struct go_mark *mark, uint64_t m)
{
	uint8_t record[GO_PROCESSOR_FIELD];

	for (size_t i = 0; i < mark->nr_processors; i++) {
		uint64_t own[2];

		if (!memory_read(mark->heap->mem, mark->processors[i], record,
				 sizeof(record)))
			return true;
		for (size_t k = 0; k < 2; k++) {
			own[k] = load_u64(record + GO_PROCESSOR_M + 8 * k);
			if (m ? own[k] == m
			      : own[k] && own[k] >= mark->data.start &&
					    own[k] < mark->data.end)
				return true;
		}
	}
	return mark->nr_processors == 0;
}

/* SPDX-License-Identifier: MIT */
/* Reads the reached objects one by one and marks what they point to. */
#include "source/go/proof/mark.h"

#define OBJECTS_A_TURN 20000u /* per go_mark_follow() */
#define BYTES_A_TURN   (16u << 20)

static void read_object(struct go_mark *mark, const struct go_heap_span *span,
			uint64_t index)
{
	uint64_t at = go_heap_base(span, index), end = at + (span->size & ~7ull);

	mark->read_bytes += span->size;
	if (go_mark_runtime(mark, at, span->size))
		return;
	while (at < end) {
		size_t bytes = end - at < SIZE_MAX ? (size_t)(end - at) : SIZE_MAX;
		const uint8_t *copy = go_heap_at(mark->heap, at, &bytes);

		if (!copy) {
			mark->heap->holes++;
			return;
		}
		if (__atomic_load_n(mark->heap->cancel, __ATOMIC_RELAXED))
			return;
		go_mark_words(mark, copy, bytes & ~(size_t)7);
		at += bytes & ~(size_t)7;
	}
}

void go_mark_contents(struct go_mark *mark, uint64_t base)
{
	const struct go_heap_span *span = go_heap_span_of(mark->heap, base);

	if (span && go_heap_index(span, base) < span->nr_objects)
		read_object(mark, span, go_heap_index(span, base));
}

/* Reads every reached object of a span that overflowed, except opaque ones. */
static void read_span(struct go_mark *mark, const struct go_heap_span *span)
{
	for (uint64_t i = 0; i < span->nr_objects; i++) {
		uint64_t bit = span->first + i;

		if (!(mark->marked[bit >> 6] >> (bit & 63) & 1))
			continue;
		if ((mark->special[bit >> 6] >> (bit & 63) & 1) &&
		    go_mark_is_opaque(mark, go_heap_base(span, i)))
			continue;
		read_object(mark, span, i);
	}
}

bool go_mark_follow(struct go_mark *mark)
{
	uint64_t bytes = mark->read_bytes;

	for (unsigned i = 0; i < OBJECTS_A_TURN; i++) {
		uint64_t next;

		if (mark->read_bytes - bytes > BYTES_A_TURN)
			break;
		if (mark->nr_work > 0) {
			next = mark->work[--mark->nr_work];
			read_object(mark, &mark->heap->spans[next >> 32],
				    next & UINT32_MAX);
		} else if (mark->nr_overflowed > 0) {
			next = mark->overflowed[--mark->nr_overflowed];
			mark->is_overflowed[next] = 0;
			read_span(mark, &mark->heap->spans[next]);
		} else {
			return true;
		}
	}
	return mark->nr_work == 0 && mark->nr_overflowed == 0;
}

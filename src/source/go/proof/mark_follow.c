/* SPDX-License-Identifier: MIT */
/*
 * Reads the reached objects and marks what they point to. Where many spans have some,
 * those of many spans are read in one call, and each is followed while it is in the
 * processor's cache. Where there are few, as in a long list of objects, they are read
 * through the heap's own cache, with what lies around them.
 */
#include "source/go/proof/mark.h"

#include <stdlib.h>

#include "source/go/processor.h"

#define BATCH_BYTES  (256u << 10)
#define BATCH_SPANS  64u
#define FEW_SPANS    4u
#define WHOLE_BYTES  (16u << 10)
#define STEPS_A_TURN 64u /* per go_mark_follow() */

struct go_mark_batch {
	struct memory_span spans[BATCH_SPANS];
	struct go_mark_part {
		uint32_t span;
		uint32_t first, last; /* words of bits */
	} parts[BATCH_SPANS];
	uint8_t bytes[BATCH_BYTES];
};

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

static struct go_mark_bits *bits_of(const struct go_mark *mark,
				    const struct go_heap_span *span)
{
	return &mark->bits[span->first / GO_HEAP_OBJECTS];
}

/* Finds the words of bits that have pending objects, from the first to the last one. Returns
 * false if there is none. */
static bool find_pending(const struct go_mark *mark, const struct go_heap_span *span,
			 uint32_t *first, uint32_t *last)
{
	const struct go_mark_bits *bits = bits_of(mark, span);
	uint32_t nr = (span->nr_objects + GO_HEAP_OBJECTS - 1) / GO_HEAP_OBJECTS;

	for (*first = 0; *first < nr && !bits[*first].pending; ++*first)
		;
	if (*first == nr)
		return false;
	for (*last = nr - 1; !bits[*last].pending; --*last)
		;
	return true;
}

/* Takes the next pending object of a word of bits. Returns false if there is none. */
static bool take_pending(struct go_mark *mark, const struct go_heap_span *span,
			 uint32_t word, uint32_t *index)
{
	struct go_mark_bits *bits = &bits_of(mark, span)[word];

	while (bits->pending) {
		uint64_t bit = bits->pending & -bits->pending;

		*index = word * GO_HEAP_OBJECTS + (uint32_t)__builtin_ctzll(bit);
		bits->pending &= ~bit;
		if (!(bits->hidden & bit) &&
		    (!(bits->special & bit) ||
		     !go_mark_is_opaque(mark, span->first + *index)))
			return true;
	}
	return false;
}

/* Follows the pending objects of a part, and those of it that become pending by that.
 * bytes: a copy, or NULL if they are to be read one by one. */
static void follow_part(struct go_mark *mark, const struct go_mark_part *part,
			const uint8_t *bytes)
{
	const struct go_heap_span *span = &mark->heap->spans[part->span];
	const size_t size = (size_t)span->size & ~(size_t)7;
	uint32_t first, last, index;
	bool any;

	do {
		any = false;
		for (uint32_t word = part->first; word <= part->last; word++) {
			while (take_pending(mark, span, word, &index)) {
				any = true;
				if (!bytes) {
					read_object(mark, span, index);
					continue;
				}
				index -= part->first * GO_HEAP_OBJECTS;
				go_mark_words(mark, bytes + index * span->size, size);
				mark->read_bytes += span->size;
			}
		}
	} while (any && !mark->failed);
	mark->is_listed[part->span] = 0;
	if (find_pending(mark, span, &first, &last))
		go_mark_list(mark, part->span);
}

/* Of a small span, all is read: what is reached next often lies beside it. Returns the
 * number of bytes. */
static uint64_t widen_part(const struct go_heap_span *span, struct go_mark_part *part)
{
	uint32_t end = (part->last + 1) * GO_HEAP_OBJECTS;

	if (span->bytes <= WHOLE_BYTES) {
		part->first = 0;
		part->last = (span->nr_objects - 1) / GO_HEAP_OBJECTS;
		end = span->nr_objects;
	}
	if (end > span->nr_objects)
		end = span->nr_objects;
	return (end - part->first * GO_HEAP_OBJECTS) * span->size;
}

/* The runtime's own objects are handled one by one, and large ones are read in pieces. */
static bool is_for_batch(const struct go_mark *mark, const struct go_heap_span *span,
			 uint64_t bytes)
{
	return bytes <= BATCH_BYTES && span->size != mark->g_bytes &&
	       (span->size < GO_PROCESSOR_BYTES_MIN ||
		span->size > GO_PROCESSOR_BYTES_MAX);
}

/* Adds the next span. Returns false if the batch is full. Spans that do not fit in any
 * are followed at once. */
static bool add_part(struct go_mark *mark, size_t *nr, size_t *used)
{
	struct go_mark_batch *batch = mark->batch;
	struct go_mark_part part = {.span = mark->now[mark->at_now]};
	const struct go_heap_span *span = &mark->heap->spans[part.span];
	uint64_t bytes;

	if (!find_pending(mark, span, &part.first, &part.last)) {
		mark->is_listed[part.span] = 0;
		mark->at_now++;
		return true;
	}
	bytes = widen_part(span, &part);
	if (!is_for_batch(mark, span, bytes)) {
		mark->at_now++;
		follow_part(mark, &part, NULL);
		return true;
	}
	if (*nr == BATCH_SPANS || *used + bytes > BATCH_BYTES)
		return false;
	batch->parts[*nr] = part;
	batch->spans[*nr] =
		(struct memory_span){go_heap_base(span, part.first * GO_HEAP_OBJECTS),
				     batch->bytes + *used, (size_t)bytes, false};
	++*nr;
	*used += (size_t)bytes;
	mark->at_now++;
	return true;
}

static void follow_batch(struct go_mark *mark)
{
	struct go_mark_batch *batch = mark->batch;
	size_t nr = 0, used = 0;

	while (mark->at_now < mark->nr_now && nr < BATCH_SPANS &&
	       add_part(mark, &nr, &used))
		;
	memory_read_spans(mark->heap->mem, batch->spans, nr);
	for (size_t i = 0; i < nr; i++)
		follow_part(mark, &batch->parts[i],
			    batch->spans[i].ok ? batch->spans[i].out : NULL);
}

static void follow_one(struct go_mark *mark)
{
	struct go_mark_part part = {.span = mark->now[mark->at_now++]};

	if (find_pending(mark, &mark->heap->spans[part.span], &part.first, &part.last))
		follow_part(mark, &part, NULL);
	else
		mark->is_listed[part.span] = 0;
}

/* Moves on to the spans that were listed while the others were read. */
static void turn_page(struct go_mark *mark)
{
	uint32_t *list = mark->now;
	size_t capacity = mark->cap_now;

	mark->now = mark->next;
	mark->nr_now = mark->nr_next;
	mark->cap_now = mark->cap_next;
	mark->next = list;
	mark->cap_next = capacity;
	mark->nr_next = mark->at_now = 0;
}

bool go_mark_follow(struct go_mark *mark)
{
	if (!mark->batch)
		mark->batch = malloc(sizeof(*mark->batch));
	mark->failed |= !mark->batch;
	for (unsigned i = 0; i < STEPS_A_TURN && !mark->failed; i++) {
		if (mark->at_now == mark->nr_now)
			turn_page(mark);
		if (mark->nr_now == 0)
			return true;
		if (mark->nr_now - mark->at_now <= FEW_SPANS)
			follow_one(mark);
		else
			follow_batch(mark);
	}
	return mark->at_now == mark->nr_now && mark->nr_next == 0;
}

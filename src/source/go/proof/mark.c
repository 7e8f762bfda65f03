/* SPDX-License-Identifier: MIT */
/* See mark.h. A reached object is pending until it has been read. The spans with pending
 * objects are listed, not the objects: a list of those would have no bound, and what lies
 * together is read together. */
#include "source/go/proof/mark.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/huge.h"

#define ENTRIES_FIRST 1024u

void go_mark_release(struct go_mark *mark)
{
	free(mark->bits);
	free(mark->entries);
	free(mark->now);
	free(mark->next);
	free(mark->is_listed);
	free(mark->batch);
	free(mark->reached);
	free(mark->processor);
	free(mark->scratch);
	free(mark->processors);
	free(mark->stacks);
	memset(mark, 0, sizeof(*mark));
}

bool go_mark_begin(struct go_mark *mark, struct go_heap *heap, bool *alive)
{
	go_mark_release(mark);
	mark->heap = heap;
	mark->alive = alive;
	mark->seed = hash_seed();
	mark->cap_entries = ENTRIES_FIRST;
	mark->entries = calloc(mark->cap_entries, sizeof(*mark->entries));
	return mark->entries && go_mark_grow(mark);
}

/* A heap only grows while it is read. Allocates exactly what is needed: a large heap has
 * many bits, and zeroing more of them would make that memory resident. */
bool go_mark_grow(struct go_mark *mark)
{
	size_t words = mark->heap->nr_objects / GO_HEAP_OBJECTS + 1;
	size_t before = mark->cap_bits;

	if (words > before) {
		if (!array_resize(&mark->bits, &mark->cap_bits, words))
			return false;
		memset(mark->bits + before, 0, (words - before) * sizeof(*mark->bits));
	}
	return array_reserve_zeroed(&mark->is_listed, &mark->cap_listed,
				    mark->heap->nr_spans + 1);
}

/* Objects side by side are often special together, and their entries lie side by side. */
static struct go_mark_entry *entry_of(const struct go_mark *mark, uint32_t object)
{
	size_t at = (hash_mix(object / 8, mark->seed) * 8 + object % 8) &
		    (mark->cap_entries - 1);

	while (mark->entries[at].object && mark->entries[at].object != object + 1)
		at = (at + 1) & (mark->cap_entries - 1);
	return &mark->entries[at];
}

static bool grow_entries(struct go_mark *mark)
{
	struct go_mark_entry *old = mark->entries;
	size_t nr = mark->cap_entries;

	mark->entries = calloc(nr * 2, sizeof(*mark->entries));
	if (!mark->entries) {
		mark->entries = old;
		return false;
	}
	mark->cap_entries = nr * 2;
	huge_hint(mark->entries, mark->cap_entries * sizeof(*mark->entries));
	for (size_t i = 0; i < nr; i++)
		if (old[i].object)
			*entry_of(mark, old[i].object - 1) = old[i];
	free(old);
	return true;
}

/* Finds the object that contains the address. Returns its span, or NULL. */
static inline const struct go_heap_span *find_object(const struct go_mark *mark,
						     uint64_t address, uint32_t *object)
{
	const struct go_heap_span *span = go_heap_span_of(mark->heap, address);
	uint64_t index = span ? go_heap_index(span, address) : 0;

	if (!span || index >= span->nr_objects)
		return NULL;
	*object = span->first + (uint32_t)index;
	return span;
}

static inline struct go_mark_bits *bits_of(const struct go_mark *mark, uint32_t object)
{
	return &mark->bits[object / GO_HEAP_OBJECTS];
}

static inline uint64_t bit_of(uint32_t object)
{
	return 1ull << (object % GO_HEAP_OBJECTS);
}

bool go_mark_hide(struct go_mark *mark, uint64_t base)
{
	uint32_t object;

	if (!find_object(mark, base, &object) ||
	    bits_of(mark, object)->special & bit_of(object))
		return false;
	bits_of(mark, object)->hidden |= bit_of(object);
	return true;
}

bool go_mark_special(struct go_mark *mark, uint64_t base, enum go_special kind,
		     uint32_t first, uint32_t *before)
{
	struct go_mark_entry *entry;
	uint32_t object;

	*before = GO_MARK_NONE;
	if (!find_object(mark, base, &object) ||
	    bits_of(mark, object)->hidden & bit_of(object))
		return false;
	if (mark->nr_entries * 2 >= mark->cap_entries && !grow_entries(mark)) {
		mark->failed = true;
		return false;
	}
	entry = entry_of(mark, object);
	if (entry->object && entry->kind != kind)
		return false;
	if (entry->object)
		*before = entry->first;
	else
		mark->nr_entries++;
	*entry = (struct go_mark_entry){object + 1, first, kind};
	bits_of(mark, object)->special |= bit_of(object);
	return true;
}

void go_mark_list(struct go_mark *mark, uint32_t span)
{
	if (mark->is_listed[span])
		return;
	if (!array_reserve(&mark->next, &mark->cap_next, mark->nr_next + 1)) {
		mark->failed = true;
		return;
	}
	mark->is_listed[span] = 1;
	mark->next[mark->nr_next++] = span;
}

bool go_mark_again(struct go_mark *mark)
{
	for (size_t i = 0; i < mark->heap->nr_spans; i++) {
		const struct go_heap_span *span = &mark->heap->spans[i];
		struct go_mark_bits *bits = bits_of(mark, span->first);
		uint64_t any = 0;

		for (uint32_t k = 0; k < span->nr_objects; k += GO_HEAP_OBJECTS, bits++)
			if (!span->noscan)
				any |= bits->pending |= bits->marked & ~bits->hidden;
		if (any)
			go_mark_list(mark, (uint32_t)i);
	}
	mark->read_bytes = 0;
	return !mark->failed;
}

/* Applies the special treatment of an object that has just been reached. Returns false if
 * it must not be read. */
static bool reach_special(struct go_mark *mark, const struct go_mark_entry *entry,
			  uint32_t object)
{
	if (entry->object == 0 || entry->kind == GO_SPECIAL_NOTED)
		return true;
	if (entry->kind == GO_SPECIAL_SUDOG)
		return mark->alive[entry->first];
	/* Once its waiters are known it is an object like any other. */
	bits_of(mark, object)->special &= ~bit_of(object);
	if (!array_reserve(&mark->reached, &mark->cap_reached, mark->nr_reached + 1))
		mark->failed = true;
	else
		mark->reached[mark->nr_reached++] = entry->first;
	return true;
}

static void pend(struct go_mark *mark, const struct go_heap_span *span, uint32_t object)
{
	if (span->noscan)
		return;
	bits_of(mark, object)->pending |= bit_of(object);
	go_mark_list(mark, (uint32_t)(span - mark->heap->spans));
}

static void mark_special(struct go_mark *mark, const struct go_heap_span *span,
			 uint32_t object, uint64_t word)
{
	const struct go_mark_entry *entry = entry_of(mark, object);

	/* An address inside a channel does not reach it. */
	if (entry->object && entry->kind == GO_SPECIAL_CHAN &&
	    word != go_heap_base(span, object - span->first))
		return;
	bits_of(mark, object)->marked |= bit_of(object);
	if (reach_special(mark, entry, object))
		pend(mark, span, object);
}

static inline void mark_word(struct go_mark *mark, uint64_t word)
{
	struct go_mark_bits *bits;
	uint32_t object;
	const struct go_heap_span *span = find_object(mark, word, &object);
	uint64_t bit;

	if (!span)
		return;
	bits = bits_of(mark, object);
	bit = bit_of(object);
	if (bits->marked & bit)
		return;
	if (bits->special & bit) {
		mark_special(mark, span, object, word);
		return;
	}
	bits->marked |= bit;
	if (!(bits->hidden & bit))
		pend(mark, span, object);
}

void go_mark_address(struct go_mark *mark, uint64_t address)
{
	mark_word(mark, address);
}

void go_mark_wake(struct go_mark *mark, uint64_t base)
{
	uint32_t object;
	const struct go_heap_span *span = find_object(mark, base, &object);

	if (!span || bits_of(mark, object)->hidden & bit_of(object))
		return;
	bits_of(mark, object)->special &= ~bit_of(object);
	bits_of(mark, object)->marked |= bit_of(object);
	pend(mark, span, object);
}

void go_mark_words(struct go_mark *mark, const uint8_t *bytes, size_t nr_bytes)
{
	const uint64_t low = mark->heap->low, extent = mark->heap->extent;

	for (size_t i = 0; i + 8 <= nr_bytes; i += 8) {
		uint64_t word = load_u64(bytes + i);

		if (word - low < extent)
			mark_word(mark, word);
	}
}

void go_mark_bases(struct go_mark *mark, const uint8_t *bytes, size_t nr_bytes)
{
	const uint64_t low = mark->heap->low, extent = mark->heap->extent;

	for (size_t i = 0; i + 8 <= nr_bytes; i += 8) {
		uint64_t word = load_u64(bytes + i);

		if (word - low < extent && go_heap_object(mark->heap, word) == word)
			mark_word(mark, word);
	}
}

bool go_mark_is_opaque(const struct go_mark *mark, uint32_t object)
{
	const struct go_mark_entry *entry = entry_of(mark, object);

	return entry->object && entry->kind == GO_SPECIAL_SUDOG &&
	       !mark->alive[entry->first];
}

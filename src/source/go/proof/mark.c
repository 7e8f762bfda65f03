/* SPDX-License-Identifier: MIT */
/* See mark.h. Reached objects wait in a list of bounded length. When it is full, the span
 * of an object is noted, and all reached objects of that span are read again later. */
#include "source/go/proof/mark.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"

#define WORK_FIRST    4096u
#define WORK_MAX      (4u << 20)
#define ENTRIES_FIRST 1024u

void go_mark_release(struct go_mark *mark)
{
	free(mark->marked);
	free(mark->special);
	free(mark->entries);
	free(mark->work);
	free(mark->overflowed);
	free(mark->is_overflowed);
	free(mark->reached);
	free(mark->processor);
	free(mark->scratch);
	free(mark->processors);
	free(mark->stacks);
	memset(mark, 0, sizeof(*mark));
}

bool go_mark_begin(struct go_mark *mark, struct go_heap *heap, bool *alive)
{
	size_t words = heap->nr_objects / 64 + 1;

	go_mark_release(mark);
	mark->heap = heap;
	mark->alive = alive;
	mark->seed = hash_seed();
	mark->cap_work = WORK_FIRST;
	mark->cap_entries = ENTRIES_FIRST;
	mark->marked = calloc(words, sizeof(*mark->marked));
	mark->special = calloc(words, sizeof(*mark->special));
	mark->entries = calloc(mark->cap_entries, sizeof(*mark->entries));
	mark->work = malloc(mark->cap_work * sizeof(*mark->work));
	mark->is_overflowed = calloc(heap->nr_spans + 1, 1);
	mark->cap_marked = mark->cap_special = words;
	mark->cap_is_overflowed = heap->nr_spans + 1;
	return mark->marked && mark->special && mark->entries && mark->work &&
	       mark->is_overflowed;
}

/* Allocates exactly what is needed: a large heap has many bits, and zeroing more of them
 * would make that memory resident. */
static bool extend_bits(uint64_t **bits, size_t *capacity, size_t words)
{
	size_t before = *capacity;

	if (!array_resize(bits, capacity, words))
		return false;
	memset(*bits + before, 0, (words - before) * sizeof(**bits));
	return true;
}

/* A heap only grows while it is read. */
bool go_mark_grow(struct go_mark *mark)
{
	size_t words = mark->heap->nr_objects / 64 + 1;

	return extend_bits(&mark->marked, &mark->cap_marked, words) &&
	       extend_bits(&mark->special, &mark->cap_special, words) &&
	       array_reserve_zeroed(&mark->is_overflowed, &mark->cap_is_overflowed,
				    mark->heap->nr_spans + 1);
}

static struct go_mark_entry *entry_of(const struct go_mark *mark, uint64_t base)
{
	size_t at = hash_mix(base, mark->seed) & (mark->cap_entries - 1);

	while (mark->entries[at].base && mark->entries[at].base != base)
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
	for (size_t i = 0; i < nr; i++)
		if (old[i].base)
			*entry_of(mark, old[i].base) = old[i];
	free(old);
	return true;
}

static bool test_and_set(uint64_t *bits, uint64_t at)
{
	uint64_t bit = 1ull << (at & 63), before = bits[at >> 6];

	bits[at >> 6] = before | bit;
	return before & bit;
}

bool go_mark_special(struct go_mark *mark, uint64_t base, enum go_special kind,
		     uint32_t first, uint32_t *before)
{
	const struct go_heap_span *span = go_heap_span_of(mark->heap, base);
	uint64_t index = span ? go_heap_index(span, base) : 0;
	struct go_mark_entry *entry;

	*before = GO_MARK_NONE;
	if (!span || index >= span->nr_objects)
		return false;
	if (mark->nr_entries * 2 >= mark->cap_entries && !grow_entries(mark)) {
		mark->failed = true;
		return false;
	}
	entry = entry_of(mark, base);
	if (entry->base && entry->kind != kind)
		return false;
	if (entry->base)
		*before = entry->first;
	else
		mark->nr_entries++;
	*entry = (struct go_mark_entry){base, first, (uint8_t)kind};
	test_and_set(mark->special, span->first + index);
	return true;
}

static void note_span(struct go_mark *mark, uint32_t number)
{
	if (mark->is_overflowed[number])
		return;
	if (!array_reserve(&mark->overflowed, &mark->cap_overflowed,
			   mark->nr_overflowed + 1)) {
		mark->failed = true;
		return;
	}
	mark->is_overflowed[number] = 1;
	mark->overflowed[mark->nr_overflowed++] = number;
}

bool go_mark_again(struct go_mark *mark)
{
	for (size_t i = 0; i < mark->heap->nr_spans; i++)
		if (!mark->heap->spans[i].noscan)
			note_span(mark, (uint32_t)i);
	mark->read_bytes = 0;
	return !mark->failed;
}

static void push_work(struct go_mark *mark, uint32_t number, uint32_t index)
{
	if (array_reserve_most(&mark->work, &mark->cap_work, mark->nr_work + 1,
			       WORK_MAX)) {
		mark->work[mark->nr_work++] = (uint64_t)number << 32 | index;
		return;
	}
	note_span(mark, number);
}

/* Applies the special treatment of an object that has just been reached. Returns false if
 * it must not be read. */
static bool reach_special(struct go_mark *mark, uint64_t base)
{
	const struct go_mark_entry *entry = entry_of(mark, base);

	if (entry->base == 0 || entry->kind == GO_SPECIAL_NOTED)
		return true;
	if (entry->kind == GO_SPECIAL_G)
		return false;
	if (entry->kind == GO_SPECIAL_SUDOG)
		return mark->alive[entry->first];
	if (!array_reserve(&mark->reached, &mark->cap_reached, mark->nr_reached + 1))
		mark->failed = true;
	else
		mark->reached[mark->nr_reached++] = entry->first;
	return true;
}

static bool is_inside_channel(const struct go_mark *mark, uint64_t base, uint64_t word)
{
	return word != base && entry_of(mark, base)->kind == GO_SPECIAL_CHAN;
}

static inline void mark_word(struct go_mark *mark, uint64_t word)
{
	const struct go_heap_span *span = go_heap_span_of(mark->heap, word);
	uint64_t index, bit, base;
	bool special;

	if (!span)
		return;
	index = go_heap_index(span, word);
	if (index >= span->nr_objects)
		return;
	bit = span->first + index;
	special = mark->special[bit >> 6] >> (bit & 63) & 1;
	base = special ? go_heap_base(span, index) : 0;
	if (special && is_inside_channel(mark, base, word))
		return;
	if (test_and_set(mark->marked, bit))
		return;
	if (special && !reach_special(mark, base))
		return;
	if (!span->noscan)
		push_work(mark, (uint32_t)(span - mark->heap->spans), (uint32_t)index);
}

void go_mark_address(struct go_mark *mark, uint64_t address)
{
	mark_word(mark, address);
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

bool go_mark_is_opaque(const struct go_mark *mark, uint64_t base)
{
	const struct go_mark_entry *entry = entry_of(mark, base);

	return entry->base &&
	       (entry->kind == GO_SPECIAL_G ||
		(entry->kind == GO_SPECIAL_SUDOG && !mark->alive[entry->first]));
}

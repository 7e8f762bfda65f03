/* SPDX-License-Identifier: MIT */
/* What the marker reaches in a heap of random objects, against a search that keeps no
 * lists and reads no batches; and what is special about channels, sudogs and g's. The heap
 * is this process's own memory. */
#include "unit.h"

#include <sys/mman.h>

#include "own_memory.h"
#include "source/go/proof/chunk.h"
#include "source/go/proof/mark.h"

#define ARENA_BYTES (1ull << GO_ARENA_SHIFT)
#define HEAP_BYTES  (8ull << 20)
#define PAGE        (1ull << GO_PAGE_SHIFT)
#define SPANS       ((size_t)(HEAP_BYTES >> GO_PAGE_SHIFT))
#define OBJECTS_MAX (HEAP_BYTES / 16)

static struct go_heap heap;
static struct go_mark mark;
static struct memory mem;
static void *mapping;
static uint64_t base; /* of the heap, where the system has room for it */
static bool alive[2];
static int never;
static uint64_t seed;
static bool expected[OBJECTS_MAX * 2];

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t *at(uint64_t address)
{
	return (uint64_t *)(uintptr_t)address;
}

static void add_span(uint64_t *start, uint64_t size, bool noscan)
{
	uint64_t bytes = (size + PAGE - 1) & ~(PAGE - 1);
	struct go_heap_span *span = &heap.spans[heap.nr_spans++];
	uint32_t nr = (uint32_t)(bytes / size);

	*span = (struct go_heap_span){.start = *start,
				      .bytes = bytes,
				      .size = size,
				      .first = (uint32_t)heap.nr_objects,
				      .nr_objects = nr,
				      .divide = nr > 1 ? UINT32_MAX / (uint32_t)size + 1
						       : 0,
				      .noscan = noscan};
	heap.nr_objects += (nr + GO_HEAP_OBJECTS - 1) / GO_HEAP_OBJECTS * GO_HEAP_OBJECTS;
	for (uint64_t i = 0; i < bytes >> GO_PAGE_SHIFT; i++)
		heap.pages[((*start - base) >> GO_PAGE_SHIFT) + i] =
			(uint32_t)heap.nr_spans;
	*start += bytes;
}

/* Sizes of all kinds: tiny ones, those of the runtime's own records, a large one. */
static void begin(const uint64_t *sizes, size_t nr_sizes)
{
	uint64_t start;

	mapping = mmap(NULL, ARENA_BYTES + HEAP_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(mapping, MAP_FAILED);
	start = base = ((uintptr_t)mapping + ARENA_BYTES - 1) & ~(ARENA_BYTES - 1);
	mem = self();
	memset(&heap, 0, sizeof(heap));
	heap.mem = &mem;
	heap.cancel = &never;
	heap.low = base;
	heap.extent = HEAP_BYTES;
	heap.spans = calloc(SPANS, sizeof(*heap.spans));
	heap.arenas = calloc((size_t)1 << 21, sizeof(*heap.arenas));
	heap.arenas[base >> GO_ARENA_SHIFT] = 1;
	heap.nr_arenas = 1;
	heap.pages = calloc((size_t)1 << (GO_ARENA_SHIFT - GO_PAGE_SHIFT),
			    sizeof(*heap.pages));
	heap.chunks = go_chunks_new();
	assert_non_null(heap.chunks);
	assert_true(go_chunks_begin(heap.chunks, 1));
	for (size_t i = 0; start < base + HEAP_BYTES; i++) {
		uint64_t size = sizes[i % nr_sizes];

		if (size > base + HEAP_BYTES - start)
			size = 64;
		add_span(&start, size, i % 7 == 6);
	}
	memset(alive, 0, sizeof(alive));
	memset(expected, 0, sizeof(expected));
	assert_true(go_mark_begin(&mark, &heap, alive));
}

static void end(void)
{
	munmap(mapping, ARENA_BYTES + HEAP_BYTES);
	go_mark_release(&mark);
	go_chunks_free(heap.chunks);
	free(heap.spans);
	free(heap.arenas);
	free(heap.pages);
}

static void follow(void)
{
	while (!go_mark_follow(&mark))
		assert_false(mark.failed);
	assert_int_equal(heap.holes, 0);
}

static bool is_marked(uint64_t object)
{
	return mark.bits[object / GO_HEAP_OBJECTS].marked >> object % GO_HEAP_OBJECTS & 1;
}

static uint64_t random_base(void)
{
	const struct go_heap_span *span = &heap.spans[next_random() % heap.nr_spans];

	return go_heap_base(span, next_random() % span->nr_objects);
}

/* Some words are addresses, of which some are inside of their object; others are not. */
static uint64_t random_word(void)
{
	switch (next_random() % 4) {
	case 0:
		return random_base();
	case 1:
		return random_base() + next_random() % 16;
	case 2:
		return next_random();
	default:
		return 0;
	}
}

/* Marks what the word leads to, object by object. */
static void expect(uint64_t root)
{
	static uint64_t work[OBJECTS_MAX * 2];
	size_t nr = 0;

	work[nr++] = root;
	while (nr > 0) {
		uint64_t word = work[--nr];
		const struct go_heap_span *span = go_heap_span_of(&heap, word);
		uint64_t index = span ? go_heap_index(span, word) : 0;

		if (!span || index >= span->nr_objects || expected[span->first + index])
			continue;
		expected[span->first + index] = true;
		for (uint64_t i = 0; i < span->size / 8 && !span->noscan; i++) {
			word = at(go_heap_base(span, index))[i];
			if (word - base < HEAP_BYTES && nr < OBJECTS_MAX * 2)
				work[nr++] = word;
		}
	}
}

static void check_reached(void)
{
	size_t reached = 0, wrong = 0;

	for (uint64_t i = 0; i < heap.nr_objects; i++) {
		reached += expected[i];
		wrong += expected[i] != is_marked(i);
	}
	assert_int_equal(wrong, 0);
	assert_true(reached > 0);
}

static void mark_and_check(uint64_t root)
{
	go_mark_words(&mark, (const uint8_t *)&root, sizeof(root));
	follow();
	expect(root);
	check_reached();
}

static void test_random(void **state)
{
	static const uint64_t sizes[] = {16,   24, 64, 96,       512,
					 6144, 16, 48, 1u << 20, 8192};

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		seed = 0x9e3779b97f4a7c15ull + round;
		begin(sizes, COUNT(sizes));
		/* From few words to many: of what is reached, little or nearly all. */
		for (uint64_t i = (uint64_t)2000 << round; i > 0; i--) {
			uint64_t inside = next_random() % (HEAP_BYTES / 8) * 8;

			*at(base + inside) = random_word();
		}
		for (unsigned i = 0; i < 20; i++)
			mark_and_check(random_base());
		/* An address that was not there before is found when all is read again. */
		for (unsigned i = 0; i < 1000; i++)
			*at(base + next_random() % (HEAP_BYTES / 8) * 8) = random_word();
		assert_true(go_chunks_begin(heap.chunks, 1));
		assert_true(go_mark_again(&mark));
		follow();
		memset(expected, 0, sizeof(expected));
		for (uint64_t i = 0; i < heap.nr_spans; i++)
			for (uint64_t k = 0; k < heap.spans[i].nr_objects; k++)
				if (is_marked(heap.spans[i].first + k))
					expect(go_heap_base(&heap.spans[i], k));
		check_reached();
		end();
	}
}

/* One object leads to the next: in order, backwards, and at random. */
static void test_chain(void **state)
{
	static const uint64_t sizes[] = {64};
	static const uint64_t steps[] = {1, 131071, 48271};

	(void)state;
	for (size_t way = 0; way < COUNT(steps); way++) {
		const uint64_t nr = HEAP_BYTES / 64;

		begin(sizes, 1);
		for (uint64_t i = 0; i < heap.nr_spans; i++)
			heap.spans[i].noscan = false;
		for (uint64_t i = 0, place = 0; i < nr - 1; i++) {
			uint64_t next = (place + steps[way]) % nr;

			*at(base + place * 64 + 8) = base + next * 64;
			place = next;
		}
		mark_and_check(base);
		for (uint64_t i = 0; i < nr; i++)
			assert_true(expected[i]);
		end();
	}
}

/* Without its owner a sudog leads nowhere; a g never does; a channel is reached by its start
 * alone, and then its waiters are told. */
static void test_special(void **state)
{
	static const uint64_t sizes[] = {96};
	uint64_t sudog, chan, g, beyond, inside;
	uint32_t before;

	(void)state;
	begin(sizes, 1);
	sudog = base + 96;
	chan = base + 192;
	g = base + 288;
	beyond = base + 384;
	inside = chan + 8;
	assert_true(go_mark_hide(&mark, g));
	assert_true(go_mark_special(&mark, sudog, GO_SPECIAL_SUDOG, 1, &before));
	assert_true(go_mark_special(&mark, chan, GO_SPECIAL_CHAN, 5, &before));
	assert_int_equal(before, GO_MARK_NONE);
	assert_true(go_mark_special(&mark, chan, GO_SPECIAL_CHAN, 6, &before));
	assert_int_equal(before, 5);
	assert_false(go_mark_special(&mark, chan, GO_SPECIAL_SUDOG, 0, &before));
	assert_false(go_mark_special(&mark, g, GO_SPECIAL_CHAN, 0, &before));
	assert_false(go_mark_hide(&mark, chan));
	*at(sudog) = chan;
	*at(g) = beyond;
	*at(base) = sudog;
	*at(base + 8) = g;
	*at(base + 16) = inside;
	go_mark_address(&mark, base);
	follow();
	assert_true(is_marked(1) && is_marked(3));
	assert_false(is_marked(2) || is_marked(4));
	assert_int_equal(mark.nr_reached, 0);
	/* Read again, it is the same. */
	assert_true(go_mark_again(&mark));
	follow();
	assert_false(is_marked(2) || is_marked(4));
	alive[1] = true;
	go_mark_wake(&mark, sudog);
	follow();
	assert_true(is_marked(2));
	assert_false(is_marked(4));
	assert_int_equal(mark.nr_reached, 1);
	assert_int_equal(mark.reached[0], 6);
	end();
}

/* What cannot be read is counted, and what lies beside it is followed. */
static void test_hole(void **state)
{
	static const uint64_t sizes[] = {64};

	(void)state;
	begin(sizes, 1);
	for (uint64_t i = 0; i < 64; i++) {
		heap.spans[i].noscan = false;
		*at(base + i * PAGE) = base + i * PAGE + 64;
		go_mark_address(&mark, base + i * PAGE);
	}
	/* The second half of the tenth span, where one more object was reached. */
	go_mark_address(&mark, base + 9 * PAGE + 5 * 1024);
	munmap(at(base + 9 * PAGE + PAGE / 2), PAGE / 2);
	while (!go_mark_follow(&mark))
		continue;
	assert_int_equal(heap.holes, 1);
	for (uint64_t i = 0; i < 64; i++)
		assert_true(is_marked(heap.spans[i].first + 1));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_special),
		cmocka_unit_test(test_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

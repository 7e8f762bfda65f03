/* SPDX-License-Identifier: MIT */
/* Reads of much memory in few calls. The target is this process itself. */
#include "own_memory.h"
#include "unit.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/proc/memory.h"

#define PAGE 4096u

/* Three pages, the middle one not readable. */
static uint8_t *pages_with_hole(void)
{
	uint8_t *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(pages != MAP_FAILED);
	for (size_t i = 0; i < 3 * PAGE; i++)
		pages[i] = (uint8_t)(i / 64);
	assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static void test_spans(void **state)
{
	struct memory mem = self();
	uint8_t *pages = pages_with_hole(), out[5][64];
	struct memory_span spans[] = {
		{address_of(pages + 64), out[0], 64, false},
		{address_of(pages + PAGE), out[1], 64, true},
		{address_of(pages), out[2], 0, true},
		{address_of(pages + PAGE - 32), out[3], 64, true},
		{address_of(pages + 2 * PAGE), out[4], 64, false},
	};

	memory_read_spans(&mem, spans, 5);
	assert_true(spans[0].ok);
	assert_int_equal(out[0][0], 1);
	assert_false(spans[1].ok);
	assert_false(spans[2].ok);
	assert_false(spans[3].ok);
	assert_true(spans[4].ok);
	assert_int_equal(out[4][63], 128);
	munmap(pages, 3 * PAGE);
}

static void test_process_gone(void **state)
{
	struct memory mem = {.process = process_named(0x3fffffff)};
	uint8_t out[2][8];
	struct memory_span spans[] = {{4096, out[0], 8, true}, {8192, out[1], 8, true}};

	memory_read_spans(&mem, spans, 2);
	assert_false(spans[0].ok || spans[1].ok);
	assert_int_equal(mem.failed, ESRCH);
	assert_int_equal(mem.calls, 1);
}

/* A look that has spent what it may reads nothing more, until the next one begins. */
static void test_spent(void **state)
{
	struct memory mem = self();
	uint8_t *pages = pages_with_hole(), out[4][64];
	struct memory_span spans[] = {
		{address_of(pages), out[0], 64, false},
		{address_of(pages + 64), out[1], 64, false},
	};
	struct memory_item items[] = {{address_of(pages), 0, true},
				      {address_of(pages + 2 * PAGE), 1, true}};
	struct memory_gather gather;

	memory_allow(&mem, 4);
	memory_read_spans(&mem, spans, 2);
	assert_true(spans[0].ok && spans[1].ok);
	assert_true(memory_read(&mem, address_of(pages), out[0], 64));
	assert_false(memory_is_spent(&mem));
	assert_true(memory_read(&mem, address_of(pages), out[0], 64));
	assert_true(memory_is_spent(&mem));
	assert_int_equal(memory_read_some(&mem, address_of(pages), out[0], 64), 0);
	assert_int_equal(mem.failed, EDQUOT);
	memory_read_spans(&mem, spans, 2);
	assert_false(spans[0].ok || spans[1].ok);
	assert_true(memory_gather_init(&gather));
	memory_gather_read(&mem, &gather, items, 2, out[0], 64);
	assert_false(items[0].ok || items[1].ok);
	memory_allow(&mem, 2);
	memory_gather_read(&mem, &gather, items, 2, out[0], 64);
	assert_true(items[0].ok && items[1].ok);
	memory_gather_release(&gather);
	munmap(pages, 3 * PAGE);
}

static void test_gather(void **state)
{
	enum { COUNT = 3000, BYTES = 104, STRIDE = 112 };
	struct memory mem = self();
	uint8_t *objects = malloc(COUNT * STRIDE), *out = malloc(COUNT * BYTES);
	struct memory_item *items = malloc(COUNT * sizeof(*items));
	struct memory_gather gather;
	bool *seen = calloc(COUNT, sizeof(*seen));

	for (size_t i = 0; i < COUNT * STRIDE; i++)
		objects[i] = (uint8_t)(i * 7 + i / 251);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t which = i * 1013u % COUNT; /* in no order */

		items[i] = (struct memory_item){
			address_of(objects + (size_t)which * STRIDE), which, false};
	}
	items[5].address = 0x1000;
	items[6].address = UINT64_MAX - 20;
	items[7].address = items[8].address; /* one object twice */
	assert_true(memory_gather_init(&gather));
	memory_gather_read(&mem, &gather, items, COUNT, out, BYTES);
	for (size_t i = 0; i < COUNT; i++) {
		const struct memory_item *item = &items[i];

		assert_false(seen[item->index]);
		seen[item->index] = true;
		assert_int_equal(item->ok, item->address != 0x1000 &&
						   item->address < UINT64_MAX - 20);
		if (item->ok)
			assert_memory_equal(out + (size_t)item->index * BYTES,
					    (void *)(uintptr_t)item->address, BYTES);
	}
	/* Neighbours are read together. */
	assert_true(mem.calls < 40);
	memory_gather_release(&gather);
	free(items);
	free(objects);
	free(out);
	free(seen);
}

struct seen {
	size_t nr;
	uint64_t last;
};

static void see(void *ctx, const struct memory_item *item, const uint8_t *bytes)
{
	struct seen *seen = ctx;

	assert_true(item->ok);
	assert_true(item->address >= seen->last);
	assert_memory_equal(bytes, (void *)(uintptr_t)item->address, 64);
	seen->last = item->address;
	seen->nr++;
}

/* Each object that can be read is seen once, in the order of the addresses. */
static void test_visit(void **state)
{
	struct memory mem = self();
	uint8_t *pages = pages_with_hole();
	struct memory_item items[] = {
		{address_of(pages + 2 * PAGE), 0, false},
		{address_of(pages + PAGE), 1, true},
		{address_of(pages + PAGE - 64), 2, false},
		{address_of(pages + 128), 3, false},
		{UINT64_MAX - 20, 4, true},
	};
	struct memory_gather gather;
	struct seen seen = {0};

	pages[128] = 42;
	assert_true(memory_gather_init(&gather));
	memory_gather_visit(&mem, &gather, items, 5, 64, see, &seen);
	assert_int_equal(seen.nr, 3);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(items[i].ok, items[i].index != 1 && items[i].index != 4);
	memory_gather_release(&gather);
	munmap(pages, 3 * PAGE);
}

#define OBJECTS 600u

/* Whatever order they are in: ascending, descending, in runs of this length, shuffled. */
static void test_orders(void **state)
{
	struct memory mem = self();
	uint8_t *objects = calloc(OBJECTS, 64);
	struct memory_item items[OBJECTS];
	struct memory_gather gather;

	assert_true(memory_gather_init(&gather));
	srandom(7);
	for (size_t round = 0; round < 200; round++) {
		size_t nr = round % 2 ? OBJECTS : round;
		struct seen seen = {0};
		bool there[OBJECTS] = {false};

		for (size_t i = 0; i < nr; i++) {
			size_t at = round % 5 == 0   ? nr - 1 - i
				    : round % 5 == 1 ? (size_t)random() % nr
						     : i * (round + 1) % nr;

			items[i] = (struct memory_item){address_of(objects + at * 64),
							(uint32_t)i, false};
		}
		memory_gather_visit(&mem, &gather, items, nr, 64, see, &seen);
		assert_int_equal(seen.nr, nr);
		for (size_t i = 0; i < nr; i++) {
			assert_false(there[items[i].index]);
			there[items[i].index] = true;
			/* Equal ones stay in their order. */
			assert_true(i == 0 || items[i].address > items[i - 1].address ||
				    items[i].index > items[i - 1].index);
		}
	}
	memory_gather_release(&gather);
	free(objects);
}

/* An object that cannot be read does not spoil its neighbours. */
static void test_gather_hole(void **state)
{
	struct memory mem = self();
	uint8_t *pages = pages_with_hole(), out[3 * 64];
	struct memory_item items[] = {{address_of(pages + PAGE - 64), 0, false},
				      {address_of(pages + PAGE), 1, true},
				      {address_of(pages + PAGE - 128), 2, false}};
	struct memory_gather gather;

	assert_true(memory_gather_init(&gather));
	memory_gather_read(&mem, &gather, items, 3, out, 64);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(items[i].ok, items[i].index != 1);
	assert_int_equal(out[0], 63);
	assert_int_equal(out[2 * 64], 62);
	memory_gather_release(&gather);
	munmap(pages, 3 * PAGE);
}

struct needle {
	const uint8_t *at;
	unsigned calls;
	uint64_t found;
};

static bool find_needle(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct needle *needle = ctx;
	const uint8_t *at = memmem(bytes, size, "needle in hay", 13);

	needle->calls++;
	if (at)
		needle->found = address + (uint64_t)(at - bytes);
	return at != NULL;
}

static void test_scan(void **state)
{
	struct memory mem = self();
	size_t bytes = (2u << 20) + 3 * PAGE;
	uint8_t *hay = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct needle needle = {0};

	/* Across the end of the first piece; then behind a hole. */
	memcpy(hay + (1u << 20) - 5, "needle in hay", 13);
	assert_true(memory_scan(&mem, address_of(hay), address_of(hay) + bytes, 32,
				find_needle, &needle));
	assert_int_equal(needle.found, address_of(hay) + (1u << 20) - 5);
	memset(hay + (1u << 20) - 5, 0, 13);
	memcpy(hay + bytes - 13, "needle in hay", 13);
	mprotect(hay + (1u << 20), PAGE, PROT_NONE);
	assert_true(memory_scan(&mem, address_of(hay), address_of(hay) + bytes, 32,
				find_needle, &needle));
	assert_int_equal(needle.found, address_of(hay) + bytes - 13);
	memset(hay + bytes - 13, 0, 13);
	assert_false(memory_scan(&mem, address_of(hay), address_of(hay) + bytes, 32,
				 find_needle, &needle));
	munmap(hay, bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),  cmocka_unit_test(test_process_gone),
		cmocka_unit_test(test_gather), cmocka_unit_test(test_gather_hole),
		cmocka_unit_test(test_scan),   cmocka_unit_test(test_spent),
		cmocka_unit_test(test_visit),  cmocka_unit_test(test_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

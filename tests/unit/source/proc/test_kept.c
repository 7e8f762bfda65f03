/* SPDX-License-Identifier: MIT */
/* What a look has read is kept until its end, and read at once by the next one. The target is
 * this process itself. */
#include "own_memory.h"
#include "unit.h"

#include <sys/mman.h>

#include "source/proc/blocks.h"

#define PAGE 4096u
#define MOST 32768u /* blocks, 16 MiB */

static uint8_t *map_pages(size_t nr)
{
	uint8_t *pages = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(pages != MAP_FAILED);
	for (size_t i = 0; i < nr * PAGE; i++)
		pages[i] = (uint8_t)(i / 64 + i / PAGE);
	return pages;
}

static uint8_t read_byte(struct memory *mem, const uint8_t *at)
{
	uint8_t byte = 0;

	assert_true(memory_read(mem, address_of(at), &byte, 1));
	return byte;
}

static void test_one_moment(void **state)
{
	struct memory mem = self();
	struct blocks *blocks = blocks_new(MOST);
	uint8_t *pages = map_pages(2), out[64];

	memory_keep(&mem, blocks);
	pages[100] = 1;
	assert_int_equal(read_byte(&mem, pages + 100), 1);
	pages[100] = 2;
	assert_int_equal(read_byte(&mem, pages + 100), 1);
	assert_int_equal(read_byte(&mem, pages + PAGE - 1), 63);
	assert_int_equal(mem.calls, 1);
	/* Across two pages. */
	assert_true(memory_read(&mem, address_of(pages + PAGE - 32), out, 64));
	assert_memory_equal(out, pages + PAGE - 32, 64);
	assert_int_equal(mem.calls, 2);
	memory_keep_end(&mem);
	assert_int_equal(read_byte(&mem, pages + 100), 2);
	assert_int_equal(mem.calls, 3);
	blocks_free(blocks);
	munmap(pages, 2 * PAGE);
}

/* The second look begins with one call that reads all, and sees what has changed. */
static void test_next_look(void **state)
{
	enum { PAGES = 300 };
	struct memory mem = self();
	struct blocks *blocks = blocks_new(MOST);
	uint8_t *pages = map_pages(PAGES);

	for (int look = 0; look < 3; look++) {
		uint64_t calls = mem.calls;

		memset(pages + 17 * PAGE, look + 5, PAGE);
		memory_keep(&mem, blocks);
		for (size_t i = 0; i < PAGES; i += 2)
			assert_int_equal(read_byte(&mem, pages + i * PAGE + 7),
					 pages[i * PAGE + 7]);
		assert_int_equal(read_byte(&mem, pages + 17 * PAGE + 99), look + 5);
		memory_keep_end(&mem);
		assert_int_equal(mem.calls - calls, look ? 1 : PAGES / 2 + 1);
	}
	/* What is gone by then is missed alone. */
	assert_int_equal(mprotect(pages + 10 * PAGE, PAGE, PROT_NONE), 0);
	memory_keep(&mem, blocks);
	assert_int_equal(read_byte(&mem, pages + 8 * PAGE + 7), pages[8 * PAGE + 7]);
	assert_int_equal(read_byte(&mem, pages + 12 * PAGE + 7), pages[12 * PAGE + 7]);
	assert_int_equal(memory_read_some(&mem, address_of(pages + 10 * PAGE - 5),
					  (uint8_t[64]){0}, 64),
			 5);
	memory_keep_end(&mem);
	blocks_free(blocks);
	munmap(pages, PAGES * PAGE);
}

static void gather(struct memory *mem, const uint8_t *objects, size_t nr, uint64_t *calls)
{
	enum { BYTES = 200, STRIDE = 1000 };
	struct memory_item *items = malloc(nr * sizeof(*items));
	uint8_t *out = malloc(nr * BYTES);
	struct memory_gather gather;

	for (size_t i = 0; i < nr; i++)
		items[i] = (struct memory_item){
			address_of(objects + i * 1013 % nr * STRIDE), (uint32_t)i, false};
	items[3].address = 0x1000;
	items[4].address = UINT64_MAX - 20;
	assert_true(memory_gather_init(&gather));
	*calls = mem->calls;
	memory_gather_read(mem, &gather, items, nr, out, BYTES);
	*calls = mem->calls - *calls;
	for (size_t i = 0; i < nr; i++) {
		bool bad = items[i].index == 3 || items[i].index == 4;

		assert_int_equal(items[i].ok, !bad);
		if (!bad)
			assert_memory_equal(out + (size_t)items[i].index * BYTES,
					    (void *)(uintptr_t)items[i].address, BYTES);
	}
	memory_gather_release(&gather);
	free(items);
	free(out);
}

static void test_gather(void **state)
{
	enum { COUNT = 3001 };
	struct memory mem = self();
	struct blocks *blocks = blocks_new(MOST);
	uint8_t *pages = map_pages(COUNT / 4 + 1);
	uint64_t calls;

	for (int look = 0; look < 2; look++) {
		memory_keep(&mem, blocks);
		gather(&mem, pages, COUNT, &calls);
		assert_true(calls < 12);
		gather(&mem, pages, COUNT, &calls);
		assert_true(calls <= 2); /* for those that cannot be read */
		memory_keep_end(&mem);
	}
	blocks_free(blocks);
	munmap(pages, (COUNT / 4 + 1) * (size_t)PAGE);
}

/* More than is kept at the same time: all that is lost is that some are read again. */
static void test_full(void **state)
{
	enum { PAGES = MOST / 8 * 3 };
	struct memory mem = self();
	struct blocks *blocks = blocks_new(MOST);
	uint8_t *pages = map_pages(PAGES);
	uint64_t calls;

	for (int look = 0; look < 3; look++) {
		calls = mem.calls;
		memory_keep(&mem, blocks);
		for (size_t i = 0; i < (size_t)PAGES * PAGE; i += BLOCK_BYTES)
			assert_int_equal(read_byte(&mem, pages + i), pages[i]);
		memory_keep_end(&mem);
		calls = mem.calls - calls;
		assert_true(look ? calls < PAGES / 2 : calls == PAGES);
	}
	blocks_free(blocks);
	munmap(pages, (size_t)PAGES * PAGE);
}

/* There is room for what the last look has used, up to the most. */
static void test_grows(void **state)
{
	enum { PAGES = MOST / 8 * 3 };
	struct memory mem = self();
	struct blocks *blocks = blocks_new(MOST * 4);
	uint8_t *pages = map_pages(PAGES);

	for (int look = 0; look < 3; look++) {
		uint64_t calls = mem.calls;

		memory_keep(&mem, blocks);
		for (int twice = 0; twice < 2; twice++)
			for (size_t i = 0; i < (size_t)PAGES * PAGE; i += BLOCK_BYTES)
				assert_int_equal(read_byte(&mem, pages + i), pages[i]);
		memory_keep_end(&mem);
		calls = mem.calls - calls;
		assert_true(look ? calls < 10 : calls == PAGES * 2);
	}
	blocks_free(blocks);
	munmap(pages, (size_t)PAGES * PAGE);
}

/* Without memory for it, nothing is kept. */
static void test_none(void **state)
{
	struct memory mem = self();
	uint8_t *pages = map_pages(1);

	memory_keep(&mem, NULL);
	read_byte(&mem, pages);
	read_byte(&mem, pages);
	assert_int_equal(mem.calls, 2);
	memory_keep_end(&mem);
	munmap(pages, PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_moment), cmocka_unit_test(test_next_look),
		cmocka_unit_test(test_gather),     cmocka_unit_test(test_full),
		cmocka_unit_test(test_grows),      cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

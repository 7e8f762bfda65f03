/* SPDX-License-Identifier: MIT */
/* The runtime's records of processors, as its source has them in memory. */
#include "unit.h"

#include "source/go/processor.h"

#define BYTES 16384u
#define BASE  0xc000458000ull
#define BUFFER                                                                           \
	9576u /* of the write barrier, with a header of 8 bytes before the record */
#define SCRATCH (BUFFER - 16 - 2752)
#define WORK    (SCRATCH - 2104)

static uint8_t record[BYTES];

static void put(size_t at, uint64_t word)
{
	memcpy(record + at, &word, sizeof(word));
}

/* Processor 3, running; two words wait in the buffer. */
static void build(void)
{
	memset(record, 0, sizeof(record));
	put(0, 0x5a1000);
	put(8, 3 | 1ull << 32);
	put(BUFFER - 16, BASE + BUFFER + 16);
	put(BUFFER - 8, BASE + BUFFER + 4096);
	put(WORK, 3);
	put(SCRATCH, 0x7f0000001000);
	put(SCRATCH + 8, 123456);
	put(SCRATCH + 24, 0x0101);
}

static void test_record(void **state)
{
	struct go_processor processor = {0};

	(void)state;
	build();
	assert_true(go_processor_parse(record, BASE, BYTES, &processor));
	assert_int_equal(processor.from, BUFFER + 16);
	assert_int_equal(processor.to, BUFFER + 4096);
	assert_int_equal(processor.scratch, 0x7f0000001000);
}

/* Older versions have neither the header nor the other buffer. */
static void test_old_record(void **state)
{
	struct go_processor processor = {0};

	(void)state;
	build();
	put(0, 3);
	put(8, 0xc000001000);
	assert_true(go_processor_parse(record, BASE, BYTES, &processor));
	assert_int_equal(processor.scratch, 0);
}

static void test_other_scratch(void **state)
{
	struct go_processor processor = {0};

	(void)state;
	build();
	put(WORK, 4);
	assert_true(go_processor_parse(record, BASE, BYTES, &processor));
	assert_int_equal(processor.scratch, 0);
	put(WORK, 3);
	put(SCRATCH + 24, 0xc000);
	assert_true(go_processor_parse(record, BASE, BYTES, &processor));
	assert_int_equal(processor.scratch, 0);
}

/* The program's own objects are read whole. */
static void test_no_record(void **state)
{
	struct go_processor processor = {0};

	(void)state;
	build();
	put(8, 3 | 7ull << 32);
	assert_false(go_processor_parse(record, BASE, BYTES, &processor));
	build();
	put(BUFFER - 16, BASE + BUFFER - 8);
	assert_false(go_processor_parse(record, BASE, BYTES, &processor));
	build();
	put(BUFFER - 8, BASE + BUFFER + 4088);
	assert_false(go_processor_parse(record, BASE, BYTES, &processor));
	build();
	assert_false(go_processor_parse(record, BASE + 8, BYTES, &processor));
	assert_false(go_processor_parse(record, BASE, BUFFER + 4000, &processor));
	assert_false(go_processor_parse(record, BASE, 64, &processor));
}

/* Where the allocator cuts the smallest objects from: after three or four other words. */
static void test_cache(void **state)
{
	uint64_t cache[GO_CACHE_BYTES / 8] = {7, 524288, 4096, 0xc000012340, 8, 55};
	uint64_t block;
	size_t at;

	(void)state;
	assert_true(go_cache_block((uint8_t *)cache, 0, &at, &block));
	assert_int_equal(block, 0xc000012340);
	assert_int_equal(at, 24);
	assert_false(go_cache_block((uint8_t *)cache, 1, &at, &block));
	cache[4] = 0; /* nothing was cut from it */
	assert_false(go_cache_block((uint8_t *)cache, 0, &at, &block));
	cache[4] = 24;
	assert_false(go_cache_block((uint8_t *)cache, 0, &at, &block));
	build();
	put(8 + 56, 0x7f1234);
	{
		struct go_processor processor = {0};

		assert_true(go_processor_parse(record, BASE, BYTES, &processor));
		assert_int_equal(processor.start, 8);
		assert_int_equal(processor.caches[0], 0x7f1234);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),        cmocka_unit_test(test_old_record),
		cmocka_unit_test(test_other_scratch), cmocka_unit_test(test_no_record),
		cmocka_unit_test(test_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

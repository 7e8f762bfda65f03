/* SPDX-License-Identifier: MIT */
/* The runtime's statistics of its heap, found by their relations in this process's own
 * memory. Each broken relation makes them unknown. */
#include "unit.h"

#include <unistd.h>

#include "core/resource.h"
#include "source/go/heap_stats.h"

#define MB          (1ull << 20)
#define LAST_GC     1796012515076337440ull
#define BYTES       (64 * 1024)
#define MEMSTATS    1024
#define STATE       32768

/* As the runtime of Go 1.25 to 1.27 lays them out. */
#define DELTA       1168
#define TIMES       3568
#define COLLECTIONS 7680
#define TAIL        272

static uint8_t data[BYTES] __attribute__((aligned(8)));

static void put(size_t offset, uint64_t value)
{
	memcpy(data + offset, &value, sizeof(value));
}

static void fill(void)
{
	const uint64_t pages[] = {200 * MB, 30 * MB, 120 * MB, 16 * MB, 4 * MB};

	memset(data, 0, sizeof(data));
	/* Two generations; the second one may be negative. */
	for (size_t i = 0; i < COUNT(pages); i++) {
		put(MEMSTATS + 8 * i, pages[i] + 8192 * 3);
		put(MEMSTATS + DELTA + 8 * i, (uint64_t) - (8192 * 3));
	}
	put(MEMSTATS + 3 * DELTA, 1); /* generation */
	put(MEMSTATS + TIMES, LAST_GC);
	put(MEMSTATS + TIMES + 8, 793323);
	put(MEMSTATS + TIMES + 16 + 256 * 8 + 8 * 4, LAST_GC);
	put(MEMSTATS + COLLECTIONS, 5);
	put(STATE, 100);
	put(STATE + 8, INT64_MAX);
	put(STATE + 16, 4 * MB);
	put(STATE + 72, 160 * MB);   /* goal */
	put(STATE + 88, UINT64_MAX); /* triggered */
	put(STATE + 104, 90 * MB);   /* live */
	put(STATE + 152, 80 * MB);   /* marked */
	put(STATE + TAIL, 120 * MB); /* in use */
	put(STATE + TAIL + 8, 30 * MB);
	put(STATE + TAIL + 16, 60 * MB); /* idle: 200 - 120 - 16 - 4 */
	put(STATE + TAIL + 24, 900 * MB);
	put(STATE + TAIL + 32, 800 * MB);
	put(STATE + TAIL + 40, 210 * MB);
}

static struct go_heap_figures read_figures(void)
{
	struct memory mem = {.process = process_named(getpid())};
	uint64_t start = (uint64_t)(uintptr_t)data;
	struct go_module module = {.minor = 26, .noptrbss = {start, start + BYTES}};
	struct go_elf elf = {0};
	struct go_heap_stats stats;
	struct resources r;

	resources_init(&r);
	go_heap_stats_init(&stats);
	go_heap_stats_read(&stats, &module, &elf, &mem, SECOND, &r.go_heap);
	return r.go_heap;
}

static void test_values(void **state)
{
	struct go_heap_figures heap;

	fill();
	heap = read_figures();
	assert_int_equal(heap.in_use_bytes, 120 * MB);
	assert_int_equal(heap.idle_bytes, 60 * MB);
	assert_int_equal(heap.returned_bytes, 30 * MB);
	assert_int_equal(heap.stack_bytes, 16 * MB);
	assert_int_equal(heap.live_bytes, 80 * MB);
	assert_int_equal(heap.goal_bytes, 160 * MB);
	assert_int_equal(heap.limit_bytes, -1);
	assert_int_equal(heap.percent, 100);
	assert_int_equal(heap.collections, 5);
	assert_int_equal(heap.last_real_ns, LAST_GC);
	assert_int_equal(heap.pause_ns, 793323);
}

/* 110 MB are not heap: 210 mapped without 60 idle and 100 allocated leave 50. */
static void test_limit(void **state)
{
	struct go_heap_figures heap;

	fill();
	put(STATE + 8, 180 * MB);
	heap = read_figures();
	assert_int_equal(heap.limit_bytes, 180 * MB);
	/* 180 - 50 - 30 beyond the limit, without 3 in 100 */
	assert_int_equal(heap.goal_bytes, 100 * MB - 100 * MB / 100 * 3);
	fill();
	put(STATE, (uint32_t)-1);
	put(STATE + 16, 4 * MB * UINT64_MAX / 100);
	put(STATE + 72, UINT64_MAX);
	heap = read_figures();
	assert_int_equal(heap.percent, GO_GC_OFF);
	assert_true(heap.goal_bytes == -1 && heap.in_use_bytes == 120 * (int64_t)MB);
}

static void assert_unknown(size_t offset, uint64_t value)
{
	struct go_heap_figures heap;

	fill();
	put(offset, value);
	heap = read_figures();
	if (go_heap_known(&heap) || heap.collections != -1 || heap.percent != -1)
		fail_msg("with %#zx at %#zx something is known", (size_t)value, offset);
}

static void test_relations(void **state)
{
	assert_unknown(MEMSTATS + 16, 121 * MB);       /* pages in use */
	assert_unknown(MEMSTATS + 8, 1ull << 60);      /* returned */
	assert_unknown(MEMSTATS + 3 * DELTA, 3);       /* generation */
	assert_unknown(MEMSTATS + TIMES, LAST_GC + 1); /* not in the ring */
	assert_unknown(MEMSTATS + COLLECTIONS, 99);
	assert_unknown(STATE, 200);              /* against the smallest heap */
	assert_unknown(STATE + 152, 1ull << 50); /* marked */
	assert_unknown(STATE + TAIL, 121 * MB);  /* counted twice */
	assert_unknown(STATE + TAIL + 8, 31 * MB);
	assert_unknown(STATE + TAIL + 16, 61 * MB);
	assert_unknown(STATE + TAIL + 40, 1); /* less mapped than in use */
}

static void test_versions(void **state)
{
	assert_null(go_heap_layout_of(0));
	assert_null(go_heap_layout_of(15));
	assert_null(go_heap_layout_of(28));
	for (unsigned minor = 16; minor <= 27; minor++) {
		const struct go_heap_layout *layout = go_heap_layout_of(minor);

		assert_non_null(layout);
		assert_true(go_heap_memstats_bytes(layout) < 10000);
		assert_true(go_heap_controller_bytes(layout) <= 512 || minor == 16);
		memset(data, 0, sizeof(data));
		assert_false(go_heap_is_memstats(layout, data));
		memset(data, 0xff, sizeof(data));
		assert_false(go_heap_is_memstats(layout, data));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_relations),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* wire: valid and false headers, and records that change while they are read. */
#include "unit.h"

#include "../../sanitized.h"

#include <pthread.h>

#include "base/clock.h"
#include "wire/wire.h"

static void layouts_pass_their_check(void **state)
{
	static const uint32_t counts[][3] = {
		{1, 0, 0},     {1, 1, 1},
		{63, 17, 5},   {64, 64, 64},
		{4096, 0, 10}, {WIRE_SLOTS_MAX, WIRE_CREATORS_MAX, WIRE_CHANS_MAX},
	};

	for (size_t i = 0; i < COUNT(counts); i++) {
		struct wire_header header;

		wire_layout(&header, counts[i][0], counts[i][1], counts[i][2]);
		assert_null(wire_check(&header, header.region_bytes));
		assert_null(wire_check(&header, header.region_bytes + 4096));
		assert_int_equal(header.region_bytes % 4096, 0);
		assert_non_null(wire_check(&header, header.region_bytes - 1));
		assert_int_equal(header.slots_offset, 4096);
		assert_true(header.creators_offset >=
			    header.slots_offset +
				    counts[i][0] * sizeof(struct wire_slot));
		assert_true(header.labels_offset >=
			    header.creators_offset +
				    counts[i][1] * sizeof(struct wire_creator));
		assert_true(header.chans_offset >=
			    header.labels_offset +
				    counts[i][0] * sizeof(struct wire_labels));
		assert_true(header.region_bytes >=
			    header.chans_offset +
				    counts[i][2] * sizeof(struct wire_chan));
	}
}

static const char *refused(struct wire_header header, uint64_t bytes)
{
	const char *why = wire_check(&header, bytes);

	if (!why)
		fail_msg("the header was accepted");
	assert_true(strlen(why) > 10);
	return why;
}

static void wrong_headers_are_named(void **state)
{
	struct wire_header good, bad;
	uint64_t bytes;

	wire_layout(&good, 100, 10, 20);
	bytes = good.region_bytes;
	assert_contains(refused(good, sizeof(good) - 1), "smaller than its header");
	assert_contains(refused(good, 0), "smaller than its header");
	bad = good;
	bad.magic ^= 1;
	assert_contains(refused(bad, bytes), "magic");
	bad = good;
	bad.version++;
	assert_contains(refused(bad, bytes), "version");
	bad = good;
	bad.header_bytes = 128;
	assert_contains(refused(bad, bytes), "more than the region");
	bad = good;
	bad.region_bytes = bytes + 1;
	assert_contains(refused(bad, bytes), "more than the region");
	bad = good;
	bad.nr_creators = 101;
	assert_non_null(refused(bad, bytes));
	bad = good;
	bad.nr_labels--;
	assert_contains(refused(bad, bytes), "do not match");
	bad = good;
	bad.slot_bytes = 128;
	assert_contains(refused(bad, bytes), "slot area");
}

/* Each offset and count, with every value that could overflow or overlap. */
static void areas_stay_inside(void **state)
{
	static const uint64_t offsets[] = {
		0,          1,          255,        4095,       4097,
		1ull << 20, 1ull << 32, 1ull << 63, UINT64_MAX, UINT64_MAX - 4095,
		~0xfffull,  INT64_MAX,
	};
	static const uint32_t counts[] = {101,        WIRE_SLOTS_MAX, WIRE_SLOTS_MAX + 1,
					  0x01000000, 0x7fffffff,     0x80000000,
					  UINT32_MAX};
	struct wire_header good;

	wire_layout(&good, 100, 10, 20);
	for (size_t i = 0; i < COUNT(offsets); i++) {
		struct wire_header bad[4] = {good, good, good, good};

		bad[0].slots_offset = bad[1].creators_offset = offsets[i];
		bad[2].labels_offset = bad[3].chans_offset = offsets[i];
		for (int k = 0; k < 4; k++)
			refused(bad[k], good.region_bytes);
	}
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct wire_header bad[4] = {good, good, good, good};

		bad[0].nr_slots = bad[1].nr_creators = counts[i];
		bad[2].nr_labels = bad[3].nr_chans = counts[i];
		for (int k = 0; k < 4; k++)
			refused(bad[k], good.region_bytes);
		/* Sizes of records are those of this version, or the arithmetic is another. */
		bad[0] = bad[1] = bad[2] = bad[3] = good;
		bad[0].slot_bytes = bad[1].creator_bytes = counts[i];
		bad[2].labels_bytes = bad[3].chan_bytes = counts[i];
		for (int k = 0; k < 4; k++)
			refused(bad[k], good.region_bytes);
	}
}

static void areas_do_not_overlap(void **state)
{
	struct wire_header good, bad;

	wire_layout(&good, 100, 10, 20);
	bad = good;
	bad.creators_offset = good.slots_offset;
	refused(bad, good.region_bytes);
	bad = good;
	bad.labels_offset = good.creators_offset;
	refused(bad, good.region_bytes);
	bad = good;
	bad.chans_offset = good.labels_offset;
	refused(bad, good.region_bytes);
	/* In another order than that of the file. */
	bad = good;
	bad.slots_offset = good.chans_offset;
	bad.chans_offset = good.slots_offset;
	refused(bad, good.region_bytes);
}

/* A region that its owner has made smaller is seen by its size, whatever it says. */
static void a_smaller_region_is_refused(void **state)
{
	struct wire_header header;

	wire_layout(&header, 1000, 100, 100);
	for (uint64_t bytes = 0; bytes < header.region_bytes; bytes += 4096)
		refused(header, bytes);
}

static void an_odd_counter_is_not_read(void **state)
{
	struct wire_slot slot = {.seq = 7}, copy = {.seq = 1, .tid = 99};

	assert_int_equal(wire_read(&copy, &slot, sizeof(slot)), 0);
	assert_int_equal(copy.tid, 99);
	slot.seq = 8;
	slot.tid = 5;
	assert_int_equal(wire_read(&copy, &slot, sizeof(slot)), 1);
	assert_int_equal(copy.tid, 5);
}

struct writer {
	struct wire_slot *slot;
	int stop;
};

/* As an agent writes: odd, fence, fields, even. Every field says the same number. */
static void *write_slot(void *arg)
{
	struct writer *writer = arg;
	struct wire_slot *slot = writer->slot;

	for (uint64_t i = 1; !__atomic_load_n(&writer->stop, __ATOMIC_RELAXED); i++) {
		uint32_t seq = slot->seq;

		__atomic_store_n(&slot->seq, seq + 1, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		__atomic_store_n(&slot->object, i, __ATOMIC_RELAXED);
		__atomic_store_n(&slot->since_ns, i, __ATOMIC_RELAXED);
		__atomic_store_n(&slot->call_site, i, __ATOMIC_RELAXED);
		__atomic_store_n(&slot->serial, i, __ATOMIC_RELAXED);
		__atomic_store_n(&slot->counts[22], (uint32_t)i, __ATOMIC_RELAXED);
		__atomic_store_n(&slot->counts[23], (uint32_t)i, __ATOMIC_RELAXED);
		__atomic_store_n(&slot->seq, seq + 2, __ATOMIC_RELEASE);
		/* Leave a reader some time, or it may never see an even counter. */
		for (uint64_t pause = i % 64; pause > 0; pause--)
			__asm__ volatile("" ::: "memory");
	}
	return NULL;
}

/* The race is the point: the counter tells a torn copy, which a sanitizer cannot know. */
static void torn_records_are_not_believed(void **state)
{
	_Alignas(64) struct wire_slot slot = {.seq = 0};
	struct writer writer = {.slot = &slot};
	int64_t end_ns = clock_mono_ns() + 10 * SECOND;
	uint64_t last = 0, whole = 0, changes = 0;
	pthread_t thread;

	if (SANITIZED_THREADS)
		skip();
	assert_int_equal(pthread_create(&thread, NULL, write_slot, &writer), 0);
	for (long i = 0; i < 300000 || (changes < 1000 && clock_mono_ns() < end_ns);
	     i++) {
		struct wire_slot copy;

		if (!wire_read(&copy, &slot, sizeof(copy)))
			continue;
		whole++;
		if (copy.object != copy.since_ns || copy.object != copy.call_site ||
		    copy.object != copy.serial ||
		    (uint32_t)copy.object != copy.counts[22] ||
		    copy.counts[22] != copy.counts[23] || copy.object < last)
			fail_msg("torn: %llu %llu", (unsigned long long)copy.object,
				 (unsigned long long)copy.serial);
		changes += copy.object != last;
		last = copy.object;
	}
	__atomic_store_n(&writer.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(whole > 1000);
	assert_true(changes > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_pass_their_check),
		cmocka_unit_test(wrong_headers_are_named),
		cmocka_unit_test(areas_stay_inside),
		cmocka_unit_test(areas_do_not_overlap),
		cmocka_unit_test(a_smaller_region_is_refused),
		cmocka_unit_test(an_odd_counter_is_not_read),
		cmocka_unit_test(torn_records_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

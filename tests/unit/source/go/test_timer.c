/* SPDX-License-Identifier: MIT */
/* Timers of Go's runtime, as its source has them in memory. */
#include "unit.h"

#include "source/go/timer.h"

#define HEAP 0xc000458028ull

static uint8_t bytes[GO_TIMER_BYTES];

static void put(size_t at, uint64_t word)
{
	memcpy(bytes + at, &word, sizeof(word));
}

static void build_old(uint64_t status)
{
	memset(bytes, 0, sizeof(bytes));
	put(0, HEAP);
	put(8, 1000);
	put(16, 500);
	put(24, 0x5a1000);
	put(32, 0x4b0000);
	put(40, 0xc000010000);
	put(56, 3000);
	put(64, status);
}

/* later: `when` and what follows are at these bytes more. */
static void build_new(size_t later)
{
	memset(bytes, 0, sizeof(bytes));
	bytes[9] = 1;
	bytes[10] = 1;
	put(16 + later, 1000);
	put(24 + later, 500);
	put(32 + later, 0x5a1000);
	put(40 + later, 0x4b0000);
	put(48 + later, 0xc000010000);
	put(64 + later, HEAP);
}

static void assert_timer(const struct go_timer *timer, int64_t when_ns)
{
	assert_int_equal(timer->when_ns, when_ns);
	assert_int_equal(timer->period_ns, 500);
	assert_int_equal(timer->callback, 0x5a1000);
	assert_int_equal(timer->argument, 0xc000010000);
}

static void test_old(void **state)
{
	static const bool armed[] = {false, true, true, false, false,
				     false, true, true, true,  true};
	struct go_timer timer = {0};

	(void)state;
	for (uint64_t status = 0; status < 10; status++) {
		build_old(status);
		assert_int_equal(go_timer_parse(bytes, false, HEAP, &timer),
				 armed[status]);
		/* A timer that was reset has a new time, which is not in order yet. */
		if (armed[status])
			assert_timer(&timer, status == 7 || status == 8 ? 3000 : 1000);
	}
	build_old(1);
	assert_false(go_timer_parse(bytes, false, HEAP + 8, &timer));
	put(16, UINT64_MAX);
	assert_false(go_timer_parse(bytes, false, HEAP, &timer));
	build_old(1);
	put(8, 0);
	assert_false(go_timer_parse(bytes, false, HEAP, &timer));
	build_old(10);
	assert_false(go_timer_parse(bytes, false, HEAP, &timer));
}

static void test_new(void **state)
{
	struct go_timer timer = {0};

	(void)state;
	for (size_t later = 0; later <= 8; later += 8) {
		build_new(later);
		assert_true(go_timer_parse(bytes, true, HEAP, &timer));
		assert_timer(&timer, 1000);
		assert_true(timer.channel);
		assert_false(go_timer_parse(bytes, true, HEAP + 8, &timer));
		bytes[9] = 1 | 4; /* to be removed */
		assert_false(go_timer_parse(bytes, true, HEAP, &timer));
		bytes[9] = 2; /* in no heap */
		assert_false(go_timer_parse(bytes, true, HEAP, &timer));
	}
	build_new(4);
	assert_false(go_timer_parse(bytes, true, HEAP, &timer));
}

static void test_sort(void **state)
{
	struct go_timer_pair pairs[1000], spare[1000];
	uint64_t word = 88172645463325252ull;

	(void)state;
	for (size_t nr = 0; nr <= 1000; nr += nr < 3 ? 1 : 997) {
		for (size_t i = 0; i < nr; i++) {
			word ^= word << 13;
			word ^= word >> 7;
			word ^= word << 17;
			pairs[i] =
				(struct go_timer_pair){i % 3 ? word : word >> 40, word};
		}
		go_timer_sort(pairs, spare, nr);
		for (size_t i = 1; i < nr; i++)
			assert_true(pairs[i - 1].address <= pairs[i].address);
		for (size_t i = 0; i < nr; i++)
			assert_true(pairs[i].address == pairs[i].value ||
				    pairs[i].address == pairs[i].value >> 40);
	}
}

static void test_texts(void **state)
{
	struct timer_group group = {.callback = "time.sendTime",
				    .function = "",
				    .period_ns = 5000000000,
				    .count = 1200,
				    .full = 7,
				    .next_ns = 4000000000};
	char text[TIMER_TEXT_MAX];

	(void)state;
	assert_string_equal(timer_group_text(&group, text),
			    "1200 tickers of 5.0s that send to a channel");
	assert_string_equal(timer_group_details(&group, 1000000000, text),
			    "1200 tickers of 5.0s that send to a channel, the next in "
			    "3.0s; 7 channels are full: no task receives");
	group = (struct timer_group){
		.callback = "time.goFunc", .function = "main.(*conn).ping", .count = 1};
	assert_string_equal(timer_group_details(&group, 0, text),
			    "1 timer that calls main.(*conn).ping");
	group.function = "";
	group.callback = "runtime.netpollDeadline";
	assert_string_equal(timer_group_text(&group, text), "1 timer of an I/O deadline");
	group.callback = "runtime.goroutineReady";
	group.count = 2;
	assert_string_equal(timer_group_text(&group, text), "2 timers of sleeps");
	group.callback = "";
	assert_string_equal(timer_group_text(&group, text),
			    "2 timers of an unknown function");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What a blocked call publishes: the thread's slot and the channel's record. */
#include "chan_test.h"

#include "grmon.h"

static struct region region;

static struct wire_slot slot_when(int32_t *tid, uint32_t state)
{
	int64_t until = now_ns() + 20000 * MS;
	struct wire_slot slot = {0};

	for (;;) {
		int32_t now = __atomic_load_n(tid, __ATOMIC_ACQUIRE);

		if (now > 0 && region_slot(&region, now, &slot) && slot.state == state)
			return slot;
		if (now_ns() > until)
			give_up("the thread does not get into the state");
		usleep(500);
	}
}

/* The call site is in the calling function: at most this many bytes after its start. */
#define NEAR(site, function) ((site) - (uint64_t)(uintptr_t)(function) < 600)

static void sender_and_receiver(void **state)
{
	struct grmon_chan *chan = grmon_chan_new(24, 5), *none = grmon_chan_new(0, 0);
	struct wire_chan record;
	struct wire_slot slot;
	struct call send, recv;
	char element[24] = "";

	grmon_chan_name(chan, "a name of more than 15 bytes");
	for (int i = 0; i < 5; i++)
		assert_int_equal(grmon_chan_send(chan, element), GRMON_OK);
	assert_true(chan_record_of(chan, &record));
	assert_int_equal(record.element_bytes, 24);
	assert_int_equal(record.capacity, 5);
	assert_int_equal(record.length, 5);
	assert_int_equal(record.nr_send, 0);
	assert_int_equal(record.closed, 0);
	assert_string_equal(record.name, "a name of more ");
	assert_true(NEAR(record.site, sender_and_receiver));

	call_send(&send, none, 0);
	call_recv(&recv, NULL);
	slot = slot_when(&send.tid, GRMON_CHAN_SEND);
	assert_int_equal(slot.object, (uintptr_t)none);
	assert_true(NEAR(slot.call_site, call_run));
	assert_int_equal(slot.fd, -1);
	assert_true(slot.flags & WIRE_SLOT_API);
	assert_int_equal(slot.counts[GRMON_CHAN_SEND - 1], 1);
	slot = slot_when(&recv.tid, GRMON_CHAN_RECV);
	assert_int_equal(slot.object, 0);
	assert_string_equal(slot.what, "nil channel");
	assert_true(chan_record_of(none, &record));
	assert_int_equal(record.nr_send, 1);
	assert_int_equal(record.nr_recv, 0);

	assert_int_equal(grmon_chan_recv(none, NULL), GRMON_OK);
	assert_int_equal(call_join(&send), GRMON_OK);
	pthread_cancel(recv.thread);
	pthread_join(recv.thread, NULL);
	assert_int_equal(grmon_chan_close(none), GRMON_OK);
	assert_true(chan_record_of(none, &record));
	assert_int_equal(record.nr_send, 0);
	assert_int_equal(record.closed, 1);
	grmon_chan_free(none);
	assert_false(chan_record_of(none, &record));
	grmon_chan_free(chan);
	(void)state;
}

/* The thread has published an outer wait, and does not lose it. */
static void *select_inside(void *arg)
{
	struct call *call = arg;
	struct grmon_wait wait;

	__atomic_store_n(&call->tid, (int32_t)gettid(), __ATOMIC_RELEASE);
	grmon_wait_begin(&wait, GRMON_WAITGROUP, call, "all workers of it");
	call->result = grmon_chan_select(call->cases, call->nr_cases, -1);
	grmon_chan_recv(call->chan, NULL);
	while (__atomic_load_n(&call->element, __ATOMIC_ACQUIRE) == 0)
		usleep(500);
	grmon_wait_end(&wait);
	return NULL;
}

static void select_and_what_is_around_it(void **state)
{
	struct grmon_chan *a = grmon_chan_new(0, 0), *b = grmon_chan_new(0, 0);
	struct grmon_chan_case cases[12] = {{.chan = a}, {.chan = b, .send = true}};
	struct call call = {
		.kind = CALL_SELECT, .chan = a, .cases = cases, .nr_cases = 12};
	struct wire_chan record;
	struct wire_slot slot;

	for (int i = 2; i < 12; i++)
		cases[i].chan = b;
	pthread_create(&call.thread, NULL, select_inside, &call);
	slot = slot_when(&call.tid, GRMON_SELECT);
	assert_int_equal(slot.object, (uintptr_t)a);
	assert_string_equal(slot.what, "2 channels");
	assert_true(NEAR(slot.call_site, select_inside));
	await_blocked(a, 0, 1);
	await_blocked(b, 1, 10);
	assert_int_equal(grmon_chan_send(a, NULL), GRMON_OK);

	/* The call inside the next receive's wait must not show a text of the select. */
	slot = slot_when(&call.tid, GRMON_CHAN_RECV);
	assert_string_equal(slot.what, "");
	assert_int_equal(grmon_chan_send(a, NULL), GRMON_OK);
	slot = slot_when(&call.tid, GRMON_WAITGROUP);
	assert_string_equal(slot.what, "all workers of it");
	assert_int_equal(slot.object, (uintptr_t)&call);
	assert_true(chan_record_of(b, &record));
	assert_int_equal(record.nr_send + record.nr_recv, 0);
	__atomic_store_n(&call.element, 1, __ATOMIC_RELEASE);
	pthread_join(call.thread, NULL);
	assert_int_equal(call.result, 0);
	grmon_chan_free(a);
	grmon_chan_free(b);
	(void)state;
}

/* Calls that do not block publish nothing: the counters stay. */
static void unblocked_calls_are_not_seen(void **state)
{
	struct grmon_chan *chan = grmon_chan_new(0, 1);
	struct grmon_chan_case one = {.chan = chan};
	struct wire_slot before, after;

	assert_int_equal(grmon_chan_recv_until(chan, NULL, 1), GRMON_ETIMEDOUT);
	assert_true(region_slot(&region, gettid(), &before));
	for (int i = 0; i < 100; i++) {
		assert_int_equal(grmon_chan_send(chan, NULL), GRMON_OK);
		assert_int_equal(grmon_chan_send_try(chan, NULL), GRMON_EAGAIN);
		assert_int_equal(grmon_chan_select(&one, 1, -1), 0);
		assert_int_equal(grmon_chan_select(&one, 1, 0), GRMON_EAGAIN);
	}
	assert_true(region_slot(&region, gettid(), &after));
	assert_int_equal(before.waits, after.waits);
	assert_int_equal(after.state, WIRE_STATE_RUNNING);
	grmon_chan_free(chan);
	(void)state;
}

/* More channels than records: they work without being shown, and are counted. */
static void records_run_out(void **state)
{
	enum { COUNT = WIRE_CHANS_MAX + 5 };
	const struct wire_header *live = (const void *)region.map;
	static struct grmon_chan *chans[COUNT];
	struct wire_chan record;

	for (size_t i = 0; i < COUNT; i++)
		chans[i] = grmon_chan_new(0, 1);
	assert_true(__atomic_load_n(&live->dropped_chans, __ATOMIC_RELAXED) >= 5);
	assert_false(chan_record_of(chans[COUNT - 1], &record));
	assert_int_equal(grmon_chan_send(chans[COUNT - 1], NULL), GRMON_OK);
	assert_int_equal(grmon_chan_recv(chans[COUNT - 1], NULL), GRMON_OK);
	for (size_t i = 0; i < COUNT; i++)
		grmon_chan_free(chans[i]);
	chans[0] = grmon_chan_new(0, 1);
	assert_true(chan_record_of(chans[0], &record));
	grmon_chan_free(chans[0]);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sender_and_receiver),
		cmocka_unit_test(select_and_what_is_around_it),
		cmocka_unit_test(unblocked_calls_are_not_seen),
		cmocka_unit_test(records_run_out),
	};

	alarm(120);
	if (!region_of_self(&region))
		give_up("this process publishes no region");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What sends, receives and close do, rule by rule of the Go specification. */
#include "chan_test.h"

static struct grmon_chan *make(size_t capacity)
{
	struct grmon_chan *chan = grmon_chan_new(sizeof(uint64_t), capacity);

	assert_non_null(chan);
	return chan;
}

static void send_ok(struct grmon_chan *chan, uint64_t value)
{
	assert_int_equal(grmon_chan_send(chan, &value), GRMON_OK);
}

static void recv_is(struct grmon_chan *chan, uint64_t expected)
{
	uint64_t value = 99;

	assert_int_equal(grmon_chan_recv(chan, &value), GRMON_OK);
	assert_int_equal(value, expected);
}

static void sizes(void **state)
{
	struct grmon_chan *chan;

	assert_null(grmon_chan_new(GRMON_CHAN_ELEMENT_MAX + 1, 0));
	assert_null(grmon_chan_new(8, SIZE_MAX / 8));
	assert_null(grmon_chan_new(8, SIZE_MAX));
	assert_null(grmon_chan_new(0, SIZE_MAX));
	chan = grmon_chan_new(GRMON_CHAN_ELEMENT_MAX, 3);
	assert_non_null(chan);
	assert_int_equal(grmon_chan_cap(chan), 3);
	assert_int_equal(grmon_chan_len(chan), 0);
	grmon_chan_free(chan);
	grmon_chan_free(NULL);
	assert_int_equal(grmon_chan_cap(NULL), 0);
	assert_int_equal(grmon_chan_len(NULL), 0);
	(void)state;
}

static void buffered_is_first_in_first_out(void **state)
{
	struct grmon_chan *chan = make(3);
	uint64_t value;

	/* Twice round the ring, at every offset. */
	for (uint64_t round = 0; round < 8; round++) {
		for (uint64_t i = 0; i < 3; i++) {
			send_ok(chan, round * 10 + i);
			assert_int_equal(grmon_chan_len(chan), i + 1);
		}
		value = 1;
		assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_EAGAIN);
		for (uint64_t i = 0; i < 3; i++)
			recv_is(chan, round * 10 + i);
		assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_EAGAIN);
		assert_int_equal(value, 1);
		send_ok(chan, 5);
		recv_is(chan, 5);
	}
	grmon_chan_free(chan);
	(void)state;
}

static void unbuffered_meets(void **state)
{
	struct grmon_chan *chan = make(0);
	struct call call;
	uint64_t value = 3;

	assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_EAGAIN);

	call_send(&call, chan, 41);
	await_blocked(chan, 1, 0);
	assert_int_equal(grmon_chan_len(chan), 0);
	assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_OK);
	assert_int_equal(value, 41);
	assert_int_equal(call_join(&call), GRMON_OK);

	call_recv(&call, chan);
	await_blocked(chan, 0, 1);
	value = 42;
	assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_OK);
	assert_int_equal(call_join(&call), GRMON_OK);
	assert_int_equal(call.element, 42);
	await_blocked(chan, 0, 0);
	grmon_chan_free(chan);
	(void)state;
}

static void full_buffer_keeps_the_order(void **state)
{
	struct grmon_chan *chan = make(2);
	struct call calls[3];

	send_ok(chan, 0);
	send_ok(chan, 1);
	for (uint32_t i = 0; i < 3; i++) {
		call_send(&calls[i], chan, i + 2);
		await_blocked(chan, i + 1, 0);
	}
	for (uint64_t i = 0; i < 5; i++)
		recv_is(chan, i);
	for (int i = 0; i < 3; i++)
		assert_int_equal(call_join(&calls[i]), GRMON_OK);
	grmon_chan_free(chan);
	(void)state;
}

static void waiters_are_served_in_turn(void **state)
{
	struct grmon_chan *chan = make(0);
	struct call calls[6];

	for (uint32_t i = 0; i < 6; i++) {
		call_recv(&calls[i], chan);
		await_blocked(chan, 0, i + 1);
	}
	for (uint64_t i = 0; i < 6; i++)
		send_ok(chan, 100 + i);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(call_join(&calls[i]), GRMON_OK);
		assert_int_equal(calls[i].element, 100 + i);
	}
	for (uint32_t i = 0; i < 6; i++) {
		call_send(&calls[i], chan, i);
		await_blocked(chan, i + 1, 0);
	}
	for (uint64_t i = 0; i < 6; i++)
		recv_is(chan, i);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(call_join(&calls[i]), GRMON_OK);
	grmon_chan_free(chan);
	(void)state;
}

static void deadlines(void **state)
{
	struct grmon_chan *empty = make(0), *one = make(1);
	uint64_t value = 7;
	int64_t began = now_ns();

	/* An operation that does not have to wait is done even after the deadline. */
	assert_int_equal(grmon_chan_send_until(one, &value, 0), GRMON_OK);
	assert_int_equal(grmon_chan_send_until(one, &value, -5), GRMON_ETIMEDOUT);
	assert_int_equal(grmon_chan_send_until(one, &value, began), GRMON_ETIMEDOUT);
	value = 0;
	assert_int_equal(grmon_chan_recv_until(one, &value, INT64_MIN), GRMON_OK);
	assert_int_equal(value, 7);
	assert_int_equal(grmon_chan_recv_until(one, &value, began), GRMON_ETIMEDOUT);
	assert_int_equal(grmon_chan_recv_until(empty, &value, INT64_MIN),
			 GRMON_ETIMEDOUT);
	assert_int_equal(value, 7);

	began = now_ns();
	assert_int_equal(grmon_chan_recv_until(empty, &value, began + 40 * MS),
			 GRMON_ETIMEDOUT);
	assert_int_equal(grmon_chan_send_until(empty, &value, began + 80 * MS),
			 GRMON_ETIMEDOUT);
	assert_true(now_ns() >= began + 80 * MS);
	/* Nothing is left in the channel: no receiver takes this element, no sender gives
	 * one. */
	await_blocked(empty, 0, 0);
	assert_int_equal(grmon_chan_send_try(empty, &value), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_recv_try(empty, &value), GRMON_EAGAIN);
	grmon_chan_free(empty);
	grmon_chan_free(one);
	(void)state;
}

static void deadline_in_the_future_is_met(void **state)
{
	struct grmon_chan *chan = make(0);
	struct call call;
	uint64_t value = 0;

	call_send(&call, chan, 12);
	assert_int_equal(grmon_chan_recv_until(chan, &value, now_ns() + 20000 * MS),
			 GRMON_OK);
	assert_int_equal(value, 12);
	assert_int_equal(call_join(&call), GRMON_OK);
	grmon_chan_free(chan);
	(void)state;
}

static void close_keeps_what_is_buffered(void **state)
{
	struct grmon_chan *chan = make(2);
	uint64_t value = 99;

	send_ok(chan, 1);
	send_ok(chan, 2);
	assert_int_equal(grmon_chan_close(chan), GRMON_OK);
	assert_int_equal(grmon_chan_close(chan), GRMON_ECLOSED);
	assert_int_equal(grmon_chan_send(chan, &value), GRMON_ECLOSED);
	assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_ECLOSED);
	assert_int_equal(grmon_chan_send_until(chan, &value, 0), GRMON_ECLOSED);
	recv_is(chan, 1);
	recv_is(chan, 2);
	assert_int_equal(grmon_chan_recv(chan, &value), GRMON_ECLOSED);
	assert_int_equal(value, 0);
	value = 99;
	assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_ECLOSED);
	assert_int_equal(value, 0);
	assert_int_equal(grmon_chan_recv(chan, NULL), GRMON_ECLOSED);
	grmon_chan_free(chan);
	assert_int_equal(grmon_chan_close(NULL), GRMON_EINVAL);
	(void)state;
}

static void close_wakes_everybody(void **state)
{
	struct grmon_chan *sends = make(1), *recvs = make(0);
	struct call calls[8];

	send_ok(sends, 5);
	for (uint32_t i = 0; i < 4; i++) {
		call_send(&calls[i], sends, 6);
		call_recv(&calls[4 + i], recvs);
	}
	await_blocked(sends, 4, 0);
	await_blocked(recvs, 0, 4);
	assert_int_equal(grmon_chan_close(sends), GRMON_OK);
	assert_int_equal(grmon_chan_close(recvs), GRMON_OK);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(call_join(&calls[i]), GRMON_ECLOSED);
	/* Receivers got the zero value; senders kept their elements, which were not
	 * sent. */
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(calls[i].element, 6);
		assert_int_equal(calls[4 + i].element, 0);
	}
	recv_is(sends, 5);
	assert_int_equal(grmon_chan_recv(sends, NULL), GRMON_ECLOSED);
	await_blocked(sends, 0, 0);
	grmon_chan_free(sends);
	grmon_chan_free(recvs);
	(void)state;
}

static void nil_channels(void **state)
{
	uint64_t value = 3;
	int64_t began = now_ns();

	assert_int_equal(grmon_chan_send_try(NULL, &value), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_recv_try(NULL, &value), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_send_until(NULL, &value, began + 20 * MS),
			 GRMON_ETIMEDOUT);
	assert_int_equal(grmon_chan_recv_until(NULL, &value, began + 40 * MS),
			 GRMON_ETIMEDOUT);
	assert_true(now_ns() >= began + 40 * MS);
	assert_int_equal(value, 3);
	grmon_chan_name(NULL, "none");
	(void)state;
}

static void elements_of_no_and_of_many_bytes(void **state)
{
	static unsigned char out[GRMON_CHAN_ELEMENT_MAX], in[GRMON_CHAN_ELEMENT_MAX];
	struct grmon_chan *signals = grmon_chan_new(0, 2), *odd = grmon_chan_new(3, 2),
			  *large = grmon_chan_new(sizeof(out), 1);

	assert_int_equal(grmon_chan_send(signals, NULL), GRMON_OK);
	assert_int_equal(grmon_chan_send(signals, NULL), GRMON_OK);
	assert_int_equal(grmon_chan_send_try(signals, NULL), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_recv(signals, NULL), GRMON_OK);
	assert_int_equal(grmon_chan_len(signals), 1);

	memcpy(out, "abcdef", 6);
	assert_int_equal(grmon_chan_send(odd, out), GRMON_OK);
	assert_int_equal(grmon_chan_send(odd, out + 3), GRMON_OK);
	assert_int_equal(grmon_chan_recv(odd, NULL), GRMON_OK);
	assert_int_equal(grmon_chan_recv(odd, in), GRMON_OK);
	assert_memory_equal(in, "def\0", 4);

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7 + i / 256);
	assert_int_equal(grmon_chan_send(large, out), GRMON_OK);
	assert_int_equal(grmon_chan_recv(large, in), GRMON_OK);
	assert_memory_equal(in, out, sizeof(out));
	grmon_chan_free(signals);
	grmon_chan_free(odd);
	grmon_chan_free(large);
	(void)state;
}

static void errno_is_kept(void **state)
{
	struct grmon_chan *chan = make(0);
	struct grmon_chan_case one = {.chan = chan};
	uint64_t value;

	errno = EDOM;
	grmon_chan_recv_until(chan, &value, now_ns() + 5 * MS);
	grmon_chan_select(&one, 1, 5 * MS);
	grmon_chan_new(8, SIZE_MAX / 1024);
	assert_int_equal(errno, EDOM);
	grmon_chan_free(chan);
	assert_int_equal(errno, EDOM);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(buffered_is_first_in_first_out),
		cmocka_unit_test(unbuffered_meets),
		cmocka_unit_test(full_buffer_keeps_the_order),
		cmocka_unit_test(waiters_are_served_in_turn),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(deadline_in_the_future_is_met),
		cmocka_unit_test(close_keeps_what_is_buffered),
		cmocka_unit_test(close_wakes_everybody),
		cmocka_unit_test(nil_channels),
		cmocka_unit_test(elements_of_no_and_of_many_bytes),
		cmocka_unit_test(errno_is_kept),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

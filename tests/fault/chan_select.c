/* SPDX-License-Identifier: MIT */
/* Select: default, timeout, closed channels, both directions, fairness, one case only. */
#include "chan_test.h"

static struct grmon_chan *make(size_t capacity)
{
	struct grmon_chan *chan = grmon_chan_new(sizeof(uint64_t), capacity);

	assert_non_null(chan);
	return chan;
}

static void arguments(void **state)
{
	static struct grmon_chan_case many[GRMON_CHAN_CASES_MAX + 1];
	int64_t began;

	assert_int_equal(grmon_chan_select(many, GRMON_CHAN_CASES_MAX + 1, 0),
			 GRMON_EINVAL);
	assert_int_equal(grmon_chan_select(NULL, 1, 0), GRMON_EINVAL);
	assert_int_equal(grmon_chan_select(NULL, 0, 0), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_select(many, 3, 0), GRMON_EAGAIN);
	began = now_ns();
	assert_int_equal(grmon_chan_select(NULL, 0, 20 * MS), GRMON_ETIMEDOUT);
	assert_int_equal(grmon_chan_select(many, GRMON_CHAN_CASES_MAX, 20 * MS),
			 GRMON_ETIMEDOUT);
	assert_true(now_ns() >= began + 40 * MS);
	(void)state;
}

static void ready_default_timeout(void **state)
{
	struct grmon_chan *a = make(0), *b = make(1);
	uint64_t in = 0, out = 8;
	struct grmon_chan_case cases[] = {{.chan = a, .element = &in},
					  {.chan = NULL, .element = &in},
					  {.chan = b, .element = &in}};

	assert_int_equal(grmon_chan_select(cases, 3, 0), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_select(cases, 3, 10 * MS), GRMON_ETIMEDOUT);
	await_blocked(a, 0, 0);
	await_blocked(b, 0, 0);
	/* It leaves no trace: a sender finds no receiver. */
	assert_int_equal(grmon_chan_send_try(a, &out), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_send_try(b, &out), GRMON_OK);
	assert_int_equal(grmon_chan_select(cases, 3, -1), 2);
	assert_int_equal(in, 8);
	assert_false(cases[2].closed);
	assert_int_equal(grmon_chan_len(b), 0);
	grmon_chan_free(a);
	grmon_chan_free(b);
	(void)state;
}

static void closed_channels(void **state)
{
	struct grmon_chan *a = make(1), *b = make(0);
	uint64_t value = 5;
	struct grmon_chan_case send = {.chan = a, .element = &value, .send = true};
	struct grmon_chan_case recv = {.chan = a, .element = &value};
	struct grmon_chan_case wait[] = {{.chan = b, .element = &value, .send = true}};
	struct call call;

	assert_int_equal(grmon_chan_select(&send, 1, 0), 0);
	grmon_chan_close(a);
	assert_int_equal(grmon_chan_select(&send, 1, 0), 0);
	assert_true(send.closed);
	value = 0;
	assert_int_equal(grmon_chan_select(&recv, 1, 0), 0);
	assert_false(recv.closed);
	assert_int_equal(value, 5);
	assert_int_equal(grmon_chan_select(&recv, 1, 0), 0);
	assert_true(recv.closed);
	assert_int_equal(value, 0);

	call_select(&call, wait, 1);
	await_blocked(b, 1, 0);
	grmon_chan_close(b);
	assert_int_equal(call_join(&call), 0);
	assert_true(wait[0].closed);
	grmon_chan_free(a);
	grmon_chan_free(b);
	(void)state;
}

static void same_channel_in_both_directions(void **state)
{
	struct grmon_chan *chan = make(0), *one = make(1);
	uint64_t in = 0, out = 31, value = 0;
	struct grmon_chan_case cases[] = {{.chan = chan, .element = &out, .send = true},
					  {.chan = chan, .element = &in},
					  {.chan = chan, .element = &in}};
	struct call call;

	/* It never meets itself. */
	assert_int_equal(grmon_chan_select(cases, 3, 10 * MS), GRMON_ETIMEDOUT);
	await_blocked(chan, 0, 0);

	call_select(&call, cases, 3);
	await_blocked(chan, 1, 2);
	assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_OK);
	assert_int_equal(value, 31);
	assert_int_equal(call_join(&call), 0);
	await_blocked(chan, 0, 0);
	assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_EAGAIN);

	call_select(&call, cases, 3);
	await_blocked(chan, 1, 2);
	value = 32;
	assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_OK);
	assert_int_equal(call_join(&call), 1);
	assert_int_equal(in, 32);
	assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_EAGAIN);

	cases[0].chan = cases[1].chan = cases[2].chan = one;
	assert_int_equal(grmon_chan_select(cases, 3, 0), 0);
	assert_in_range(grmon_chan_select(cases, 3, 0), 1, 2);
	assert_int_equal(in, 31);
	grmon_chan_free(chan);
	grmon_chan_free(one);
	(void)state;
}

/* Two selects that could meet on either channel meet on one. */
static void two_selects_meet_once(void **state)
{
	struct grmon_chan *chans[] = {make(0), make(0)};
	uint64_t values[] = {1, 2}, got[] = {0, 0};
	struct grmon_chan_case sends[2], recvs[2];
	struct call call;
	int received;

	for (int i = 0; i < 2; i++) {
		sends[i] = (struct grmon_chan_case){
			.chan = chans[i], .element = &values[i], .send = true};
		/* Listed in the other order, the locks are still taken in one order. */
		recvs[i] = (struct grmon_chan_case){.chan = chans[1 - i],
						    .element = &got[i]};
	}
	for (int round = 0; round < 200; round++) {
		got[0] = got[1] = 0;
		call_select(&call, sends, 2);
		received = grmon_chan_select(recvs, 2, -1);
		assert_int_equal(call_join(&call), 1 - received);
		assert_int_equal(got[received], values[1 - received]);
		assert_int_equal(got[1 - received], 0);
	}
	grmon_chan_free(chans[0]);
	grmon_chan_free(chans[1]);
	(void)state;
}

static void as_many_cases_as_allowed(void **state)
{
	enum { COUNT = GRMON_CHAN_CASES_MAX };
	static struct grmon_chan_case cases[COUNT];
	struct grmon_chan *chans[COUNT];
	uint64_t in = 0, out = 9;
	struct call call;

	for (size_t i = 0; i < COUNT; i++) {
		chans[i] = make(0);
		cases[COUNT - 1 - i] =
			(struct grmon_chan_case){.chan = chans[i], .element = &in};
	}
	call_select(&call, cases, COUNT);
	await_blocked(chans[COUNT - 1], 0, 1);
	await_blocked(chans[0], 0, 1);
	assert_int_equal(grmon_chan_send_try(chans[200], &out), GRMON_OK);
	assert_int_equal(call_join(&call), COUNT - 1 - 200);
	assert_int_equal(in, 9);
	for (size_t i = 0; i < COUNT; i++) {
		await_blocked(chans[i], 0, 0);
		grmon_chan_free(chans[i]);
	}
	(void)state;
}

/* A queued select is one waiter among others, and is served in its turn. */
static void select_waits_in_turn(void **state)
{
	struct grmon_chan *chan = make(0), *other = make(0);
	uint64_t in = 0, value = 1;
	struct grmon_chan_case cases[] = {{.chan = other},
					  {.chan = chan, .element = &in}};
	struct call first, second, third;

	call_recv(&first, chan);
	await_blocked(chan, 0, 1);
	call_select(&second, cases, 2);
	await_blocked(chan, 0, 2);
	call_recv(&third, chan);
	await_blocked(chan, 0, 3);
	for (; value <= 3; value++)
		assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_OK);
	assert_int_equal(call_join(&first), GRMON_OK);
	assert_int_equal(call_join(&second), 1);
	assert_int_equal(call_join(&third), GRMON_OK);
	assert_int_equal(first.element, 1);
	assert_int_equal(in, 2);
	assert_int_equal(third.element, 3);
	await_blocked(other, 0, 0);
	grmon_chan_free(chan);
	grmon_chan_free(other);
	(void)state;
}

/* Chi-square with 3 degrees of freedom: exceeds 30 by chance once in 700,000 runs. */
static void ready_cases_have_equal_chances(void **state)
{
	enum { TRIALS = 8000 };
	struct grmon_chan *chans[4];
	struct grmon_chan_case cases[6];
	int counts[6] = {0};
	uint64_t value = 0;
	double chi = 0;

	for (int i = 0; i < 4; i++) {
		chans[i] = make(2);
		grmon_chan_send(chans[i], &value);
	}
	/* Two sends and two receives are ready; a nil channel and a blocked one are
	 * not. */
	for (int i = 0; i < 4; i++)
		cases[i] = (struct grmon_chan_case){
			.chan = chans[i], .element = &value, .send = i % 2};
	cases[4] = (struct grmon_chan_case){.chan = NULL};
	cases[5] = (struct grmon_chan_case){.chan = make(0)};
	for (int i = 0; i < TRIALS; i++) {
		int index = grmon_chan_select(cases, 6, 0);

		assert_in_range(index, 0, 3);
		counts[index]++;
		if (cases[index].send)
			grmon_chan_recv(chans[index], &value);
		else
			grmon_chan_send(chans[index], &value);
	}
	for (int i = 0; i < 4; i++) {
		double off = counts[i] - TRIALS / 4.0;

		chi += off * off / (TRIALS / 4.0);
		grmon_chan_free(chans[i]);
	}
	grmon_chan_free(cases[5].chan);
	if (chi > 30)
		printf("# %d %d %d %d\n", counts[0], counts[1], counts[2], counts[3]);
	assert_true(chi < 30);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments),
		cmocka_unit_test(ready_default_timeout),
		cmocka_unit_test(closed_channels),
		cmocka_unit_test(same_channel_in_both_directions),
		cmocka_unit_test(two_selects_meet_once),
		cmocka_unit_test(as_many_cases_as_allowed),
		cmocka_unit_test(select_waits_in_turn),
		cmocka_unit_test(ready_cases_have_equal_chances),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Cancellation of blocked calls, and channels in a forked child. */
#include "chan_test.h"

#include <sys/wait.h>

static struct grmon_chan *make(size_t capacity)
{
	struct grmon_chan *chan = grmon_chan_new(sizeof(uint64_t), capacity);

	assert_non_null(chan);
	return chan;
}

static bool call_cancel(struct call *call)
{
	void *result = NULL;

	pthread_cancel(call->thread);
	pthread_join(call->thread, &result);
	return result == PTHREAD_CANCELED && call->result == 99;
}

static void blocked_calls_are_cancelled(void **state)
{
	struct grmon_chan *a = make(0), *b = make(1);
	uint64_t value = 1;
	struct grmon_chan_case cases[] = {{.chan = a, .element = &value, .send = true},
					  {.chan = b, .element = &value},
					  {.chan = a, .element = &value}};
	struct call call;

	call_send(&call, a, 5);
	await_blocked(a, 1, 0);
	assert_true(call_cancel(&call));
	await_blocked(a, 0, 0);
	assert_int_equal(grmon_chan_recv_try(a, &value), GRMON_EAGAIN);

	call_recv(&call, b);
	await_blocked(b, 0, 1);
	assert_true(call_cancel(&call));
	await_blocked(b, 0, 0);

	call_select(&call, cases, 3);
	await_blocked(a, 1, 1);
	await_blocked(b, 0, 1);
	assert_true(call_cancel(&call));
	await_blocked(a, 0, 0);
	await_blocked(b, 0, 0);
	assert_int_equal(grmon_chan_send_try(a, &value), GRMON_EAGAIN);
	assert_int_equal(grmon_chan_send_try(b, &value), GRMON_OK);
	assert_int_equal(grmon_chan_len(b), 1);

	call_send(&call, NULL, 5);
	assert_true(call_cancel(&call));
	call_select(&call, NULL, 0);
	assert_true(call_cancel(&call));
	grmon_chan_free(a);
	grmon_chan_free(b);
	(void)state;
}

static void neighbours_in_the_queue_stay(void **state)
{
	struct grmon_chan *chan = make(0);
	struct call calls[3];
	uint64_t value = 0;

	for (uint32_t i = 0; i < 3; i++) {
		call_send(&calls[i], chan, i);
		await_blocked(chan, i + 1, 0);
	}
	assert_true(call_cancel(&calls[1]));
	await_blocked(chan, 2, 0);
	assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_OK);
	assert_int_equal(value, 0);
	assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_OK);
	assert_int_equal(value, 2);
	assert_int_equal(call_join(&calls[0]), GRMON_OK);
	assert_int_equal(call_join(&calls[2]), GRMON_OK);
	grmon_chan_free(chan);
	(void)state;
}

static void *recv_uncancellable(void *arg)
{
	struct call *call = arg;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	call->result = grmon_chan_recv(call->chan, &call->element);
	return NULL;
}

static void disabled_cancellation_waits(void **state)
{
	struct grmon_chan *chan = make(0);
	struct call call = {.chan = chan};
	uint64_t value = 6;
	void *result = &value;

	pthread_create(&call.thread, NULL, recv_uncancellable, &call);
	await_blocked(chan, 0, 1);
	pthread_cancel(call.thread);
	usleep(2000);
	assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_OK);
	pthread_join(call.thread, &result);
	assert_null(result);
	assert_int_equal(call.result, GRMON_OK);
	assert_int_equal(call.element, 6);
	grmon_chan_free(chan);
	(void)state;
}

static void *send_pending(void *arg)
{
	struct call *call = arg;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cancel(pthread_self());
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	call->result = grmon_chan_send_try(call->chan, &call->element);
	call->result = grmon_chan_send(call->chan, &call->element);
	call->result = 1;
	return NULL;
}

static void pending_cancellation_acts_first(void **state)
{
	struct grmon_chan *chan = make(2);
	struct call call = {.chan = chan};
	void *result = NULL;

	pthread_create(&call.thread, NULL, send_pending, &call);
	pthread_join(call.thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	/* A try is not a cancellation point; the send took no effect. */
	assert_int_equal(call.result, GRMON_OK);
	assert_int_equal(grmon_chan_len(chan), 1);
	grmon_chan_free(chan);
	(void)state;
}

/* An element that is handed to a receiver which is cancelled before it runs again is not
 * lost. */
static void handed_over_and_cancelled(void **state)
{
	struct grmon_chan *chan = make(0);
	int received = 0, returned = 0;

	for (uint64_t i = 1; i <= 1000; i++) {
		uint64_t value = i;
		struct call call;
		bool cancelled;

		call_recv(&call, chan);
		await_blocked(chan, 0, 1);
		assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_OK);
		cancelled = call_cancel(&call);
		value = 0;
		if (cancelled) {
			assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_OK);
			returned++;
		} else {
			assert_int_equal(call.result, GRMON_OK);
			value = call.element;
			received++;
		}
		assert_int_equal(value, i);
		assert_int_equal(grmon_chan_recv_try(chan, &value), GRMON_EAGAIN);
	}
	printf("# %d received, %d given back\n", received, returned);
	assert_true(returned > 0);
	grmon_chan_free(chan);
	(void)state;
}

/* Errors that the child finds, as its exit status. */
static int child_check(struct grmon_chan *chan, struct grmon_chan *full)
{
	struct wire_chan record;
	uint64_t value = 0;
	struct call call;

	/* The parent's receivers and senders do not exist here. */
	if (grmon_chan_send_try(chan, &value) != GRMON_EAGAIN)
		return 2;
	if (grmon_chan_recv_try(full, &value) != GRMON_OK || value != 50)
		return 3;
	if (grmon_chan_recv_try(full, &value) != GRMON_EAGAIN)
		return 4;
	if (grmon_chan_recv_until(chan, &value, now_ns() + 5 * MS) != GRMON_ETIMEDOUT)
		return 5;
		/* The sanitizers keep the stacks of threads that a child does not
		 * have. */
#if !SANITIZED
	call_recv(&call, chan);
	await_blocked(chan, 0, 1);
	value = 60;
	if (grmon_chan_send(chan, &value) != GRMON_OK || call_join(&call) != GRMON_OK ||
	    call.element != 60)
		return 6;
	if (!chan_record_of(chan, &record) || record.nr_recv != 0)
		return 7;
#else
	(void)call;
	(void)record;
#endif
	return grmon_chan_close(chan) == GRMON_OK ? 0 : 8;
}

static void forked_child_starts_without_waiters(void **state)
{
	struct grmon_chan *chan = make(0), *full = make(1);
	struct wire_chan record;
	struct call recv, send;
	uint64_t value = 50;
	int status = 0;
	pid_t pid;

	assert_int_equal(grmon_chan_send(full, &value), GRMON_OK);
	call_recv(&recv, chan);
	call_send(&send, full, 51);
	await_blocked(chan, 0, 1);
	await_blocked(full, 1, 0);
	pid = fork();
	if (pid == 0)
		_exit(child_check(chan, full));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	/* The parent's channels and its published state are unchanged. */
	assert_true(chan_record_of(chan, &record));
	assert_int_equal(record.nr_recv, 1);
	assert_int_equal(record.closed, 0);
	assert_int_equal(grmon_chan_send_try(chan, &value), GRMON_OK);
	assert_int_equal(call_join(&recv), GRMON_OK);
	assert_int_equal(grmon_chan_recv(full, &value), GRMON_OK);
	assert_int_equal(value, 50);
	assert_int_equal(grmon_chan_recv(full, &value), GRMON_OK);
	assert_int_equal(value, 51);
	assert_int_equal(call_join(&send), GRMON_OK);
	grmon_chan_free(chan);
	grmon_chan_free(full);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocked_calls_are_cancelled),
		cmocka_unit_test(neighbours_in_the_queue_stay),
		cmocka_unit_test(disabled_cancellation_waits),
		cmocka_unit_test(pending_cancellation_acts_first),
		cmocka_unit_test(handed_over_and_cancelled),
		cmocka_unit_test(forked_child_starts_without_waiters),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
